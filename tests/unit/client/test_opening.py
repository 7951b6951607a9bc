"""A directory of public keys, as `satchel open` reads it."""

from pathlib import Path

import pytest

from broker.client import opening
from broker.core.openpgp import armor
from broker.edge.settings.values import Limits

ONE, OTHER = (armor.enarmor("PUBLIC KEY BLOCK", data).encode() for data in (b"one", b"other"))
COMMENTED = OTHER.replace(b"-----\n\n", b"-----\nComment: well-known --- key\n\n", 1)


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_the_keys_of_a_file_are_told_apart(tmp_path: Path, end: bytes) -> None:
    content = (b"Keys:\n" + ONE + COMMENTED + b"and so on").replace(b"\n", end)
    (tmp_path / "all.asc").write_bytes(content)
    found = [held.replace(end, b"\n") for held in opening.Directory(tmp_path, Limits()).certificates]
    assert [held.strip() for held in found] == [ONE.strip(), COMMENTED.strip()]


def test_a_key_without_its_end_does_not_hide_the_next_one(tmp_path: Path) -> None:
    (tmp_path / "all.asc").write_bytes(ONE[:40] + b"\n" + OTHER)
    assert list(opening.Directory(tmp_path, Limits()).certificates) == [OTHER]


def test_a_party_is_told_of_by_the_exchanges_list_and_never_by_its_key() -> None:
    assert opening.Signer("01", "Canyon School District").title == "Canyon School District (01)"
    assert opening.Signer("01").title == "01"  # without the list, by the key's file
