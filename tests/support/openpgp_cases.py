"""Messages made here by gpg, or by hand, each in one way out of the ordinary."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from broker.core.errors import Refused
from broker.core.model import Fingerprint
from broker.core.openpgp import frames, signatures
from broker.edge.pgp import keyring, openpgp
from broker.edge.settings.values import Limits
from tests.support import craft
from tests.support.gpg import Gpg

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
