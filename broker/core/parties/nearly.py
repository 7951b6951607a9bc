"""An LEA's id that was written almost right.

Owns what counts as almost: another case, zeros that a spreadsheet took from the front, blanks and punctuation, letters
that look like digits. Promises: pure; it names public ids only, and none where two ids fit.
"""

import re
from collections.abc import Iterable

_NOT_COUNTED = re.compile(r"[\W_]+")
_LOOKS_LIKE = str.maketrans({"o": "0", "i": "1", "l": "1"})


def nearly(written: str, ids: Iterable[str]) -> str:
    """The one id of `ids` that `written` may mean; '' where none fits, or several do."""
    found = {one for one in ids if one != written and _bare(one) == _bare(written)}
    return found.pop() if len(found) == 1 else ""


def own_id(written: str, own: str) -> str:
    """A sentence for an LEA that wrote another id in place of its `own`."""
    return f"Did you mean {own}?" if nearly(written, [own]) else f"Your LEA's id is {own}."


def _bare(text: str) -> str:
    return _NOT_COUNTED.sub("", text.casefold()).translate(_LOOKS_LIKE).lstrip("0")
