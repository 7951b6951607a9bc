"""Commands in documents: found, filled in with real values, run in their order, and compared with what is shown.

A fenced block of the kind `console` is what a reader types: `$ ` begins a command, `> ` continues it, `sftp> ` is typed
into the program that it started; every other line is printed by it, in this order, `…` standing for anything. A block
whose fence names a file (```json new-students.json) is that file. A comment `<!-- meanwhile: … -->` is something that
somebody else does before the reader goes on. Blocks of other kinds are not run.
"""

import os
import re
import shlex
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from broker.edge.home.file_names import is_unfinished
from tests.support import preloaded
from tests.support.exchange import wait_until
from tests.support.tools import require_tool

_FENCE = re.compile(r"```(\w*) ?(\S*)")
_MEANWHILE = re.compile(r"<!-- meanwhile: (.+) -->")
_PAGE = re.compile(r"   (sftp> |gpg |sftp )(.*)")
_TRACKING = re.compile(r"\b(?:TRACKING|NAME)\b((?:\.[\w-]+)*)")
_UNFINISHED = "SELECT count(*) FROM packets WHERE state IN ('RECEIVED', 'ADMITTED', 'ROUTED')"
_UNPUBLISHED = "SELECT count(*) FROM publications"

# What ssh asks: a passphrase, or whether this is the right server. The reader pastes the fingerprint, as told.
_ASKPASS = """#!/bin/sh
case "$1" in *assphrase*) echo 'correct horse' ;; *) echo "$HOSTKEY" ;; esac
"""
_SSH_CONFIG = """Host *
  UserKnownHostsFile {root}/known_hosts
  GlobalKnownHostsFile /dev/null
  StrictHostKeyChecking ask
  IdentityAgent none
  LogLevel ERROR
"""

# A person would be asked; here nobody is. New keys are of the kind that newer versions of gpg make, which is quick.
_GPG_CONFIG = """batch
yes
pinentry-mode loopback
passphrase correct-horse
default-new-key-algo ed25519/cert,sign+cv25519/encr
"""


# What a command may end with besides 0, and has done its work: the exchange is at rest, or has something for a person;
# or a file was refused, or would be, as the document wants it.
_CODES = {"satchel status": (0, 3, 4), "satchel fetch": (0, 5), "satchel check": (0, 1)}


@dataclass(frozen=True, slots=True)
class Command:
    """What is typed at a prompt, what is typed into the program then, and what it prints."""

    line: int
    text: str
    typed: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Save:
    """A file that the reader writes."""

    line: int
    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Meanwhile:
    """What somebody else does."""

    line: int
    what: str


Step = Command | Save | Meanwhile


def blocks(document: str) -> Iterator[tuple[int, str, str, list[str]]]:
    """Line number, kind, file name and lines of every fenced block; comments between them have the kind `<!--`."""
    open_at, kind, name, inside = 0, "", "", list[str]()
    for number, line in enumerate(document.splitlines(), 1):
        fence = _FENCE.fullmatch(line)
        if open_at and line == "```":
            yield open_at, kind, name, inside
            open_at = 0
        elif open_at:
            inside.append(line)
        elif fence:
            open_at, kind, name, inside = number, fence[1], fence[2], []
        elif found := _MEANWHILE.fullmatch(line):
            yield number, "<!--", "", [found[1]]
    assert not open_at, f"the block in line {open_at} does not end"


def steps(document: str) -> Iterator[Step]:
    """What the reader of a Markdown document does, in order."""
    for number, kind, name, inside in blocks(document):
        if kind == "<!--":
            yield Meanwhile(number, inside[0])
        elif name:
            yield Save(number, name, "\n".join(inside) + "\n")
        elif kind == "console":
            yield from _commands(number + 1, inside)


def _commands(first: int, lines: list[str]) -> Iterator[Command]:
    text, typed, shows, at = "", list[str](), list[str](), first
    for number, line in enumerate(lines, first):
        if line.startswith("$ "):
            if text:
                yield Command(at, text, tuple(typed), tuple(shows))
            text, typed, shows, at = line[2:], [], [], number
        elif line.startswith("> "):
            text += "\n" + line[2:]
        elif line.startswith("sftp> "):
            typed.append(line[6:])
        else:
            shows.append(line)
    assert text, f"the block in line {first} holds no command"
    yield Command(at, text, tuple(typed), tuple(shows))


def page_steps(page: str) -> Iterator[Step]:
    """What the reader of an LEA's README.txt does: its indented lines."""
    text, typed, at = "", list[str](), 0
    for number, line in enumerate(page.splitlines(), 1):
        found = _PAGE.fullmatch(line)
        if found and found[1] == "sftp> ":
            typed.append(found[2])
        elif found:
            if text:
                yield Command(at, text, tuple(typed))
            text, typed, at = found[1] + found[2], [], number
    yield Command(at, text, tuple(typed))


@dataclass(slots=True)
class Reader:
    """Somebody with a computer, who does what a document says.

    `home` is the exchange's; `words` gives real values for words of the document; `mine` is where files of the server
    are looked up for a TRACKING. Promises: keys and settings of this machine's user are left alone; `close` ends what
    was started.
    """

    root: Path
    home: Path
    words: Callable[[], Mapping[str, str]]
    mine: Path
    gnupg: Path
    meanwhile: Mapping[str, Callable[["Reader"], None]] = field(default_factory=dict)
    environment: dict[str, str] = field(default_factory=dict)
    up: "subprocess.Popen[str] | None" = None

    def prepare(self) -> None:
        """The programs that this reader finds."""
        programs = self.root / "bin"
        programs.mkdir(parents=True)
        (self.root / "desk").mkdir()
        (self.root / "ssh_config").write_text(_SSH_CONFIG.format(root=self.root))
        self._program(programs / "askpass", _ASKPASS)
        real = shlex.quote(require_tool("sftp"))
        preloaded.program(programs / "satchel")
        self._program(programs / "sftp", f'#!/bin/sh\nexec {real} -F {shlex.quote(str(self.root))}/ssh_config "$@"\n')
        found = [str(programs), str(Path(sys.executable).parent), os.environ["PATH"], "/usr/sbin"]
        self.environment = {
            "PATH": os.pathsep.join(found),
            "HOME": str(self.root),
            "GNUPGHOME": str(self.gnupg),
            "LC_ALL": "C.UTF-8",
            "COLUMNS": "200",
            "SSH_ASKPASS": str(programs / "askpass"),
            "SSH_ASKPASS_REQUIRE": "force",
        }
        (self.gnupg / "gpg.conf").write_text(_GPG_CONFIG)

    @staticmethod
    def _program(path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o755)

    @property
    def desk(self) -> Path:
        """The folder in which the reader works."""
        return self.root / "desk"

    def follow(self, name: str, todo: Iterator[Step]) -> int:
        """Do everything; how many commands were run. `name` is the document's, for the error."""
        count = 0
        for step in todo:
            if isinstance(step, Meanwhile):
                self.meanwhile[step.what](self)
            elif isinstance(step, Save):
                (self.desk / step.name).parent.mkdir(parents=True, exist_ok=True)
                (self.desk / step.name).write_text(self.filled(step.text))
            else:
                self._at_rest()
                self._run(f"{name}:{step.line}", step)
                count += 1
        return count

    def _at_rest(self) -> None:
        """A reader waits a few seconds before looking for an answer."""
        ledger, run = self.home / "ledger.db", self.home / "run" / "watcher.json"
        if ledger.exists() and run.exists():
            wait_until(lambda: self._is_at_rest(ledger), "the exchange has nothing more to do")

    def _is_at_rest(self, ledger: Path) -> bool:
        outboxes = [path for path in self.home.glob("leas/*/outbox/*") if not is_unfinished(path.name)]
        connection = sqlite3.connect(ledger, timeout=10)
        try:
            return not outboxes and not any(
                connection.execute(query).fetchone()[0] for query in (_UNFINISHED, _UNPUBLISHED)
            )
        finally:
            connection.close()

    def filled(self, text: str) -> str:
        """The text with real values."""
        for word, value in self.words().items():
            text = text.replace(word, value)
        return _TRACKING.sub(lambda found: self._tracking(found[1]), text)

    def _tracking(self, ending: str) -> str:
        """The newest file with this ending; without one, the tracking id of the newest record, or other packet."""
        for wanted in (ending,) if ending else (".student-record.pgp", ".pgp"):
            paths = [path for place in (self.desk, self.mine) for path in place.rglob(f"*{wanted}")]
            known = sorted(path.name for path in paths if re.match(r"[0-9a-f]{8}-", path.name))
            if known:
                return known[-1] if ending else known[-1].partition(".")[0]
        raise AssertionError(f"no file ends in {ending or '.pgp'}")

    def _run(self, where: str, step: Command) -> None:
        text = self.filled(step.text)
        if assigned := re.fullmatch(r"export (\w+)=(\S+)", text):
            self.environment[assigned[1]] = assigned[2]
            return
        said = self._start(text) if text == "satchel up" else self._ended(where, text, step)
        self._compare(where, text, said, [self.filled(line) for line in step.shows if line])

    def _ended(self, where: str, text: str, step: Command) -> str:
        typed = "".join(f"{self.filled(line)}\n" for line in step.typed)
        environment = self.environment | {"HOSTKEY": self.words().get("HOSTKEY", "")}
        ended = subprocess.run(
            [require_tool("bash"), "-c", text],
            cwd=self.desk,
            env=environment,
            input=typed,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=120,
            check=False,
        )
        good = next((codes for begins, codes in _CODES.items() if text.startswith(begins)), (0,))
        assert ended.returncode in good, f"{where}: {text}\nended with {ended.returncode}:\n{ended.stdout}"
        missing = re.search(r"(?m)^(File .* not found|.*Couldn't .*|.*No such file.*)$", ended.stdout)
        assert not (step.typed and missing), f"{where}: {text}\n{ended.stdout}"
        return ended.stdout

    def _start(self, text: str) -> str:
        with (self.root / "up.log").open("w") as log:
            self.up = subprocess.Popen(
                shlex.split(text), cwd=self.desk, env=self.environment, stdout=subprocess.PIPE, stderr=log, text=True
            )
        assert self.up.stdout is not None
        return self.up.stdout.readline()

    @staticmethod
    def _compare(where: str, text: str, said: str, shows: list[str]) -> None:
        rest = said.splitlines()
        for line in shows:
            pattern = re.compile(".*".join(re.escape(part.strip()) for part in line.split("…")))
            found = next((at for at, one in enumerate(rest) if pattern.fullmatch(one.strip())), None)
            assert found is not None, f"{where}: {text}\ndoes not print: {line}\nbut:\n{said}"
            del rest[: found + 1]

    def stop(self) -> int:
        """Stop the exchange that this reader has started; its exit code."""
        if self.up is None:
            return 0
        self.up.send_signal(signal.SIGTERM)
        code = self.up.wait(90)
        if self.up.stdout is not None:
            self.up.stdout.close()
        self.up = None
        return code
