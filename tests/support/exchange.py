"""A real exchange for acceptance tests: its own home, its own processes, driven from outside by the command line.

Promises: whatever a test does, `close` ends the processes that were started here.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil

from tests.support import forked, preloaded, readers

SATCHEL = [sys.executable, "-m", "broker.cli.main"]
_PATIENCE = 60.0

# Quick enough for a test; the defaults are for people.
QUICK = {
    "settle_seconds": 0.5,
    "broken_seconds": 1.5,
    "scan_seconds": 0.5,
    "stale_seconds": 2.0,
    "sweep_seconds": 0.2,
    "retry_first_seconds": 0.2,
    "port": 0,
    "processes": 1,  # what two workers do to each other has tests of its own
}


def satchel(*args: str, check: bool = True, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    """Run the command line, in a process of its own."""
    ended = preloaded.run(args, stdin)
    is_told = args[0] == "status" and ended.returncode in (3, 4)  # the exchange is not up, or somebody should look
    if check and ended.returncode and not is_told:
        raise AssertionError(f"satchel {' '.join(args)} ended with {ended.returncode}: {ended.stderr}")
    return ended


def sentence_of(ended: "subprocess.CompletedProcess[str]") -> str:
    """The one sentence on standard error; a part of the exchange says it as a line of the log. '' where that has more
    or fewer lines."""
    lines = ended.stderr.splitlines()
    if len(lines) != 1 or "Traceback" in ended.stderr:
        return ""
    return str(json.loads(lines[0]).get("why", "")) if lines[0].startswith("{") else lines[0]


def wait_until(true: Callable[[], Any], what: str | Callable[[], str], seconds: float = _PATIENCE) -> Any:
    """Wait for something to become true, and return it; `what` says what was waited for in vain."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = true()
        if found:
            return found
        time.sleep(0.05)
    raise AssertionError(f"waited {seconds:.0f} s in vain: {what if isinstance(what, str) else what()}")


class Exchange:
    """One home and, after `up`, its processes."""

    def __init__(self, home: Path, *, ledger_url: str = "", **changed: Any) -> None:
        self.home = home
        self.process: subprocess.Popen[bytes] | preloaded.Running | None = None
        self.log = home.parent / f"{home.name}.log"
        there = ("--ledger-url", ledger_url) if ledger_url else ()
        satchel("init", str(home), "--name", "Test exchange", *there)
        self.configure(**(QUICK | changed))

    def keep_ledger_at(self, url: str) -> None:
        """The ledger is that database from now on."""
        path = self.home / "satchel.toml"
        text = re.sub(r"(?ms)^(\[ledger\].*?^url = )\S+", lambda found: f'{found[1]}"{url}"', path.read_text())
        path.write_text(text)

    @classmethod
    def of(cls, home: Path) -> "Exchange":
        """An exchange whose home is there already, and is not up."""
        made = cls.__new__(cls)
        made.home, made.process, made.log = home, None, home.parent / f"{home.name}.log"
        made.log.touch()
        return made

    def configure(self, **changed: Any) -> None:
        """Change settings by name."""
        path = self.home / "satchel.toml"
        text = path.read_text()
        for name, value in changed.items():
            text, count = re.subn(rf"(?m)^{name} = \S+", f"{name} = {json.dumps(value)}", text)
            assert count == 1, name
        path.write_text(text)

    def add(
        self, lea: str, certificate: bytes, kind: str = "district", ssh_key: Path | None = None, name: str = ""
    ) -> None:
        """Enter a party, as `LEA` and its id where it has no other name."""
        path = self.home.parent / f"{lea}.asc"
        path.write_bytes(certificate)
        more = ["--ssh-key", str(ssh_key)] if ssh_key else []
        satchel("lea", "add", lea, "--name", name or f"LEA {lea}", "--kind", kind, "--cert", str(path), *more, *self.at)

    @property
    def at(self) -> list[str]:
        """The home option."""
        return ["--home", str(self.home)]

    @property
    def certificate(self) -> bytes:
        """The exchange's public key."""
        return (self.home / "exchange.asc").read_bytes()

    def up(self, *, is_from_nothing: bool = False) -> None:
        """Start it and wait for `ready`: forked from a process that has loaded the program, or from nothing."""
        arguments = ["up", *self.at]
        told, tells = os.pipe()
        self._said = open(told)  # noqa: SIM115  as long as it runs
        with self.log.open("a") as log, open(os.devnull) as nothing, open(tells, "w") as says:
            if is_from_nothing:
                self.process = subprocess.Popen([*SATCHEL, *arguments], stdout=says, stderr=log)
            else:
                self.process = preloaded.Running(arguments, [one.fileno() for one in (nothing, says, log)])
        line = self._said.readline()
        assert line == "ready\n", f"{line!r}; log: {self.log.read_text()[-3000:]}"

    def down(self) -> int:
        """Stop it cleanly; its exit code."""
        if self.process is None:
            return 0
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(90)
        self._said.close()
        self.process = None
        return code

    def parts(self) -> dict[str, int]:
        """The pids of all parts, by name, Redis included."""
        assert self.process is not None
        found = {}
        for pid, parent, command in _processes():
            if parent == self.process.pid and forked.SPARE not in command:
                name = next((word for word in command if word.startswith("broker.")), "broker.redis")
                found[f"{name.rpartition('.')[2]}-{pid}"] = pid
        return found

    def readers(self) -> dict[str, int]:
        """The pids of what the parts have started beside them: who reads packets, and who forks those."""
        began = [one.pid for pid in self.parts().values() for one in psutil.Process(pid).children(recursive=True)]
        words = {readers.READER, str(self.home.resolve())}  # one that was forked is no child of its part
        began += [pid for pid, _, command in _processes() if words <= set(command)]
        return {f"reader-{pid}": pid for pid in began}

    def folder(self, lea: str, name: str) -> Path:
        """One folder of an LEA."""
        return self.home / "leas" / lea / name

    def drop(self, lea: str, name: str, content: bytes) -> None:
        """Put a complete file into an outbox the way a careful program does: under another name, then renamed."""
        part = self.folder(lea, "outbox") / f".{name}.part"
        part.write_bytes(content)
        part.rename(self.folder(lea, "outbox") / name)

    def packets(self, **options: str) -> list[dict[str, Any]]:
        """`satchel packets --json`."""
        more = [arg for name, value in options.items() for arg in (f"--{name}", value)]
        rows: list[dict[str, Any]] = json.loads(
            satchel("packets", "--json", "--limit", "100000", *more, *self.at).stdout
        )
        return rows

    def status(self) -> dict[str, Any]:
        """`satchel status --json`, whether all is well or not."""
        ended = satchel("status", "--json", *self.at, check=False)
        assert ended.returncode in (0, 3, 4), ended.stderr
        whole: dict[str, Any] = json.loads(ended.stdout)
        assert whole["code"] == ended.returncode
        return whole

    def inbox(self, lea: str) -> list[Path]:
        """The files that the LEA can see in its inbox."""
        return sorted(path for path in self.folder(lea, "inbox").iterdir() if not path.name.startswith("."))

    def receipts(self, lea: str) -> list[dict[str, Any]]:
        """What the LEA's receipts say, in the order of their names; the signature is checked elsewhere."""
        return [
            said_by(path) for path in sorted(self.folder(lea, "receipts").iterdir()) if not path.name.startswith(".")
        ]

    def wait_receipt(self, lea: str, file: str, *states: str) -> dict[str, Any]:
        """The receipt about the dropped `file` that says one of `states`."""

        def found() -> dict[str, Any] | None:
            about = [one for one in self.receipts(lea) if one["packet"].get("file") == file]
            return next((one for one in about if one["state"] in states), None)

        receipt: dict[str, Any] = wait_until(
            found, lambda: f"{states} of {file} for {lea}; log: {self.log.read_text()[-2000:]}"
        )
        return receipt

    def quiet(self) -> None:
        """Wait until every packet and notice has come to where it ends or waits, and every receipt is written."""
        moving = {"RECEIVED", "ADMITTED", "ROUTED"}

        def is_quiet() -> bool:
            status = self.status()
            return not moving & status["states"].keys() and status["receipts_to_publish"] == 0

        wait_until(is_quiet, "nothing on its way")

    def close(self) -> None:
        """End everything that was started here."""
        if self.process is not None and self.process.poll() is None:
            parts = self.parts()
            try:
                self.down()
            except subprocess.TimeoutExpired:
                for pid in [*parts.values(), self.process.pid]:
                    os.kill(pid, signal.SIGKILL)


def _processes() -> Iterator[tuple[int, int, list[str]]]:
    """All that run: the pid, that of the parent, and the command line."""
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
            command = stat.with_name("cmdline").read_bytes().decode(errors="replace").split("\0")
        except OSError:
            continue
        yield int(stat.parent.name), parent, command


def said_by(path: Path) -> dict[str, Any]:
    """The JSON within a cleartext-signed receipt."""
    text = path.read_text()
    body: dict[str, Any] = json.loads(text[text.index("{") : text.index("-----BEGIN PGP SIGNATURE")])
    return body
