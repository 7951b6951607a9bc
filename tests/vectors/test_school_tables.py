"""Tables of other programs, out of ../shared/corpora: each is an enrollment, or says what it lacks."""

import csv

import pytest

from broker.core.errors import Refused
from tests.support.enrollment_tables import read
from tests.support.tools import corpora

LACKING = [
    ("sds", "Format-Student.csv", "for an enrollment: entry_date or exit_date"),
    ("sds", "v2.1-users.csv", "for an enrollment: birth_date, school, entry_date or exit_date"),
    ("sds", "v2.1-demographics.csv", "for an enrollment: last_name, first_name, school, entry_date or exit_date"),
    ("sds", "Format-StudentEnrollment.csv", "names of the columns"),
    ("sis-csv", "students.csv", "for an enrollment: entry_date or exit_date"),
    ("powerschool-csv", "parents_example.csv", "for an enrollment: birth_date, school, entry_date or exit_date"),
]


def test_what_powerschool_exports_is_an_enrollment() -> None:
    path = corpora("formats", "powerschool-csv", "students_example.csv")
    with path.open(encoding="utf-8-sig", newline="") as file:
        lines = list(csv.DictReader(file))
    found = read(path.read_bytes())
    assert (found["packet"], found["sheet"].unread) == ("enrollment.v1", ())
    assert len(found["students"]) == 2 * len(lines)
    for line, entry, leaving in zip(lines, found["students"][::2], found["students"][1::2], strict=True):
        assert entry["student"]["local_id"] == line["Student_Number"]
        assert (entry["event"], leaving["event"]) == ("entry", "exit")
        assert [int(part) for part in entry["date"].split("-")] == [2025, 9, 2]
        month, day, year = line["DOB"].split("/")
        assert entry["student"]["birth_date"] == f"{year}-{month:0>2}-{day:0>2}"


@pytest.mark.parametrize(("folder", "name", "said"), LACKING)
def test_what_is_no_enrollment_says_what_it_lacks(folder: str, name: str, said: str) -> None:
    content = corpora("formats", folder, name).read_bytes()
    with pytest.raises(Refused) as caught:
        read(content)
    assert caught.value.code == "csv-form"
    assert said in caught.value.hint
