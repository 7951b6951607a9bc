"""docs/formats-edfi.md is true: its examples are read, and become what it says; its words are those of the reader."""

import json
import re

import pytest

from broker.formats.edfi import codes
from broker.formats.sis import code
from tests.support import edfi
from tests.support.tools import ROOT

PAGE = (ROOT / "docs/formats-edfi.md").read_text("utf-8")
STUDENT, STAYS, TRANSCRIPT = re.findall(r"(?ms)^```xml\n(.*?)^```$", PAGE)
(BECOMES,), (API,) = (re.findall(rf"(?ms)^```{kind}\n(.*?)^```$", PAGE) for kind in ("entries", "api"))


def test_the_two_interchanges_become_what_is_shown() -> None:
    files = {"Student.xml": STUDENT, "StudentEnrollment.xml": STAYS}
    assert edfi.read(edfi.packed(files))["students"] == json.loads(BECOMES)


def test_what_the_api_gives_becomes_the_same_entry() -> None:
    first, _ = json.loads(BECOMES)
    assert edfi.read(API)["students"] == [first]


def test_the_transcript_becomes_a_record_of_the_student() -> None:
    found = edfi.read(edfi.packed({"a.xml": TRANSCRIPT, "b.xml": STUDENT}))
    assert (found["packet"], found["student"]["legal_name"]["last"]) == ("student-record.v1", "Ekwueme")
    assert found["record"]["course_history"] == [
        {
            "school_year": 2026,
            "term": "Fall Semester",
            "title": "Algebra I",
            "status": "completed",
            "mark": "B+",
            "credits_earned": 0.5,
        }
    ]


@pytest.mark.parametrize(("word", "table"), [("Transferred", codes.EXIT), ("Ungraded", codes.GRADE)])
def test_what_is_left_out_is_left_out(word: str, table: code.Table) -> None:
    assert f"`{word}`" in PAGE
    assert code.read(word, table) == ""
