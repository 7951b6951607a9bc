"""Small Ed-Fi exports for tests: pieces, interchanges around them, archives of them, and how they are read."""

import io
import zipfile
from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest

from broker.core.errors import Refused
from broker.edge.settings.rules import TheState
from broker.edge.settings.values import Limits
from broker.formats import reading
from broker.formats.made import unsealed
from broker.formats.sis import forms
from broker.formats.sis.form import Around
from broker.formats.ssid.lines import Sheet, Unread
from tests.support import sheets

SPACE = "http://ed-fi.org/5.2.0"
NOTHING: Mapping[str, str] = {}
HOME = {"school": "704", "entry_date": "2026-08-17"}


def student(number: str = "604821", last: str = "Dyer", more: str = "", born: str = "2014-11-13") -> str:
    return (
        f"<Student><StudentUniqueId>{number}</StudentUniqueId><Name><FirstName>Tyrone</FirstName><LastSurname>{last}"
        f"</LastSurname></Name><BirthData><BirthDate>{born}</BirthDate></BirthData>{more}</Student>"
    )


def whose(number: str) -> str:
    return (
        "<StudentReference><StudentIdentity><StudentUniqueId>"
        f"{number}</StudentUniqueId></StudentIdentity></StudentReference>"
    )


def stay(number: str = "604821", school: str = "255901107", day: str = "2026-08-17", more: str = "") -> str:
    return (
        f"<StudentSchoolAssociation>{whose(number)}<SchoolReference><SchoolIdentity><SchoolId>{school}</SchoolId>"
        f"</SchoolIdentity></SchoolReference><EntryDate>{day}</EntryDate>"
        f"<EntryGradeLevel>uri://ed-fi.org/GradeLevelDescriptor#Seventh grade</EntryGradeLevel>{more}"
        "</StudentSchoolAssociation>"
    )


def whole(*pieces: str, name: str = "Student", space: str = SPACE) -> str:
    """An interchange of these pieces."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Interchange{name} xmlns="{space}"'
        f' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{"".join(pieces)}</Interchange{name}>'
    )


def packed(files: Mapping[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, text)
    return out.getvalue()


def together(students: str = "", stays: str = "", **others: str) -> bytes:
    """A ZIP of the interchanges of students and of their associations, and of others by their names."""
    files = {"Student.xml": whole(students), "StudentEnrollment.xml": whole(stays, name="StudentEnrollment")}
    return packed(files | {f"{name}.xml": whole(pieces, name=name) for name, pieces in others.items()})


def read(content: str | bytes, defaults: Mapping[str, str] = NOTHING) -> dict[str, Any]:
    """The document that the exchange makes of it."""
    found = content if isinstance(content, bytes) else content.encode()
    return dict(reading.read(found, "x", sheets.LEA, Limits(), sheets.CONTRACTS, defaults=defaults))


def at_home(content: bytes, defaults: Mapping[str, str] = NOTHING, limits: Limits | None = None) -> dict[str, Any]:
    """The same on the LEA's own computer, where codes that are social security numbers are left out."""
    limits = limits or Limits()
    told = forms.told(content, limits)
    assert told is not None
    zone = TheState().time.zone
    check = partial(sheets.CONTRACTS.check, max_errors=limits.schema_errors)
    around = Around(sheets.LEA, limits, check, unsealed(zone), "UT", zone, defaults)
    return told[0].read(content, told[1], around._replace(leaves_ssn=True))


def sheet(content: str | bytes, defaults: Mapping[str, str] = NOTHING) -> Sheet:
    found = read(content, defaults)["sheet"]
    assert isinstance(found, Sheet)
    return found


def fault(content: str | bytes) -> Unread:
    (unread,) = sheet(content).unread
    return unread


def entry(content: str | bytes) -> dict[str, Any]:
    (one,) = read(content)["students"]
    assert isinstance(one, dict)
    return one


def refused(content: str | bytes) -> Refused:
    with pytest.raises(Refused) as caught:
        read(content)
    return caught.value


def course(number: str = "604821", title: str = "Algebra I", more: str = "") -> str:
    """A course of a transcript."""
    return (
        "<CourseTranscript><CourseAttemptResult>uri://ed-fi.org/CourseAttemptResultDescriptor#Pass</CourseAttemptResult>"
        "<AttemptedCredits><Credits>1</Credits></AttemptedCredits><EarnedCredits><Credits>0.5</Credits></EarnedCredits>"
        "<WhenTakenGradeLevel>uri://ed-fi.org/GradeLevelDescriptor#Ninth grade</WhenTakenGradeLevel>"
        "<FinalLetterGradeEarned>B+</FinalLetterGradeEarned><CourseReference><CourseIdentity><CourseCode>ALG-1"
        "</CourseCode></CourseIdentity></CourseReference><StudentAcademicRecordReference>"
        f"<StudentAcademicRecordIdentity>{whose(number)}<SchoolYear>2025-2026</SchoolYear>"
        "<Term>uri://ed-fi.org/TermDescriptor#Fall Semester</Term></StudentAcademicRecordIdentity>"
        f"</StudentAcademicRecordReference><CourseTitle>{title}</CourseTitle>{more}</CourseTranscript>"
    )


def health(number: str = "604821", day: str = "2015-01-13") -> str:
    """The immunisations of a student."""
    return (
        f"<StudentHealth>{whose(number)}<AsOfDate>2026-08-17</AsOfDate><RequiredImmunization><ImmunizationType>"
        "uri://ed-fi.org/ImmunizationTypeDescriptor#MMR</ImmunizationType>"
        f"<ImmunizationDate>{day}</ImmunizationDate><ImmunizationDate>2019-05-06</ImmunizationDate>"
        "</RequiredImmunization></StudentHealth>"
    )


def of_every_kind() -> list[str]:
    """A piece of each kind that is read, with what may stand in it."""
    code = (
        "<StudentIdentificationCode><IdentificationCode>1000000019</IdentificationCode><StudentIdentificationSystem>"
        "State</StudentIdentificationSystem></StudentIdentificationCode>"
    )
    told = (
        "<Sex>Female</Sex><Address><StreetNumberName>1 Post St</StreetNumberName><City>Provo</City></Address>"
        "<Telephone><TelephoneNumber>801-555-0100</TelephoneNumber></Telephone>"
    )
    left = "<ExitWithdrawDate>2026-10-30</ExitWithdrawDate><ExitWithdrawType>TS</ExitWithdrawType>"
    contact = '<Contact id="c"><Name><FirstName>Ana</FirstName><LastSurname>Dyer</LastSurname></Name></Contact>'
    related = (
        f'<StudentContactAssociation>{whose("604821")}<ContactReference ref="c"/><Relation>Mother</Relation>'
        "</StudentContactAssociation>"
    )
    organisation = (
        f"<StudentEducationOrganizationAssociation>{whose('604821')}{code}{told}"
        "</StudentEducationOrganizationAssociation>"
    )
    return [student(more=told), stay(more=left), organisation, contact, related]


def of_api() -> dict[str, Any]:
    """What an API gives, in JSON: each resource under its name."""
    reference = {"studentUniqueId": "604821", "link": {"rel": "Student", "href": "/ed-fi/students/1"}}
    return {
        "students": [
            {"studentUniqueId": "604821", "firstName": "Tyrone", "lastSurname": "Dyer", "birthDate": "2014-11-13"}
        ],
        "studentSchoolAssociations": [
            {
                "studentReference": reference,
                "schoolReference": {"schoolId": 255901107},
                "entryDate": "2026-08-17",
                "entryGradeLevelDescriptor": "uri://ed-fi.org/GradeLevelDescriptor#Seventh grade",
                "exitWithdrawDate": None,
                "alternativeGraduationPlans": [],
            }
        ],
        "studentEducationOrganizationAssociations": [
            {
                "studentReference": reference,
                "educationOrganizationReference": {"educationOrganizationId": 255901},
                "sexDescriptor": "uri://ed-fi.org/SexDescriptor#Male",
                "telephones": [{"telephoneNumber": "801-555-0100", "telephoneNumberTypeDescriptor": "uri://x#Home"}],
                "studentIdentificationCodes": [
                    {"identificationCode": "1000000019", "studentIdentificationSystemDescriptor": "uri://x#State"}
                ],
            }
        ],
        "contacts": [{"contactUniqueId": "7", "firstName": "Ana", "lastSurname": "Dyer"}],
        "studentContactAssociations": [
            {
                "studentReference": reference,
                "contactReference": {"contactUniqueId": "7"},
                "relationDescriptor": "uri://ed-fi.org/RelationDescriptor#Mother",
            }
        ],
    }
