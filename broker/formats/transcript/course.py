"""One course of a student's record, as a transcript shows it.

Owns this mapping, of `course_history` and `course_grades` to `course` of `transcript.v1`. Promises: no title, code,
mark or credit is lost: a text without room in its own place becomes a note; a mark that is not final is not shown as a
grade.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from broker.core.errors import Refused
from broker.core.review import is_one_line
from broker.edge import xml

NOTE, NAME, SCHOOL = 80, 30, 60  # most characters of a note, a session's name, a school's name (CoreMain 1.14.0)
_TITLE, _CODE, _SECTION, _GRADE = 60, 15, 10, 10
_LONGEST = 200  # of a title or label in a record
_STATUS: dict[str, dict[str, str]] = {
    "completed": {"status": "Completed"},
    "withdrawn": {"status": "Withdrew"},
    "incomplete": {"status": "Incomplete"},
    "in-progress": {"status": "InProgress"},
    "transferred": {"credit_basis": "HighSchoolTransferCredit"},
}


def line_of(entry: Mapping[str, Any], name: str, pointer: str) -> str:
    """A text of the record on one line, '' for none. Raises Refused("pesc-unfit") for a text that PESC, or a screen,
    would show wrongly."""
    text = " ".join(str(entry.get(name, "")).split())
    if text and not (is_one_line(text, _LONGEST) and xml.carries(text)):
        raise Refused("pesc-unfit", f"{pointer}/{name}", "It must be text without control characters.")
    return text


def pieces(what: str, text: str) -> Iterator[str]:
    """Notes that together hold a whole text, for a place without room for it."""
    size = NOTE - len(f'{what}: ""')
    yield from (f'{what}: "{text[at : at + size]}"' for at in range(0, len(text), size))


def course(entry: Mapping[str, Any], pointer: str) -> dict[str, Any]:
    """The course of a checked entry at `pointer`. Raises Refused("pesc-unfit") there."""
    title = line_of(entry, "title", pointer)
    if not title:
        raise Refused("pesc-unfit", f"{pointer}/title", "A course has a title.")
    notes = list(pieces("Title", title)) if len(title) > _TITLE else []
    made: dict[str, Any] = {"title": title[:_TITLE].rstrip()}
    for name, place, most in (("course_code", "code", _CODE), ("section", "section", _SECTION)):
        text = line_of(entry, name, pointer)
        if len(text) > most:
            notes += pieces(place.capitalize(), text)
        elif text:
            made[place] = text
    made |= {name: entry[name] for name in ("credits_attempted", "credits_earned") if name in entry}
    made |= _STATUS.get(entry.get("status", ""), {})
    notes += _mark(made, entry, pointer)
    return made | ({"notes": notes} if notes else {})


def _mark(made: dict[str, Any], entry: Mapping[str, Any], pointer: str) -> Iterator[str]:
    """Put the mark where it belongs in `made`; yields the notes that it needs."""
    mark, percent = line_of(entry, "mark", pointer), entry.get("percent")
    if "as_of" in entry:
        made.setdefault("status", "InProgress")
        yield from pieces(f"Not final, on {entry['as_of']}", mark) if mark else ()
    elif len(mark) > _GRADE:
        made["narrative"] = mark
    elif mark:
        made["grade"] = mark
    if percent is not None:
        yield f"Percent: {percent}"
