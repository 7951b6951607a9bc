"""The documents are true: every command in them is run, in order, against a running exchange, and prints what is shown.

Also the commands of the README.txt that an LEA finds in its folder, as a secretary with gpg and sftp would type them.
"""

import json
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from broker.edge.sftp_hostkey import ensure_host_key
from tests.support.console import Reader, page_steps, steps
from tests.support.desk import Desk, child, record
from tests.support.exchange import Exchange, satchel
from tests.support.gpg import Gpg
from tests.support.tools import ROOT, require_tool

DOCS = ROOT / "docs"
ANA = child("Ana", "Reyes-Ortiz", "2012-03-04", local_id="445566")
ANA["legal_name"]["middle"] = "Lucía"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def _short_home(stack: ExitStack) -> Path:
    """A home for gpg: its agent's socket has a short path."""
    require_tool("gpg")
    home = Path(tempfile.mkdtemp(prefix="g", dir="/tmp"))
    stack.callback(shutil.rmtree, home, ignore_errors=True)
    stack.callback(subprocess.run, ["gpgconf", "--homedir", str(home), "--kill", "all"], check=False)
    return home


def _fingerprint(certificate: Path) -> str:
    listed = subprocess.run(
        ["gpg", "--batch", "--with-colons", "--show-keys", str(certificate)], capture_output=True, text=True, check=True
    )
    return next(line.split(":")[9] for line in listed.stdout.splitlines() if line.startswith("fpr:"))


def _reader(stack: ExitStack, exchange: Exchange, lea: str, **meanwhile: Callable[[Reader], None]) -> Reader:
    """A reader in front of a running exchange."""

    def words() -> Mapping[str, str]:
        port = (exchange.home / "run" / "sftp.port").read_text().strip()
        host_key = ensure_host_key(exchange.home / "keys" / "ssh_host_ed25519").fingerprint
        return {
            "exchange.example": "127.0.0.1",
            "2222": port,
            "HOSTKEY": host_key,
            "FINGERPRINT": _fingerprint(exchange.home / "exchange.asc"),
        }

    mine = exchange.home / "leas" / lea
    reader = Reader(exchange.home.parent / "reader", exchange.home, words, mine, _short_home(stack))
    reader.prepare()
    stack.callback(reader.stop)
    return reader


def _enter(
    exchange: Exchange, lea: str, name: str, kind: str, certificate: str, ssh_key: str
) -> Callable[[Reader], None]:
    """The state takes the two public keys that the reader has made."""

    def enter(reader: Reader) -> None:
        keys = ["--cert", str(reader.desk / certificate), "--ssh-key", str(reader.desk / ssh_key)]
        satchel("lea", "add", lea, "--name", name, "--kind", kind, *keys, *exchange.at)

    return enter


def _exchange(stack: ExitStack, tmp_path: Path) -> Exchange:
    exchange = Exchange(tmp_path / "home")
    stack.callback(exchange.close)
    return exchange


def _desk(stack: ExitStack, exchange: Exchange, lea: str, title: str) -> Desk:
    """Another LEA, which does what the test tells it."""
    gpg = stack.enter_context(Gpg())
    fingerprint = gpg.generate(title)
    gpg.import_(exchange.certificate)
    exchange.add(lea, gpg.export(fingerprint))
    return Desk(exchange, lea, gpg, fingerprint)


def _opened(path: Path) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = json.loads(path.read_text())["students"]
    return lines


def test_the_secretary_can_do_what_her_page_says(tmp_path: Path, stack: ExitStack) -> None:
    exchange = _exchange(stack, tmp_path)
    canyon = _desk(stack, exchange, "01", "Canyon School District <records@canyon.example>")
    exchange.up()
    canyon.enroll(ANA)
    canyon.send("ana.pgp", record("01", ANA))
    canyon.receipt("ana.pgp", "HELD")
    reader = _reader(stack, exchange, "6G")
    reader.meanwhile = {
        "the state enters 6G with summit-public.asc and summit-ssh.pub": _enter(
            exchange, "6G", "Summit Charter School", "charter", "summit-public.asc", "summit-ssh.pub"
        ),
        "the state enters 7K with harbor/public.asc and harbor/id_ed25519.pub": _enter(
            exchange, "7K", "Harbor Charter School", "charter", "harbor/public.asc", "harbor/id_ed25519.pub"
        ),
    }
    count = reader.follow("docs/secretary.md", steps((DOCS / "secretary.md").read_text()))
    assert count > 20
    assert [line["answer"] for line in _opened(reader.desk / "answer.json")] == ["matched", "assigned"]
    assert json.loads((reader.desk / "ana.json").read_text())["student"]["legal_name"]["first"] == "Ana"
    canyon.receipt("ana.pgp", "COLLECTED")
