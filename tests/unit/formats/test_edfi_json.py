"""What an Ed-Fi API gives in JSON, read into enrollments."""

import json
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from tests.support import edfi
from tests.support.edfi import HOME

Change = Callable[[dict[str, Any]], Any]


def sent(value: object, encoding: str = "utf-8") -> bytes:
    return json.dumps(value, ensure_ascii=False).encode(encoding)


def test_several_resources_under_their_names_are_joined() -> None:
    entry = edfi.entry(sent(edfi.of_api()))
    assert entry["student"] == {
        "legal_name": {"first": "Tyrone", "last": "Dyer"},
        "birth_date": "2014-11-13",
        "local_id": "604821",
        "gender": "M",
        "phone": "801-555-0100",
        "ssid": "1000000019",
        "guardians": [{"first": "Ana", "last": "Dyer"}],
    }
    assert (entry["school"], entry["grade"], entry["date"]) == ("255901107", "07", "2026-08-17")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(encoding: str) -> None:
    given = edfi.of_api()
    given["students"][0]["lastSurname"] = "José"
    assert edfi.entry(sent(given, encoding))["student"]["legal_name"]["last"] == "José"


def test_a_folder_of_resources_in_one_zip_is_joined_too() -> None:
    files = {f"{name}.json": sent(some, "utf-8-sig") for name, some in edfi.of_api().items()}
    assert edfi.entry(edfi.packed(files)) == edfi.entry(sent(edfi.of_api()))


def test_lists_of_students_take_defaults_and_say_what_they_lack() -> None:
    students = edfi.of_api()["students"] * 2
    students[1] = students[1] | {"studentUniqueId": "2"}
    refused = edfi.refused(sent(students))
    assert (refused.code, refused.pointer) == ("sis-form", "/0")
    assert "2 students and no school" in refused.hint
    assert len(edfi.read(sent(students), HOME)["students"]) == 2


def test_one_resource_alone_is_read() -> None:
    (student,) = edfi.of_api()["students"]
    (entry,) = edfi.read(sent(student), HOME)["students"]
    assert entry["student"]["local_id"] == "604821"


def test_associations_within_a_student_are_stays() -> None:
    student = edfi.of_api()["students"][0]
    inner = {"schoolReference": {"schoolId": 9}, "entryDate": "2026-08-17T00:00:00Z", "gradeLevel": "Ninth grade"}
    entry = edfi.entry(sent([student | {"schoolAssociations": [inner]}]))
    assert (entry["school"], entry["date"], entry["grade"]) == ("9", "2026-08-17", "09")


def test_names_with_a_capital_and_types_of_version_2_are_read() -> None:
    student = {
        "StudentUniqueId": "7",
        "FirstName": "A",
        "LastSurname": "B",
        "BirthDate": "2012-03-04",
        "SexType": "Female",
    }
    (entry,) = edfi.read(sent([student]), HOME)["students"]
    assert entry["student"]["gender"] == "F"


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        (lambda all_: all_["students"][0].update(birthDate="13/11/2014"), "/students/0/birthDate"),
        (lambda all_: all_["students"][0].pop("birthDate"), "/students/0/birthDate"),
        (lambda all_: all_["students"][0].pop("lastSurname"), "/students/0/lastSurname"),
        (lambda all_: all_["students"][0].update(lastSurname=" "), "/students/0/lastSurname"),
        (
            lambda all_: all_["studentSchoolAssociations"][0].update(entryDate=None),
            "/studentSchoolAssociations/0/entryDate",
        ),
        (
            lambda all_: all_["studentSchoolAssociations"][0].pop("schoolReference"),
            "/studentSchoolAssociations/0/schoolReference",
        ),
        (
            lambda all_: all_["studentSchoolAssociations"][0].update(entryGradeLevelDescriptor="uri://x#Umpteenth"),
            "/studentSchoolAssociations/0/entryGradeLevelDescriptor",
        ),
        (
            lambda all_: all_["studentEducationOrganizationAssociations"][0].update(sexDescriptor="Q"),
            "/studentEducationOrganizationAssociations/0/sexDescriptor",
        ),
        (
            lambda all_: all_["studentContactAssociations"][0].update(relationDescriptor="Landlord"),
            "/studentContactAssociations/0/relationDescriptor",
        ),
    ],
)
def test_faults_are_told_by_json_pointer(change: Change, pointer: str) -> None:
    given = edfi.of_api()
    change(given)
    good = json.loads(json.dumps(edfi.of_api()).replace("604821", "1"))
    for name, some in good.items():
        given[name] += some
    found = edfi.fault(sent(given))
    assert found.fields == (pointer,)
    assert found.must.startswith(f"{pointer} must ")


def test_social_security_numbers_are_refused() -> None:
    given = edfi.of_api()
    (code,) = given["studentEducationOrganizationAssociations"][0]["studentIdentificationCodes"]
    code["studentIdentificationSystemDescriptor"] = "uri://ed-fi.org/StudentIdentificationSystemDescriptor#SSN"
    refused = edfi.refused(sent(given))
    assert refused.code == "has-ssn"
    assert (
        refused.pointer == "/studentEducationOrganizationAssociations/0/studentIdentificationCodes/0/identificationCode"
    )
    given["students"][0]["loginId"] = "529-12-3456"
    assert edfi.refused(sent(given)).code == "has-ssn"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"[]", "not-json"),
        (b'[{"a": 1}]', "not-json"),
        (b'[{"studentUniqueId": "1", "studentUniqueId": "2"}]', "duplicate-key"),
        (b'[{"studentUniqueId": "1",]', "not-json"),
        (b'[{"studentUniqueId": NaN}]', "not-json"),
        (b"[" * 300 + b"]" * 300, "too-deep"),
        (b'\xef\xbb\xbf{"packet": "enrollment.v1"}', "not-utf8"),
        (b'{"packet": "enrollment.v1", "students": [{"studentUniqueId": "1"}]}', "schema"),
    ],
)
def test_other_json_is_refused_as_before(content: bytes, code: str) -> None:
    assert edfi.refused(content).code == code


@pytest.mark.parametrize("value", [True, 5, 1.5, "text", [], {}, [[]], [{"a": [1]}]])
def test_values_of_another_kind_are_faults_or_nothing(value: object) -> None:
    """No kind of value where another is expected breaks the reading."""
    for name, some in edfi.of_api().items():
        for key in some[0]:
            given = edfi.of_api()
            given[name][0][key] = value
            with suppress(edfi.Refused):
                edfi.read(sent(given))
