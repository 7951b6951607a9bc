"""The command tree: help needs no command's module, a command needs its own, and both say the same."""

import inspect
import subprocess
import sys
from importlib.metadata import version

import pytest
from typer.testing import CliRunner

from broker.cli.catalog import COMMANDS, GROUPS
from broker.cli.main import build, load

HEAVY = {
    "duckdb",
    "splink",
    "sqlglot",
    "pyarrow",
    "faker",
    "sqlalchemy",
    "paramiko",
    "pgpy",
    "redis",
    "structlog",
    "lxml",
    "alembic",
}
GROUPED = sorted({path.rpartition(" ")[0] for path in COMMANDS} - {""})


def loaded(*arguments: str) -> set[str]:
    """The top-level modules that a new process has after it has built the tree for these arguments."""
    code = "import sys; from broker.cli.main import build; build(sys.argv[1:]); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


@pytest.mark.parametrize("arguments", [[], ["--help"], ["student", "--help"], ["review", "nonsense"]])
def test_help_loads_no_command(arguments: list[str]) -> None:
    modules = loaded(*arguments)
    assert not HEAVY & modules
    rooms = ("broker.cli.", "broker.client.", "broker.terminal.")
    named = {one for one in modules if one.startswith(rooms)}
    assert named == {"broker.cli.main", "broker.cli.catalog", "broker.terminal.endings"}


@pytest.mark.parametrize(
    ("arguments", "spared"),
    [
        (["alerts"], HEAVY - {"sqlalchemy", "pgpy", "lxml"}),
        (["student", "flags"], HEAVY - {"sqlalchemy", "pgpy", "lxml"}),
        (
            ["transfers", "--overdue"],
            {"duckdb", "splink", "sqlglot", "pyarrow", "faker", "redis", "structlog", "paramiko", "alembic"},
        ),
        (["packets"], HEAVY - {"sqlalchemy"}),
        (["packet", "01942f7e-5a10-7c44-9d2b-6c1f0e8a7b35"], HEAVY - {"sqlalchemy"}),
        (["lea", "add", "01"], HEAVY - {"sqlalchemy", "pgpy", "paramiko"}),
        (["lea", "key", "01"], HEAVY - {"sqlalchemy", "pgpy", "paramiko"}),
        (["upgrade"], HEAVY - {"sqlalchemy", "alembic"}),
        (["seal", "a.json"], HEAVY - {"pgpy", "paramiko"}),
    ],
)
def test_a_command_loads_nothing_that_it_does_not_need(arguments: list[str], spared: set[str]) -> None:
    assert not spared & loaded(*arguments)


@pytest.mark.parametrize("path", COMMANDS)
def test_the_help_says_what_the_command_says(path: str) -> None:
    said = " ".join((inspect.getdoc(load(path)) or "").split())
    assert said.startswith(COMMANDS[path].says.removesuffix("."))


@pytest.mark.parametrize("group", ["", *GROUPED])
def test_the_help_names_every_command(group: str) -> None:
    words = [*group.split(), "--help"]
    shown = CliRunner().invoke(build(words), words, env={"COLUMNS": "200"})
    assert shown.exit_code == 0
    names = (
        {path.removeprefix(f"{group} ") for path in COMMANDS if path.startswith(f"{group} ")} if group else set(GROUPS)
    )
    assert names <= set(shown.stdout.split())


@pytest.mark.parametrize("words", [[], *([*path.split()] for path in COMMANDS)], ids=" ".join)
def test_the_short_word_for_help(words: list[str]) -> None:
    short, long = (CliRunner().invoke(build([*words, one]), [*words, one]) for one in ("-h", "--help"))
    assert (short.exit_code, short.stdout) == (0, long.stdout)
    assert "Usage" in short.stdout


def test_the_version() -> None:
    said = CliRunner().invoke(build(["--version"]), ["--version"])
    assert (said.exit_code, said.stdout) == (0, f"satchel {version('satchel')}\n")


def test_every_group_has_its_commands() -> None:
    assert set(GROUPED) == set(GROUPS)
    assert all(entry.panel for path, entry in COMMANDS.items() if " " not in path and path not in GROUPS)


def test_a_word_that_is_not_there_is_named() -> None:
    for words in (["studnet"], ["review", "shwo"]):
        said = CliRunner().invoke(build(words), words)
        assert (said.exit_code, "No such command" in said.stderr) == (2, True)
