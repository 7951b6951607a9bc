"""Messages and keys that other programs wrote, each with the outcome it must have.

They are read from ../shared/corpora where it is there.
"""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker.core.errors import Refused
from broker.edge.pgp import keyring, openpgp
from broker.edge.settings.values import Limits
from tests.support.gpg import Gpg
from tests.support.openpgp_cases import EXCHANGE, Case, outcome
from tests.support.tools import CORPORA, corpora


@pytest.fixture(scope="module")
def imported() -> set[Path]:
    """The secret keys that gpg has by now."""
    return set()


# ---- ../shared/corpora: what other programs wrote --------------------------------------------------------------------

_OF_OTHERS = sorted((CORPORA / "openpgp/rpgp-interop/testcases/messages").glob("*.json")) or [Path("missing")]


@pytest.mark.parametrize("manifest", _OF_OTHERS, ids=lambda path: path.stem)
def test_messages_of_other_programs_are_not_for_us(manifest: Path) -> None:
    """PGP 10 begins with a marker packet; all others are sealed to somebody else."""
    corpora("openpgp", "rpgp-interop")
    expected = "bad-structure" if manifest.stem.startswith("pgp-10-0-") else "not-for-exchange"
    case = Case(manifest.with_suffix(".asc").read_bytes(), EXCHANGE.certificate)
    assert outcome(case) == expected


@pytest.mark.parametrize("manifest", _OF_OTHERS, ids=lambda path: path.stem)
def test_messages_of_other_programs_as_their_receiver(gpg: Gpg, imported: set[Path], manifest: Path) -> None:
    """What would be if we were the receiver, GnuPG saying by which cipher and by whom it was made."""
    corpora("openpgp", "rpgp-interop")
    told = json.loads(manifest.read_text())
    secret_file, passphrase = manifest.parent / told["decryptKey"], told.get("passphrase", "")
    if not secret_file.exists():
        pytest.skip("the receiver's key is not in the collection")
    sealed = manifest.with_suffix(".asc").read_bytes()
    if manifest.stem.startswith("gnupg-v1-00"):
        with pytest.raises(Refused, match="key-weak"):  # ElGamal, and RSA of 1024 bits
            openpgp.load_secret(secret_file.read_bytes(), passphrase or None)
        return
    secret = openpgp.load_secret(secret_file.read_bytes(), passphrase or None)
    if secret_file not in imported:
        gpg.import_(secret_file.read_bytes())
        imported.add(secret_file)
    plain, status = gpg.run("--passphrase", passphrase, "--decrypt", stdin=sealed)
    cipher = int(re.findall(r"DECRYPTION_INFO \d+ (\d+)", status)[0])
    # these keys vouch for their subkeys with SHA-1; what is asked here is what becomes of the message
    secret._decrypting = set(secret._parts)
    signer = (manifest.parent / told["verifyKey"]).read_bytes() if "verifyKey" in told else secret.certificate
    result = outcome(Case(sealed, signer), key=secret)
    if manifest.stem.startswith("pgp-10-0-"):
        assert result == "bad-structure"
    elif cipher not in (7, 8, 9):
        assert result == "unsupported-encryption"
    elif "verifyKey" not in told:
        assert result == "unsigned"
    else:
        assert result == "opened"
        now = datetime.now(UTC)
        opened = openpgp.open_packet(sealed, secret, [signer], Limits(), now, lambda _: False)
        assert opened.content == plain == told["textcontent"].encode()


# What each file is, and so what becomes of it when it is dropped into an outbox
_DROPPED = {
    "pgpy/blocks/armoredfile.asc": "not-openpgp",  # armour around plain text
    "pgpy/blocks/cleartext.asc": "not-sealed",
    "pgpy/blocks/cleartext.twosigs.asc": "not-sealed",
    "pgpy/blocks/dsapubkey.asc": "bad-structure",  # a public key, as the other keys below
    "pgpy/blocks/dsaseckey.asc": "key-secret",
    "pgpy/blocks/expyro.asc": "key-secret",
    "pgpy/blocks/message.ascii.asc": "not-sealed",
    "pgpy/blocks/message.compressed.asc": "not-sealed",
    "pgpy/blocks/message.ecc.encrypted.asc": "not-for-exchange",
    "pgpy/blocks/message.encrypted.asc": "not-for-exchange",
    "pgpy/blocks/message.encrypted.signed.asc": "not-for-exchange",
    "pgpy/blocks/message.literal.asc": "not-sealed",
    "pgpy/blocks/message.onepass.asc": "not-sealed",
    "pgpy/blocks/message.signed.asc": "not-sealed",
    "pgpy/blocks/message.two_onepass.asc": "not-sealed",
    "pgpy/blocks/revochiio.asc": "bad-structure",
    "pgpy/blocks/rsapubkey.asc": "bad-structure",
    "pgpy/blocks/rsasignature.asc": "not-sealed",
    "pgpy/blocks/rsaseckey.asc": "key-secret",
    "pgpy/blocks/signature.expired.asc": "not-sealed",
    "pgpy/blocks/signature.non-exportable.asc": "not-sealed",
    "pgpy/keys/rsa.1.enc.asc": "key-secret",
    "pgpy/keys/rsa.1.pub.asc": "bad-structure",
    "pgpy/keys/rsa.1.sec.asc": "key-secret",
    "pgpy/messages/cleartext.dashesc.signed.asc": "not-sealed",
    "pgpy/messages/cleartext.empty.signed.asc": "not-sealed",
    "pgpy/messages/cleartext.oneline.signed.asc": "not-sealed",
    "pgpy/messages/cleartext.signed.asc": "not-sealed",
    "pgpy/messages/message.ecdh.cv25519.asc": "not-for-exchange",
    "pgpy/messages/message.ecdh.encrypted.aes.asc": "not-for-exchange",
    "pgpy/messages/message.literal.nomdc.pass.cast5.asc": "password-sealed",
    "pgpy/messages/message.nomdc.pass": "not-openpgp",  # the plain text of the next
    "pgpy/messages/message.nomdc.pass.asc": "password-sealed",
    "pgpy/messages/message.rsa.cast5.asc": "not-for-exchange",
    "pgpy/messages/message.rsa.cast5.no-mdc.asc": "no-integrity",
    "pgpy/messages/message.rsa.dsa.3des.asc": "not-for-exchange",
    "pgpy/messages/message.rsa.dsa.cam128.asc": "not-for-exchange",
    "pgpy/messages/message.rsa.dsa.pass.aes": "not-openpgp",  # the plain text of the next
    "pgpy/messages/message.rsa.dsa.pass.aes.asc": "password-sealed",  # for a key and a password
    "pgpy/messages/message.signed.asc": "not-sealed",
    "pgpy/messages/message.signed.ecdsa.asc": "not-sealed",
    "gopenpgp/att_key": "key-secret",
    "gopenpgp/gpg2.3-aead-pgp-message.pgp": "unsupported-encryption",
    "gopenpgp/issue11_message": "not-for-exchange",
    "gopenpgp/issue11_publickey": "bad-structure",
    "gopenpgp/key_dummy": "key-secret",
    "gopenpgp/keyring_token": "not-for-exchange",
    "gopenpgp/message_badmdc": "not-for-exchange",
    "gopenpgp/message_expired": "not-sealed",
    "gopenpgp/message_mixedPasswordPublic": "password-sealed",
    "gopenpgp/message_multipleKeyID": "not-for-exchange",
    "gopenpgp/message_plainSignature": "not-sealed",  # a session key, and then a signature in the clear
    "gopenpgp/message_plaintext": "not-openpgp",
    "gopenpgp/message_sha1_signed": "not-for-exchange",
    "gopenpgp/message_sha256_signed": "not-for-exchange",
    "gopenpgp/message_signed": "not-for-exchange",
    "gopenpgp/sed_message": "no-integrity",
}
_FILES = [
    path.relative_to(CORPORA / "openpgp").as_posix()
    for folder in ("pgpy", "gopenpgp")
    for path in sorted((CORPORA / "openpgp" / folder).rglob("*"))
    if path.is_file() and path.name != "LICENSE"
] or ["missing"]


def _expected(name: str, data: bytes) -> str:
    if name in _DROPPED:
        return _DROPPED[name]
    if name.startswith("pgpy/revocations"):
        return "not-sealed"  # a signature, whatever its armour says
    if b"PRIVATE KEY BLOCK" in data[:100]:
        return "key-secret"
    if b"PUBLIC KEY BLOCK" in data[:100]:
        return "bad-structure"
    if b"-----BEGIN PGP" not in data[:100]:
        return "not-openpgp"  # plain text, base64 without armour, signed subjects
    assert name.startswith(("gopenpgp/signature/", "pgpy/signatures/"))
    return "not-sealed"


@pytest.mark.parametrize("name", _FILES)
def test_every_file_of_the_collections_is_refused_as_what_it_is(name: str) -> None:
    data = (corpora("openpgp") / name).read_bytes()
    assert outcome(Case(data, EXCHANGE.certificate)) == _expected(name, data)


@pytest.mark.parametrize(
    ("secret", "passphrase", "sealed", "expected"),
    [
        ("gopenpgp/sed_key", None, "gopenpgp/message_badmdc", "damaged"),
        ("gopenpgp/sed_key", None, "gopenpgp/sed_message", "no-integrity"),
        ("gopenpgp/keyring_privateKey", "apple", "gopenpgp/message_sha1_signed", "weak-signature"),
        ("gopenpgp/keyring_privateKey", "apple", "gopenpgp/message_sha256_signed", "opened"),
        ("gopenpgp/keyring_privateKey", "apple", "gopenpgp/message_signed", "unknown-signer"),
        ("gopenpgp/keyring_privateKey", "apple", "gopenpgp/keyring_token", "unsigned"),
        ("pgpy/keys/ecc.2.sec.asc", None, "pgpy/messages/message.ecdh.cv25519.asc", "unsigned"),
    ],
)
def test_with_the_keys_of_the_collections(secret: str, passphrase: str | None, sealed: str, expected: str) -> None:
    home = corpora("openpgp")
    key = openpgp.load_secret((home / secret).read_bytes(), passphrase)
    assert outcome(Case((home / sealed).read_bytes(), key.certificate), key=key) == expected


# Keys: `None` passes. Most of these are old and vouch for themselves with SHA-1.
_KEYS = {
    "pgpy/blocks/dsapubkey.asc": "key-weak",
    "pgpy/blocks/eccpubkey.asc": None,
    "pgpy/blocks/expyro.asc": "key-secret",
    "pgpy/blocks/openpgp.js.pubkey.asc": "key-weak",  # RSA of 2047 bits
    "pgpy/blocks/revochiio.asc": "key-revoked",
    "pgpy/blocks/rsapubkey.asc": "key-weak",
    "pgpy/blocks/rsaseckey.asc": "key-secret",
    "pgpy/keys/dsa.1.pub.asc": "key-weak",
    "pgpy/keys/ecc.1.pub.asc": None,
    "pgpy/keys/ecc.2.pub.asc": None,
    "pgpy/keys/mixed.1.pub.asc": None,
    "pgpy/keys/rsa.1.enc.asc": "key-secret",
    "pgpy/keys/rsa.1.pub.asc": "key-weak",
    "pgpy/keys/targette.pub.rsa.asc": "key-weak",  # RSA of 1024 bits
    "pgpy/signatures/aptapproval-test.key.asc": "key-weak",
    "pgpy/signatures/debian-sid.key.asc": "key-expired",
    "pgpy/signatures/ubuntu-precise.key.asc": "key-weak",  # DSA
    "pgpy/messages/message.signed.asc": "key-unreadable",
    "pgpy/revocations/rsa.1.revoc.asc": "key-unreadable",  # a revocation alone is no key
    "gopenpgp/issue11_publickey": None,
    "gopenpgp/key_revoked": "key-revoked",
    "gopenpgp/key_dummy": "key-secret",
    "gopenpgp/keyring_publicKey": None,
    "gopenpgp/signature/publicKey1": None,
    "gopenpgp/signature/publicKey2": None,
    "gopenpgp/message_plaintext": "key-unreadable",
    "rpgp-interop/testcases/keys/e2e-001.asc": None,
    "rpgp-interop/testcases/keys/gnupg-v1-001.asc": "key-weak",
    "rpgp-interop/testcases/keys/gnupg-v1-002.asc": "key-weak",
    "rpgp-interop/testcases/keys/gnupg-v1-003.asc": "key-weak",
    "rpgp-interop/testcases/keys/gnupg-v1-004.asc": "key-weak",
    "rpgp-interop/testcases/keys/openkeychain-001.asc": "key-no-encryption",  # its only subkey is DSA
    "rpgp-interop/testcases/keys/pgp-6-5-001.asc": "key-weak",
    "rpgp-interop/testcases/keys/subkey-001.asc": "key-unsupported",  # RSA that may only sign, algorithm 3
    "rpgp-interop/testcases/keys/uid-001.asc": "key-weak",
    "rpgp-interop/testcases/keys/uid-002.asc": "key-weak",
    "rpgp-interop/testcases/keys/uid-003.asc": "key-weak",
}


@pytest.mark.parametrize("name", _KEYS)
def test_keys_of_the_collections(name: str) -> None:
    data = (corpora("openpgp") / name).read_bytes()
    try:
        keyring.check(data, datetime.now(UTC))
        found = None
    except Refused as refused:
        found = refused.code
    assert found == _KEYS[name]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("pgpy/blocks/expyro.asc", "key-weak"),
        ("gopenpgp/key_expiredKey", "key-weak"),  # RSA of 512 bits: weak whatever the date
        ("gopenpgp/key_futureKey", "key-weak"),  # RSA of 1024 bits
        ("gopenpgp/keyring_privateKeyLegacy", "key-weak"),  # RSA of 2047 bits
        ("gopenpgp/key_dummy", None),
        ("gopenpgp/keyring_userKey", None),
        ("gopenpgp/sed_key", None),
        ("gopenpgp/gpg2.3-aead-test-key.asc", None),
        ("pgpy/keys/mixed.1.sec.asc", None),
    ],
)
def test_public_halves_of_secret_keys(name: str, expected: str | None) -> None:
    public = keyring.public((corpora("openpgp") / name).read_bytes())
    assert keyring.inspect(public, datetime.now(UTC)).fault == expected


def test_a_secret_that_does_not_belong_to_its_public_half() -> None:
    data = (corpora("openpgp", "gopenpgp") / "key_mismatching_eddsa_key").read_bytes()
    with pytest.raises(Refused) as refused:
        openpgp.load_secret(data, "123")
    assert refused.value.code == "key-unreadable"


@pytest.mark.parametrize("name", ["rsa.1", "ecc.1", "targette"])
def test_revocations_of_the_collections(name: str) -> None:
    home = corpora("openpgp", "pgpy")
    key = home / "keys" / (f"{name}.pub.rsa.asc" if name == "targette" else f"{name}.pub.asc")
    revocation = home / "revocations" / f"{name}.revoc.asc"
    merged = keyring.merge(key.read_bytes(), revocation.read_bytes())
    assert keyring.inspect(merged, datetime.now(UTC)).fault == "key-revoked"
