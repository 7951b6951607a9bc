"""Packets sealed by gpg, sq and us: opened, re-locked, and opened again by the receiver's own gpg."""

import bz2
import hashlib
import json
import os
import pickle
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.core.errors import Refused
from broker.core.openpgp import armor, frames, signatures
from broker.edge.pgp import keyring, openpgp
from broker.edge.settings.values import MIB, Limits
from tests.support import craft
from tests.support.gpg import Gpg
from tests.support.scale import examples
from tests.support.tools import ROOT, require_tool

NOW = datetime.now(UTC)
LIMITS = Limits()
RECORD = json.dumps({"packet": "student-record.v1", "grades": [os.urandom(8).hex() for _ in range(60)]}).encode()
SENDERS = ("rsa3072", "cv25519", "nistp256")


@dataclass(frozen=True)
class World:
    """An exchange, and one gpg home with the keys of three districts; `certificates` by algorithm."""

    gpg: Gpg
    key: openpgp.SecretKey
    fingerprints: dict[str, str]
    certificates: dict[str, bytes]

    def open(self, sealed: bytes, *senders: str) -> openpgp.Opened:
        certificates = [self.certificates[one] for one in senders or SENDERS]
        return openpgp.open_packet(sealed, self.key, certificates, LIMITS, datetime.now(UTC), lambda _: False)


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    key = openpgp.load_secret(keyring.generate("Exchange <x@example.org>", "cv25519", NOW, 365))
    with Gpg() as gpg:
        gpg.import_(key.certificate)
        prints = {algo: gpg.generate(f"District {algo} <d@example.org>", algo) for algo in SENDERS}
        yield World(gpg, key, prints, {algo: gpg.export(one) for algo, one in prints.items()})


def refused(world: World, sealed: bytes, *senders: str) -> str:
    with pytest.raises(Refused) as caught:
        world.open(sealed, *senders)
    return caught.value.code


VARIANTS: dict[str, list[str]] = {
    "default": [],
    "armor": ["--armor"],
    "armor with comments": ["--armor", "--comment", "School office", "--emit-version"],
    "not compressed": ["-z", "0"],
    "zip": ["--compress-algo", "zip"],
    "zlib": ["--compress-algo", "zlib"],
    "bzip2": ["--compress-algo", "bzip2"],
    "aes128": ["--cipher-algo", "AES128"],
    "aes192": ["--cipher-algo", "AES192"],
    "sha256": ["--digest-algo", "SHA256"],
    "text mode": ["--textmode"],
    "rfc4880": ["--rfc4880"],
    "no name": ["--set-filename", ""],
    "long name": ["--set-filename", "x" * 250],
}


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("stdin", [True, False], ids=["pipe", "file"])
def test_what_gpg_seals_is_opened(world: World, variant: str, stdin: bool) -> None:
    for sender in SENDERS[: 3 if variant == "default" else 1]:
        own = world.fingerprints[sender]
        sealed = world.gpg.seal(RECORD, [world.key.fingerprint, own], own, *VARIANTS[variant], stdin=stdin)
        opened = world.open(sealed, sender)
        assert opened.content == RECORD
        assert opened.signer == own
        assert opened.signed_at
        assert abs(opened.signed_at - NOW) < timedelta(hours=1)


@pytest.mark.parametrize("size", [0, 1, 17, 511, 512, 513, 8191, 8192, 8193, 200_000])
@pytest.mark.parametrize("compression", ["0", "6"])
def test_every_size(world: World, size: int, compression: str) -> None:
    content, own = os.urandom(size), world.fingerprints["cv25519"]
    sealed = world.gpg.seal(content, [world.key.fingerprint], own, "-z", compression)
    assert world.open(sealed).content == content


def test_text_mode_with_line_ends(world: World) -> None:
    own = world.fingerprints["rsa3072"]
    for text in (b"a,b\nc ,d\t\n", b"a,b\r\nc,d\r\n", "Ñandú\n".encode()):
        sealed = world.gpg.seal(text, [world.key.fingerprint], own, "--textmode")
        assert world.open(sealed).content.replace(b"\r\n", b"\n") == text.replace(b"\r\n", b"\n")


@pytest.mark.parametrize("receiver", SENDERS)
@pytest.mark.parametrize("armored", [True, False])
def test_relocked_packets_are_opened_by_the_receiver(world: World, receiver: str, armored: bool) -> None:
    extra = ["--armor"] if armored else []
    sealed = world.gpg.seal(RECORD, [world.key.fingerprint], world.fingerprints["rsa3072"], *extra)
    head, body = openpgp.relock(sealed, world.key, world.certificates[receiver])
    found = craft.packets(head + bytes(body))
    assert [tag for tag, _ in found] == [frames.PKESK, frames.SEIPD]
    assert bytes(body) in (sealed if not armored else openpgp._envelope(sealed, 9, 9).packet.tobytes())
    content, status = world.gpg.decrypt(head + bytes(body))
    assert content == RECORD
    assert f"GOODSIG {world.fingerprints['rsa3072'][-16:]}" in status
    assert f"ENC_TO {keyring.inspect(world.certificates[receiver], datetime.now(UTC)).encryption_key_ids[0]}" in status


def test_relocking_does_not_copy_the_body(world: World) -> None:
    sealed = bytearray(world.gpg.seal(RECORD, [world.key.fingerprint], world.fingerprints["cv25519"]))
    _, body = openpgp.relock(bytes(sealed), world.key, world.certificates["cv25519"])
    assert isinstance(body, memoryview)
    assert bytes(body) == sealed[-len(body) :]


def test_relocking_five_hundred_times(world: World) -> None:
    """An integer of a session key packet that happens to begin with a zero octet must not matter."""
    receiver = openpgp.load_secret(world.gpg.export_secret(world.fingerprints["nistp256"]))
    sealed = world.gpg.seal(RECORD, [world.key.fingerprint], world.fingerprints["cv25519"])
    for _ in range(500):
        head, body = openpgp.relock(sealed, world.key, receiver.certificate)
        again, _ = openpgp.relock(head + bytes(body), receiver, world.key.certificate)
        opened = openpgp.open_packet(
            again + bytes(body), world.key, [world.certificates["cv25519"]], LIMITS, NOW, lambda _: False
        )
        assert opened.content == RECORD


@pytest.mark.parametrize("receiver", SENDERS)
def test_relock_refuses_a_receiver_that_is_not_good(world: World, receiver: str) -> None:
    sealed = world.gpg.seal(RECORD, [world.key.fingerprint], world.fingerprints["cv25519"])
    fingerprint = world.gpg.generate(f"Leaving {receiver}", receiver, "1y")
    certificate = world.gpg.export(fingerprint)
    for when, code in ((NOW + timedelta(days=400), "key-expired"), (NOW - timedelta(days=1), "key-not-yet-valid")):
        with pytest.raises(Refused) as caught:
            openpgp.relock(sealed, world.key, certificate, when)
        assert caught.value.code == code
    world.gpg.revoke(fingerprint)
    with pytest.raises(Refused) as caught:
        openpgp.relock(sealed, world.key, world.gpg.export(fingerprint))
    assert caught.value.code == "key-revoked"


SQ_VARIANTS = [
    ("rsa3k", []),
    ("cv25519", []),
    ("cv25519", ["--binary"]),
    ("cv25519", ["--compression", "none"]),
    ("cv25519", ["--compression", "bzip2"]),
]


@pytest.mark.parametrize(("suite", "extra"), SQ_VARIANTS)
def test_what_sq_seals_is_opened(world: World, tmp_path: Path, suite: str, extra: list[str]) -> None:
    sq, secret, exchange, plain = require_tool("sq"), *(tmp_path / name for name in ("key", "exchange", "plain"))
    subprocess.run([sq, "key", "generate", "--userid", "Sq", "-c", suite, "--export", str(secret)], check=True)
    exchange.write_bytes(world.key.certificate)
    plain.write_bytes(RECORD)
    command = [sq, "encrypt", "--recipient-cert", str(exchange), "--signer-key", str(secret), *extra, str(plain)]
    sealed = subprocess.run(command, check=True, capture_output=True).stdout
    sender = keyring.public(secret.read_bytes())
    now = datetime.now(UTC)
    opened = openpgp.open_packet(sealed, world.key, [sender], LIMITS, now, lambda _: False)
    assert opened.content == RECORD
    assert opened.signer == keyring.inspect(sender, now).fingerprint
    head, body = openpgp.relock(sealed, world.key, world.certificates["rsa3072"])
    world.gpg.import_(sender)
    content, status = world.gpg.decrypt(head + bytes(body))
    assert content == RECORD
    assert "GOODSIG" in status


def test_a_receiver_with_a_key_of_sq(world: World, tmp_path: Path) -> None:
    sq, secret, sender = require_tool("sq"), tmp_path / "key", tmp_path / "sender"
    subprocess.run([sq, "key", "generate", "--userid", "Sq", "--export", str(secret)], check=True)
    sender.write_bytes(world.certificates["rsa3072"])
    sealed = world.gpg.seal(RECORD, [world.key.fingerprint], world.fingerprints["rsa3072"])
    head, body = openpgp.relock(sealed, world.key, keyring.public(secret.read_bytes()))
    command = [sq, "decrypt", "--recipient-key", str(secret), "--signer-cert", str(sender)]
    ended = subprocess.run(command, input=head + bytes(body), check=True, capture_output=True)
    assert ended.stdout == RECORD
    assert b"Good signature" in ended.stderr


@pytest.mark.parametrize("signer", SENDERS)
def test_what_we_seal_is_opened_by_gpg_and_by_us(world: World, signer: str) -> None:
    secret = openpgp.load_secret(world.gpg.export_secret(world.fingerprints[signer]))
    recipients = [world.key.certificate, *world.certificates.values()]
    for content in (b"", b"x", RECORD, os.urandom(3 * MIB)):
        sealed = openpgp.seal(content, secret, recipients)
        assert world.open(sealed, signer).content == content
        received, status = world.gpg.decrypt(sealed)
        assert received == content
        assert f"GOODSIG {world.fingerprints[signer][-16:]}" in status
        assert "DECRYPTION_OKAY" in status
    assert len(openpgp.seal(bytes(1_000_000), secret, recipients)) < 10_000


def test_what_we_seal_is_opened_by_sq(world: World, tmp_path: Path) -> None:
    sq, secret, sender = require_tool("sq"), tmp_path / "key", tmp_path / "sender"
    subprocess.run([sq, "key", "generate", "--userid", "Sq", "--export", str(secret)], check=True)
    sender.write_bytes(world.key.certificate)
    sealed = openpgp.seal(RECORD, world.key, [keyring.public(secret.read_bytes())])
    command = [sq, "decrypt", "--recipient-key", str(secret), "--signer-cert", str(sender)]
    ended = subprocess.run(command, input=sealed, check=True, capture_output=True)
    assert ended.stdout == RECORD


def test_a_signing_subkey_signs(world: World) -> None:
    fingerprint = world.gpg.generate("With signing subkey", "rsa2048")
    world.gpg.add_key(fingerprint, "ed25519", "sign")
    certificate, secret = world.gpg.export(fingerprint), openpgp.load_secret(world.gpg.export_secret(fingerprint))
    for sealed in (
        world.gpg.seal(RECORD, [world.key.fingerprint], fingerprint),
        openpgp.seal(RECORD, secret, [world.key.certificate]),
    ):
        opened = openpgp.open_packet(sealed, world.key, [certificate], LIMITS, datetime.now(UTC), lambda _: False)
        assert opened.signer == fingerprint


def test_two_signers_need_one_of_this_sender(world: World) -> None:
    other = world.gpg.generate("Second signer")
    for first, second in ((world.fingerprints["cv25519"], other), (other, world.fingerprints["cv25519"])):
        sealed = world.gpg.seal(RECORD, [world.key.fingerprint], first, "--local-user", second)
        assert world.open(sealed, "cv25519").signer == world.fingerprints["cv25519"]
        assert refused(world, sealed, "rsa3072") == "unknown-signer"


@pytest.mark.parametrize("algorithm", ["cv25519", "rsa3072"])
def test_an_exchange_key_with_a_passphrase_and_of_either_kind(algorithm: keyring.Algorithm) -> None:
    key = openpgp.load_secret(keyring.generate("Second exchange", algorithm, NOW, None, "pass"), "pass")
    sealed = openpgp.seal(RECORD, key, [key.certificate])
    now = datetime.now(UTC)
    assert openpgp.open_packet(sealed, key, [key.certificate], LIMITS, now, lambda _: False).content == RECORD
    signed = openpgp.clearsign("text", key)
    assert openpgp.verify_clear(signed.encode(), [key.certificate]) == ("text", key.fingerprint)


def test_an_offline_primary_key(world: World) -> None:
    """`gpg --export-secret-subkeys` leaves a stub where the primary key was."""
    fingerprint = world.gpg.generate("Offline primary", "cv25519")
    world.gpg.add_key(fingerprint, "ed25519", "sign")
    secret = openpgp.load_secret(world.gpg.run("--export-secret-subkeys", fingerprint)[0])
    assert openpgp.verify_clear(openpgp.clearsign("x", secret).encode(), [secret.certificate])[1] == fingerprint
    sealed = world.gpg.seal(RECORD, [fingerprint], world.fingerprints["cv25519"])
    assert openpgp.relock(sealed, secret, world.certificates["cv25519"])


def test_secrets_do_not_show(world: World) -> None:
    assert repr(world.key) == f"SecretKey({world.key.fingerprint})"
    with pytest.raises(TypeError):
        pickle.dumps(world.key)
    opened = openpgp.Opened(b"Ana Reyes", world.key.fingerprint, world.key.fingerprint, None, (9, b"k" * 32))
    assert "Ana" not in repr(opened)


TEXTS = ["{}", '{"a":1}\n', "", "\n", "a\n\nb\n\n", "- dash\n-\n--\nFrom me\n", "blanks \t\nend  ", "Ñandú €\r\nx\r\n"]


@pytest.mark.parametrize("signer", SENDERS)
@pytest.mark.parametrize("text", TEXTS)
def test_clearsigned_by_us_verified_by_gpg(world: World, signer: str, text: str) -> None:
    secret = openpgp.load_secret(world.gpg.export_secret(world.fingerprints[signer]))
    signed = openpgp.clearsign(text, secret).encode()
    assert f"GOODSIG {world.fingerprints[signer][-16:]}" in world.gpg.verify(signed)
    read, by = openpgp.verify_clear(signed, [world.certificates[signer]])
    assert by == world.fingerprints[signer]
    assert [line.rstrip() for line in read.split("\n")] == [line.rstrip() for line in text.split("\n")][
        : len(read.split("\n"))
    ]


@pytest.mark.parametrize("text", TEXTS)
def test_clearsigned_by_gpg_verified_by_us(world: World, text: str) -> None:
    signed = world.gpg.run("--clearsign", "--local-user", world.fingerprints["rsa3072"], stdin=text.encode())[0]
    assert openpgp.verify_clear(signed, list(world.certificates.values()))[1] == world.fingerprints["rsa3072"]


def test_verify_clear_refuses(world: World) -> None:
    good = openpgp.clearsign('{"state":"DELIVERED"}', world.key).encode()
    two = world.gpg.run(
        "--clearsign", "--digest-algo", "SHA1", "--local-user", world.fingerprints["rsa3072"], stdin=b"x"
    )[0]
    cases = {
        "bad-signature": good.replace(b"DELIVERED", b"COLLECTED"),
        "unsigned": b'{"state":"DELIVERED"}',
        "truncated": good[:-60],
        "weak-signature": two,
        "bad-structure": good[: good.index(b"-----BEGIN PGP SIGNATURE")]
        + armor.enarmor("SIGNATURE", b"\xcb\x00").encode(),
    }
    for code, data in cases.items():
        with pytest.raises(Refused) as caught:
            openpgp.verify_clear(data, [world.key.certificate, world.certificates["rsa3072"]])
        assert caught.value.code == code
    with pytest.raises(Refused) as caught:
        openpgp.verify_clear(good, [world.certificates["rsa3072"]])
    assert caught.value.code == "unknown-signer"
    sealed = world.gpg.run("--sign", "--armor", "--local-user", world.fingerprints["cv25519"], stdin=b"x")[0]
    with pytest.raises(Refused) as caught:
        openpgp.verify_clear(sealed, list(world.certificates.values()))
    assert caught.value.code == "unsigned"


def test_a_receipt_outlives_the_key_that_signed_it() -> None:
    past = datetime.now(UTC) - timedelta(days=100)
    key = openpgp.load_secret(keyring.generate("Old exchange", "cv25519", past, 30))
    signed = openpgp.clearsign("receipt", key, past + timedelta(days=1)).encode()
    assert openpgp.verify_clear(signed, [key.certificate])[0] == "receipt"
    with pytest.raises(Refused) as caught:
        openpgp.clearsign("receipt", key)
    assert caught.value.code == "key-expired"


_MEASURE = """
import hashlib, sys
from datetime import UTC, datetime
from pathlib import Path
from broker.core.errors import Refused
from broker.edge.pgp import openpgp
from broker.edge.settings.values import Limits
home = Path(sys.argv[1])
key = openpgp.load_secret((home / "secret").read_bytes())
sealed = (home / "sealed").read_bytes()
try:
    sender, now = (home / "sender").read_bytes(), datetime.now(UTC)
    opened = openpgp.open_packet(sealed, key, [sender], Limits(), now, lambda _: False)
    print(hashlib.sha256(opened.content).hexdigest())
    head, body = openpgp.relock(sealed, key, sender)
    with (home / "relocked").open("wb") as out:
        out.write(head)
        out.write(body)
except Refused as refused:
    print(refused.code)
peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
print(int(peak.split()[1]) * 1024)
"""


def measured(folder: Path, secret: bytes, sender: bytes, sealed: bytes) -> tuple[str, int]:
    """What opening and re-locking in a process of its own gives, and the most memory it took, in bytes."""
    (folder / "secret").write_bytes(secret)
    (folder / "sender").write_bytes(sender)
    (folder / "sealed").write_bytes(sealed)
    command = [sys.executable, "-c", _MEASURE, str(folder)]
    printed = subprocess.run(command, check=True, capture_output=True, cwd=ROOT, text=True).stdout.split()
    return printed[0], int(printed[1])


def test_the_largest_packets_fit_into_memory(world: World, tmp_path: Path) -> None:
    secret = keyring.generate("Big exchange", "cv25519", NOW, None)
    content = tmp_path / "content"
    content.write_bytes(os.urandom(MIB) * 100)
    world.gpg.import_(keyring.public(secret))
    own, exchange = world.fingerprints["rsa3072"], openpgp.load_secret(secret).fingerprint
    sealed = world.gpg.seal(b"", [exchange], own, "-z", "0", stdin=content)
    sha256, memory = measured(tmp_path, secret, world.certificates["rsa3072"], sealed)
    assert sha256 == hashlib.sha256(content.read_bytes()).hexdigest()
    assert memory < 4 * len(sealed) + 200 * MIB
    head = (tmp_path / "relocked").read_bytes()
    assert head[-1000:] == sealed[-1000:]


def bomb_of(algorithm: int, least: int) -> bytes:
    """At least `least` bytes (bzip2: what it takes) that inflate to a thousand times as many zeros."""
    if algorithm == 3:
        return bz2.compress(bytes(1 << 26))
    engine = zlib.compressobj(6, wbits=-15)
    segment = engine.compress(bytes(1 << 20)) + engine.flush(zlib.Z_FULL_FLUSH)
    raw = segment * (least // len(segment) + 1) + b"\x03\x00"
    return raw if algorithm == 1 else b"\x78\x9c" + raw + bytes(4)


@pytest.mark.parametrize("algorithm", [1, 2, 3])
@pytest.mark.parametrize("nested", [False, True])
def test_bombs(tmp_path: Path, algorithm: int, nested: bool) -> None:
    """A gigabyte and more from a megabyte and a half; when nested from a few kilobytes, and from bzip2 anyway."""
    secret = keyring.generate("Bombed exchange", "cv25519", NOW, None)
    inner = bytes([algorithm]) + bomb_of(algorithm, 1_400_000)
    bomb = frames.packet(frames.COMPRESSED, inner)
    if nested:
        bomb = craft.compressed(bomb, algorithm)
    code, memory = measured(tmp_path, secret, FUZZ_SENDER.certificate, craft.enclose(bomb, keyring.public(secret)))
    assert code == ("bad-structure" if nested else "inflates-too-much")
    assert memory < 300 * MIB


FUZZ_KEY = openpgp.load_secret(keyring.generate("Fuzzed exchange", "cv25519", NOW, None))
FUZZ_SENDER = openpgp.load_secret(keyring.generate("Fuzzed district", "cv25519", NOW, None))
FUZZED = openpgp.seal(RECORD, FUZZ_SENDER, [FUZZ_KEY.certificate, FUZZ_SENDER.certificate])
FUZZED_ARMOR = armor.enarmor("MESSAGE", FUZZED).encode()
FUZZ = settings(max_examples=examples(300), deadline=None, suppress_health_check=list(HealthCheck))


def survives(data: bytes) -> None:
    """The only exception is Refused, and nothing is accepted with other content."""
    now = datetime.now(UTC)
    try:
        opened = openpgp.open_packet(data, FUZZ_KEY, [FUZZ_SENDER.certificate], LIMITS, now, lambda _: False)
    except Refused:
        pass
    else:
        assert opened.content == RECORD
        assert opened.signer == FUZZ_SENDER.fingerprint
    with suppress(Refused):
        openpgp.relock(data, FUZZ_KEY, FUZZ_SENDER.certificate)


@FUZZ
@given(st.sampled_from([FUZZED, FUZZED_ARMOR]), st.integers(0, len(FUZZED)), st.binary(max_size=8), st.integers(0, 8))
def test_changed_messages(whole: bytes, at: int, put: bytes, gap: int) -> None:
    survives(whole[:at] + put + whole[at + gap :])


@FUZZ
@given(st.binary(max_size=400))
def test_random_messages(data: bytes) -> None:
    survives(data)
    survives(frames.packet(frames.PKESK, b"\x03" + data) + frames.packet(frames.SEIPD, b"\x01" + data))


INNER = craft.literal(RECORD)


@FUZZ
@given(st.data())
def test_changed_letters_with_a_good_integrity_code(data: st.DataObject) -> None:
    body = FUZZ_SENDER.sign(0, [RECORD], NOW)
    inner = frames.packet(frames.ONE_PASS, signatures.one_pass(body)) + INNER + frames.packet(frames.SIGNATURE, body)
    at = data.draw(st.integers(0, 40) | st.integers(len(inner) - 140, len(inner)))
    put, gap = data.draw(st.binary(max_size=6)), data.draw(st.integers(0, 6))
    survives(craft.enclose(inner[:at] + put + inner[at + gap :], FUZZ_KEY.certificate))


@FUZZ
@given(st.integers(0, 700), st.binary(max_size=6), st.integers(0, 6))
def test_changed_receipts(at: int, put: bytes, gap: int) -> None:
    text = '{"state":"DELIVERED"}\n- and\nmore'
    whole = openpgp.clearsign(text, FUZZ_SENDER, NOW).encode()
    try:
        read, _ = openpgp.verify_clear(whole[:at] + put + whole[at + gap :], [FUZZ_SENDER.certificate])
    except Refused:
        return
    assert read == text
