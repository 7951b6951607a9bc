"""Real Ed-Fi exports: as many students as an independent count finds in them, and what becomes of each."""

import json
from collections import Counter
from pathlib import Path

import pytest
from lxml import etree

from tests.support import edfi
from tests.support.edfi import HOME
from tests.support.tools import corpora

GENDERS = {"Female": "F", "Male": "M"}


def tree(path: Path) -> "etree._Element":
    return etree.parse(str(path)).getroot()


def count(root: "etree._Element", path: str) -> int:
    space = {"e": etree.QName(root).namespace}
    return int(root.xpath(f"count({path})", namespaces=space))


def texts(root: "etree._Element", path: str) -> list[str]:
    return list(root.xpath(path, namespaces={"e": etree.QName(root).namespace}))


@pytest.mark.parametrize("version", ["edfi-2.2", "edfi-5.2"])
def test_all_students_of_a_real_interchange_are_read(version: str) -> None:
    path = corpora("formats", version) / "Student.xml"
    root = tree(path)
    students = edfi.at_home(path.read_bytes(), HOME)["students"]
    assert len(students) == count(root, "e:Student") > 900
    blocks = [one["student"] for one in students]
    assert [one["local_id"] for one in blocks] == texts(root, "e:Student/e:StudentUniqueId/text()")
    assert [one["birth_date"] for one in blocks] == texts(root, "e:Student/e:BirthData/e:BirthDate/text()")
    for part, name in (("first", "FirstName"), ("last", "LastSurname"), ("middle", "MiddleName")):
        said = [one["legal_name"][part] for one in blocks if part in one["legal_name"]]
        assert said == texts(root, f"e:Student/e:Name/e:{name}/text()"), part
    assert Counter(one["gender"] for one in blocks if "gender" in one) == Counter(
        GENDERS[one] for one in texts(root, "e:Student/e:Sex/text()")
    )
    assert sum("phone" in one for one in blocks) == count(root, "e:Student[e:Telephone]")
    assert sum("address" in one for one in blocks) == count(root, "e:Student[e:Address]")
    preferred = "e:Student[e:Name/e:PreferredFirstName or e:Name/e:PreferredLastSurname]"
    assert sum("aliases" in one for one in blocks) == count(root, preferred)


def test_the_exchange_refuses_social_security_numbers_and_counts_them() -> None:
    path = corpora("formats", "edfi-2.2") / "Student.xml"
    numbers = count(tree(path), "//e:StudentIdentificationCode[e:StudentIdentificationSystem/e:CodeValue='SSN']")
    refused = edfi.refused(path.read_bytes())
    assert refused.code == "has-ssn"
    assert f"There are {numbers} codes" in refused.hint


def test_the_exchange_says_what_a_student_interchange_lacks() -> None:
    path = corpora("formats", "edfi-5.2") / "Student.xml"
    refused = edfi.refused(path.read_bytes())
    assert refused.code == "sis-form"
    assert f"It has {count(tree(path), 'e:Student')} students and no school" in refused.hint


def test_what_an_api_gave_is_read() -> None:
    path = corpora("formats", "edfi-json") / "Enrollment_Students.json"
    given = json.loads(path.read_text("utf-8-sig"))
    students = edfi.at_home(path.read_bytes(), HOME)["students"]
    assert [one["student"]["local_id"] for one in students] == [one["studentUniqueId"] for one in given]
    assert [one["student"]["birth_date"] for one in students] == [one["birthDate"][:10] for one in given]
    assert [one["student"]["gender"] for one in students] == [GENDERS[one["sexType"]] for one in given]
    assert {one["grade"] for one in students} == {"01"}  # each has `First grade`
    assert edfi.refused(path.read_bytes()).code == "has-ssn"


@pytest.mark.parametrize("name", ["StudentHealth.xml", "StudentProgram.xml"])
def test_interchanges_about_something_else_say_so(name: str) -> None:
    assert edfi.refused((corpora("formats", "edfi-5.2") / name).read_bytes()).code == "sis-form"
