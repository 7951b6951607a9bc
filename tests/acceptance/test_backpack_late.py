"""A backpack that comes after its student has moved goes to where the child is, as the newest that the store has."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import text

from broker.edge.ledger.engine import reading, writing
from broker.flags import missing
from broker.stages.sweep.resumed import resume_unflagged
from tests.support import documents
from tests.support.child import A, B, C, Story, day


def send(story: Story, lea: str, hours_ago: float = 0, year: int = 2027, **more: Any) -> str:
    """The LEA stores a backpack of so many hours ago; its tracking id."""
    office = story.office
    created = (office.services.clock() - timedelta(hours=hours_ago)).isoformat(timespec="seconds")
    about = {"from": lea, "student": story.student | {"ssid": story.ssid}, "created": created, "school_year": year}
    row = office.send(lea, documents.backpack(**(about | more)))
    assert row.state == "APPLIED", row.code
    return str(row.tracking)


def laid(story: Story, lea: str) -> list[Mapping[str, Any]]:
    """The backpacks of the student in an inbox, opened, the oldest first."""
    return [json.loads(story.office.opened(one)) for one in story.delivered("backpack", lea)]


def years(story: Story, lea: str) -> list[tuple[str, int]]:
    return [(one["from"], one["school_year"]) for one in laid(story, lea)]


def moved(story: Story) -> None:
    """From A to B, who has collected what A had stored."""
    story.enter(A, day("08-17"))
    send(story, A, hours_ago=48, year=2025)
    story.enter(B, day("10-05"))
    assert years(story, B) == [(A, 2025)]
    story.office.collect(B)


def test_it_goes_to_the_lea_where_the_child_is(her: Story) -> None:
    moved(her)
    send(her, A)
    assert years(her, B) == [(A, 2027)], "it reached nobody"
    assert her.delivered("backpack", A) == []
    her.office.work()
    assert len(laid(her, B)) == 1  # once


def test_it_needs_no_exit_and_no_case(his: Story) -> None:
    moved(his)
    his.record_of(A)
    his.office.collect(B)
    assert his.live() == []
    send(his, A)
    assert years(his, B) == [(A, 2027)]


def test_one_that_is_older_than_what_its_lea_has_stored_goes_nowhere(her: Story) -> None:
    moved(her)
    send(her, A, hours_ago=96)
    assert years(her, B) == []
    send(her, A, hours_ago=2, year=2026)
    assert years(her, B) == [(A, 2026)]


def test_what_the_receiver_has_stored_itself_takes_no_part_s_place(her: Story) -> None:
    """The store keeps what each LEA says; a later receiver is given both, and so is this one."""
    moved(her)
    send(her, B)
    send(her, A, hours_ago=24)
    assert years(her, B) == [(A, 2027)]


def test_a_part_that_is_added_goes_alone(her: Story) -> None:
    moved(her)
    send(her, A, mode="add")
    assert years(her, B) == [(A, 2027)]


def test_after_a_second_move_it_goes_to_the_last_one_only(her: Story) -> None:
    moved(her)
    her.enter(C, day("11-02"))
    her.office.collect(C)
    send(her, A)
    assert (years(her, B), years(her, C)) == ([], [(A, 2027)])


def test_of_a_child_who_is_nowhere_it_waits_for_who_enters_it(her: Story) -> None:
    her.enter(A, day("08-17"))
    her.leave(A, day("10-01"))
    send(her, A)
    assert years(her, B) == []
    her.enter(B, day("10-05"))
    assert years(her, B) == [(A, 2027)]


def test_of_a_child_who_is_there_too_it_is_asked_for(her: Story) -> None:
    """Of a dual enrollment each LEA has the child, and asks the other one."""
    her.enter(A, day("08-17"))
    her.enter(B, day("09-01"), dual=True)
    send(her, B)
    assert years(her, A) == []


def test_of_a_flagged_child_it_is_held_and_goes_on_when_the_flag_is_lifted(his: Story) -> None:
    moved(his)
    his.record_of(A)
    his.office.collect(B)
    with writing(his.office.services.engine) as connection:
        missing.put(his.office.services, connection, his.ssid, "Jo Larsen", "reported missing")
    send(his, A)
    assert years(his, B) == []
    with writing(his.office.services.engine) as connection:
        missing.lift(his.office.services, connection, his.ssid, "Jo Larsen", "found")
    resume_unflagged(his.office.services)
    his.office.work()
    assert years(his, B) == [(A, 2027)]


def test_an_opt_out_does_not_keep_it_from_the_school(her: Story) -> None:
    moved(her)
    her.enter(B, day("10-05"), opt_outs=["higher-education-data"])
    send(her, A)
    assert years(her, B) == [(A, 2027)]


def test_it_is_no_answer_to_the_request_for_the_record(her: Story) -> None:
    moved(her)
    assert her.live() == [(A, B)]
    send(her, A)
    her.office.collect(B)
    assert her.live() == [(A, B)]


def test_each_delivery_is_a_line_of_the_log(her: Story) -> None:
    moved(her)
    send(her, A)
    (tracking,) = her.delivered("backpack", B)
    with reading(her.office.services.engine) as connection:
        query = text("SELECT party, source FROM disclosures WHERE tracking = :tracking AND outcome = 'allowed'")
        lines = connection.execute(query, {"tracking": tracking}).all()
    assert [tuple(one) for one in lines] == [(B, A)]


@pytest.mark.parametrize("first", ["replace", "add"])
def test_the_same_bytes_in_the_inbox_are_not_sent_beside_themselves(her: Story, first: str) -> None:
    her.enter(A, day("08-17"))
    her.enter(B, day("10-05"))
    send(her, A, mode=first)
    send(her, A, hours_ago=-0.001, year=2028)
    assert years(her, B) == [(A, 2027), (A, 2028)]
