"""Packets sealed by gpg and sq: opened, re-locked, and opened again."""

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broker.core.errors import Refused
from broker.core.openpgp import frames
from broker.edge.pgp import keyring, openpgp
from tests.support import craft
from tests.support.sealing import LIMITS, NOW, RECORD, SENDERS, World
from tests.support.tools import require_tool

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
