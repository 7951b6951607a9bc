"""Lines that may be about one student are looked at together, whatever else there is."""

from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from broker.core.model import Name, Student
from broker.students.many import whole


def student(last: str, own: str) -> Student:
    return Student(Name("Kim", last), date(2012, 3, 4), local_id=own)


PEOPLE = st.none() | st.builds(student, st.sampled_from("ABCDE"), st.sampled_from(["", "1", "2", "3"]))


@given(st.lists(PEOPLE, max_size=30), st.integers(1, 8))
def test_each_line_once_in_parts_that_are_not_too_large(people: list[Student | None], most: int) -> None:
    parts = list(whole.together(list(enumerate(people)), most))
    assert sorted(line for part in parts for line in part) == list(range(len(people)))
    assert all(0 < len(part) <= most for part in parts)


def is_same(one: Student | None, other: Student | None) -> bool:
    if one is None or other is None:
        return False
    return one.legal_name == other.legal_name or (one.local_id == other.local_id != "")


def groups(people: list[Student | None]) -> list[set[int]]:
    """The lines that are about one student, by comparing each with each until nothing changes."""
    found: list[set[int]] = []
    for line, who in enumerate(people):
        mine = [some for some in found if any(is_same(who, people[other]) for other in some)]
        found = [some for some in found if some not in mine] + [{line}.union(*mine)]
    return found


@given(st.lists(PEOPLE, max_size=30), st.integers(1, 8))
def test_lines_of_one_student_are_in_one_part_and_in_their_order(people: list[Student | None], most: int) -> None:
    parts = list(whole.together(list(enumerate(people)), most))
    for group in groups(people):
        if len(group) <= most:
            (part,) = (part for part in parts if group & set(part))
            assert [line for line in part if line in group] == sorted(group)


def test_by_name_by_own_number_and_by_ssid() -> None:
    people = [student("A", ""), student("X", "1"), student("a", "2"), student("Y", "2"), None, student("Z", "1")]
    assert list(whole.together(list(enumerate(people)), 3)) == [[0, 2, 3], [1, 5, 4]]
