"""Keys: made by us and read by gpg, made by gpg and sq and judged by us."""

import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.core.errors import Refused
from broker.core.openpgp import certificates, frames, signatures
from broker.edge.pgp import keyring, openpgp, validity
from tests.support import craft
from tests.support.gpg import Gpg
from tests.support.scale import examples
from tests.support.tools import require_tool

NOW = datetime.now(UTC)
YEAR = timedelta(days=365)


@pytest.fixture(scope="module")
def gpg() -> Iterator[Gpg]:
    with Gpg() as home:
        yield home


def code(certificate: bytes, now: datetime | None = None) -> str:
    with pytest.raises(Refused) as refused:
        keyring.check(certificate, now or datetime.now(UTC))
    return refused.value.code


def without_back_signatures(certificate: bytes) -> bytes:
    """The certificate with every unhashed subpacket taken off: the signatures stay good, the confirmations go."""
    parts = []
    for tag, body in craft.packets(validity.binary(certificate)):
        read = signatures.parse(body) if tag == frames.SIGNATURE else None
        if read:
            bare = read.hashed + b"\x00\x00" + body[len(body) - len(read.values) - 2 :]
            assert signatures.parse(bare)
            parts.append((tag, bare))
        else:
            parts.append((tag, body))
    return craft.joined(parts)


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


def test_a_short_key(gpg: Gpg) -> None:
    _, status = gpg.run("--quick-gen-key", "Short", "rsa1024", "sign,cert", "0")
    short = next(line.split()[3] for line in status.splitlines() if " KEY_CREATED " in line)
    gpg.add_key(short, "rsa1024", "encr")
    assert code(gpg.export(short)) == "key-weak"


@pytest.mark.parametrize("digest", ["SHA1", "MD5"])
def test_weak_self_signatures(gpg: Gpg, digest: str) -> None:
    weak = ("--cert-digest-algo", digest, "--allow-weak-digest-algos")
    _, status = gpg.run(*weak, "--quick-gen-key", f"Weak {digest}", "ed25519", "sign,cert", "0")
    fingerprint = next(line.split()[3] for line in status.splitlines() if " KEY_CREATED " in line)
    gpg.add_key(fingerprint, "cv25519", "encr")
    assert code(gpg.export(fingerprint)) == "key-weak"


def test_weak_subkey_binding(gpg: Gpg) -> None:
    _, status = gpg.run("--quick-gen-key", "Weak binding", "ed25519", "sign,cert", "0")
    fingerprint = next(line.split()[3] for line in status.splitlines() if " KEY_CREATED " in line)
    gpg.run("--cert-digest-algo", "SHA1", "--quick-add-key", fingerprint, "cv25519", "encr")
    assert code(gpg.export(fingerprint)) == "key-weak"


def test_no_signing(gpg: Gpg) -> None:
    _, status = gpg.run("--quick-gen-key", "Certifies only", "ed25519", "cert", "0")
    fingerprint = next(line.split()[3] for line in status.splitlines() if " KEY_CREATED " in line)
    gpg.add_key(fingerprint, "cv25519", "encr")
    assert code(gpg.export(fingerprint)) == "key-no-signing"
    gpg.add_key(fingerprint, "ed25519", "sign")
    certificate = gpg.export(fingerprint)
    assert keyring.check(certificate, datetime.now(UTC)).signing_key_ids
    assert code(without_back_signatures(certificate)) == "key-no-signing"


def test_what_is_not_one_public_key(gpg: Gpg) -> None:
    fingerprint = gpg.generate("One")
    one, two = gpg.export(fingerprint, False), gpg.export(gpg.generate("Two"), False)
    assert code(gpg.export_secret(fingerprint)) == "key-secret"
    assert code(one + two) == "key-unreadable"
    assert code(b"") == "key-unreadable"
    assert code(b"no key") == "key-unreadable"
    assert code(gpg.export(fingerprint)[:300]) == "key-unreadable"
    assert code(gpg.seal(b"x", [fingerprint], fingerprint)) == "key-unreadable"
    assert code(bytes(2_000_000)) == "key-unreadable"
    with pytest.raises(Refused) as refused:
        keyring.merge(one, two)
    assert refused.value.code == "key-unreadable"


def test_versions_and_curves_that_are_not_supported(gpg: Gpg) -> None:
    packets = craft.packets(gpg.export(gpg.generate("Strange"), False))
    primary = packets[0][1]
    for version, expected in ((3, "key-weak"), (5, "key-unsupported"), (6, "key-unsupported")):
        assert code(craft.joined([(frames.PUBLIC_KEY, bytes([version]) + primary[1:])])) == expected
    assert code(craft.joined([(frames.PUBLIC_KEY, primary[:5] + b"\x1b" + primary[6:])])) == "key-unsupported"
    _, status = gpg.run("--quick-gen-key", "Brainpool", "brainpoolP256r1", "sign,cert", "0")
    fingerprint = next(line.split()[3] for line in status.splitlines() if " KEY_CREATED " in line)
    assert code(gpg.export(fingerprint)) == "key-unsupported"


def test_weak_key_derivations_are_not_supported(gpg: Gpg) -> None:
    for tag, body in craft.packets(gpg.export(gpg.generate("Derives"), False)):
        if tag == frames.PUBLIC_SUBKEY:
            assert certificates.parse_key(body).fault is None
            for end in (b"\x03\x01\x02\x07", b"\x03\x01\x08\x02", b"\x03\x02\x08\x07", b""):
                assert certificates.parse_key(body[:-4] + end).fault == "key-unsupported"


def test_a_strange_subkey_does_no_harm(gpg: Gpg) -> None:
    fingerprint = gpg.generate("Brainpool subkey")
    gpg.add_key(fingerprint, "brainpoolP256r1", "encr")
    info = keyring.check(gpg.export(fingerprint), datetime.now(UTC))
    assert len(info.encryption_key_ids) == 1


def test_a_subkey_of_somebody_else_is_not_ours(gpg: Gpg) -> None:
    mine, other = (craft.packets(gpg.export(gpg.generate(name), False)) for name in ("Mine", "Stranger"))
    subkey_only = craft.joined([*mine[:3], *other[3:]])
    assert code(subkey_only) == "key-no-encryption"
    assert len(keyring.inspect(subkey_only, datetime.now(UTC)).all_key_ids) == 1


def test_self_signature_that_does_not_verify(gpg: Gpg) -> None:
    packets = craft.packets(gpg.export(gpg.generate("Good name"), False))
    changed = [(tag, b"Evil name" if tag == frames.USER_ID else body) for tag, body in packets]
    assert code(craft.joined(changed)) == "key-unreadable"


def test_merge_drops_the_signatures_of_strangers(gpg: Gpg) -> None:
    mine, other = gpg.generate("Signed by others"), gpg.generate("Signer of others")
    before = gpg.export(mine)
    gpg.run("--local-user", other, "--quick-sign-key", mine)
    after = gpg.export(mine)
    assert len(after) > len(before)
    assert craft.packets(validity.binary(keyring.merge(before, after))) == craft.packets(validity.binary(before))


CERTIFICATE = validity.binary(keyring.public(keyring.generate("Fuzzed", "cv25519", NOW, 30)))


@settings(max_examples=examples(400), suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.integers(0, len(CERTIFICATE) - 1), st.binary(max_size=6), st.integers(0, 6))
def test_a_changed_key_is_refused_or_means_the_same(at: int, put: bytes, gap: int) -> None:
    changed = CERTIFICATE[:at] + put + CERTIFICATE[at + gap :]
    code = ""
    try:
        info = keyring.check(changed, datetime.now(UTC))
        merged = keyring.merge(CERTIFICATE, changed)
    except Refused as refused:
        code = refused.code
    assert not code or code.startswith("key-")
    if not code:
        assert info == keyring.check(CERTIFICATE, datetime.now(UTC))
        assert keyring.check(merged, datetime.now(UTC)) == info


@settings(max_examples=examples(200), deadline=None)
@given(st.binary(max_size=300))
def test_random_keys_are_refused(data: bytes) -> None:
    assert code(data).startswith("key-")
    assert code(frames.packet(frames.PUBLIC_KEY, b"\x04" + data)).startswith("key-")
    with pytest.raises(Refused):
        openpgp.load_secret(frames.packet(frames.SECRET_KEY, b"\x04\x00\x00\x00\x00\x16" + data))


def test_a_revocation_is_taken_however_much_somebody_has_put_into_the_key() -> None:
    """Who has a stolen key can hand in newer forms of it, and must not keep its owner from revoking it by that."""
    secret = keyring.generate("Mesa <m@mesa.example>", "cv25519", datetime.now(UTC), None)
    own = craft.packets(validity.binary(keyring.public(secret)))
    signed = certificates.parse_key(own[0][1]).hashed
    remark = b"\xff" + (30_000).to_bytes(4, "big") + b"d" + bytes(29_999)
    large = craft.signature(secret, signatures.DIRECT, signed, remark)[:-2]
    small = b"\x04\x1f\x16\x0a\0\x06\x05\x02" + bytes(8) + b"\0\1\1\0"
    many, some = ([one + at.to_bytes(2, "big") for at in range(4096 - len(own))] for one in (small, large))
    for name, more in (("many packets", many), ("many bytes", some[:26])):
        grown = craft.joined([own[0], *((frames.SIGNATURE, one) for one in more), *own[1:]])
        assert keyring.inspect(grown, datetime.now(UTC)).fault is None, name
        bare = keyring.revocation(secret, datetime.now(UTC))
        for revocation in (bare, keyring.merge(keyring.public(secret), bare)):
            info = keyring.inspect(keyring.merge(grown, revocation), datetime.now(UTC))
            assert info.fault == "key-revoked", name
            assert len(info.all_key_ids) == 2
            assert info.user_ids == ("Mesa <m@mesa.example>",)
