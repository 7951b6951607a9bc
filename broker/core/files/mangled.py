"""What spreadsheet programs make of cells that they take for something else.

Owns these marks. Promises: pure; a mangled cell is never read as data, because what stood there cannot be told from it;
the sentence says what has happened and how to prevent it, and holds nothing of the cell.
"""

import re

_MONTH = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
_TOO_NARROW = re.compile("#{2,64}")
_ERROR = re.compile(r"#(?:REF!|N/A|VALUE!|NAME\?|DIV/0!|NULL!|NUM!|SPILL!|CALC!)", re.IGNORECASE)
_SHORTENED = re.compile(r"[-+]?[0-9](?:[.,][0-9]{1,15})?E\+?[0-9]{1,3}", re.IGNORECASE)
_MADE_A_DATE = re.compile(rf"[0-9]{{1,2}}-{_MONTH}|{_MONTH}-[0-9]{{2}}", re.IGNORECASE)
_UNKNOWN = re.compile(r"[^\W\d_]\?|\?[^\W\d_]")
_LOST = (
    "must be the name itself: letters of it were lost when the file was opened or saved; take your own list again, and"
    " save it as a workbook (.xlsx)"
)
_PLAIN = 256
_AGAIN = "format the column as text, enter it again"


def _has_lost_letters(name: str) -> bool:
    """Whether a program has read or saved the name in another encoding than its own: signs stand for letters that it
    did not know, or each letter with an accent has become two others."""
    if "\ufffd" in name or _UNKNOWN.search(name):
        return True
    try:
        return not name.isascii() and bool(b"".join(map(_byte, name)).decode("utf-8"))
    except UnicodeError:
        return False


def _byte(letter: str) -> bytes:
    """A letter in the encoding of Windows, whose undefined bytes programs read as control characters."""
    return letter.encode("latin-1" if ord(letter) < _PLAIN else "cp1252")


def fault(cell: str, *, is_name: bool = False) -> str:
    """What the cell must be instead, as the end of a sentence; '' where a spreadsheet program has not mangled it. In a
    name (`is_name`), only what cannot be a name counts."""
    if _TOO_NARROW.fullmatch(cell):
        return "must be the value itself: the spreadsheet program shows only ### there; make the column wider"
    if _ERROR.fullmatch(cell):
        return "must be a value: the formula in it has failed"
    if is_name:
        return _LOST if _has_lost_letters(cell) else ""
    if _SHORTENED.fullmatch(cell) and ("+" in cell or "." in cell or "," in cell):
        return (
            f"must be the whole number: the spreadsheet program has shortened it to a form such as 1.23E+09; {_AGAIN}"
        )
    if _MADE_A_DATE.fullmatch(cell):
        return f"must be as it was: the spreadsheet program has made a date of it, such as 4-Mar of 3-4; {_AGAIN}"
    return ""
