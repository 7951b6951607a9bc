"""`satchel seal`, `send` and `fetch` on an LEA's own computer: what cannot be right is not sent, nobody waits in
silence, and what became of each file stands at the end.
"""

import hashlib
import json
import os
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker.core.receipt import Statement, text
from broker.edge.pgp import keyring, openpgp
from tests.support import terminal
from tests.support.exchange import SATCHEL, satchel, wait_until
from tests.support.ssh import House, Running, names

pytest_plugins = ("tests.support.ssh_fixtures",)

NOW = datetime(2026, 11, 23, 10, tzinfo=UTC)
Ended = subprocess.CompletedProcess[str]


class Person:
    """Somebody with keys, by a name."""

    def __init__(self, user_id: str) -> None:
        self.secret = keyring.generate(user_id, "cv25519", NOW, None)
        self.public = keyring.public(self.secret)
        self.key = openpgp.load_secret(self.secret)


EXCHANGE = Person("Test exchange <exchange@satchel.invalid>")
OWN = Person("Summit Charter School <records@summit.example>")
OTHER = Person("Canyon School District <records@canyon.example>")


class Desk:
    """LEA 6G's computer, which knows a server, and the server's folders of 6G."""

    def __init__(self, house: House, served: Running, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.house, self.served, self.root = house, served, root
        monkeypatch.setenv("XDG_STATE_HOME", str(root / "state"))
        monkeypatch.chdir(root)
        (root / "secret.asc").write_bytes(OWN.secret)
        (root / "other.asc").write_bytes(OTHER.secret)
        self.server = house.root("6G") / "directory"
        (root / "directory").mkdir()
        for folder in (self.server, root / "directory"):
            for name, person in (("exchange", EXCHANGE), ("6G", OWN), ("01", OTHER)):
                (folder / f"{name}.asc").write_bytes(person.public)
            (folder / "all.asc").write_bytes(EXCHANGE.public + OWN.public + OTHER.public)

    @property
    def options(self) -> list[str]:
        """Where to, and as whom."""
        key = str(self.house.key("6G"))
        known = ["--known-hosts", str(self.served.known_hosts)]
        return ["--server", f"127.0.0.1:{self.served.port}", "--user", "6G", "--identity", key, *known]

    def seal(self, *names: str, to: Sequence[Person] = (EXCHANGE,), signer: Person = OWN) -> list[str]:
        """Sealed files of these names; each is another one."""
        for name in names:
            document = json.dumps({"packet": "enrollment.v1", "id": name}).encode()
            (self.root / name).write_bytes(openpgp.seal(document, signer.key, [one.public for one in to]))
        return list(names)

    def receipt(self, file: str, n: int, state: str, content: bytes = b"", **more: str) -> None:
        """The exchange writes a receipt about a file of 6G."""
        digest = hashlib.sha256(content or file.encode()).hexdigest()
        tracking = f"018f6b5e-0000-7000-8000-{abs(hash(file)) % 10**12:012}"
        said = Statement(tracking, n, state, NOW, EXCHANGE.key.fingerprint, digest, 10, "6G", file=file, **more)
        path = self.house.root("6G") / "receipts" / f"{tracking}.{n}.{state.lower()}.json.asc"
        path.write_text(openpgp.clearsign(text(said), EXCHANGE.key))


@pytest.fixture
def desk(house: House, served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    root = tmp_path / "desk"
    root.mkdir()
    return Desk(house, served, root, monkeypatch)


def refused(ended: Ended, *says: str) -> None:
    """One sentence that says what to do."""
    assert ended.returncode == 1, ended
    assert len(ended.stderr.splitlines()) == 1, ended.stderr
    assert ended.stderr.endswith((".\n", "]\n"))
    assert [one for one in says if one not in ended.stderr] == [], ended.stderr
    assert ended.stdout == ""


# --- what is not sent

RECEIPT = openpgp.clearsign('{\n "receipt": "receipt.v1"\n}\n', EXCHANGE.key).encode()
UNSENT: dict[str, tuple[Callable[[Desk], bytes], str]] = {
    "in the clear": (lambda _: b'{"packet": "enrollment.v1"}', "is not sealed; seal it first"),
    "a list in the clear": (lambda _: b"Request Type,School Year\n", "is not sealed"),
    "a workbook": (lambda _: b"PK\x03\x04" + bytes(500), "is not sealed"),
    "nothing": (lambda _: b"", "is empty"),
    "signed only": (lambda _: openpgp.clearsign("x", OWN.key).encode(), "is signed, but not encrypted"),
    "a receipt": (lambda _: RECEIPT, "receipts are not sent back"),
    "a public key": (lambda _: OWN.public, "is a public key"),
    "a secret key": (lambda _: OWN.secret, "is a secret key"),
    "cut short": (lambda _: openpgp.seal(b"x" * 500, OWN.key, [EXCHANGE.public])[:-30], "ends too early"),
    "for yourself": (lambda _: openpgp.seal(b"x", OWN.key, [OWN.public]), "sealed for yourself alone"),
    "for somebody else": (lambda _: openpgp.seal(b"x", OWN.key, [OTHER.public]), "sealed for somebody else"),
}


@pytest.mark.parametrize("what", UNSENT)
def test_what_cannot_be_right_is_not_sent(desk: Desk, what: str) -> None:
    make, says = UNSENT[what]
    (desk.root / "new.pgp").write_bytes(make(desk))
    good = desk.seal("good.pgp")
    refused(satchel("send", *good, "new.pgp", *desk.options, check=False), "new.pgp", says, "nothing was sent")
    assert names(desk.house.outbox("6G")) == []


def test_what_is_sealed_twice_is_not_sent(desk: Desk) -> None:
    desk.seal("new.json.pgp.pgp")
    refused(satchel("send", "new.json.pgp.pgp", *desk.options, check=False), "sealed twice", "nothing was sent")


def test_what_is_right_is_sent(desk: Desk) -> None:
    armored = openpgp.armor.enarmor("MESSAGE", (desk.root / desk.seal("a.pgp")[0]).read_bytes())
    (desk.root / "b.asc").write_text(armored)
    both = desk.seal("c.pgp", to=[OWN, EXCHANGE])
    assert satchel("send", "a.pgp", "b.asc", *both, *desk.options).returncode == 0
    assert names(desk.house.outbox("6G")) == ["a.pgp", "b.asc", "c.pgp"]


def test_a_server_without_a_directory_does_not_keep_from_sending(desk: Desk) -> None:
    (desk.server / "exchange.asc").unlink()
    assert satchel("send", *desk.seal("a.pgp"), *desk.options).returncode == 0


UNSEALED: dict[str, tuple[list[str], str]] = {
    "sealed already": (["a.pgp", "--key", "secret.asc", "--to", "directory/exchange.asc"], "is sealed already"),
    "a receipt": (["receipt.asc", "--key", "secret.asc", "--to", "directory/exchange.asc"], "is a receipt"),
    "a secret key": (["secret.asc", "--key", "secret.asc", "--to", "directory/exchange.asc"], "is a secret key"),
    "nothing": (["empty", "--key", "secret.asc", "--to", "directory/exchange.asc"], "is empty"),
    "for another LEA": (["a.json", "--key", "secret.asc", "--to", "directory/01.asc"], "not the exchange's key"),
    "for itself": (["a.json", "--key", "secret.asc", "--to", "directory/6G.asc"], "name exchange.asc"),
    "for a stranger": (["a.json", "--key", "secret.asc", "--to", "stranger.asc"], "not the exchange's key"),
    "with a wrong key": (["a.json", "--key", "wrong.asc", "--to", "directory/exchange.asc"], "is not in directory"),
    "with a public key": (["a.json", "--key", "directory/6G.asc", "--to", "directory/exchange.asc"], "["),
    "with the key to open": (["a.json", "--key", "secret.asc", "--to", "secret.asc"], "["),
}


@pytest.mark.parametrize("what", UNSEALED)
def test_what_cannot_be_right_is_not_sealed(desk: Desk, what: str) -> None:
    desk.seal("a.pgp")
    (desk.root / "a.json").write_text("{}")
    (desk.root / "empty").write_text("\n")
    (desk.root / "receipt.asc").write_bytes(RECEIPT)
    (desk.root / "stranger.asc").write_bytes(OTHER.public)
    (desk.root / "wrong.asc").write_bytes(Person("Summit Charter School <records@summit.example>").secret)
    before = names(desk.root)
    words, says = UNSEALED[what]
    refused(satchel("seal", *words, check=False), says)
    assert names(desk.root) == before


@pytest.mark.parametrize(
    "to", [["directory/exchange.asc"], ["directory/6G.asc", "--to", "directory/exchange.asc"], ["e.asc"]]
)
def test_what_is_right_is_sealed_and_sent(desk: Desk, to: list[str]) -> None:
    (desk.root / "a.json").write_text("{}")
    (desk.root / "e.asc").write_bytes(EXCHANGE.public)
    satchel("seal", "a.json", "--key", "secret.asc", "--to", *to)
    satchel("send", "a.json.pgp", *desk.options)
    assert names(desk.house.outbox("6G")) == ["a.json.pgp"]


# --- nobody waits in silence


@contextmanager
def silent() -> Iterator[int]:
    """A server that takes every line and says nothing."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield int(listening.getsockname()[1])


def begun(desk: Desk, *words: str) -> "subprocess.Popen[str]":
    """A command at a terminal: Ctrl-C reaches it, also where these tests run in the background."""
    return subprocess.Popen(
        [*SATCHEL, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=desk.root,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def elsewhere(desk: Desk, port: int) -> list[str]:
    return ["--server", f"127.0.0.1:{port}", *desk.options[2:]]


@pytest.mark.parametrize("words", [["send", "a.pgp"], ["fetch", "--into", "in"]])
def test_where_nothing_listens_is_told_without_another_try(desk: Desk, words: list[str]) -> None:
    desk.seal("a.pgp")
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = int(taken.getsockname()[1])
    refused(satchel(*words, *elsewhere(desk, port), check=False), "Nothing answers at 127.0.0.1", "check host and port")


@pytest.mark.parametrize("words", [["send", "a.pgp"], ["fetch", "--into", "in"]])
def test_what_is_waited_for_is_said_and_ctrl_c_ends_it(desk: Desk, words: list[str]) -> None:
    desk.seal("a.pgp")
    with silent() as port:
        program = begun(desk, *words, *elsewhere(desk, port))
        assert program.stderr is not None
        said = program.stderr.readline()
        assert re.fullmatch(rf"Still waiting for 127\.0\.0\.1 port {port} \(\d+ s\); Ctrl-C ends it\.\n", said)
        program.send_signal(signal.SIGINT)
        ended = program.communicate(timeout=20)  # it was 60 seconds and more
    assert program.returncode == 130
    assert ended[1].startswith("\nStopped. ")
    assert "Traceback" not in ended[1]


def test_ctrl_c_in_the_middle_of_a_file_leaves_what_goes_on(desk: Desk) -> None:
    """The server stops answering with the file half there; the next run takes it up where it was."""
    document = os.urandom(6_000_000)
    (desk.root / "big.pgp").write_bytes(openpgp.seal(document, OWN.key, [EXCHANGE.public]))
    size = (desk.root / "big.pgp").stat().st_size
    part = desk.house.outbox("6G") / "big.pgp.part"
    with slow_line(desk.served.port, 3_000_000) as port:
        program = begun(desk, "send", "big.pgp", *elsewhere(desk, port)[:-1], str(known_at(desk, port)))
        wait_until(lambda: _size(desk.house) > 1_000_000, "some of it is there")
        program.send_signal(signal.SIGINT)
        assert program.communicate(timeout=20)[1].startswith("\nStopped. ")
    assert program.returncode == 130
    assert desk.house.visible("6G") == set()
    assert 0 < _size(desk.house) < size
    satchel("send", "big.pgp", *desk.options)
    assert names(desk.house.outbox("6G")) == ["big.pgp"]
    assert (desk.house.outbox("6G") / "big.pgp").read_bytes() == (desk.root / "big.pgp").read_bytes()
    assert not part.exists()


def known_at(desk: Desk, port: int) -> Path:
    path = desk.root / "known"
    path.write_text(f"[127.0.0.1]:{port} {desk.served.server.host_key.line}\n")
    return path


def _size(house: House) -> int:
    return sum(path.stat().st_size for path in house.outbox("6G").iterdir())


@contextmanager
def slow_line(port: int, most: int) -> Iterator[int]:
    """A line to a port over which nothing goes any more after so many bytes, and which stays open."""
    listening = socket.create_server(("127.0.0.1", 0))
    held: list[socket.socket] = []

    def pump(near: socket.socket, far: socket.socket, left: float) -> None:
        while left > 0:
            try:
                content = near.recv(65536)
                far.sendall(content)
            except OSError:
                return
            if not content:
                return
            left -= len(content)

    def run() -> None:
        try:
            near, _ = listening.accept()
        except OSError:
            return
        far = socket.create_connection(("127.0.0.1", port))
        held.extend([near, far])
        threading.Thread(target=pump, args=(near, far, most), daemon=True).start()
        threading.Thread(target=pump, args=(far, near, float("inf")), daemon=True).start()

    threading.Thread(target=run, daemon=True).start()
    try:
        yield int(listening.getsockname()[1])
    finally:
        for one in [listening, *held]:
            one.close()


# --- what became of it


def fetch(desk: Desk, *more: str) -> Ended:
    return satchel("fetch", "--into", "in", *desk.options, *more, check=False)


def test_it_ends_with_what_became_of_each_file(desk: Desk) -> None:
    desk.receipt("good.pgp", 1, "RECEIVED")
    desk.receipt("good.pgp", 2, "ADMITTED")
    desk.receipt("good.pgp", 3, "DELIVERED")
    desk.receipt("held.pgp", 1, "HELD", held_for="review")
    desk.receipt("bad.pgp", 1, "REFUSED", code="not-sealed", sentence="The file is signed, but not encrypted. Seal it.")
    desk.seal("waits.pgp")
    satchel("send", "waits.pgp", *desk.options)
    ended = fetch(desk)
    assert ended.returncode == 5
    lines = [line for line in ended.stdout.splitlines() if ".pgp" in line]
    assert [re.search(r"\w+\.pgp", line)[0] for line in lines] == ["bad.pgp", "held.pgp", "good.pgp", "waits.pgp"]  # type: ignore[index]
    assert "refused [not-sealed]" in lines[0]
    assert "Seal it." in lines[0]
    assert "Answer the notice `review`" in lines[1]
    assert "delivered" in lines[2]
    assert "sent, and no answer yet" in lines[3]
    assert "Fetched 5 receipts, 4 public keys." in ended.stdout
    assert ended.stdout.splitlines()[-1].startswith("4 files: 1 delivered, 1 held for review, 1 refused, 1 sent")


def test_a_refusal_counts_once(desk: Desk) -> None:
    desk.receipt("bad.pgp", 1, "REFUSED", code="not-sealed", sentence="Seal it.")
    assert [fetch(desk, "--keep").returncode for _ in range(2)] == [5, 0]
    told = json.loads(fetch(desk, "--json").stdout)
    assert told["results"] == []
    assert [one["name"] for one in told["fetched"] if "receipts" in one["path"]]


def test_what_was_sent_stands_there_until_it_has_a_receipt(desk: Desk) -> None:
    sent = (desk.root / desk.seal("a.pgp")[0]).read_bytes()
    satchel("send", "a.pgp", *desk.options)
    (desk.house.outbox("6G") / "a.pgp").unlink()  # taken in, and the receipt is still to be written
    assert "sent, and no answer yet" in fetch(desk).stdout
    (desk.root / "in" / "receipts").mkdir(exist_ok=True)
    desk.receipt("a.pgp", 1, "APPLIED", sent)
    assert "applied" in fetch(desk).stdout
    assert fetch(desk).stdout == "Nothing new.\n"


def test_thousands_of_receipts_are_a_sum_and_those_that_need_somebody(desk: Desk) -> None:
    for number in range(120):
        desk.receipt(f"backpack-{number:04}.pgp", 1, "APPLIED")
    desk.receipt("bad.pgp", 1, "REFUSED", code="damaged", sentence="Send it again.")
    ended = fetch(desk)
    assert ended.returncode == 5
    assert "120 files more: applied" in ended.stdout
    assert "backpack-" not in ended.stdout
    assert "bad.pgp" in ended.stdout
    assert len(ended.stdout.splitlines()) < 12


def test_a_receipt_that_somebody_else_has_written_is_not_believed(desk: Desk) -> None:
    desk.receipt("a.pgp", 1, "DELIVERED")
    path = next((desk.house.root("6G") / "receipts").iterdir())
    path.write_text(path.read_text().replace("DELIVERED", "COLLECTED"))
    ended = fetch(desk)
    assert "not genuine" in ended.stdout
    assert "collected" not in ended.stdout


def test_at_a_terminal_of_80_columns_nothing_is_cut(desk: Desk) -> None:
    file = "REQ_6G_20261123_1.csv.pgp"
    means = "The file is signed by a key that is not registered for your LEA. Sign it with your registered key."
    desk.receipt(file, 1, "REFUSED", code="unknown-signer", sentence=means)
    code, lines = terminal.seen(["fetch", "--into", "in", *desk.options], folder=desk.root)
    assert code == 5
    assert max(map(len, lines)) <= 80
    assert any(file in line for line in lines)
    assert any("refused [unknown-signer]" in line for line in lines)
    words = " ".join(" ".join(line.strip(" │┃") for line in lines).split())
    assert all(word in words for word in means.split())


def test_a_terminal_is_not_filled_with_a_bar_for_each_file(desk: Desk) -> None:
    for number in range(60):
        desk.receipt(f"backpack-{number:04}.pgp", 1, "APPLIED")
    code, lines = terminal.seen(["fetch", "--into", "in", *desk.options], folder=desk.root)
    assert code == 0
    assert len([line for line in lines if line.strip()]) < 12, lines


def test_the_codes_stand_in_the_help() -> None:
    told = " ".join(satchel("fetch", "--help").stdout.split())
    assert "exit code 5" in told
    told = " ".join(satchel("--help").stdout.split())
    assert "130 after Ctrl-C" in told
