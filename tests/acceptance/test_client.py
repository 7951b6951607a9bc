"""`satchel seal` and `send` on an LEA's own computer: what cannot be right is not sent, and what became of the rest."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from broker.edge.pgp import openpgp
from tests.support import terminal
from tests.support.exchange import satchel
from tests.support.own_computer import EXCHANGE, OTHER, OWN, Desk, Ended, Person, refused
from tests.support.ssh import House, Running, names

pytest_plugins = ("tests.support.ssh_fixtures",)


@pytest.fixture
def desk(house: House, served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    root = tmp_path / "desk"
    root.mkdir()
    return Desk(house, served, root, monkeypatch)


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
