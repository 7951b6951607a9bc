"""A district's folder of documents, and `satchel send` of it: begun, killed, and begun again.

Promises: a program that was begun here is ended, whatever a test does; all students are made up.
"""

import json
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from broker.edge.pgp import openpgp
from broker.edge.sftp.hostkey import ensure_host_key
from tests.bench import load
from tests.support import contents, desk
from tests.support.exchange import SATCHEL, Exchange, satchel, wait_until
from tests.support.ssh import make_key

Ended = subprocess.CompletedProcess[str]
_COLUMNS = "Stu #,Last Name,First Name,Birthdate,School,Gr,Enter Date"


class Manager:
    """LEA 01's data manager: a folder `export`, keys, and the commands."""

    def __init__(self, exchange: Exchange, root: Path) -> None:
        self.exchange = exchange
        self.root = root
        self.folder = root / "export"
        self.folder.mkdir(parents=True)
        self.lea = load.lea("01", "district", "cv25519")
        make_key(root / "ssh")
        exchange.add("01", self.lea.certificate, ssh_key=root / "ssh.pub")
        (root / "secret.asc").write_bytes(self.lea.secret)
        (root / "exchange.asc").write_bytes(exchange.certificate)

    @property
    def options(self) -> list[str]:
        """Where to, as whom, and with which keys."""
        port = (self.exchange.home / "run" / "sftp.port").read_text().strip()
        host_key = ensure_host_key(self.exchange.home / "keys" / "ssh_host_ed25519").fingerprint
        line = ["--server", f"127.0.0.1:{port}", "--user", "01", "--identity", str(self.root / "ssh")]
        keys = ["--key", str(self.root / "secret.asc"), "--to", str(self.root / "exchange.asc")]
        return [*line, "--host-key", host_key, *keys]

    @property
    def words(self) -> list[str]:
        """The whole command."""
        return ["send", str(self.folder), *self.options]

    def send(self, *more: str) -> Ended:
        """Send the folder, to the end."""
        return satchel(*self.words, *more, check=False)

    def told(self, *more: str, code: int = 0) -> dict[str, dict[str, Any]]:
        """Send the folder, and what it tells of each file."""
        ended = self.send("--json", *more)
        assert ended.returncode == code, ended
        files: list[dict[str, Any]] = json.loads(ended.stdout)["files"]
        found = {one["file"]: one for one in files}
        assert len(found) == len(files)
        return found

    def journal(self) -> list[dict[str, Any]]:
        """The whole lines of the journal."""
        path = self.folder.parent / f".{self.folder.name}.satchel" / "journal.jsonl"
        lines = path.read_bytes().split(b"\n")[:-1] if path.exists() else []
        return [json.loads(one) for one in lines]

    def steps(self, step: str) -> int:
        """How many lines tell of such a step, before any receipt."""
        return sum(one["step"] == step and not one["said"] for one in self.journal())

    def kill_when(self, true: Callable[[], Any], what: str, *more: str) -> None:
        """Send the folder, and kill the command as soon as that is true; it must not have come to its end."""
        with begun([*self.words, *more]) as program:
            wait_until(lambda: true() or program.poll() is not None, what)
            assert program.poll() is None, what
            program.send_signal(signal.SIGKILL)
            program.wait(20)

    def put(self, name: str, content: bytes | Mapping[str, Any]) -> None:
        """A file of the folder."""
        (self.folder / name).write_bytes(desk.as_bytes(content))

    def enrollment(self, number: int) -> dict[str, Any]:
        """A document about one student, like no other one."""
        return desk.enrollment("01", desk.children(1, number)[0])

    def seal(self, document: Mapping[str, Any], to: bytes) -> bytes:
        """A document as it is when somebody has sealed it before."""
        return openpgp.seal(desk.as_bytes(document), openpgp.load_secret(self.lea.secret), [to])

    def faulty(self) -> dict[str, tuple[str, bytes]]:
        """Eight faulty files: the code, and the content of each."""
        whole = self.enrollment(9000)
        late = json.loads(json.dumps(whole))
        late["students"][0]["student"]["birth_date"] = "yesterday"
        other = load.lea("02", "district", "cv25519").certificate
        rows = f"{_COLUMNS},SSN\n1,Abara,Noah,2012-03-04,704,09,2026-08-17,078051120\n"
        both = f"{_COLUMNS}\n1,Abara,Noah,31/3/2012,704,09,2026-08-17\n2,Abara,Ben,3/31/2012,704,09,2026-08-17\n"
        return {
            "017-empty.json": ("empty-document", b""),
            "018-report.pdf": ("not-a-document", contents.FORMS["pdf"][0]()),
            "019-half.json": ("not-json", desk.as_bytes(whole)[:-30]),
            "020-born.json": ("schema", desk.as_bytes(late)),
            "021-others.json": ("from-mismatch", desk.as_bytes(whole | {"from": "6G"})),
            "022-numbers.csv": ("ssn-column", rows.encode()),
            "023-dates.csv": ("dates-contradict", both.encode()),
            "024-wrong.json.pgp": ("not-for-exchange", self.seal(whole, other)),
        }


@contextmanager
def begun(words: list[str]) -> Iterator["subprocess.Popen[bytes]"]:
    """A command from nothing, in a process group of its own; what is left of it is killed."""
    with subprocess.Popen(
        [*SATCHEL, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    ) as program:
        try:
            yield program
        finally:
            if program.poll() is None:
                os.killpg(program.pid, signal.SIGKILL)
