"""Ed-Fi's transcripts and health, made into the record of one student.

Owns which piece becomes which part of a record. Promises: a record is of one student, so pieces about several are
refused with what to do; all that cannot be read is told at once by its places; a word that no table has is never
replaced.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any
from uuid import UUID

import orjson

from broker.core.errors import Refused
from broker.formats import cells
from broker.formats.cells import Unfit
from broker.formats.edfi import codes, student
from broker.formats.edfi.collected import Collected
from broker.formats.sis import code
from broker.formats.sis.form import Around, Document
from broker.formats.sis.node import Node

PACKET = "student-record.v1"
MUST = "must be filled in"
_MOST_TOLD = 20
_RECORD = "StudentAcademicRecordReference"
_DOSES = ("RequiredImmunization", "RequiredImmunizations", "AdditionalImmunization", "AdditionalImmunizations")

_AMOUNT = re.compile(r"[0-9]{1,6}(?:[.][0-9]{0,9})?|[.][0-9]{1,9}")

Faults = dict[str, str]


def record(found: Collected, around: Around, content: bytes) -> Document:
    """The student record in these pieces of `content`, which is the same document again only if it is sealed again on
    the same day. Raises Refused `sis-form`."""
    academic = {one.attributes["id"]: one for one in found.records if one.attributes.get("id")}
    about = [(found.key(_whose(one, academic)), one) for one in found.records]
    keys = list(dict.fromkeys(key for key, _ in about))
    if len(keys) > 1:
        hint = f"A record is of one student, and this is about {len(keys)}: export one file for each of them."
        raise Refused("sis-form", next(one.place for key, one in about if key == keys[1]), hint)
    known = student.joined(found.known(keys[0]))
    if "legal_name" not in known.block or "birth_date" not in known.block:
        hint = "The student's name and birth date stand in the Student interchange: put both into one ZIP."
        raise Refused("sis-form", about[0][1].place, hint)
    faults: Faults = dict(known.faults)
    parts = {
        "course_history": [_course(one, academic, faults) for _, one in about if one.name == "CourseTranscript"],
        "immunisations": [dose for _, one in about for dose in _doses(one, faults)],
    }
    _refuse(faults)
    block = {name: value for name, value in known.block.items() if not name.startswith("#")}
    return _document(block, {name: part for name, part in parts.items() if part}, around, content)


def _document(block: dict[str, Any], parts: dict[str, Any], around: Around, content: bytes) -> Document:
    made = around.made
    said = made.digest(orjson.dumps([PACKET, around.lea, made.signed_on.isoformat()]) + content)
    return {
        "packet": PACKET,
        "id": str(UUID(f"{said[:12]}8{said[13:16]}8{said[17:32]}")),  # RFC 9562, version 8
        "from": str(around.lea),
        "created": made.signed_at.isoformat(timespec="seconds"),
        "student": block,
        "record": parts,
    }


def _refuse(faults: Faults) -> None:
    if faults:
        told = " ".join(f"{place} {must.rstrip('.')}." for place, must in islice(faults.items(), _MOST_TOLD))
        raise Refused("sis-form", next(iter(faults)), told)


def _whose(node: Node, academic: Mapping[str, Node]) -> str:
    if node.name != "CourseTranscript":
        return student.key_of(node, "StudentReference")
    reference = node.one(_RECORD)
    if reference is not None and reference.attributes.get("ref") in academic:
        return student.key_of(academic[reference.attributes["ref"]], "StudentReference")
    held = next((one for one in reference.within() if one.name == "StudentReference"), None) if reference else None
    if held is not None and held.attributes.get("ref"):
        return f"#{held.attributes['ref']}"
    return student.key_of(node, _RECORD)


def _course(node: Node, academic: Mapping[str, Node], faults: Faults) -> dict[str, Any]:
    reference = node.one(_RECORD)
    of = academic.get(reference.attributes.get("ref", ""), reference) if reference else None
    part = _Part(faults)
    part.put("school_year", of.said("SchoolYear") if of else None, cells.school_year, node.at(_RECORD))
    part.put("term", of.said("Term", "TermDescriptor") if of else None, _word)
    course = (node.one("CourseReference") or node).said("CourseCode")
    part.put("course_code", course, str)
    title = node.said("CourseTitle") or node.said("AlternativeCourseTitle") or course
    part.put("title", title, str, node.at("CourseTitle"))
    grade = node.said("WhenTakenGradeLevel", "WhenTakenGradeLevelDescriptor")
    part.put("grade_level", grade, lambda text: code.read(text, codes.GRADE))
    result = node.one("CourseAttemptResult", "CourseAttemptResultDescriptor", "CourseAttemptResultType")
    result = result if result is None or result.text else result.said("CodeValue")
    part.put("status", result, lambda text: code.read(text, codes.RESULT))
    part.put("mark", node.said("FinalLetterGradeEarned") or node.said("FinalNumericGradeEarned"), str)
    for name, tag in (("credits_attempted", "AttemptedCredits"), ("credits_earned", "EarnedCredits")):
        credit = node.one(tag)
        part.put(name, credit if credit is None or credit.text else credit.said("Credits", "Credit"), _amount)
    return part.said


def _doses(node: Node, faults: Faults) -> Iterator[dict[str, Any]]:
    """The immunisations, one for each day of each vaccine."""
    if node.name != "StudentHealth":
        return
    for one in node.all(*_DOSES):
        vaccine = one.said("ImmunizationType", "ImmunizationTypeDescriptor", "ImmunizationName")
        days: list[Node | None] = [
            found for found in one.within() if found.name in ("ImmunizationDate", "ImmunizationDates") and found.text
        ]
        for day in days or [None]:
            part = _Part(faults)
            part.put("vaccine", vaccine, _word, one.place)
            part.put("date", day, student.day)
            yield part.said


class _Part:
    """A part of a record that is being read."""

    def __init__(self, faults: Faults) -> None:
        self.said: dict[str, Any] = {}
        self._faults = faults

    def put(self, name: str, node: Node | None, read: Callable[[str], Any], needed: str = "") -> None:
        """What `read` makes of a piece; `needed` is the place of one that must not be missing."""
        if node is None:
            if needed:
                self._faults[needed] = MUST
            return
        try:
            value = read(node.text)
        except Unfit as error:
            self._faults[node.place] = str(error)
            return
        if value != "":
            self.said[name] = value


def _word(text: str) -> str:
    return text.rpartition("#")[2]


def _amount(text: str) -> float:
    if not _AMOUNT.fullmatch(text):
        raise Unfit("must be a number")
    return float(text)
