"""The header of a table of students who enter and leave: which column is which.

Owns this judgement. Promises: a column is never guessed, and none of social security numbers is read; a column that is
no part of an enrollment is passed over, and told; one refusal names all faults of the columns.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from broker.core.errors import Refused
from broker.core.social_security import is_held
from broker.formats.cells import is_secret
from broker.formats.enrollment import columns
from broker.formats.ssid.header import SHOWN, places_of
from broker.formats.table import Row, lettered, place_of

_MOST_NAMED = 20  # columns named in one sentence
_NUMBER = re.compile("[0-9]{9}")
_LEAST_NUMBERS = 3  # so many in a column, and nothing else
_NINE = (
    "Numbers of nine digits, as social security numbers have, stand in {}, which was not read. If they are that, take"
    " the column out of your list for good; if they are your own numbers, call it Student Number."
)
_LEAST_KNOWN = 3  # so many known columns make a line the header, whose names may be repeated


class Header(NamedTuple):
    """The field of each column, '' for one that is passed over; `told` says which those are."""

    fields: tuple[str, ...]
    told: tuple[str, ...]


def read(header: Row, rows: Sequence[Row]) -> Header:
    """The columns of a table; `rows` are those below. Raises Refused `ssn-column` or `csv-form`."""
    secret = [place for place, cell in enumerate(header.cells, 1) if is_secret(cell)]
    fields = columns.fields_of(header.cells)
    if {"last_name", "first_name"} <= set(fields):
        fields = ["" if field == "whole_name" else field for field in fields]
    faults = [*_doubled(header, fields, rows), *_missing(fields)]
    if secret:
        raise Refused("ssn-column", places_of(header, secret), " ".join(faults))
    if faults:
        raise Refused("csv-form", place_of(header), " ".join([*faults, unknown(header, fields)]).strip())
    passed = [place for place, field in enumerate(fields, 1) if not field and _is_used(place, header, rows)]
    told = [_told(header, passed)] if passed else []
    odd = [place for place in passed if _nine_digits(row.cells[place - 1 : place] for row in rows)]
    return Header(tuple(fields), (*told, *([_NINE.format(_named(header, odd))] if odd else [])))


def unknown(header: Row, fields: Sequence[str]) -> str:
    """A sentence with the columns whose names say nothing; '' where there are none, or where the line may be about a
    student. `fields` has for each column '' where its name is not known."""
    places = [place for place, field in enumerate(fields, 1) if not field and header.cells[place - 1]]
    if not places or len(set(filter(None, fields))) < _LEAST_KNOWN:
        return ""
    return f"The names of these columns are not known: {_named(header, places)}."


def label(header: Row, place: int) -> str:
    """A column as a spreadsheet and its own header name it: `Column H "DOB"`."""
    if place > len(header.came):
        return f'The default "{header.cells[place - 1]}" of the mapping'
    cell = header.came[place - 1]
    letters = lettered(place).partition("(")[2].rstrip(")")
    return f'Column {letters} "{cell}"' if SHOWN.fullmatch(cell) else f"Column {letters}"


def _doubled(header: Row, fields: list[str], rows: Sequence[Row]) -> Iterator[str]:
    """A sentence for each field that several columns tell otherwise; of those that tell the same, the first is used."""
    for field in dict.fromkeys(filter(None, fields)):
        places = [place for place, one in enumerate(fields) if one == field]
        told = [["".join(row.cells[place : place + 1]) for row in rows] for place in places]
        if any(one != told[0] for one in told):
            named = places_of(header, [place + 1 for place in places])
            yield f"Several columns are {field} ({named}), and do not say the same: leave one of them."
        for place in places[1:]:
            fields[place] = ""


def _missing(fields: Sequence[str]) -> Iterator[str]:
    lacking = columns.missing(fields)
    if lacking:
        yield f"These columns are missing for an enrollment: {', '.join(lacking)}."


def _is_used(place: int, header: Row, rows: Sequence[Row]) -> bool:
    return bool(header.cells[place - 1]) or any(row.cells[place - 1 : place] not in ((), ("",)) for row in rows)


def _nine_digits(cells: Iterable[Sequence[str]]) -> bool:
    """Whether this column has nothing but numbers that could be social security numbers, and several of them."""
    filled = [one[0] for one in cells if one and one[0]]
    return len(filled) >= _LEAST_NUMBERS and all(
        _NUMBER.fullmatch(one) and is_held(one, is_words=True) for one in filled
    )


def _told(header: Row, places: Sequence[int]) -> str:
    named = _named(header, places)
    return f"These columns are no part of an enrollment, or say nothing new, and were passed over: {named}."


def _named(header: Row, places: Sequence[int]) -> str:
    names = ", ".join(label(header, place).removeprefix("Column ") for place in places[:_MOST_NAMED])
    return names + (f" and {len(places) - _MOST_NAMED} more" if len(places) > _MOST_NAMED else "")
