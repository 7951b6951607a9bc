"""What `satchel send` and `seal` check before anything is sent.

Owns the sentences. Promises: each says in one sentence what the file is and what to do; when one is shown, nothing was
sent or written; a file is refused only for a fault that can be seen here.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from broker.client.opening import Directory
from broker.core.errors import Refused
from broker.core.files.outgoing import Kind, Recognised, recognise
from broker.edge.pgp import keyring
from broker.edge.pgp.keyring import KeyInfo
from broker.edge.settings.values import Limits
from broker.terminal.files import read

_EXCHANGE = "exchange.asc"
_ADDRESS = "<exchange@satchel.invalid>"  # in every exchange's key (`satchel init`)
_TWICE = re.compile(r"\.(?:pgp|gpg|asc)\.(?:pgp|gpg|asc)\Z", re.IGNORECASE)

_UNSENT: Mapping[Kind, str] = {
    Kind.CLEAR: "is not sealed; seal it first (`satchel seal`, or gpg), and send the file that comes out",
    Kind.EMPTY: "is empty; see whether it was written to its end",
    Kind.SIGNED: "is signed, but not encrypted; seal the document (`satchel seal`, or gpg --sign --encrypt), and send"
    " the file"
    " that comes out",
    Kind.RECEIPT: "is a receipt, which the exchange has itself; receipts are not sent back",
    Kind.SIGNATURE: "is a signature without its document; seal the document in one step (`satchel seal`, or gpg"
    " --sign --encrypt)",
    Kind.PUBLIC_KEY: "is a public key; give it to the state's operator, and send sealed files here",
    Kind.SECRET_KEY: "is a secret key, which nobody else may ever have; keep it to yourself",
    Kind.PASSPHRASE: "is sealed with a passphrase, which the exchange does not have; seal the document with the"
    " exchange's key, exchange.asc",
    Kind.CUT_SHORT: "ends too early; seal the document again, and see whether there is room on the disk",
    Kind.BROKEN: "is no whole sealed file: something is before, behind or within it; seal the document again",
}
_UNSEALED: Mapping[Kind, str] = {
    Kind.SEALED: "is sealed already; send it as it is, for what is sealed twice cannot be opened",
    Kind.EMPTY: "is empty; see whether it was written to its end",
    Kind.SIGNED: "is signed already; seal the document itself, for this signs and encrypts in one step",
    Kind.RECEIPT: "is a receipt, which the exchange has itself; receipts are not sent back",
    Kind.SIGNATURE: "is a signature without its document; seal the document, for this signs it",
    Kind.SECRET_KEY: "is a secret key, which nobody else may ever have; keep it to yourself",
    Kind.PASSPHRASE: "is sealed already, with a passphrase; seal the document itself",
}
_LEFT = "nothing was sent"


def unsent(path: Path, limits: Limits) -> tuple[Recognised, str]:
    """What the file is, and why it must not be sent, '' where no fault can be seen here."""
    found = recognise(read(path, limits.sealed_bytes))
    if found.kind is Kind.SEALED:
        if is_twice(path.name):
            return found, f"{path} is sealed twice, by its name; seal the document itself, once; {_LEFT}."
        return found, ""
    return found, f"{path} {_UNSENT[found.kind]}; {_LEFT}."


def is_twice(name: str) -> bool:
    """Whether the name says that the file is sealed twice."""
    return bool(_TWICE.search(name))


def misaddressed(path: Path, found: Recognised, exchange: bytes, own: bytes) -> str:
    """Why a sealed file is for somebody else, judged by the exchange's public key and the sender's own; '' where it is
    not."""
    theirs, mine = _ids(exchange), _ids(own)
    if not theirs or found.is_for(theirs):
        return ""
    whom = "for yourself alone" if found.is_for(mine) else "for somebody else"
    ids = ", ".join(found.key_ids)
    return (
        f"{path} is sealed {whom} (key {ids}), and the exchange cannot open it; fetch your directory folder, and seal"
        f" the document with the exchange.asc in it; {_LEFT}."
    )


def opens(found: Recognised, keys: Sequence[bytes]) -> bool:
    """Whether the owner of one of these public keys can open a sealed file."""
    return any(found.is_for(_ids(one)) for one in keys)


def share(keys: bytes, others: Sequence[bytes]) -> bool:
    """Whether a key of the first public ones is among the others."""
    return bool({*_ids(keys)} & {key_id for one in others for key_id in _ids(one)})


def unsealed(path: Path, content: bytes) -> str:
    """Why a document must not be sealed; '' where no fault can be seen."""
    found = recognise(content)
    return f"{path} {_UNSEALED[found.kind]}." if found.kind in _UNSEALED else ""


def wrong_recipients(paths: Sequence[Path], limits: Limits) -> str:
    """Why nobody at the exchange could open a file sealed to these keys; '' where somebody could."""
    if any(_is_exchange(path, limits) for path in paths):
        return ""
    are = f"{paths[0]} is" if len(paths) == 1 else f"{' and '.join(map(str, paths))} are"
    return f"{are} not the exchange's key, so it could not open the file; name exchange.asc of your directory folder."


def _is_exchange(path: Path, limits: Limits) -> bool:
    given = _inspected(read(path, limits.certificate_bytes))
    beside = read(path.parent / _EXCHANGE, limits.certificate_bytes) if _is_directory(path.parent) else b""
    fingerprints = {one.fingerprint for one in _inspected(beside)}
    if fingerprints:
        return any(one.fingerprint in fingerprints for one in given)
    return not given or any(name.endswith(_ADDRESS) for one in given for name in one.user_ids)


def wrong_signer(fingerprint: str, recipients: Sequence[Path], limits: Limits) -> str:
    """Why the exchange would not know the signer, judged by the directory folder with the exchange's key; '' where it
    would, or where that cannot be judged."""
    for folder in dict.fromkeys(path.parent for path in recipients if _is_directory(path.parent)):
        try:
            Directory(folder, limits).signer(fingerprint)
        except KeyError:
            return (
                f"Your key {fingerprint} is not in {folder}, so the exchange would refuse what it signs; use the key"
                " that the state has registered, or fetch the directory again."
            )
    return ""


def _is_directory(folder: Path) -> bool:
    """Whether it is the folder with everyone's keys, as it was fetched."""
    return (folder / "all.asc").is_file() and (folder / _EXCHANGE).is_file()


def _inspected(content: bytes) -> list[KeyInfo]:
    """The public keys of a file, in order; unreadable ones are left out."""
    found = []
    for block in re.split(rb"(?=-----BEGIN PGP PUBLIC KEY BLOCK-----)", content):
        try:
            found += [keyring.inspect(block, datetime.now(UTC))] if block.strip() else []
        except Refused:
            continue
    return found


def _ids(content: bytes) -> tuple[str, ...]:
    return tuple(key_id for one in _inspected(content) for key_id in one.all_key_ids)
