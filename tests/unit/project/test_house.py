"""The house keeps its form: rooms of a size that a reader can take in, and imports that point one way."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from handlers.registry import HANDLERS
from tests.support.tools import ROOT

MOST_MODULES, MOST_LINES = 20, 300
# One import that each contract forbids: the file that gets it, and the line.
PLANTED = {
    "imports point one way": ("broker/core/flow.py", "import broker.edge.log"),
    "the faces reach verbs alone": ("broker/cli/exchange/audit.py", "import broker.stages.admit"),
    "SQL is in the ledger alone": ("broker/identity/ssid.py", "import sqlalchemy"),
    "core is the standard library alone": ("broker/core/flow.py", "import orjson"),
    "stages do not import each other": ("broker/stages/admit.py", "import broker.stages.route"),
    "what applies one packet type does not import what applies another": (
        "broker/stages/applied/recall.py",
        "import broker.stages.applied.enrollment",
    ),
    "handlers do not import each other": ("handlers/recall.py", "import handlers.transcript"),
    "the LEA's side works without an exchange": ("broker/client/letters.py", "import broker.wiring"),
}
TESTS = sorted((ROOT / "tests").rglob("*.py"))
LONG_TESTS = {"tests/support/homes/before_stays.py": "tells an archived program's home as that program wrote it"}
BOTH = {"sqlite", "postgresql"}
FOLDERS = sorted({path.parent for name in ("broker", "handlers") for path in (ROOT / name).rglob("*.py")})


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_no_room_is_too_large(folder: Path) -> None:
    modules = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
    assert len(modules) <= MOST_MODULES
    long = {path.name: lines for path in modules if (lines := len(path.read_text("utf-8").splitlines())) > MOST_LINES}
    assert not long


def _modules(folder: str) -> set[str]:
    return {path.stem for path in (ROOT / folder).glob("*.py")} - {"__init__"}


def test_the_room_of_stages_holds_stages_alone() -> None:
    """What a packet passes, what takes it away again, one file for each type that ends here, and one for each duty."""
    assert _modules("broker/stages") == {"intake", "admit", "route", "deliver", "collect", "withdraw", "replace"}
    applied = {one.applied_by for one in HANDLERS.values() if one.ends_here}
    assert _modules("broker/stages/applied") == applied | {"planning"}
    sweeper = (ROOT / "broker/processes/sweeper.py").read_text("utf-8")
    used = re.findall(r"from broker\.stages\.sweep import (.+)|from broker\.stages\.sweep\.(\w+) import", sweeper)
    names = {name for several, one in used for name in (several.split(", ") if several else [one])}
    assert _modules("broker/stages/sweep") == names


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def test_no_test_file_is_too_long() -> None:
    long = {named(path) for path in TESTS if len(path.read_text("utf-8").splitlines()) > MOST_LINES}
    assert long == set(LONG_TESTS)


def fixtures_of_both(source: str) -> list[str]:
    """The fixtures here that name both databases, or begin a database of their own."""
    found = []
    for one in ast.walk(ast.parse(source)):
        if isinstance(one, ast.FunctionDef) and "fixture" in " ".join(map(ast.unparse, one.decorator_list)):
            words = {part.value for part in ast.walk(one) if isinstance(part, ast.Constant) and part.value in BOTH}
            if words == BOTH or re.search(r"postgres\.(server|database)\(", ast.unparse(one)):
                found.append(one.name)
    return found


def test_the_contracts_share_one_fixture_of_both_databases() -> None:
    contracts = [path for path in TESTS if path.is_relative_to(ROOT / "tests" / "contract")]
    found = {named(path): names for path in contracts if (names := fixtures_of_both(path.read_text("utf-8")))}
    assert found == {"tests/contract/conftest.py": ["postgres_url", "ledger_url"]}


def test_no_test_imports_what_is_in_another_test() -> None:
    """What several tests use is in `tests.support`."""
    borrows = re.compile(r"^ *(?:from|import) tests\.(?:unit|contract|vectors|acceptance)\b", re.MULTILINE)
    assert not [named(path) for path in TESTS if borrows.search(path.read_text("utf-8"))]


def contracts() -> list[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    return [one["name"] for one in project["tool"]["importlinter"]["contracts"]]


def test_a_forbidden_import_of_each_kind_is_found(tmp_path: Path) -> None:
    assert set(contracts()) == set(PLANTED)
    for name in ("broker", "handlers"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    for name, line in PLANTED.values():
        path = tmp_path / name
        path.write_text(f"{path.read_text('utf-8')}\n{line}\n")
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(tmp_path)}, capture_output=True, text=True)
    assert done.returncode == 1
    broken = set(re.findall(r"(?m)^(.+) BROKEN$", done.stdout))
    assert broken == set(PLANTED), done.stdout + done.stderr
