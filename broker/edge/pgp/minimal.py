"""The published form of a key: what its owner has proved, and nothing else.

Owns what reaches other parties' key rings from a certificate. Promises: it contains the primary key, one user id (or
none) with good signatures of its owner, subkeys that such signatures bind and that, where they sign, confirm it; and
revocations of these. It contains no signature of anybody else, no weak one and no local one (not exportable), and in no
signature anything unsigned, except what proves itself; and all of this only up to a bound. The caller chooses which
user id it shows.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from broker.core.model import Fingerprint
from broker.core.openpgp import armor, certificates, frames, signatures
from broker.core.openpgp.certificates import Certificate, Key
from broker.core.openpgp.signatures import Signature
from broker.edge.pgp import validity
from broker.edge.pgp.validity import Held

_ONE_NUMBER = frozenset({certificates.RSA, *certificates.RSA_OLD})
_MOST_BYTES, _MOST_WORDS = 65_536, 4096  # of a whole key; of a signature's own hashed part
_MOST_SIGNATURES, _MOST_SUBKEYS, _FEW_SUBKEYS = 16, 32, 8  # per part, and one more with a revocation; per key
_ENCRYPTING = frozenset({certificates.RSA, certificates.ECDH})


@dataclass(frozen=True, slots=True)
class UserId:
    """A user id that the owner vouches for now: `text` is '' where it is not UTF-8."""

    body: bytes
    text: str


def user_ids(certificate: bytes, now: datetime) -> list[UserId]:
    """The user ids that are good at `now`: first the owner's own first choice, then the youngest. Raises Refused as
    `validity.held`."""
    at = now.timestamp()
    found: dict[bytes, tuple[bool, int]] = {}
    for one in validity.held(certificate)[1]:
        latest = one.latest(at)
        if one.part.tag == frames.USER_ID and latest and (good := _vouching(one, at)):
            rank = (latest.primary, max(each.created for each in good))
            found[one.part.body] = max(rank, found.get(one.part.body, rank))
    return [UserId(body, _text(body)) for body in sorted(found, key=lambda body: found[body], reverse=True)]


def _vouching(one: Held, at: float) -> list[Signature]:
    return [good for good in _so_far(one, one.good, at) if good.created > one.revoked_at]


def _text(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return ""


def proved(certificate: bytes) -> frozenset[Fingerprint]:
    """The keys that the owner has proved to hold: the primary key, and the subkeys that confirm that they sign for it.
    An encryption key can confirm nothing: anybody can bind any encryption key. Raises Refused as `validity.held`."""
    read, parts = validity.held(certificate)
    return frozenset(
        {read.primary.fingerprint, *(one.part.key.fingerprint for one in parts if one.part.key and one.backed)}
    )


def bound(certificate: bytes) -> frozenset[Fingerprint]:
    """Every key that the certificate names as its own, proved or not. Raises Refused as `validity.held`."""
    return frozenset(
        one.part.key.fingerprint
        for place, one in enumerate(validity.held(certificate)[1])
        if one.part.key and one.part.key.fingerprint and (not place or one.good or one.weak)
    )


def published(certificate: bytes, user_id: bytes | None, now: datetime, others: Collection[str] = frozenset()) -> str:
    """The armored certificate in its published form, without subkeys in `others`, which belong to other parties. Raises
    Refused as `validity.held`."""
    read, parts = validity.held(certificate)
    whole = list(_kept(read, parts, user_id, others, now.timestamp()))
    out = _joined(whole, _MOST_SIGNATURES, _MOST_SUBKEYS)
    if len(out) > _MOST_BYTES:  # then only the youngest of everything
        out = _joined(whole, 1, _FEW_SUBKEYS)
    return armor.enarmor("PUBLIC KEY BLOCK", out)


def _joined(whole: Sequence[tuple[int, bytes, list[bytes]]], most: int, subkeys: int) -> bytearray:
    out, left = bytearray(), sum(1 for tag, *_ in whole if tag == frames.PUBLIC_SUBKEY) - subkeys
    for tag, body, some in whole:
        if tag == frames.PUBLIC_SUBKEY and left > 0:  # the oldest come first
            left -= 1
            continue
        out += frames.packet(tag, body)
        for one in list(dict.fromkeys(some))[:most]:
            out += frames.packet(frames.SIGNATURE, one)
    return out


def _kept(
    read: Certificate, parts: tuple[Held, ...], user_id: bytes | None, others: Collection[str], at: float
) -> Iterator[tuple[int, bytes, list[bytes]]]:
    primary, direct = read.primary, _so_far(parts[0], parts[0].good, at)
    yield frames.PUBLIC_KEY, primary.body, _trimmed(read, parts[0], [*parts[0].ends[:1], *direct])
    if user_id is not None:
        named = [one for one in parts if one.part.tag == frames.USER_ID and one.part.body == user_id]
        some = [body for one in named for body in _trimmed(read, one, _vouching(one, at))]
        yield frames.USER_ID, user_id, some
    subkeys: dict[bytes, list[bytes]] = {}
    for one in parts[1:]:
        key = one.part.key
        if key and not key.fault and key.fingerprint not in others and (binding := _binding(one, key, at)):
            some = _trimmed(read, one, [*one.ends[:1], *binding])
            subkeys.setdefault(key.body, []).extend(some)
    for body, some in subkeys.items():
        yield frames.PUBLIC_SUBKEY, body, some


def _handed_on(some: tuple[Signature, ...]) -> list[Signature]:
    """The signatures that may be published, youngest first: no key may fill everybody's folder. Signatures that name
    another revoker are left out, because the exchange would not accept that revocation."""
    fit = [one for one in some if not one.is_local and not one.names_revoker and len(one.hashed) <= _MOST_WORDS]
    return sorted(fit, key=lambda one: one.created, reverse=True)


def _so_far(one: Held, some: tuple[Signature, ...], at: float) -> list[Signature]:
    """The signatures in force at a moment that may be published. None is younger than the one that the exchange uses,
    because gpg would use the younger one."""
    latest = one.latest(at)
    return [each for each in _handed_on(some) if not latest or each.created <= latest.created]


def _binding(one: Held, key: Key, at: float) -> list[Signature]:
    """The signatures that bind a subkey: for encryption, or for signing where the subkey confirms it. None where the
    youngest binds it for something else: an older one would restore what the owner has taken from it."""
    encrypts = signatures.ENCRYPT if key.algorithm in _ENCRYPTING else 0
    fit = [
        good
        for good in _so_far(one, one.good, at)
        if (good in one.backed if (good.flags or 0) & signatures.SIGN else (good.flags or 0) & encrypts)
    ]
    latest = one.latest(at)
    return fit if one.revoked or latest is None or latest in fit else []


def _trimmed(read: Certificate, one: Held, some: list[Signature]) -> list[bytes]:
    subkey = one.part.key if one.part.tag == frames.PUBLIC_SUBKEY else None
    numbers = 1 if read.primary.algorithm in _ONE_NUMBER else 2
    its = 1 if subkey and subkey.algorithm in _ONE_NUMBER else 2
    own = subkey.fingerprint if subkey else ""
    return [signatures.trimmed(sig, read.primary.fingerprint, numbers, own, its) for sig in some]
