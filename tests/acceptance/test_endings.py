"""Every command ends in one sentence: whatever its arguments, the disk and the output are."""

import os
import pty
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import typer.main

from broker.cli.catalog import COMMANDS
from broker.cli.main import build
from tests.support import scale
from tests.support.exchange import SATCHEL, Exchange, satchel
from tests.support.tools import require_root

Ended = subprocess.CompletedProcess[str]
Words = tuple[str, ...]
BAD_BYTES = "Pe\udcf1asco"  # as Python has bytes that are no UTF-8
# what a parameter may be given, by its type
GOOD = {"path": "file", "text": "x", "number": "1", "float": "1"}


def params(path: str) -> list[Any]:
    """The parameters of a command."""
    words = path.split()
    command: Any = typer.main.get_command(build(words))
    for word in words:
        command = command.commands[word]
    return list(command.params)


def kind_of(param: Any) -> str:
    if getattr(param, "is_flag", False):
        return "flag"
    name = str(param.type_descriptor.annotation)
    return next(
        (kind for word, kind in (("Path", "path"), ("int", "number"), ("float", "number")) if word in name), "text"
    )


def bad_values(kind: str) -> list[str]:
    """What is wrong with such a parameter in every command, or may be."""
    if kind == "path":
        return ["none/none", "file/below", "folder", "x" * 300, "/dev/full"]
    if kind == "number":
        return ["-1", "9" * 30]
    return ["", "\n", "x" * 1000, "\x1b[31m½"]


def word(param: Any, value: str) -> Words:
    if param.param_type_name == "argument":
        return (value,)
    return (f"{max(param.opts, key=len)}={value}",)


def calls(path: str, home: str) -> Iterator[Words]:
    """The command with a parameter of each kind as it should not be, in one of the ways; in `make long` each parameter
    in each of them. What else it takes is there, as if meant."""
    known = [one for one in params(path) if kind_of(one) != "flag" and one.name != "help"]
    for at, value in _wrong(known, len(path)):
        words: list[str] = []
        for number, one in enumerate(known):
            if number == at:
                words += word(one, value)
            elif one.name == "home":
                words += word(one, home)
            elif one.required:
                words += word(one, GOOD[kind_of(one)])
        options = [one for one in words if one.startswith("--")]
        yield (*path.split(), *sorted(options), "--", *(one for one in words if one not in options))


def _wrong(known: list[Any], turn: int) -> Iterator[tuple[int, str]]:
    """Which parameter is wrong, and what it is; `turn` is another number for most commands. Numbers are few, and each
    is tried in each way: what no database can hold ends in the database, not where it is read."""
    kinds = dict.fromkeys(map(kind_of, known))
    everywhere = kinds if scale.IS_LONG else ["number"]
    for at, bad in enumerate(known):
        if kind_of(bad) in everywhere:
            yield from ((at, value) for value in bad_values(kind_of(bad)))
    for kind in [kind for kind in kinds if kind not in everywhere]:
        places = [number for number, one in enumerate(known) if kind_of(one) == kind]
        values = bad_values(kind)
        yield places[turn % len(places)], values[turn % len(values)]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Exchange(tmp_path_factory.mktemp("endings") / "home").home


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "file").write_text("garbage\n")
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path)
    return tmp_path


REPORTING = {"check"}  # ends with 1 for what its report, which is its output, holds against a file


def is_well(ended: Ended) -> bool:
    """An end that a person can bear."""
    lines = ended.stderr.splitlines()
    if ended.args[0] in REPORTING and not lines and ended.returncode == 1:
        return ended.stdout.rstrip().endswith(".")
    told = len(lines) <= 40 and "Traceback" not in ended.stderr and "in a way it should not" not in ended.stderr
    if ended.returncode == 1:  # more than one line are several sentences: one for each file, say
        return told and bool(lines) and all(line.rstrip().endswith((".", "]", "?", ":", "…")) for line in lines[-1:])
    return told and ended.returncode in (0, 2, 3, 4)


# `up` runs until somebody stops it; the others need minutes, or threads
LEFT_OUT = {"identity match", "identity train", "simulate"}


@pytest.mark.grows
@pytest.mark.usefixtures("desk")
@pytest.mark.parametrize("path", [path for path in COMMANDS if path not in LEFT_OUT])
def test_every_argument_may_be_anything(path: str, home: Path) -> None:
    todo = list(calls(path, str(home)))
    with ThreadPoolExecutor(2) as pool:
        ended = dict(zip(todo, pool.map(lambda words: satchel(*words, check=False), todo), strict=True))
    assert {words: one for words, one in ended.items() if not is_well(one)} == {}


@pytest.mark.parametrize("path", ["init", "keygen", "lea add", "seal", "nonsense"])  # told before any command begins
def test_an_argument_that_is_no_text(path: str) -> None:
    ended = run([*path.split(), "--name", BAD_BYTES])
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "is no UTF-8 text" in ended.stderr


def run(words: list[str], **more: Any) -> Ended:
    """A process of its own, for what is not to be had by halves."""
    environment = os.environ | more.pop("env", {})
    given = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL} | more
    ended = subprocess.run([*SATCHEL, *words], text=True, timeout=120, check=False, env=environment, **given)
    return Ended(ended.args, ended.returncode, ended.stdout or "", ended.stderr or "")


def test_a_home_that_is_no_text() -> None:
    ended = run(["status"], env={"SATCHEL_HOME": BAD_BYTES})
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "SATCHEL_HOME" in ended.stderr


# words that are known without a home, a page, a table and a list for programs; each is a process from nothing
SHOWING = [
    *(["--help"], ["status"], ["packets", "--json"]),
    *(
        pytest.param(words, marks=pytest.mark.long)
        for words in (["codes"], ["packets"], ["codes", "--json"], ["transfers", "list"])
    ),
]


@pytest.mark.parametrize("words", SHOWING, ids=" ".join)
def test_output_that_cannot_be_written(words: list[str], home: Path) -> None:
    at = [] if words == ["--help"] else ["--home", str(home)]
    with open("/dev/full", "w") as full:
        ended = run([*words, *at], stdout=full)
    assert (ended.returncode, ended.stderr) == (1, "The disk is full; make room and try again.\n")
    closed = ["/bin/sh", "-c", '"$@" >&-', "sh", *SATCHEL, *words, *at]
    shell = subprocess.run(closed, capture_output=True, text=True, check=False, timeout=60)
    assert (shell.returncode, shell.stderr.count("\n")) == (1, 1), shell.stderr
    assert "The output is closed" in shell.stderr


def test_errors_that_cannot_be_told_are_written_into_no_other_file(home: Path) -> None:
    before = (home / "ledger.db").read_bytes()
    words = ["/bin/sh", "-c", '"$@" 2>&-', "sh", *SATCHEL]
    for more in (["packet", "nothing", "--home", str(home)], ["status", "--home", str(home)], ["nonsense"]):
        ended = subprocess.run([*words, *more], capture_output=True, text=True, check=False, timeout=60)
        assert ended.returncode in (1, 2, 3)
    assert (home / "ledger.db").read_bytes() == before


@pytest.mark.parametrize("words", SHOWING, ids=" ".join)
def test_a_reader_that_has_read_enough(words: list[str], home: Path) -> None:
    at = [] if words == ["--help"] else ["--home", str(home)]
    here, there = os.pipe()
    os.close(here)
    try:
        ended = run([*words, *at], stdout=there)
    finally:
        os.close(there)
    assert ended.stderr == ""
    assert ended.returncode == 1


_TERMINALS = {
    (locale, command)
    for locale in ("C", "POSIX", "en_US.ISO-8859-1", "nonsense")
    for command in ("--help", "codes", "status")
}
_TRIED = [("C", "--help"), ("en_US.ISO-8859-1", "codes"), ("nonsense", "status")]


@pytest.mark.parametrize(
    ("locale", "command"),
    [*_TRIED, *(pytest.param(*one, marks=pytest.mark.long) for one in sorted(_TERMINALS.difference(_TRIED)))],
)
def test_a_terminal_of_other_letters(locale: str, command: str, home: Path) -> None:
    at = [] if command == "--help" else ["--home", str(home)]
    ended = run([command, *at], env={"LC_ALL": locale, "PYTHONIOENCODING": "ascii", "TERM": "dumb"})
    assert is_well(ended)
    assert ended.stdout


def test_no_terminal_type(home: Path) -> None:
    here, there = pty.openpty()
    with subprocess.Popen(
        [*SATCHEL, "status", "--home", str(home)], stdout=there, stderr=there, env={"PATH": os.environ["PATH"]}
    ) as program:
        os.close(there)
        said = os.read(here, 65536)
        assert program.wait(60) in (3, 4)
    os.close(here)
    assert b"Packets" in said


# too little for the first file, and for the last; `make long` stops in between as well
SMALL = ["4k", "400k", *(pytest.param(size, marks=pytest.mark.long) for size in ("40k", "120k"))]


@pytest.mark.parametrize("size", SMALL)
def test_a_full_disk_while_a_home_is_made(size: str, tmp_path: Path) -> None:
    require_root("mounts a file system")
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "small", str(small)], check=True)
    try:
        (small / "own").mkdir(mode=0o750)
        for name in ("new", "own"):
            ended = run(["init", str(small / name)])
            assert (ended.returncode, ended.stdout, ended.stderr.count("\n")) == (1, "", 1), ended
            assert "should not" not in ended.stderr
            assert "disk" in ended.stderr
        assert [path.name for path in small.rglob("*")] == ["own"]  # so that it can be tried again
        assert (small / "own").stat().st_mode & 0o777 == 0o750
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)


def test_a_full_disk_for_each_command_that_writes_a_file(tmp_path: Path, home: Path) -> None:
    require_root("mounts a file system")
    small = tmp_path / "small"
    small.mkdir()
    (tmp_path / "doc.json").write_text("{}" * 3000)
    (tmp_path / "keys").mkdir()
    satchel("keygen", "--name", "A", "--out", str(tmp_path / "keys"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4k", "small", str(small)], check=True)
    key = ["--key", str(tmp_path / "keys" / "secret.asc"), "--to", str(home / "exchange.asc")]
    try:
        (small / "filler").write_bytes(bytes(4096))
        for words in (
            ["keygen", "--name", "A", "--out", str(small / "keys")],
            ["seal", str(tmp_path / "doc.json"), *key, "--out", str(small / "doc.pgp")],
            ["disclosures", "--all", "--out", str(small / "log.csv"), "--home", str(home)],
            ["claims", "--format", "csv", "--out", str(small / "claims.csv"), "--home", str(home)],
            ["simulate", str(small / "made-up"), "--students", "50"],
        ):
            ended = run(words)
            assert is_well(ended), ended
            assert ended.returncode == 1, ended
        assert [path.name for path in small.rglob("*") if path.is_file()] == ["filler"]
    finally:
        subprocess.run(["umount", "-l", str(small)], check=True)
