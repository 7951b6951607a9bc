"""Packets and signed texts of ours: opened and verified by gpg and sq, and theirs by us."""

import os
import pickle
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broker.core.errors import Refused
from broker.core.openpgp import armor
from broker.edge.pgp import keyring, openpgp
from broker.edge.settings.values import MIB
from tests.support.sealing import LIMITS, NOW, RECORD, SENDERS, World
from tests.support.tools import require_tool


def refused(world: World, sealed: bytes, *senders: str) -> str:
    with pytest.raises(Refused) as caught:
        world.open(sealed, *senders)
    return caught.value.code


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
