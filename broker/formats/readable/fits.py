"""Whether a value has the form that the words of a book expect.

Owns the question. Promises: pure; asked before a value is written, so that a document of another version, or one that
somebody made up, is still shown, in general words, and nothing of it is lost.
"""

import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from broker.formats.parent.term import Book, Form, Term

NAME_PARTS = frozenset({"first", "middle", "last", "suffix"})
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def is_name(value: Any) -> bool:
    """Whether it is a person's name in its parts."""
    return (
        isinstance(value, dict) and value.keys() <= NAME_PARTS and all(isinstance(one, str) for one in value.values())
    )


def is_plain(value: Any) -> bool:
    """Whether it is a text, a number, true or false."""
    return isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value))


def _is_day(value: Any) -> bool:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_number(value: Any) -> bool:
    return is_plain(value) and not isinstance(value, str | bool)


def _is_year(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1000 <= value <= 9999


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


_FORMS: Mapping[Form, Callable[[Any], bool]] = {
    Form.NAME: is_name,
    Form.DATE: _is_day,
    Form.YEAR: _is_year,
    Form.PERCENT: _is_number,
    Form.TEXT: is_plain,
    Form.SPLIT: is_plain,
    Form.FREE: is_plain,
}


def fits(book: Book, of: str, value: Any) -> bool:
    """Whether an object, or each object of a list, has only properties of the definition `of`, each in its form."""
    if isinstance(value, list):
        return all(isinstance(one, dict) and fits(book, of, one) for one in value)
    fields = book.fields[of]
    return isinstance(value, dict) and all(key in fields and _one(book, fields[key], one) for key, one in value.items())


def _one(book: Book, term: Term, value: Any) -> bool:
    if value is None:
        return True
    if isinstance(value, list):
        return all(not isinstance(one, list) and _one(book, term, one) for one in value)
    if term.of:
        return fits(book, term.of, value)
    if term.form is Form.WORD:
        return isinstance(value, str) and value in book.words
    return _FORMS.get(term.form, _is_text)(value)
