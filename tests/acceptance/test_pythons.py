"""Every Python that Satchel says it runs on: it is installed from the lock; the demo and the unit tests pass there."""

import os
import shutil
import subprocess
import tomllib
from pathlib import Path

import pytest

from tests.support.tools import ROOT, require_tool

VERSIONS = ("3.11", "3.12", "3.13", "3.14")
LOCKED = ("--require-hashes", "-r", "requirements-dev.lock")


def found(version: str) -> str:
    """The interpreter of that version, by its name or by uv; skips, saying so, where there is none."""
    program = shutil.which(f"python{version}")
    if program is None or not _runs(program):
        asked = [require_tool("uv"), "python", "find", version]
        ended = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=60)
        program = ended.stdout.strip()
    if not program:
        pytest.skip(f"there is no Python {version} here")
    return program


def _runs(program: str) -> bool:
    """Whether it is an interpreter, and no stand-in for one that is not there."""
    return subprocess.run([program, "--version"], capture_output=True, check=False, timeout=60).returncode == 0


def test_the_versions_are_those_of_the_package() -> None:
    says = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    assert says == f">={VERSIONS[0]},<3.{int(VERSIONS[-1].partition('.')[2]) + 1}"


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("version", VERSIONS)
def test_it_runs_there(version: str, tmp_path: Path) -> None:
    subprocess.run([found(version), "-m", "venv", str(tmp_path)], check=True)
    python = str(tmp_path / "bin" / "python")
    usual = {name: value for name, value in os.environ.items() if name != "SATCHEL_LONG"}
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *LOCKED], cwd=ROOT, check=True)
    subprocess.run([*pip, "--no-deps", "--no-build-isolation", "-e", "."], cwd=ROOT, check=True)
    subprocess.run([python, "-m", "broker.demo"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    subprocess.run(
        [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/unit"], cwd=ROOT, check=True, env=usual
    )
