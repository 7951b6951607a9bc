"""What a server is given, and what the demo and the tests need beside it; the program itself keeps to it."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from broker.core.errors import OperatorError
from broker.simulate import locales
from tests.support.tools import ROOT

LOCKS = ("requirements.lock", "requirements-demo.lock", "requirements-dev.lock")
ONLY_FOR_CHECKS = {"pytest", "playwright", "axe-playwright-python", "mypy", "ruff", "hypothesis", "ssh-audit"}
_PINNED = re.compile(r"(?m)^([A-Za-z0-9_.-]+)==(\S+)")
_PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


def name_of(requirement: str) -> str:
    found = re.match(r"[A-Za-z0-9_.-]+", requirement)
    assert found is not None
    return re.sub(r"[-_.]+", "-", found[0]).lower()


def pinned(lock: str) -> dict[str, set[str]]:
    """The versions of each package in a lock: one, or one for each of several Pythons."""
    found: dict[str, set[str]] = {}
    for name, version in _PINNED.findall((ROOT / lock).read_text()):
        found.setdefault(name_of(name), set()).add(version)
    return found


def test_a_server_gets_nothing_of_the_tests_and_no_synthetic_state() -> None:
    server, demo, dev = map(pinned, LOCKS)
    assert {name_of(one) for one in _PROJECT["dependencies"]} <= server.keys()
    assert not (ONLY_FOR_CHECKS | {"faker", "hatchling"}) & server.keys()
    assert "faker" in demo
    assert not ONLY_FOR_CHECKS & demo.keys()
    assert dev.keys() >= ONLY_FOR_CHECKS


def test_what_is_tested_is_what_a_server_gets() -> None:
    server, demo, dev = map(pinned, LOCKS)
    for smaller, larger in ((server, demo), (demo, dev)):
        assert {name: larger.get(name) for name in smaller} == smaller


@pytest.mark.parametrize("lock", LOCKS)
def test_everything_is_locked_with_hashes(lock: str) -> None:
    text = (ROOT / lock).read_text()
    for block in re.split(r"(?m)^(?=[A-Za-z0-9_.-]+==)", text)[1:]:
        assert "--hash=sha256:" in block, block.partition("\n")[0]
    assert "://" not in text  # neither an index nor a place on somebody's machine


def imported(package: str) -> Iterator[tuple[Path, str]]:
    """Every top-level package that the files of one of ours import, at whatever depth."""
    for path in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from ((path, one.name.partition(".")[0]) for one in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                yield path, node.module.partition(".")[0]


@pytest.mark.parametrize("package", ["broker", "handlers"])
def test_the_program_imports_nothing_that_a_server_does_not_get(package: str) -> None:
    known, server = packages_distributions(), pinned("requirements.lock")
    ours = {"broker", "handlers", *sys.stdlib_module_names}
    missing = {
        (str(path.relative_to(ROOT)), name)
        for path, name in imported(package)
        if name not in ours and not {name_of(one) for one in known.get(name, [name])} & server.keys()
    }
    assert missing - {("broker/formats/reader_spark.py", "pyspark")} == set()


def test_without_the_extra_one_sentence_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [one for one in sys.modules if one.partition(".")[0] == "faker"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "path", [one for one in sys.path if "site-packages" not in one])
    with pytest.raises(OperatorError, match=r"satchel\[simulate\]"):
        locales.people("en_US")
