"""What stands in one or several Ed-Fi files, sorted by what it is, before it becomes a packet.

Owns the list of the pieces that are read. Promises: each is reduced to what a packet can carry as soon as it is read,
so that a long file costs little memory; all others are passed over; bounded by the greatest number of lines.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from broker.core.errors import Refused
from broker.formats.cells import Unfit
from broker.formats.edfi import codes, student
from broker.formats.edfi.student import Facts
from broker.formats.sis import code
from broker.formats.sis.node import Node
from broker.formats.sis.stays import MORE, Stay

_SCHOOLS = ("SchoolId", "StateOrganizationId", "EducationOrganizationId")
_CONTACTS = ("ContactUniqueId", "ParentUniqueId", "ParentUniqueStateId")
_OF_CONTACTS = ("ContactReference", "ParentReference")
_NESTED = ("SchoolAssociation", "SchoolAssociations", "StudentSchoolAssociation", "StudentSchoolAssociations")
_PER_LINE = 8  # pieces that are kept for each line that an enrollment may have
_MOST_PART = 1.0


class Relation(NamedTuple):
    """That somebody is a contact of a student: their keys, and the order in which they are called."""

    of: str
    contact: str
    order: int


@dataclass(slots=True, repr=False)
class Collected:
    """All that was found. Students by their keys; `stays` each with the key of its student, or '' where it names none;
    `records` are pieces of a student's record. Repr hidden."""

    most: int
    students: dict[str, list[Facts]] = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    schools: dict[str, str] = field(default_factory=dict)
    stays: list[tuple[str, Stay]] = field(default_factory=list)
    contacts: dict[str, dict[str, str]] = field(default_factory=dict)
    relations: list[Relation] = field(default_factory=list)
    records: list[Node] = field(default_factory=list)
    faults: dict[str, dict[str, str]] = field(default_factory=dict)
    secrets: int = 0
    secret: str = ""
    kept: int = 0

    def key(self, key: str) -> str:
        """The number that a key stands for, where it is that of a reference."""
        return self.ids.get(key[1:], "") if key.startswith("#") else key

    def known(self, key: str) -> list[Facts]:
        """What was said of a student, the student's own piece first."""
        number = self.key(key)
        return self.students.get(number, []) if number else []


def collect(nodes: Iterable[Node], most: int) -> Collected:
    """All pieces, sorted. Raises Refused `sis-form` where there are far more than an enrollment may have lines."""
    found = Collected(most)
    for node in nodes:
        read = READ.get(node.name)
        if read is not None:
            read(node, found)
            found.kept += 1
            if found.kept > _PER_LINE * most or len(found.stays) > most:
                raise Refused("sis-form", node.place, MORE.format(most))
    _settle(found)
    return found


def _settle(found: Collected) -> None:
    """Join what was said before the student's number was known."""
    for key in [key for key in found.students if key.startswith("#")]:
        found.students.setdefault(found.key(key), []).extend(found.students.pop(key))


def _student(node: Node, found: Collected) -> None:
    facts = student.of(node)
    xml_id = node.attributes.get("id", "")
    key = facts.key or f"#{xml_id}" if facts.key or xml_id else f"#{node.place}"
    if xml_id:
        found.ids[xml_id] = facts.key or xml_id
    if key.startswith("#"):
        key = key[1:]
    found.students.setdefault(key, []).insert(0, facts)
    _count_secrets(facts, found)
    for nested in node.all(*_NESTED):
        if nested.all("SchoolReference", "SchoolId", "EntryDate"):
            found.stays.append((key, stay(nested)))
        else:
            grade = nested.one("EntryGradeLevel", "EntryGradeLevelDescriptor", "GradeLevel", "GradeLevelDescriptor")
            if grade is not None:
                facts.places["grade"] = grade.place
                facts.block["#grade"] = grade.text


def _told_elsewhere(node: Node, found: Collected) -> None:
    facts = student.of(node)
    found.students.setdefault(facts.key, []).append(facts)
    _count_secrets(facts, found)


def _count_secrets(facts: Facts, found: Collected) -> None:
    found.secret = found.secret or next(iter(facts.secrets), "")
    found.secrets += len(facts.secrets)


def _reference(node: Node, found: Collected) -> None:
    number = node.said("StudentUniqueId", "StudentUniqueStateId")
    if number and node.attributes.get("id"):
        found.ids.setdefault(node.attributes["id"], number.text)


def _school(node: Node, found: Collected) -> None:
    number = node.said(*_SCHOOLS)
    if number and node.attributes.get("id"):
        found.schools.setdefault(node.attributes["id"], number.text)


def _stay(node: Node, found: Collected) -> None:
    found.stays.append((student.key_of(node, "StudentReference"), stay(node)))


def stay(node: Node) -> Stay:
    """The stay that a `StudentSchoolAssociation` tells."""
    told = Stay(node.place)
    told.places["entry_date"] = node.at("EntryDate")
    told.places["school"] = node.at("SchoolReference")
    reference = node.one("SchoolReference") or node
    school = reference.said(*_SCHOOLS)
    if school is not None:
        told.values["school"] = school.text
        told.places["school"] = school.place
    elif reference.attributes.get("ref"):
        told.values["school"] = f"#{reference.attributes['ref']}"
    for name, (words, read) in _FIELDS.items():
        said = node.one(*words)
        said = said if said is None or said.text else said.said("CodeValue")
        told.take(name, said, read)
    if told.values.get("exit_date", "9") < told.values.get("entry_date", "0"):
        told.faults[told.places["exit_date"]] = "must not be before the day of entry"
    return told


def part_of_day(text: str) -> float:
    """The part of the day of a full-time equivalency. Raises Unfit."""
    try:
        part = float(text)
    except ValueError:
        part = 0.0
    if not 0 < part <= _MOST_PART:
        raise Unfit("must be a number above 0, at most 1")
    return part


def _coded(codes_: code.Table) -> Any:
    return lambda text: code.read(text, codes_)


_FIELDS: Mapping[str, tuple[tuple[str, ...], Any]] = {
    "entry_date": (("EntryDate",), student.day),
    "exit_date": (("ExitWithdrawDate",), student.day),
    "grade": (
        ("EntryGradeLevel", "EntryGradeLevelDescriptor", "EntryGradeLevelType", "GradeLevel", "GradeLevelDescriptor"),
        _coded(codes.GRADE),
    ),
    "entry_code": (("EntryType", "EntryTypeDescriptor"), _coded(codes.ENTRY)),
    "exit_code": (("ExitWithdrawType", "ExitWithdrawTypeDescriptor"), _coded(codes.EXIT)),
    "day_part": (("FullTimeEquivalency",), part_of_day),
}


def _contact(node: Node, found: Collected) -> None:
    number = node.said(*_CONTACTS)
    name = student.names(node.one("Name") or node)
    for key in (number.text if number else "", f"#{node.attributes['id']}" if node.attributes.get("id") else ""):
        if key:
            found.contacts[key] = name


def _related(node: Node, found: Collected) -> None:
    of = student.key_of(node, "StudentReference")
    reference = node.one(*_OF_CONTACTS)
    number = reference.said(*_CONTACTS) if reference else None
    ref = reference.attributes.get("ref", "") if reference else ""
    is_guardian = any(one.text in ("true", "1") for one in node.all("LegalGuardian"))
    relation = node.one("Relation", "RelationDescriptor", "RelationType")
    said = relation if relation is None or relation.text else relation.said("CodeValue")
    try:
        is_guardian = (said is not None and bool(code.read(said.text, codes.RELATION))) or is_guardian
    except Unfit as error:
        if said is not None and not is_guardian:
            found.faults.setdefault(of, {})[said.place] = str(error)
    if is_guardian:
        priority = node.one("ContactPriority")
        is_first = any(one.text in ("true", "1") for one in node.all("PrimaryContactStatus"))
        order = int(priority.text) if priority and priority.text.isascii() and priority.text.isdigit() else 99
        found.relations.append(Relation(of, number.text if number else f"#{ref}", -1 if is_first else order))


def _record(node: Node, found: Collected) -> None:
    found.records.append(node)


READ: Mapping[str, Any] = {
    "Student": _student,
    "StudentReference": _reference,
    "SchoolReference": _school,
    "StudentSchoolAssociation": _stay,
    "StudentEducationOrganizationAssociation": _told_elsewhere,
    "Parent": _contact,
    "Contact": _contact,
    "StudentParentAssociation": _related,
    "StudentContactAssociation": _related,
    "CourseTranscript": _record,
    "StudentAcademicRecord": _record,
    "StudentHealth": _record,
}
