"""An LEA's own number for a student: which numbers stand for one child, and which only fill a field.

Owns what counts as a placeholder. Promises: pure; a number that may be a placeholder proves nothing, which costs a
question and never joins two children.
"""

import re
from collections.abc import Iterable
from unicodedata import normalize

from broker.core.model import Student

# What people and programs write when they have no number, without blanks and signs.
_WRITTEN = """
    na none noneyet null nil nan nul tbd tba tobedetermined unknown unk pending missing blank empty undefined default
    notavailable notapplicable notassigned notyet unassigned unidentified noid nonumber nolocalid id new newstudent
    student temp temporary test void invalid error same seeabove dontknow ninguno desconocido pendiente sinnumero
    true false
"""
_WORDS = frozenset(_WRITTEN.split())
_SPREADSHEET = re.compile(r"\d+[.,]\d+e[+-]?\d+|\d+e[+-]\d+")  # 7.71E+05: what is left of a long number
_ONE_DIGIT = re.compile(r"(\d)\1{2,}")  # 999999
_BELOW_ZERO = re.compile(r"[-\u2212]\d+")  # -1
_IN_A_ROW = "01234567890"


def meant(text: str) -> str:
    """The number, where it can stand for one child; '' where it stands for nobody: 0, 999999, 123456, N/A, #REF!,
    7.71E+05, dashes, TBD."""
    written = normalize("NFKC", text).casefold().strip()
    bare = "".join(filter(str.isalnum, written))
    is_nobodys = (
        written.startswith("#")
        or not bare.strip("0")
        or bare in _WORDS
        or set(bare) == {"x"}
        or _SPREADSHEET.fullmatch(written)
        or _BELOW_ZERO.fullmatch(written)
        or _ONE_DIGIT.fullmatch(bare)
        or (len(bare) > 4 and bare in _IN_A_ROW)
    )
    return "" if is_nobodys else text


def shared(students: Iterable[Student]) -> frozenset[str]:
    """The numbers that these students share although their names or birth dates differ: such a number identifies no
    child."""
    named: dict[str, object] = {}
    found = set()
    for one in students:
        if one.local_id and named.setdefault(one.local_id, (one.legal_name, one.birth_date)) != (
            one.legal_name,
            one.birth_date,
        ):
            found.add(one.local_id)
    return frozenset(found)
