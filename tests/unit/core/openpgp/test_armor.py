"""Armour: what it tolerates, what it refuses, and the text of cleartext signatures."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.errors import Refused
from broker.core.openpgp import armor

BODY = bytes(range(256)) * 3
CHECKED = armor.enarmor("MESSAGE", BODY).encode()
PLAIN = CHECKED.replace(b"\n=QlY1\n", b"\n")  # the CRC is optional


def code(data: bytes) -> str:
    with pytest.raises(Refused) as refused:
        armor.dearmor(data)
    return refused.value.code


@given(st.binary(max_size=2000))
def test_round_trip(data: bytes) -> None:
    text = armor.enarmor("PUBLIC KEY BLOCK", data).encode()
    assert armor.is_armored(text)
    kind, body = armor.dearmor(text)
    assert (kind, bytes(body)) == ("PUBLIC KEY BLOCK", data)


def test_crc_is_written() -> None:
    assert CHECKED != PLAIN
    assert armor.enarmor("MESSAGE", b"").splitlines()[2:4] == ["=twTO", "-----END PGP MESSAGE-----"]  # RFC 4880 6.1


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace(b"\n", b"\r\n"),
        lambda text: b"\xef\xbb\xbf" + text,
        lambda text: b"\n \r\n" + text + b"\n\n",
        lambda text: text.rstrip(b"\n"),
        lambda text: text.replace(b"-----\n\n", b"-----\nVersion: GnuPG v2\nComment: a: b\nComment:\n\n", 1),
        lambda text: text.replace(b"-----\n\n", b"----- \n\t\n", 1),
        lambda text: text.replace(b"\n-----END", b"\n=njUN\n-----END"),
        lambda text: text.replace(b"\n-----END", b"  \n=njUN \n-----END"),
    ],
)
def test_tolerated(change: object) -> None:
    assert callable(change)
    kind, body = armor.dearmor(change(PLAIN))
    assert (kind, bytes(body)) == ("MESSAGE", BODY)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda text: text.replace(b"A", b"!", 1), "bad-armor"),
        (lambda text: text.replace(b"END PGP MESSAGE", b"END PGP SIGNATURE"), "bad-armor"),
        (lambda text: text + b"and more", "bad-armor"),
        (lambda text: b"Hello,\n" + text, "bad-armor"),
        (lambda text: text + text, "bad-armor"),
        (lambda text: text.replace(b"\n-----END", b"\n=njU\n-----END"), "bad-armor"),
        (lambda text: text.replace(b"\n-----END", b"\n=nj!N\n-----END"), "bad-armor"),
        (lambda text: text.replace(b"\n-----END", b"QQ==QQ==\n-----END"), "bad-armor"),
        (lambda text: text.replace(b"-----\n\n", b"-----\nno header\n\n", 1), "bad-armor"),
        (lambda text: text.decode().encode("utf-16"), "bad-armor"),
        (lambda text: text[: len(text) // 2], "truncated"),
        (lambda text: text[:30], "truncated"),
        (lambda text: b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\nx\n" + text, "not-sealed"),
    ],
)
def test_refused(change: object, expected: str) -> None:
    assert callable(change)
    data = change(PLAIN)
    assert armor.is_armored(data)
    assert code(data) == expected


def test_padding_between_slices_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(armor, "_SLICE", 65)
    assert armor.dearmor(PLAIN)[1] == BODY
    inside = base64.b64encode(bytes(47)) + b"\n" + base64.b64encode(bytes(48)) + b"\n"
    assert code(b"-----BEGIN PGP MESSAGE-----\n\n" + inside + b"-----END PGP MESSAGE-----\n") == "bad-armor"


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"\xc1\x00", b"\xff\xfea\x00,\x00", b"\xef\xbb\xbfname,grade\n", b"-----"]
)
def test_what_is_not_armored(data: bytes) -> None:
    assert not armor.is_armored(data)


@given(st.binary(max_size=200), st.integers(0, 1100))
def test_any_change_is_refused_or_harmless(put: bytes, at: int) -> None:
    code = ""
    try:
        armor.dearmor(PLAIN[:at] + put + PLAIN[at + 1 :])
    except Refused as refused:
        code = refused.code
    assert code in {"", "bad-armor", "truncated", "not-sealed"}


@given(st.text(st.characters(blacklist_categories=["Cs"])))
def test_clear_text_round_trip(text: str) -> None:
    framed = armor.clear_armor(text, "SHA512", b"\xc2\x00").encode()
    taken = armor.cleartext(framed)
    assert taken.text == "\n".join(armor.signed_lines(text))
    assert taken.signatures == b"\xc2\x00"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"no message", "unsigned"),
        (PLAIN, "unsigned"),
        (b"-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\ntext", "truncated"),
        (b"-----BEGIN PGP SIGNED MESSAGE-----\n\n-not escaped\n-----BEGIN PGP SIGNATURE-----\n\n", "bad-armor"),
        (b"-----BEGIN PGP SIGNED MESSAGE-----\n\n\xff\n-----BEGIN PGP SIGNATURE-----\n\n", "not-utf8"),
    ],
)
def test_clear_text_refused(data: bytes, expected: str) -> None:
    with pytest.raises(Refused) as refused:
        armor.cleartext(data)
    assert refused.value.code == expected
