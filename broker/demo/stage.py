"""The demo's machinery: its own home, a running exchange, and each LEA's desk with its keys.

Promises: everything is done with the public command line, as an operator and a secretary would; started processes are
ended.
"""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from broker.demo.cast import Member

CONSOLE = Console(highlight=False)
_PATIENCE = 30.0


class DemoFailed(Exception):
    """A step failed; the message says which."""


def satchel(*args: str, expect: int = 0, may_end: int = 0) -> str:
    """Run one command; returns its output. Raises DemoFailed when it ends in another way than expected."""
    ended = subprocess.run(
        [sys.executable, "-m", "broker.cli.main", *args], capture_output=True, text=True, timeout=120, check=False
    )
    if ended.returncode not in (expect, may_end or expect):
        raise DemoFailed(f"satchel {' '.join(args[:2])} ended with {ended.returncode}: {ended.stderr.strip()}")
    return ended.stdout + (ended.stderr if expect else "")


def wait_for(found: Callable[[], Any], what: str) -> Any:
    """Wait for a result. Raises DemoFailed after some time."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        result = found()
        if result:
            return result
        time.sleep(0.05)
    raise DemoFailed(f"nothing came: {what}")


class Stage:
    """The exchange and the desks of its parties."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.home = root / "exchange"
        self.desks = root / "desks"
        self._process: subprocess.Popen[str] | None = None

    def build(self) -> None:
        """Start from nothing; an earlier demo is removed."""
        os.environ["XDG_STATE_HOME"] = str(self.root / "state")  # so that `send` keeps its notes inside this demo
        if self.root.exists():
            if not (self.root / ".satchel-demo").exists():
                raise DemoFailed(f"{self.root} is there and is no demo; move it away.")
            shutil.rmtree(self.root)
        self.desks.mkdir(parents=True)
        (self.root / ".satchel-demo").touch()
        satchel("init", str(self.home), "--name", "Demo exchange")
        settings = self.home / "satchel.toml"
        settings.write_text(settings.read_text().replace("port = 2222 ", "port = 0 "))

    def make_keys(self, member: Member) -> None:
        """The LEA makes its keys on its own desk."""
        satchel("keygen", "--name", member.name, "--out", str(self.desk(member.id)), "--ssh")

    def enroll_party(self, member: Member) -> None:
        """The operator enters only the public halves."""
        desk = self.desk(member.id)
        keys = ["--cert", str(desk / "public.asc"), "--ssh-key", str(desk / "id_ed25519.pub")]
        satchel("lea", "add", member.id, "--name", member.name, "--kind", member.kind, *keys, "--home", str(self.home))

    def desk(self, lea: str) -> Path:
        """The LEA's own computer."""
        return self.desks / lea

    def up(self) -> None:
        """Start the exchange and wait for `ready`."""
        log = (self.root / "exchange.log").open("w")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "broker.cli.main", "up", "--home", str(self.home)],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        if self._process.stdout is None or self._process.stdout.readline() != "ready\n":
            raise DemoFailed(f"the exchange did not start; see {self.root / 'exchange.log'}")

    def down(self) -> None:
        """Stop the exchange."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            self._process.wait(60)

    def wait(self) -> None:
        """Wait until the exchange ends or the user presses Ctrl-C."""
        if self._process is not None:
            self._process.wait()

    @property
    def port(self) -> str:
        """The port on which the SFTP server listens."""
        return (self.home / "run" / "sftp.port").read_text().strip()

    def _login(self, lea: str) -> list[str]:
        from broker.edge.sftp.hostkey import ensure_host_key

        host_key = ensure_host_key(self.home / "keys" / "ssh_host_ed25519").fingerprint
        server = ["--server", f"127.0.0.1:{self.port}", "--user", lea]
        return [*server, "--identity", str(self.desk(lea) / "id_ed25519"), "--host-key", host_key]

    def seal_and_send(self, lea: str, name: str, document: dict[str, Any]) -> None:
        """On the LEA's desk: write the document, seal it, send it."""
        plain = self.desk(lea) / f"{name}.json"
        plain.write_text(json.dumps(document, indent=1, ensure_ascii=False))
        self._seal_and_send(lea, plain, plain.with_suffix(".pgp"))

    def seal_and_send_file(self, lea: str, plain: Path) -> None:
        """On the LEA's desk: seal an existing file, and send it."""
        self._seal_and_send(lea, plain, plain.with_name(f"{plain.name}.pgp"))

    def _seal_and_send(self, lea: str, plain: Path, sealed: Path) -> None:
        keys = ["--key", str(self.desk(lea) / "secret.asc"), "--to", str(self.home / "exchange.asc")]
        satchel("seal", str(plain), *keys, "--out", str(sealed))
        satchel("send", str(sealed), *self._login(lea))

    def send_raw(self, lea: str, path: Path) -> str:
        """Send a faulty file unchanged; returns what the command says. Then put it into the outbox by path, as another
        program would have sent it."""
        said = satchel("send", str(path), *self._login(lea), expect=1)
        part = self.home / "leas" / lea / "outbox" / f"{path.name}.part"
        shutil.copyfile(path, part)
        part.rename(part.with_suffix(""))
        return said.strip()

    def fetch(self, lea: str) -> Path:
        """Fetch everything from the LEA's inbox to its desk."""
        into = self.desk(lea) / "fetched"
        satchel("fetch", "--into", str(into), *self._login(lea), may_end=5)  # 5 reports a refusal
        return into

    def inbox(self, lea: str, kind: str) -> list[Path]:
        """The files of one type in an inbox."""
        return sorted((self.home / "leas" / lea / "inbox").glob(f"*.{kind}.pgp"))

    def receipt(self, lea: str, file: str, state: str) -> Path:
        """Wait for the receipt that says that this file reached this state."""
        return self.find_receipt(lea, state, f'"{file}"')

    def find_receipt(self, lea: str, state: str, about: str) -> Path:
        """Wait for a receipt of this state with `about` in it, on the server or already fetched."""

        def look() -> Path | None:
            folders = (self.home / "leas" / lea / "receipts", self.desk(lea) / "fetched" / "receipts")
            paths = [path for folder in folders for path in sorted(folder.glob(f"*.{state}.json.asc"))]
            return next((path for path in paths if about in path.read_text()), None)

        path: Path = wait_for(look, f"receipt {state} about {about} for {lea}")
        return path
