"""A flagged child in enrollment packets: entries and exits."""

from collections.abc import Iterator

from tests.support import desk
from tests.support.flagged import AUTUMN, MOVE, A, B, C, Child
from tests.support.tools import ROOT
from tests.support.ways import HELD, way


@way(B, "enrollment", *HELD)
def _entry(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.enrolls(B)


@way(B, "enrollment", *HELD, "no-backpack")
def _entry_where_the_record_store_has_something(child: Child) -> Iterator[None]:
    child.at(A)
    child.stores(A)
    yield
    child.enrolls(B)


@way(B, "enrollment", *HELD)
def _entry_and_more_lines_of_one_packet(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    document = desk.enrollment(B, *[child.student] * 3, date=MOVE)
    document["students"][0] |= {"event": "exit", "date": "2026-11-19"}
    child.send(B, document)


@way(B, "candidate")
def _entry_with_a_birth_date_that_is_one_digit_off(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.enrolls(B, student=child.near())
    assert child.answer(B)["answer"] == "review"


@way(B, "candidate")
def _entry_that_names_the_number_and_another_child(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    other = {"first": "Wholly", "middle": "", "last": "Different", "suffix": ""}
    child.enrolls(B, student=child.with_number(legal_name=other, birth_date="2004-02-03"))
    assert child.answer(B)["answer"] == "review"


@way(B, "candidate")
def _entry_of_a_day_too_far_ahead(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.enrolls(B, child.today(500), student=child.with_number())
    assert child.answer(B)["answer"] == "refused"


@way(A, "enrollment")
def _entry_that_renews_the_stay(child: Child) -> Iterator[None]:
    child.at(A, "2025-08-18")
    yield
    child.enrolls(A, AUTUMN)


@way(A, "enrollment")
def _entry_at_a_second_school_of_the_same_lea(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.enrolls(A, MOVE, school="705")


@way(A, "enrollment")
def _entry_sent_once_more(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.enrolls(A, AUTUMN)


@way(B, "enrollment", "not-asked", "told-held")
def _entry_that_is_dated_before_the_stay_of_now(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.enrolls(B, "2026-03-02", **{"code": ""})


@way(B, "enrollment", *HELD)
def _entry_ahead_where_nobody_has_the_child(child: Child) -> Iterator[None]:
    child.at(A)
    child.enrolls(A, MOVE, "exit")
    yield
    child.enrolls(B, child.today(40))


if "dual" in (ROOT / "schemas" / "enrollment.v1.schema.json").read_text():

    @way(B, "enrollment")
    def _dual_entry(child: Child) -> Iterator[None]:
        child.at(A)
        yield
        child.enrolls(B, dual=True)


@way(B, "enrollment", *HELD)
def _entry_that_is_claimed_twice(child: Child) -> Iterator[None]:
    child.at(A, grade="KG", confirmed=["birth_date"])
    yield
    child.enrolls(B, AUTUMN, grade="KG", confirmed=["birth_date"])


@way(A, "exit")
def _exit(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.enrolls(A, MOVE, "exit")


@way(A, "exit")
def _exit_to_another_state(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.enrolls(A, MOVE, "exit", code="TO")


@way(A, "exit")
def _exit_ahead(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.enrolls(A, child.today(20), "exit")


@way(C, "exit")
def _exit_by_a_stranger(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.enrolls(C, MOVE, "exit")
    assert child.answer(C)["answer"] == "refused"


@way(C, "candidate")
def _exit_of_one_who_may_be_the_child(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.enrolls(C, MOVE, "exit", student=child.near())
