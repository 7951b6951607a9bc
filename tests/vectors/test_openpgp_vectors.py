"""Messages and keys, each with the outcome it must have: made here by gpg, and collected from other programs.

The first half is made at run time: each case is one way in which a library was seen to say yes too easily. The second
half reads ../shared/corpora where it is there.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from broker.core.errors import Refused
from broker.core.model import Fingerprint
from broker.core.openpgp import frames, signatures
from broker.edge.pgp import keyring, openpgp
from broker.edge.settings.values import Limits
from tests.support import craft
from tests.support.gpg import Gpg
from tests.support.tools import CORPORA, corpora

NOW = datetime.now(UTC)
PAST = NOW - timedelta(days=400)
CONTENT = b'{"packet": "student-record.v1"}'
EXCHANGE = openpgp.load_secret(keyring.generate("Exchange <x@example.org>", "cv25519", PAST, None))


@dataclass(frozen=True)
class Case:
    """What came in, and the certificate of the sender as it is registered now."""

    sealed: bytes
    certificate: bytes


def outcome(case: Case, is_known: Callable[[str], bool] = lambda _: False, key: openpgp.SecretKey = EXCHANGE) -> str:
    """The code it is refused with, or `opened`."""
    try:
        now = datetime.now(UTC)
        opened = openpgp.open_packet(case.sealed, key, [case.certificate], Limits(), now, is_known)
    except Refused as refused:
        return refused.code
    assert opened.content == CONTENT or key is not EXCHANGE
    return "opened"


@pytest.fixture(scope="module")
def gpg() -> Iterator[Gpg]:
    with Gpg() as home:
        # how hard it is to guess a passphrase is no part of a message, and takes a second each time it is typed
        (home.home / "gpg-agent.conf").write_text("s2k-count 65536\n")
        home.import_(EXCHANGE.certificate)
        yield home


@pytest.fixture(scope="module")
def imported() -> set[Path]:
    """The secret keys that gpg has by now."""
    return set()


def made_by(gpg: Gpg, fingerprint: str, *extra: str, at: datetime | None = None) -> bytes:
    return gpg.seal(CONTENT, [EXCHANGE.fingerprint], fingerprint, *extra, at=at)


def revoked_key(gpg: Gpg) -> Case:
    fingerprint = gpg.generate("Revoked after it signed")
    sealed = made_by(gpg, fingerprint)
    gpg.revoke(fingerprint)
    return Case(sealed, gpg.export(fingerprint))


def retired_key(gpg: Gpg) -> Case:
    """Revoked as "superseded", which leaves older signatures good elsewhere: here it takes effect at once."""
    fingerprint = gpg.generate("Retired", at=PAST)
    sealed = made_by(gpg, fingerprint, at=PAST + timedelta(days=1))
    revocation = gpg.run("--command-fd", "0", "--no-batch", "--gen-revoke", fingerprint, stdin=b"y\n2\n\ny\n")[0]
    return Case(sealed, keyring.merge(gpg.export(fingerprint), revocation))


def expired_key(gpg: Gpg) -> Case:
    fingerprint = gpg.generate("Expired", expire="30d", at=PAST)
    return Case(made_by(gpg, fingerprint, at=PAST + timedelta(days=1)), gpg.export(fingerprint))


def expired_signing_subkey(gpg: Gpg) -> Case:
    fingerprint = gpg.generate("Subkey expired", at=PAST)
    gpg.add_key(fingerprint, "ed25519", "sign", "30d", at=PAST)
    return Case(made_by(gpg, fingerprint, at=PAST + timedelta(days=1)), gpg.export(fingerprint))


def revoked_signing_subkey(gpg: Gpg) -> Case:
    fingerprint = gpg.generate("Subkey revoked")
    gpg.add_key(fingerprint, "ed25519", "sign")
    sealed = made_by(gpg, fingerprint)
    gpg.run("--command-fd", "0", "--edit-key", fingerprint, stdin=b"key 2\nrevkey\ny\n0\n\ny\nsave\n")
    return Case(sealed, gpg.export(fingerprint))


def key_from_the_future(gpg: Gpg) -> Case:
    fingerprint = gpg.generate("Future", at=NOW + timedelta(days=2))
    return Case(made_by(gpg, fingerprint, at=NOW + timedelta(days=3)), gpg.export(fingerprint))


def expired_signature(gpg: Gpg) -> Case:
    fingerprint = gpg.generate("Signature expires", at=PAST)
    return Case(made_by(gpg, fingerprint, "--default-sig-expire", "1d", at=PAST), gpg.export(fingerprint))


def signature_from_the_future(gpg: Gpg) -> Case:
    fingerprint = gpg.generate("Signs tomorrow")
    return Case(made_by(gpg, fingerprint, at=NOW + timedelta(days=1)), gpg.export(fingerprint))


def signature_older_than_its_key(gpg: Gpg) -> Case:
    fingerprint = gpg.generate("Backdated")
    secret = openpgp.load_secret(gpg.export_secret(fingerprint))
    return Case(sealed_by(secret.sign(0, [CONTENT], PAST, primary=True)), gpg.export(fingerprint))


def sha1_signature(gpg: Gpg) -> Case:
    fingerprint = gpg.generate("SHA-1")
    return Case(made_by(gpg, fingerprint, "--digest-algo", "SHA1"), gpg.export(fingerprint))


def md5_signature(gpg: Gpg) -> Case:
    fingerprint = gpg.generate("MD5")
    weak = ("--digest-algo", "MD5", "--allow-weak-digest-algos")
    return Case(made_by(gpg, fingerprint, *weak), gpg.export(fingerprint))


def ripemd_signature(gpg: Gpg) -> Case:
    fingerprint = gpg.generate("RIPEMD-160")
    return Case(made_by(gpg, fingerprint, "--digest-algo", "RIPEMD160"), gpg.export(fingerprint))


def sha1_key(gpg: Gpg) -> Case:
    _, status = gpg.run("--cert-digest-algo", "SHA1", "--quick-gen-key", "SHA-1 key", "ed25519", "sign,cert", "0")
    fingerprint = next(line.split()[3] for line in status.splitlines() if " KEY_CREATED " in line)
    return Case(made_by(gpg, fingerprint), gpg.export(fingerprint))


def short_key(gpg: Gpg) -> Case:
    _, status = gpg.run("--quick-gen-key", "Short", "rsa1024", "sign,cert", "0")
    fingerprint = next(line.split()[3] for line in status.splitlines() if " KEY_CREATED " in line)
    return Case(made_by(gpg, fingerprint), gpg.export(fingerprint))


def dsa_key(gpg: Gpg) -> Case:
    fingerprint = gpg.generate("DSA", "dsa2048")
    return Case(made_by(gpg, fingerprint, "--digest-algo", "SHA256"), gpg.export(fingerprint))


def sealed_by(body: bytes, content: bytes = CONTENT) -> bytes:
    """A message around `content` with a signature packet of our own making."""
    head = frames.packet(frames.ONE_PASS, signatures.one_pass(body))
    return craft.enclose(head + craft.literal(content) + frames.packet(frames.SIGNATURE, body), EXCHANGE.certificate)


def signed_by_the_encryption_subkey(gpg: Gpg) -> Case:
    fingerprint = gpg.generate("Signs with the wrong key", "rsa2048")
    secret = openpgp.load_secret(gpg.export_secret(fingerprint))
    encryption = keyring.inspect(secret.certificate, datetime.now(UTC)).encryption_key_ids[0]
    secret.fingerprint = Fingerprint(encryption)  # sign() with primary=True goes by it
    return Case(sealed_by(secret.sign(0, [CONTENT], NOW, primary=True)), gpg.export(fingerprint))


def signing_subkey_without_back_signature(gpg: Gpg) -> Case:
    fingerprint = gpg.generate("Claims a subkey")
    gpg.add_key(fingerprint, "ed25519", "sign")
    bare = []
    for tag, body in craft.packets(gpg.export(fingerprint, False)):
        read = signatures.parse(body) if tag == frames.SIGNATURE else None
        bare.append((tag, read.hashed + b"\x00\x00" + body[-len(read.values) - 2 :] if read else body))
    return Case(made_by(gpg, fingerprint), craft.joined(bare))


def subkey_of_somebody_else(gpg: Gpg) -> Case:
    """The sender's certificate with a stranger's signing subkey copied into it, and signed by that stranger."""
    stranger, own = gpg.generate("Stranger"), gpg.generate("Own")
    gpg.add_key(stranger, "ed25519", "sign")
    copied = craft.packets(gpg.export(stranger, False))[-2:]
    return Case(made_by(gpg, stranger), craft.joined([*craft.packets(gpg.export(own, False)), *copied]))


def certification_instead_of_signature(_: Gpg) -> Case:
    secret = openpgp.load_secret(keyring.generate("Other kind", "cv25519", NOW, None))
    return Case(sealed_by(secret.sign(0x13, [CONTENT], NOW)), secret.certificate)


def other_content(_: Gpg) -> Case:
    secret = openpgp.load_secret(keyring.generate("Other content", "cv25519", NOW, None))
    return Case(sealed_by(secret.sign(0, [CONTENT], NOW), b"changed"), secret.certificate)


def critical_riddle(gpg: Gpg) -> Case:
    fingerprint = gpg.generate("Critical notation")
    return Case(made_by(gpg, fingerprint, "--sig-notation", "!a@example.org=b"), gpg.export(fingerprint))


def unsigned(gpg: Gpg) -> Case:
    return Case(gpg.seal(CONTENT, [EXCHANGE.fingerprint], None), EXCHANGE.certificate)


def without_integrity_code(_: Gpg) -> Case:
    return Case(craft.enclose(craft.literal(CONTENT), EXCHANGE.certificate, integrity=False), EXCHANGE.certificate)


def hidden_recipient(gpg: Gpg) -> Case:
    fingerprint = gpg.generate("Hides")
    return Case(made_by(gpg, fingerprint, "--throw-keyids"), gpg.export(fingerprint))


def with_password_too(gpg: Gpg) -> Case:
    fingerprint = gpg.generate("Password")
    return Case(made_by(gpg, fingerprint, "--symmetric", "--passphrase", "x"), gpg.export(fingerprint))


def only_password(gpg: Gpg) -> Case:
    return Case(gpg.run("--symmetric", "--passphrase", "x", stdin=CONTENT)[0], EXCHANGE.certificate)


def other_cipher(name: str) -> Callable[[Gpg], Case]:
    def make(gpg: Gpg) -> Case:
        fingerprint = gpg.generate(f"Uses {name}")
        return Case(made_by(gpg, fingerprint, "--cipher-algo", name), gpg.export(fingerprint))

    return make


def only_signed(*how: str) -> Callable[[Gpg], Case]:
    def make(gpg: Gpg) -> Case:
        fingerprint = gpg.generate(f"Signs with {how}")
        return Case(gpg.run(*how, "--local-user", fingerprint, stdin=CONTENT)[0], gpg.export(fingerprint))

    return make


def sealed_to_another(gpg: Gpg) -> Case:
    fingerprint = gpg.generate("Sends elsewhere")
    return Case(gpg.seal(CONTENT, [fingerprint], fingerprint), gpg.export(fingerprint))


def sealed_to_the_exchange_twice(gpg: Gpg) -> Case:
    fingerprint = gpg.generate("Twice")
    sealed = made_by(gpg, fingerprint)
    first = craft.packets(sealed)[0]
    return Case(craft.joined([first]) + sealed, gpg.export(fingerprint))


def two_messages(gpg: Gpg) -> Case:
    fingerprint = gpg.generate("Two messages")
    return Case(made_by(gpg, fingerprint) * 2, gpg.export(fingerprint))


def cut(gpg: Gpg) -> Case:
    fingerprint = gpg.generate("Cut")
    return Case(made_by(gpg, fingerprint)[:-1], gpg.export(fingerprint))


MADE: dict[str, tuple[str, Callable[[Gpg], Case]]] = {
    "revoked key": ("key-revoked", revoked_key),
    "retired key": ("key-revoked", retired_key),
    "revoked signing subkey": ("key-revoked", revoked_signing_subkey),
    "expired key": ("key-expired", expired_key),
    "expired signing subkey": ("key-expired", expired_signing_subkey),
    "key from the future": ("key-not-yet-valid", key_from_the_future),
    "key with SHA-1 self-signature": ("key-weak", sha1_key),
    "RSA 1024": ("key-weak", short_key),
    "DSA": ("key-weak", dsa_key),
    "expired signature": ("signature-expired", expired_signature),
    "signature from the future": ("signature-expired", signature_from_the_future),
    "signature older than its key": ("bad-signature", signature_older_than_its_key),
    "SHA-1 signature": ("weak-signature", sha1_signature),
    "MD5 signature": ("weak-signature", md5_signature),
    "RIPEMD-160 signature": ("weak-signature", ripemd_signature),
    "key without signing flag": ("key-no-signing", signed_by_the_encryption_subkey),
    "subkey without back-signature": ("key-no-signing", signing_subkey_without_back_signature),
    "subkey of somebody else": ("unknown-signer", subkey_of_somebody_else),
    "a certification, not a signature": ("bad-signature", certification_instead_of_signature),
    "signature over other content": ("bad-signature", other_content),
    "critical notation": ("bad-signature", critical_riddle),
    "unsigned": ("unsigned", unsigned),
    "without integrity code": ("damaged", without_integrity_code),
    "hidden recipient": ("not-for-exchange", hidden_recipient),
    "with a password too": ("password-sealed", with_password_too),
    "only a password": ("password-sealed", only_password),
    "3DES": ("unsupported-encryption", other_cipher("3DES")),
    "CAST5": ("unsupported-encryption", other_cipher("CAST5")),
    "Blowfish": ("unsupported-encryption", other_cipher("BLOWFISH")),
    "Twofish": ("unsupported-encryption", other_cipher("TWOFISH")),
    "Camellia": ("unsupported-encryption", other_cipher("CAMELLIA256")),
    "signed only": ("not-sealed", only_signed("--sign")),
    "signed only, armored": ("not-sealed", only_signed("--sign", "--armor")),
    "signed only, not compressed": ("not-sealed", only_signed("--sign", "-z", "0")),
    "clear text": ("not-sealed", only_signed("--clearsign")),
    "detached signature": ("not-sealed", only_signed("--detach-sign")),
    "literal": ("not-sealed", only_signed("--store")),
    "for another key": ("not-for-exchange", sealed_to_another),
    "sealed to the exchange twice": ("bad-structure", sealed_to_the_exchange_twice),
    "two messages": ("bad-structure", two_messages),
    "cut": ("truncated", cut),
}


@pytest.mark.parametrize("name", MADE)
def test_made_here(gpg: Gpg, name: str) -> None:
    expected, make = MADE[name]
    assert outcome(make(gpg)) == expected


def test_whose_key_it_is(gpg: Gpg) -> None:
    mine, other = gpg.generate("Mine"), gpg.generate("Other")
    case = Case(made_by(gpg, other), gpg.export(mine))
    assert outcome(case, lambda issuer: issuer == other) == "wrong-signer"
    assert outcome(case) == "unknown-signer"
    assert outcome(Case(made_by(gpg, mine), gpg.export(mine))) == "opened"


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
