"""What other programs wrote over the years, dropped into an outbox: messages, keys, signatures, damaged and dated ones.

None of it is a packet for this exchange, so each must be refused by the right code, with a signed receipt, and must
leave the exchange as it was.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.desk import Town, as_bytes, child, record, town
from tests.support.exchange import said_by, wait_until
from tests.support.tools import corpora

# Armoured messages that are something else than a letter to somebody else's key.
_SIGNED_ONLY = {"not-sealed"}
_MESSAGES = {
    "message.ascii.asc": _SIGNED_ONLY,
    "message.compressed.asc": _SIGNED_ONLY,
    "message.literal.asc": _SIGNED_ONLY,
    "message.onepass.asc": _SIGNED_ONLY,
    "message.signed.asc": _SIGNED_ONLY,
    "message.signed.ecdsa.asc": _SIGNED_ONLY,
    "message.two_onepass.asc": _SIGNED_ONLY,
    "message_expired": _SIGNED_ONLY,
    "message.literal.nomdc.pass.cast5.asc": {"password-sealed"},
    "message.nomdc.pass.asc": {"password-sealed"},
    "message.rsa.dsa.pass.aes.asc": {"password-sealed"},
    "message_mixedPasswordPublic": {"password-sealed"},
    "message.rsa.cast5.no-mdc.asc": {"no-integrity"},
    "sed_message": {"no-integrity"},
    "gpg2.3-aead-pgp-message.pgp": {"unsupported-encryption"},
    "message_plainSignature": {"bad-structure", "not-sealed"},  # signatures in the clear among the encryption keys
}
_REVOKED = {"revochiio.asc", "key_revoked"}  # keys that carry their own revocation
# The first line of the armour says what the rest is.
_KINDS = {
    b"PGP PRIVATE KEY BLOCK": {"secret-key-sent"},
    b"PGP PUBLIC KEY BLOCK": {"public-key-sent"},
    b"PGP SIGNATURE": {"signature-alone"},
    b"PGP SIGNED MESSAGE": {"not-sealed"},
}


def expected(path: Path) -> set[str]:
    """The codes that tell the sender of this file what is wrong with it."""
    head = path.read_bytes()[:200]
    if path.name.startswith("pgp-10-0-"):
        return {"bad-structure"}  # a marker packet stands before the keys
    if path.parent.name == "revocations":
        return {"revocation-sent"}
    if path.name in _REVOKED:
        return {"revocation-sent"}
    for kind, codes in _KINDS.items():
        if head.startswith(b"-----BEGIN " + kind + b"-----"):
            return codes
    if head.startswith(b"-----BEGIN PGP MESSAGE-----") or path.suffix == ".pgp":
        return _MESSAGES.get(path.name, {"not-for-exchange"})
    return {"not-openpgp"}


def material() -> dict[str, Path]:
    """Every file, by the name that it is dropped under."""
    interop = corpora("openpgp", "rpgp-interop", "testcases", "messages")
    messages = [manifest.with_suffix(".asc") for manifest in sorted(interop.glob("*.json"))]
    assert len(messages) == 39
    others = [path for name in ("pgpy", "gopenpgp") for path in sorted(corpora("openpgp", name).rglob("*"))]
    files = [*messages, *(path for path in others if path.is_file())]
    return {f"{number:03}-{path.name}": path for number, path in enumerate(files)}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    parties = {"01": ("district", "cv25519"), "6G": ("charter", "cv25519")}
    with town(tmp_path_factory.mktemp("corpora"), parties) as made:
        yield made


def ends(here: Town, names: set[str]) -> dict[str, Path]:
    """The receipts that refuse these files, once there is one for each."""
    folder, found = here.exchange.folder("01", "receipts"), dict[str, Path]()

    def look() -> bool:
        for path in folder.glob("*.refused.json.asc"):
            if path not in found.values():
                found[said_by(path)["packet"]["file"]] = path
        return names <= set(found)

    wait_until(look, "a refusal for every file")
    return found


def drop_all(here: Town, files: dict[str, Path]) -> dict[str, Path]:
    for name, path in files.items():
        here["01"].drop(name, path.read_bytes())
    return ends(here, set(files))


def test_all_material_is_refused_by_the_right_code(here: Town) -> None:
    files = material()
    first, repeated, seen = dict[str, Path](), dict[str, Path](), set[bytes]()
    for name, path in files.items():
        (repeated if path.read_bytes() in seen else first)[name] = path
        seen.add(path.read_bytes())
    workers = here.exchange.parts()
    receipts = drop_all(here, first) | drop_all(here, repeated)
    codes = {name: str(said_by(receipts[name])["code"]) for name in files}
    wrong = {name: code for name, code in codes.items() if code not in expected(files[name])}
    assert wrong == {}
    assert {"not-for-exchange", "password-sealed", "no-integrity", "unsupported-encryption", "secret-key-sent"} <= set(
        codes.values()
    )
    # each receipt is signed, by the exchange
    status = here["01"].gpg.run("--verify-files", *map(str, receipts.values()))[1]
    assert status.count("[GNUPG:] GOODSIG") == status.count("[GNUPG:] VALIDSIG") == len(files)
    # nobody died of it, nothing is stuck
    assert here.exchange.parts() == workers
    assert here.bugs() == []
    states = here.exchange.status()["states"]
    assert states == {"REFUSED": len(files)}


def test_afterwards_a_good_packet_arrives(here: Town) -> None:
    student = child("Ana", "Reyes", "2012-03-04")
    here.moved(student, "01", "6G")
    document = record("01", student, to="6G")
    here["01"].send("good.pgp", document)
    content, signer = here["6G"].read(here["01"].delivered("good.pgp"))
    assert (content, signer) == (as_bytes(document), here["01"].fingerprint)
