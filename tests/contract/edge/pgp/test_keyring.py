"""Keys: made by us and read by gpg, made by gpg and sq and judged by us; their ends."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broker.core.errors import Refused
from broker.edge.pgp import keyring, openpgp, validity
from tests.support import craft
from tests.support.gpg import Gpg
from tests.support.keys import NOW, code
from tests.support.tools import require_tool

YEAR = timedelta(days=365)


@pytest.fixture(scope="module")
def gpg() -> Iterator[Gpg]:
    with Gpg() as home:
        yield home


@pytest.mark.parametrize("algorithm", ["cv25519", "rsa3072"])
@pytest.mark.parametrize("passphrase", [None, "Geheim äöü"])
def test_generated_keys_work_in_gpg(algorithm: keyring.Algorithm, passphrase: str | None) -> None:
    secret = keyring.generate("Böard of Education <b@example.org>", algorithm, NOW, 90, passphrase)
    key = openpgp.load_secret(secret, passphrase)
    info = keyring.check(keyring.public(secret), datetime.now(UTC))
    assert info.fingerprint == key.fingerprint
    assert info.user_ids == ("Böard of Education <b@example.org>",)
    assert info.expires == NOW.replace(microsecond=0) + timedelta(days=90)
    assert (info.algorithm, info.bits) == (("Ed25519", 255) if algorithm == "cv25519" else ("RSA", 3072))
    assert len(info.encryption_key_ids) == len(info.signing_key_ids) == 1
    assert set(info.all_key_ids) == {*info.encryption_key_ids, *info.signing_key_ids}
    with Gpg() as home:
        home.import_(key.certificate)
        sealed = home.seal(b"hello", [info.fingerprint], None)
        if passphrase is None:
            home.import_(secret)
            assert home.decrypt(sealed)[0] == b"hello"
        listed = home.run("--list-packets", stdin=key.certificate)[0].decode()
    assert "features: 01" in listed  # an integrity code, and no AEAD
    assert "pref-sym-algos: 9 7" in listed
    assert "pref-aead" not in listed
    assert key.certificate == keyring.public(secret)


def test_a_locked_key_needs_its_passphrase() -> None:
    secret = keyring.generate("Locked", "cv25519", NOW, None, "right")
    for wrong in (None, "wrong", ""):
        with pytest.raises(Refused) as refused:
            openpgp.load_secret(secret, wrong)
        assert refused.value.code == "key-locked"
        assert "right" not in str(refused.value)
    assert keyring.check(keyring.public(secret), datetime.now(UTC)).expires is None


def test_a_public_key_is_no_secret_key(gpg: Gpg) -> None:
    with pytest.raises(Refused) as refused:
        openpgp.load_secret(gpg.export(gpg.generate("Public only")))
    assert refused.value.code == "key-unreadable"


@pytest.mark.parametrize(
    ("algo", "name", "bits"),
    [("rsa2048", "RSA", 2048), ("cv25519", "Ed25519", 255), ("nistp256", "NIST P-256", 256)],
)
def test_keys_of_gpg(gpg: Gpg, algo: str, name: str, bits: int) -> None:
    fingerprint = gpg.generate(f"{algo} <a@example.org>", algo, "2y")
    for armor in (True, False):
        info = keyring.check(gpg.export(fingerprint, armor), datetime.now(UTC))
        assert (info.fingerprint, info.algorithm, info.bits) == (fingerprint, name, bits)
        assert info.expires
        assert timedelta(days=729) < info.expires - NOW < timedelta(days=731)


def test_keys_of_sq(tmp_path: Path) -> None:
    secret = tmp_path / "key.pgp"
    subprocess.run([require_tool("sq"), "key", "generate", "--userid", "Sq", "--export", str(secret)], check=True)
    info = keyring.check(keyring.public(secret.read_bytes()), datetime.now(UTC))
    assert len(info.all_key_ids) == 4
    # it has a subkey for signing: that is used, and not the primary key
    assert info.fingerprint[-16:] not in info.signing_key_ids
    assert openpgp.load_secret(secret.read_bytes()).fingerprint == info.fingerprint


def test_expired_and_extended(gpg: Gpg) -> None:
    past = NOW - YEAR
    fingerprint = gpg.generate("Expired", expire="30d", at=past)
    old = gpg.export(fingerprint)
    assert code(old) == "key-expired"
    assert keyring.check(old, past + timedelta(days=1)).fault is None
    gpg.set_expire(fingerprint, "3y")
    new = gpg.export(fingerprint)
    assert keyring.check(new, datetime.now(UTC)).fault is None
    for merged in (keyring.merge(old, new), keyring.merge(new, old)):
        assert keyring.check(merged, datetime.now(UTC)) == keyring.check(new, datetime.now(UTC))
        gpg.import_(merged)


def test_only_the_encryption_subkey_expires(gpg: Gpg) -> None:
    past = NOW - YEAR
    _, status = gpg.run("--quick-gen-key", "Subkey expires", "ed25519", "sign,cert", "0", at=past)
    fingerprint = next(line.split()[3] for line in status.splitlines() if " KEY_CREATED " in line)
    assert code(gpg.export(fingerprint)) == "key-no-encryption"
    gpg.add_key(fingerprint, "cv25519", "encr", "30d", at=past)
    assert code(gpg.export(fingerprint)) == "key-expired"
    info = keyring.check(gpg.export(fingerprint), past + timedelta(days=2))
    assert info.expires
    assert info.expires < past + timedelta(days=31)
    gpg.add_key(fingerprint, "cv25519", "encr")
    assert keyring.check(gpg.export(fingerprint), datetime.now(UTC)).expires is None


def test_not_yet_valid(gpg: Gpg) -> None:
    certificate = gpg.export(gpg.generate("Future", at=NOW + timedelta(days=2)))
    assert code(certificate) == "key-not-yet-valid"
    assert keyring.check(certificate, NOW + timedelta(days=3)).fault is None


def test_revoked(gpg: Gpg) -> None:
    fingerprint = gpg.generate("Revoked")
    before = gpg.export(fingerprint)
    revocation = (gpg.home / "openpgp-revocs.d" / f"{fingerprint}.rev").read_text()
    revocation = revocation[revocation.index(":-----BEGIN") + 1 :]
    gpg.revoke(fingerprint)
    after = gpg.export(fingerprint)
    assert code(after) == "key-revoked"
    assert code(after, NOW - timedelta(days=1)) == "key-revoked"  # at once, whatever the date
    for new in (after, revocation.encode()):
        assert code(keyring.merge(before, new)) == "key-revoked"
    assert code(keyring.merge(after, before)) == "key-revoked"


def test_our_own_revocation() -> None:
    secret = keyring.generate("Exchange", "cv25519", NOW, None, "pass")
    merged = keyring.merge(keyring.public(secret), keyring.revocation(secret, datetime.now(UTC), "pass"))
    assert code(merged) == "key-revoked"
    with Gpg() as home:
        home.import_(merged)
        assert b"pub:r:" in home.run("--with-colons", "--list-keys")[0]


def test_revoked_by_a_stranger_is_not_revoked() -> None:
    mine, other = (keyring.generate(name, "cv25519", NOW, None) for name in ("Mine", "Other"))
    with pytest.raises(Refused) as refused:
        keyring.merge(keyring.public(mine), keyring.revocation(other, NOW))
    assert refused.value.code == "key-unreadable"
    packets = craft.packets(validity.binary(keyring.public(mine)))
    stranger = craft.packets(validity.binary(keyring.revocation(other, NOW)))
    assert keyring.check(craft.joined([packets[0], *stranger, *packets[1:]]), datetime.now(UTC)).fault is None


def test_revoked_subkey(gpg: Gpg) -> None:
    fingerprint = gpg.generate("Subkey revoked")
    gpg.run("--command-fd", "0", "--edit-key", fingerprint, stdin=b"key 1\nrevkey\ny\n0\n\ny\nsave\n")
    assert code(gpg.export(fingerprint)) == "key-revoked"
    gpg.add_key(fingerprint, "cv25519", "encr")
    info = keyring.check(gpg.export(fingerprint), datetime.now(UTC))
    assert len(info.encryption_key_ids) == 1
    assert len(info.all_key_ids) == 3


def test_revoked_user_id(gpg: Gpg) -> None:
    fingerprint = gpg.generate("First name")
    gpg.run("--quick-add-uid", fingerprint, "Second name")
    gpg.run("--quick-revoke-uid", fingerprint, "First name")
    assert keyring.check(gpg.export(fingerprint), datetime.now(UTC)).user_ids == ("Second name",)
