"""A server as its operator makes it: the locked parts of the program and nothing else, and it runs."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.support.tools import ROOT

pytestmark = [pytest.mark.long, pytest.mark.timeout(1800)]
_FOUND = """
import importlib.metadata as metadata, sys
print(*sorted(one.metadata["Name"].lower().replace("_", "-") for one in metadata.distributions()))
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the program, installed by the words of docs/operator.md from a copy of the checkout."""
    root = tmp_path_factory.mktemp("server")
    copy = root / "checkout"
    left_out = shutil.ignore_patterns(".git", ".venv", "tests", "__pycache__", ".*_cache", ".hypothesis", ".ci")
    shutil.copytree(ROOT, copy, ignore=left_out)
    page = (ROOT / "docs" / "operator.md").read_text()
    words = re.search(r"```sh\n(python3 -m venv .*?)```", page, re.DOTALL)
    assert words is not None
    script = words[1].replace("python3", sys.executable).replace("/opt/satchel", str(root / "satchel"))
    subprocess.run(["sh", "-e", "-c", script], cwd=copy, check=True, stdout=subprocess.DEVNULL)
    return root / "satchel"


def run(server: Path, *words: str, cwd: Path) -> "subprocess.CompletedProcess[str]":
    usual = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SATCHEL"))}
    command = [str(server / "bin" / words[0]), *words[1:]]
    return subprocess.run(command, cwd=cwd, env=usual, capture_output=True, text=True, timeout=300, check=False)


def test_nothing_is_there_that_only_tests_need(server: Path, tmp_path: Path) -> None:
    installed = set(run(server, "python", "-c", _FOUND, cwd=tmp_path).stdout.split())
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    others = {re.match(r"[\w-]+", one)[0] for name in extras for one in extras[name]} - {"satchel"}  # type: ignore[index]
    allowed = {"psutil"}  # the embedded server's package asks for it
    assert "satchel" in installed
    assert installed & others - allowed == set()


def test_it_is_up_and_says_what_else_a_synthetic_state_needs(server: Path, tmp_path: Path) -> None:
    made = run(server, "satchel", "init", str(tmp_path / "home"), cwd=tmp_path)
    assert made.returncode == 0, made.stderr
    settings = tmp_path / "home" / "satchel.toml"
    settings.write_text(re.sub(r"(?m)^port = \d+", "port = 0", settings.read_text()))
    command = [str(server / "bin" / "satchel"), "up", "--home", str(tmp_path / "home")]
    with open(tmp_path / "log", "w") as log:
        up = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=log, text=True)
    assert up.stdout is not None
    try:
        assert up.stdout.readline() == "ready\n", (tmp_path / "log").read_text()
        status = run(server, "satchel", "status", "--json", "--home", str(tmp_path / "home"), cwd=tmp_path)
        assert '"parts"' in status.stdout, status.stderr
    finally:
        up.send_signal(signal.SIGTERM)
        assert up.wait(90) == 0
        up.stdout.close()
    asked = run(server, "satchel", "simulate", str(tmp_path / "state"), "--students", "10", cwd=tmp_path)
    assert (asked.returncode, asked.stderr.count("\n")) == (1, 1)
    assert "satchel[simulate]" in asked.stderr
