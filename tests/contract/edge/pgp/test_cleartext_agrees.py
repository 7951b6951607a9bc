"""Cleartext signatures: what is good here is good for gpg, and the text that gpg hands out is the one told here.

Each way to slip text into a signed receipt, or to bend its frame, is tried with both. Where they differ, it is on the
side of refusing: `STRICTER` has those, each with its reason.
"""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from broker.cli import main
from broker.client import answers
from broker.core.errors import Refused
from broker.core.openpgp import armor, frames, signatures
from broker.core.receipt import Statement, read, text
from broker.edge.pgp import keyring, openpgp
from tests.support import craft
from tests.support.gpg import Gpg, GpgFailed

NOW = datetime.now(UTC)
SECRET = keyring.generate("Exchange <x@example.org>", "cv25519", NOW, None)
KEY = openpgp.load_secret(SECRET)
TEXT = text(
    Statement(
        tracking="01942f7e-5a10-7c44-9d2b-6c1f0e8a7b35",
        n=1,
        state="DELIVERED",
        at=NOW,
        exchange=KEY.fingerprint,
        sha256="0" * 64,
        size=10,
        sender="01",
        receiver="6G",
    )
)
HASH, SIGNATURE = b"Hash: SHA512\n", b"-----BEGIN PGP SIGNATURE-----\n"
BEGIN = b"-----BEGIN PGP SIGNED MESSAGE-----\n"

Change = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def gpg() -> Iterator[Gpg]:
    with Gpg() as home:
        home.import_(KEY.certificate)
        yield home


def signed(some: str = TEXT) -> bytes:
    return openpgp.clearsign(some, KEY, datetime.now(UTC)).encode()


def put(before: bytes, what: bytes) -> Change:
    return lambda one: one.replace(before, what + before, 1)


def after(place: bytes, what: bytes) -> Change:
    return lambda one: one.replace(place, place + what, 1)


def with_packets(change: Change) -> Change:
    """The packets of the signature's armour, changed."""

    def changed(one: bytes) -> bytes:
        at = one.index(SIGNATURE)
        return one[:at] + armor.enarmor("SIGNATURE", change(bytes(armor.dearmor(one[at:])[1]))).encode()

    return changed


OTHERS = craft.signature(SECRET, signatures.TEXT, b"The record was collected.")

CHANGES: dict[str, Change] = {
    "nothing": lambda one: one,
    "a header above": put(HASH, b"Comment: The record was delivered.\n"),
    "a header below": after(HASH, b"Comment: The record was delivered.\n"),
    "a version": after(HASH, b"Version: GnuPG v2\n"),
    "a charset": after(HASH, b"Charset: UTF-8\n"),
    "an unknown header": after(HASH, b"State: COLLECTED\n"),
    "a header that is no header": after(HASH, b"COLLECTED\n"),
    "text in a hash": lambda one: one.replace(HASH, b"Hash: SHA512 the record was delivered\n"),
    "text behind a comma": lambda one: one.replace(HASH, b"Hash: SHA512, COLLECTED\n"),
    "an unknown hash": lambda one: one.replace(HASH, b"Hash: SHA3-512\n"),
    "two hashes": lambda one: one.replace(HASH, b"Hash: SHA256, SHA512\n"),
    "two hash headers": after(HASH, b"Hash: SHA256\n"),
    "another hash only": lambda one: one.replace(HASH, b"Hash: SHA256\n"),
    "no hash": lambda one: one.replace(HASH, b""),
    "small letters": lambda one: one.replace(HASH, b"hash: sha512\n"),
    "not dash-escaped": after(HASH, b"NotDashEscaped: yes\n"),
    "a folded header": after(HASH, b" the record was delivered\n"),
    "blanks for the empty line": lambda one: one.replace(HASH + b"\n", HASH + b" \t \n", 1),
    "blanks behind the hash": lambda one: one.replace(HASH, b"Hash: SHA512  \n"),
    "carriage returns": lambda one: one.replace(b"\n", b"\r\n"),
    "blanks at line ends": lambda one: one.replace(b",\n", b",  \t\n"),
    "a form feed at a line end": lambda one: one.replace(b",\n", b",\x0c\n", 1),
    "a no-break space at a line end": lambda one: one.replace(b",\n", b",\xc2\xa0\n", 1),
    "text above": lambda one: b"The record was delivered.\n" + one,
    "text below": lambda one: one + b"The record was delivered.\n",
    "an empty line above": lambda one: b"\n\n" + one,
    "an empty line below": lambda one: one + b"\n\n",
    "an empty line in front of the text": put(b"{\n", b"\n"),
    "an empty line behind the text": put(SIGNATURE, b"\n"),
    "an escape that was not there": put(b"{\n", b"- "),
    "an escape in the text": put(b'"at"', b"- "),
    "a dash": put(b"{\n", b"-"),
    "a dashed line": put(b"{\n", b"-----\n"),
    "a line of the text in front": put(b"{\n", b"- DELIVERED\n"),
    "a comment in the signature": after(SIGNATURE, b"Comment: The record was collected.\n"),
    "a version in the signature": after(SIGNATURE, b"Version: GnuPG v2\n"),
    "the signature is twice there": lambda one: one + one[one.index(SIGNATURE) :],
    "the message is twice there": lambda one: one + one,
    "a signed message within": put(b"{\n", BEGIN + HASH + b"\n"),
    "a byte order mark": lambda one: b"\xef\xbb\xbf" + one,
    "the last line is cut": lambda one: one.replace(b"\n-----END PGP SIGNATURE-----\n", b"\n"),
    "a state": lambda one: one.replace(b"DELIVERED", b"COLLECTED"),
    "a carriage return for a line end": lambda one: one.replace(b",\n", b",\r"),
    "a carriage return more": lambda one: one.replace(b",\n", b",\r\r\n"),
    "another's signature behind": with_packets(lambda own: own + frames.packet(frames.SIGNATURE, OTHERS)),
    "another's signature before": with_packets(lambda own: frames.packet(frames.SIGNATURE, OTHERS) + own),
    "a signature of another version": with_packets(lambda own: own + frames.packet(frames.SIGNATURE, b"\x09VOID")),
    "a text behind the signature": with_packets(lambda own: own + craft.literal(b"VOID")),
    "a user id behind the signature": with_packets(lambda own: own + frames.packet(frames.USER_ID, b"VOID")),
    "a marker behind the signature": with_packets(lambda own: own + frames.packet(frames.MARKER, b"PGP")),
    "the same signature twice in one": with_packets(lambda own: own + own),
    "junk behind the signature": with_packets(lambda own: own + b"\x01\x02"),
    "a packet that is cut behind the signature": with_packets(lambda own: own + b"\xc2\x50ab"),
}
# refused here, though gpg lets it pass
STRICTER = {
    "a comment in the signature": "text beside what is signed is never shown with it",
    "a version in the signature": "the same",
    "not dash-escaped": "an own invention of gpg's, in which a line may be a frame",
    "text above": "what stands outside reads as if it were signed",
    "text below": "the same",
    "the message is twice there": "one receipt a file",
    "the signature is twice there": "the same",
    "a marker behind the signature": "one packet",
    "the same signature twice in one": "the same",
    "the last line is cut": "a file that ends too early is not whole",
}


def by_gpg(gpg: Gpg, content: bytes) -> bytes | None:
    """The text that gpg hands out as signed by the exchange."""
    try:
        out, status = gpg.run("--decrypt", stdin=content)
    except GpgFailed:
        return None
    return out if status.count("[GNUPG:] GOODSIG") == 1 and "BADSIG" not in status else None


def by_us(content: bytes) -> bytes | None:
    try:
        return openpgp.verify_clear(content, [KEY.certificate])[0].encode()
    except Refused:
        return None


def lines(some: bytes) -> list[bytes]:
    return [one.rstrip(b" \t\r") for one in some.rstrip(b"\n").split(b"\n")]


@pytest.mark.parametrize("name", CHANGES)
def test_what_is_good_here_is_good_for_gpg(gpg: Gpg, name: str) -> None:
    content = CHANGES[name](signed())
    ours, theirs = by_us(content), by_gpg(gpg, content)
    if ours is not None:
        assert theirs is not None, content
        assert lines(ours) == lines(theirs)
    elif theirs is not None:
        assert name in STRICTER, content


def test_an_honest_receipt_is_good_for_both(gpg: Gpg) -> None:
    assert by_us(signed()) is not None
    assert by_gpg(gpg, signed()) is not None
    for name in ("carriage returns", "blanks at line ends", "two hashes", "an empty line below"):
        assert by_us(CHANGES[name](signed())) is not None, name


@pytest.mark.parametrize("name", [one for one in CHANGES if "header" in one or "comment" in one or "version" in one])
def test_no_text_stands_in_a_header(name: str) -> None:
    content = CHANGES[name](signed())
    if name != "two hash headers":
        assert by_us(content) is None


GOOD = json.loads(TEXT)
NO_RECEIPTS: dict[str, str] = {
    "an empty object": "{}",
    "a list": "[]",
    "a list of lists": "[[]]",
    "a number": "7",
    "a word": '"DELIVERED"',
    "null": "null",
    "no JSON": "DELIVERED",
    "nothing": "\n",
    "NaN": "NaN",
    "deep": "[" * 100_000,
    "deep objects": '{"a":' * 100_000,
    "a huge number": "9" * 10_000,
    "twice": TEXT.replace('"n": 1', '"n": 1,\n "n": 2'),
    "state twice": TEXT.replace('"state"', '"state": "COLLECTED",\n "state"'),
    "another version": TEXT.replace("receipt.v1", "receipt.v2"),
    "a time that is none": json.dumps(GOOD | {"at": "yesterday"}),
    "a time without an offset": json.dumps(GOOD | {"at": "2026-11-23T10:00:00"}),
    "another exchange": json.dumps(GOOD | {"exchange": "A" * 40}),
    "a line end": json.dumps(GOOD | {"means": "a\nb"}),
    "a control sequence": json.dumps(GOOD | {"means": "\x1b[2J"}),
    **{f"without {name}": json.dumps({one: value for one, value in GOOD.items() if one != name}) for name in GOOD
       if name in ("receipt", "exchange", "tracking", "n", "state", "at", "means", "packet")},
    **{f"{name} is {value!r}": json.dumps(GOOD | {name: value}) for value in (None, 1.5, [], {}, True, "")
       for name in ("receipt", "exchange", "tracking", "n", "state", "at", "means")},
    **{f"packet is {value!r}": json.dumps(GOOD | {"packet": value}) for value in (None, 1, [], "x")},
    **{f"{name} is {value!r}": json.dumps(GOOD | {name: value}) for value in (None, 1, [], {})
       for name in ("code", "held_for", "place", "how", "first", "replaces")},
    **{f"{name} of the packet is {value!r}": json.dumps(GOOD | {"packet": {**GOOD["packet"], name: value}})
       for value in (None, [], {}) for name in ("sha256", "file", "from", "to", "type", "id")},
    "no digest": json.dumps(GOOD | {"packet": {"file": "x.pgp"}}),
    "a number below the first": json.dumps(GOOD | {"n": -5}),
}  # fmt: skip


@pytest.mark.parametrize("name", NO_RECEIPTS)
def test_what_is_signed_and_no_receipt_ends_in_one_sentence(tmp_path: Path, name: str) -> None:
    paper, certificate = tmp_path / "r.json.asc", tmp_path / "exchange.asc"
    paper.write_bytes(signed(NO_RECEIPTS[name]))
    certificate.write_bytes(KEY.certificate)
    words = ["receipt", "verify", str(paper), "--cert", str(certificate)]
    for more in ([], ["--json"]):
        ended = CliRunner().invoke(main.build([*words, *more]), [*words, *more])
        assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
        assert (ended.exit_code, ended.stdout) == (1, "")
        assert ended.stderr.startswith("NOT A RECEIPT: ")
        assert ended.stderr.count("\n") == 1


def test_the_honest_one_is_read() -> None:
    assert read(TEXT) == GOOD


@pytest.mark.parametrize("name", NO_RECEIPTS)
def test_fetch_goes_by_no_such_text(tmp_path: Path, name: str) -> None:
    """What `satchel fetch` says of it: that it is not genuine; and what else there is, is told all the same."""
    paper, other = tmp_path / "a.json.asc", tmp_path / "b.json.asc"
    paper.write_bytes(signed(NO_RECEIPTS[name]))
    other.write_bytes(signed(json.dumps(GOOD | {"packet": GOOD["packet"] | {"file": "b.pgp"}})))
    found, _ = answers.read([paper, other], KEY.certificate)
    assert [(one.file, one.result) for one in found] == [(paper.name, "not genuine"), ("b.pgp", "delivered")]


def test_fetch_shows_no_control_sequence(tmp_path: Path) -> None:
    paper = tmp_path / "a.json.asc"
    for more in ({"state": "REFUSED", "code": "\x1b[2J"}, {"state": "HELD", "held_for": "\x1b[2J"}):
        paper.write_bytes(signed(json.dumps(GOOD | {"packet": GOOD["packet"] | {"file": "\x1bc.pgp"}} | more)))
        (one,) = answers.read([paper], KEY.certificate)[0]
        assert "\x1b" not in one.file + one.result + one.todo
