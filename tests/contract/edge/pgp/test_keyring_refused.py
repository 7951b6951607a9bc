"""Keys that are too weak, strange or broken: refused, or read without what is wrong."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from broker.core.errors import Refused
from broker.core.openpgp import certificates, frames, signatures
from broker.edge.pgp import keyring, openpgp, validity
from tests.support import craft
from tests.support.gpg import Gpg
from tests.support.keys import NOW, code
from tests.support.scale import examples


@pytest.fixture(scope="module")
def gpg() -> Iterator[Gpg]:
    with Gpg() as home:
        yield home


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
