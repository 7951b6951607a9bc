"""Ed-Fi's students and their associations with schools, joined into stays.

Owns the joining: whose stay it is, and who the guardians are. Promises: a stay whose student stands in none of the
files is a fault of that stay; where no stay can be made at all, one refusal says what is missing, and in how many
students.
"""

from typing import Any

from broker.core.errors import Refused
from broker.formats.cells import Unfit
from broker.formats.edfi import codes, student
from broker.formats.edfi.collected import Collected
from broker.formats.sis import code
from broker.formats.sis.form import Around, Document
from broker.formats.sis.stays import MUST, Stay, document

_MOST_GUARDIANS = 16
_TOGETHER = "Put the Student and the StudentEnrollment interchange into one ZIP, and send that"


def enrollment(found: Collected, around: Around) -> Document:
    """The enrollment in these pieces. Raises Refused `sis-form`."""
    owned = found.stays or _of_students(found)
    guardians = _guardians(found)
    stays = [_joined(key, stay, found, around, guardians) for key, stay in owned]
    _look_whole(found, stays)
    return document(stays, around)


def _of_students(found: Collected) -> list[tuple[str, Stay]]:
    """A stay for each student, of which only the defaults can say where and since when."""
    stays = []
    for key, facts in found.students.items():
        grade = next((one.block["#grade"] for one in facts if "#grade" in one.block), "")
        place = facts[0].places["student"]
        stay = Stay(place, places={"school": place, "entry_date": place})
        if grade:
            stay.places["grade"] = next(one.places["grade"] for one in facts if "grade" in one.places)
            try:
                stay.values["grade"] = code.read(grade, codes.GRADE)
            except Unfit as error:
                stay.faults[stay.places["grade"]] = str(error)
            if stay.values.get("grade") == "":
                del stay.values["grade"]
        stays.append((key, stay))
    return stays


def _joined(key: str, stay: Stay, found: Collected, around: Around, guardians: dict[str, list[dict[str, str]]]) -> Stay:
    known = found.known(key)
    whole = student.joined(known)
    stay.fill(around.defaults)
    school = str(stay.values.get("school", ""))
    if school.startswith("#"):
        stay.values["school"] = found.schools.get(school[1:], "")
    for name in ("school", "entry_date"):
        if not stay.values.get(name) and stay.places[name] not in stay.faults and not _is_exit(name, stay):
            stay.faults[stay.places[name]] = MUST
    number = found.key(key)
    stay.places |= whole.places
    stay.faults |= whole.faults | found.faults.get(number, {})
    if not known:
        stay.faults[f"{stay.place}"] = "must be of a student who stands in the same file, or in one beside it"
    else:
        _complete(stay, whole)
    stay.student = {name: value for name, value in whole.block.items() if not name.startswith("#")}
    if guardians.get(number):
        stay.student["guardians"] = guardians[number][:_MOST_GUARDIANS]
    return stay


def _is_exit(name: str, stay: Stay) -> bool:
    """Whether a stay tells of the exit alone, which needs no day of entry."""
    return name == "entry_date" and "exit_date" in stay.values


def _complete(stay: Stay, whole: student.Facts) -> None:
    own = whole.places.get("student", stay.place)
    inner = "/birthDate" if own.startswith("/") else "/BirthData/BirthDate"
    if "legal_name" not in whole.block:
        stay.faults[f"{own}/lastSurname" if own.startswith("/") else f"{own}/Name"] = MUST
    if "birth_date" not in whole.block and whole.places.get("student/birth_date") not in whole.faults:
        stay.faults[f"{own}{inner}"] = MUST


def _guardians(found: Collected) -> dict[str, list[dict[str, str]]]:
    """The guardians of each student, first those who are called first."""
    of: dict[str, list[dict[str, str]]] = {}
    for one in sorted(found.relations, key=lambda relation: relation.order):
        name = found.contacts.get(one.contact)
        if name and name["last"]:
            known = of.setdefault(found.key(one.of), [])
            if name not in known:
                known.append(name)
    return of


def _look_whole(found: Collected, stays: list[Stay]) -> None:
    """Refuse what can be no enrollment at all, once for all students."""
    if not stays:
        raise Refused("sis-form", "", "It holds no student.")
    named = sum("legal_name" in facts.block for one in found.students.values() for facts in one)
    if found.stays and not named:
        raise Refused(
            "sis-form",
            stays[0].place,
            f"It has {len(stays)} associations of students with schools, but no student: names and birth dates stand"
            f" in the Student interchange. {_TOGETHER}.",
        )
    lacking = [name for name in ("school", "entry_date") if not any(stay.values.get(name) for stay in stays)]
    if lacking:
        words: Any = {"school": "school (SchoolReference)", "entry_date": "day of entry (EntryDate)"}
        named_as = " and no ".join(words[name] for name in lacking)
        if not (lacking == ["entry_date"] and any("exit_date" in stay.values for stay in stays)):
            hint = f"It has {len(stays)} students and no {named_as}: these stand in the StudentEnrollment interchange."
            raise Refused("sis-form", stays[0].place, f"{hint} {_TOGETHER}, or give defaults in the mapping.")
