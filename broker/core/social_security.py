"""Social security numbers in texts: whether there is one (Utah R277-419-10: no exchange of records may hold one).

Owns what counts as one: nine digits that the Social Security Administration can have given (no area 000, 666 or 900 to
999, no group 00, no serial 0000), in groups of three, two and four, with any separator. Nine digits in one piece, or
grouped otherwise, count only where a word beside them says what they are, or where the field is for words. The last
four digits count, too, where the others are hidden (`XXX-XX-1234`). Promises: pure, and linear in the text; digits,
dashes and blanks of every script are read as what they mean; `is_suspicious` never says no where `is_held` says yes.
"""

import re
import sys
import unicodedata
from collections.abc import Iterator

# the separators of groups of digits: `_Plain` turns all dashes, blanks and dots into these
_GAP = r"[ \t\r\n._/\\|,:;~=+*'()\[\]-]"
_GROUPED = re.compile(rf"(?<![0-9])([0-9]{{3}})({_GAP}{{1,6}})([0-9]{{2}})({_GAP}{{1,6}})([0-9]{{4}})(?![0-9])")
_HIDDEN = re.compile(rf"(?<![A-Za-z0-9])[xX*#]{{3}}({_GAP}{{1,2}})[xX*#]{{2}}({_GAP}{{1,2}})([0-9]{{4}})(?![0-9])")
_IN_ONE = re.compile(r"(?<![0-9A-Za-z])[0-9]{9}(?![0-9A-Za-z])")
_NINE = re.compile(rf"(?<![0-9])[0-9](?:{_GAP}{{0,3}}[0-9]){{8}}(?![0-9])")
_NOT_DIGITS = re.compile("[^0-9]+")
_WORD = re.compile(
    r"(?<![a-z])(?:ssns?(?![a-z])|s\. ?s\. ?n|ss ?#|ss ?(?:no|num|nr)(?![a-z])|soc(?:ial|\.)?[ _-]{0,3}sec"
    r"|seguro social|social(?= ?[:#=]? ?[0-9]| ?(?:no|number|num)(?![a-z])))"
)
_BEFORE, _BEHIND = 40, 25  # characters: a word within this distance is beside the number
_LOOSE = re.compile(r"[\s_()\[\]-]+")
_JOINS = "-./_"
_LISTED = ",;"
_SOFT_HYPHEN = "\u00ad"

# The coarse search works on bytes: every digit becomes 0, every separator -, every sign that may hide a digit x.
_COARSE = bytes.maketrans(
    bytes(range(ord("A"), ord("Z") + 1)) + b"123456789" + b" \t\r\n._/\\|,:;~=+'()[]" + b"*#",
    bytes(range(ord("a"), ord("z") + 1)) + b"0" * 9 + b"-" * 20 + b"xx",
)
_ASCII = bytes(range(128))
_COARSE_GROUPED = re.compile(rb"000[-x]{1,6}00[-x]{1,6}0000")
_COARSE_HIDDEN = re.compile(rb"xxx[-x]{1,2}xx[-x]{1,2}0000")
_COARSE_WORD = re.compile(
    rb"ss(?:n|x|-x|-?n[our])|s--?s--?n|soc(?:ial|-)?-{0,3}sec|seguro-social|social-{0,2}x?-{0,2}[0n]"
)
_LETTERS = frozenset(bytes([code]) for code in b"abcdefghijklmnopqrstuvwyz")  # x may be a sign that hides a digit
_TEN, _ONE_MORE = b"0" * 10, b"0" * 9
_ESCAPE = re.compile(
    rb"\\(?:u([Dd][89ABab][0-9A-Fa-f]{2})\\u([Dd][C-Fc-f][0-9A-Fa-f]{2})|u([0-9A-Fa-f]{4})|[nrtbf])"
    rb"|&#(?:x([0-9A-Fa-f]{1,6})|([0-9]{1,7}));"
)
_SLICE, _SHARED = 256 * 1024, 4 * 1024  # bytes that are searched together, and how many two slices share
_BLANK = b"32"
_FEW = 24  # different characters that are replaced one after the other


def is_held(text: str, *, is_words: bool = False, is_phone: bool = False) -> bool:
    """Whether a text holds a social security number. `is_words`: the field is for words, such as a name or a street;
    `is_phone`: it is a telephone number, which may contain such groups of digits."""
    plain = text if text.isascii() else text.translate(_Plain())
    coarse = plain.encode("ascii", "replace").translate(_COARSE)
    digits = coarse.count(b"0")
    if (digits < _DIGITS and b"xxx" not in coarse) or (is_phone and digits != _DIGITS):
        return False
    return any(_found(plain, is_words=is_words))


def is_suspicious(content: bytes) -> bool:
    """Whether a document in UTF-8 may hold a social security number. This is a coarse search through the whole of it:
    it costs a small part of parsing, and ignores where one text ends and the next begins."""
    return any(_is_coarsely(content[at : at + _SLICE + _SHARED]) for at in range(0, len(content), _SLICE))


_DIGITS = 9
_NO_AREA = ("000", "666")


def _can_be(area: str, group: str, serial: str) -> bool:
    return area not in _NO_AREA and area[0] != "9" and group != "00" and serial != "0000"


def _is_one(digits: str) -> bool:
    return _can_be(digits[:3], digits[3:5], digits[5:])


def _found(text: str, *, is_words: bool) -> Iterator[bool]:
    yield any(
        _can_be(found[1], found[3], found[5]) and _are_alike(found[2], found[4]) and not _is_part(text, found)
        for found in _GROUPED.finditer(text)
    )
    yield any(found[3] != "0000" for found in _HIDDEN.finditer(text))
    if is_words:
        yield any(_is_one(found[0]) and not _is_part(text, found) for found in _IN_ONE.finditer(text))
    yield _is_called_one(text)


def _is_called_one(text: str) -> bool:
    lower = text.lower()
    if _WORD.search(lower) is None:
        return False
    return any(
        _is_one(_NOT_DIGITS.sub("", found[0]))
        and _WORD.search(lower[max(0, found.start() - _BEFORE) : found.end() + _BEHIND])
        for found in _NINE.finditer(lower)
    )


def _are_alike(one: str, other: str) -> bool:
    """Whether two separators can belong to one number. Dashes and blanks are interchangeable, and so are single dashes,
    dots and strokes; any other sign must stand in both. Commas with blanks behind them make a list, not a number."""
    if len(one) == len(other) == 1 and one in _JOINS and other in _JOINS:
        return True
    first, second = _LOOSE.sub("", one), _LOOSE.sub("", other)
    return first == second and not (first[:1] in _LISTED and first and (first != one or second != other))


def _is_part(text: str, found: "re.Match[str]") -> bool:
    """Whether the match is part of a longer number, such as 978-3-529-12-3456 or 529-12-3456-01."""
    before, behind = text[max(0, found.start() - 2) : found.start()], text[found.end() : found.end() + 2]
    joined_before = len(before) == 2 and before[1] in _JOINS and before[0].isdigit()
    return joined_before or (len(behind) == 2 and behind[0] in _JOINS and behind[1].isdigit())


class _Plain(dict[int, str]):
    """What each character means in ASCII: one character, several, or none. Make one for each text: its characters fill
    it."""

    def __missing__(self, code: int) -> str:
        letter = chr(code)
        meant = self[code] = letter if code < 128 else _meant(letter)
        return meant


def _meant(letter: str) -> str:
    """One character in ASCII, where it has a meaning there; `?` for a letter of another script."""
    digit = unicodedata.digit(letter, None)
    if digit is not None:
        return str(digit)
    simple = unicodedata.normalize("NFKC", letter)
    return simple if simple.isascii() else "".join(map(_kind, simple))


def _kind(letter: str) -> str:
    if letter.isascii():
        return letter
    kind = unicodedata.category(letter)
    if letter == _SOFT_HYPHEN:
        return "-"
    if kind in ("Cf", "Mn", "Me"):  # invisible: joiners, marks on another character
        return ""
    return "?" if kind[0] in "LN" else " " if kind[0] in "ZC" else "-" if kind == "Pd" or letter in "−⁃‧" else "."


def _is_coarsely(content: bytes) -> bool:
    if b"\\" in content or (b"&" in content and b"&#" in content):
        content = _ESCAPE.sub(_unescaped, content)
    if not content.isascii():
        content = _in_ascii(content)
    coarse = content.translate(_COARSE)
    if _ONE_MORE in coarse.replace(_TEN, b"/"):
        return True
    if _COARSE_GROUPED.search(coarse) or _COARSE_HIDDEN.search(coarse):
        return True
    return any(coarse[max(0, at.start() - 1) : at.start()] not in _LETTERS for at in _COARSE_WORD.finditer(coarse))


def _unescaped(found: "re.Match[bytes]") -> bytes:
    high, low, digits, decimal = found[1], found[2], found[3] or found[4], found[5] or _BLANK
    code = int(digits, 16) if digits else int(decimal)
    if high:
        code = 0x10000 + (int(high, 16) % 0x400) * 0x400 + int(low, 16) % 0x400
    return chr(code if code <= sys.maxunicode else int(_BLANK)).encode("utf-8", "replace")


def _in_ascii(content: bytes) -> bytes:
    """The content with its characters replaced by their meaning in ASCII."""
    odd = set(content.translate(None, _ASCII).decode("utf-8", "ignore"))
    meant = {letter: text for letter in odd if (text := _meant(letter)) != "?"}  # letters are left out: names have them
    if len(meant) > _FEW:
        return content.decode("utf-8", "ignore").translate(_Plain()).encode("ascii", "replace")
    for letter, text in meant.items():
        content = content.replace(letter.encode(), text.encode())
    return content
