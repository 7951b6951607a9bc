"""What a test may need from outside: programs, and the optional folder of real input.

A missing program skips the test with a reason; with SATCHEL_REQUIRE_ALL=1 (continuous integration) it fails instead.
"""

import os
import shutil
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CORPORA = ROOT.parent / "shared" / "corpora"
_SBIN = ["/usr/sbin", "/sbin", "/usr/local/sbin"]


def missing(reason: str) -> None:
    """Skip here, or fail where everything is required."""
    if os.environ.get("SATCHEL_REQUIRE_ALL") == "1":
        pytest.fail(f"required here: {reason}")
    pytest.skip(reason)


def require_tool(name: str) -> str:
    """The full path of a program."""
    found = shutil.which(name) or shutil.which(name, path=os.pathsep.join(_SBIN))
    if not found:
        missing(f"{name} is not installed")
    return str(found)


def require_root(why: str) -> None:
    """For what only root may do, such as chroot."""
    if os.geteuid() != 0:
        missing(f"needs root: {why}")


def corpora(*parts: str) -> Path:
    """A folder of real input; always a skip where it is missing, for it is no part of the project."""
    path = CORPORA.joinpath(*parts)
    if not path.exists():
        pytest.skip(f"optional input {Path('../shared/corpora').joinpath(*parts)} is not here")
    return path
