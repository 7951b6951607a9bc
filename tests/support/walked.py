"""What a reader of the documents has: an exchange, a desk, and the keys of LEAs."""

import csv
import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from broker.edge.sftp.hostkey import ensure_host_key
from tests.support.console import Reader
from tests.support.desk import Desk
from tests.support.exchange import Exchange, satchel
from tests.support.gpg import Gpg
from tests.support.tools import require_tool

SUMMIT = ("6G", "Summit Charter School", "charter")
CANYON = "Canyon School District <records@canyon.example>"


def short_home(stack: ExitStack) -> Path:
    """A home for gpg: its agent's socket has a short path.

    Whoever steals a secret key must guess its passphrase; how hard that is made costs a second each time it is typed,
    and is nothing that a document says.
    """
    require_tool("gpg")
    home = Path(tempfile.mkdtemp(prefix="g", dir="/tmp"))
    (home / "gpg-agent.conf").write_text("s2k-count 65536\n")
    stack.callback(shutil.rmtree, home, ignore_errors=True)
    stack.callback(subprocess.run, ["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)
    return home


def fingerprint_of(certificate: Path) -> str:
    listed = subprocess.run(
        ["gpg", "--batch", "--with-colons", "--show-keys", str(certificate)], capture_output=True, text=True, check=True
    )
    return next(line.split(":")[9] for line in listed.stdout.splitlines() if line.startswith("fpr:"))


def reader_at(stack: ExitStack, home: Path, lea: str, gnupg: Path | None = None) -> Reader:
    """A reader in front of an exchange, which may be still to be made."""

    def words() -> Mapping[str, str]:
        port, certificate = home / "run" / "sftp.port", home / "exchange.asc"
        # first, while there is no fingerprint or folder in the text that might have the same four digits
        known = {"2222": port.read_text().strip()} if port.exists() else {}
        known |= {"exchange.example": "127.0.0.1", "/srv/satchel": str(home), "/mnt/exchange": str(home / "leas" / lea)}
        if certificate.exists():
            known["HOSTKEY"] = ensure_host_key(home / "keys" / "ssh_host_ed25519").fingerprint
            known["FINGERPRINT"] = fingerprint_of(certificate)
        return known

    reader = Reader(home.parent / f"reader-{lea}", home, words, home / "leas" / lea, gnupg or short_home(stack))
    reader.prepare()
    stack.callback(reader.stop)
    return reader


def enter_party(home: Path, lea: str, name: str, kind: str, certificate: str, ssh_key: str) -> Callable[[Reader], None]:
    """The state takes the two public keys that the reader has made."""

    def enter(reader: Reader) -> None:
        keys = ["--cert", str(reader.desk / certificate), "--ssh-key", str(reader.desk / ssh_key)]
        satchel("lea", "add", lea, "--name", name, "--kind", kind, *keys, "--home", str(home))

    return enter


def exchange_in(stack: ExitStack, tmp_path: Path) -> Exchange:
    exchange = Exchange(tmp_path / "home")
    stack.callback(exchange.close)
    return exchange


def desk_of(stack: ExitStack, exchange: Exchange, lea: str, title: str, **more: Any) -> Desk:
    """Another LEA, which does what the test tells it."""
    gpg = stack.enter_context(Gpg())
    fingerprint = gpg.generate(title)
    gpg.import_(exchange.certificate)
    exchange.add(lea, gpg.export(fingerprint), name=title.partition(" <")[0], **more)
    return Desk(exchange, lea, gpg, fingerprint)


def asked_in(notice: Path) -> dict[str, str]:
    """The tracking id that stands in the page for the one of the question."""
    if not notice.exists():
        return {}
    return {"01942f7e-5a10-7c44-9d2b-6c1f0e8a7b35": json.loads(notice.read_text())["questions"][0]["tracking"]}


def opened_at(path: Path) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = json.loads(path.read_text())["students"]
    return lines


def answered(path: Path) -> list[dict[str, str]]:
    """The students of a table that has come back, by the names of its columns."""
    rows = csv.reader(
        path.read_text("utf-8").splitlines(), delimiter=";" if ";status;" in path.read_text("utf-8") else ","
    )
    header = next(cells for cells in rows if "status" in cells)
    lines = (dict(zip(header, cells, strict=True)) for cells in rows)
    return [one for one in lines if one["status"]]


def statuses(path: Path) -> list[str]:
    """What became of the students of a table that has come back."""
    return [one["status"] for one in answered(path)]
