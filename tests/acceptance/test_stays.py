"""Where is the child, and since when: told as LEAs tell it, seen from outside (docs/stays.md).

Each test is a story that once ended wrong: a record went astray, or a right was given or refused wrongly.
"""

from datetime import UTC, datetime

from broker.edge.ledger.engine import reading
from broker.edge.ledger.people import registry, stays
from tests.support.child import A, B, C, Story, day
from tests.support.exchange import satchel

# no return is inferred from silence


def test_who_left_an_lea_in_silence_is_not_back_there_when_the_next_one_reports_the_exit(her: Story) -> None:
    her.enter(A, day("08-17"))
    her.enter(B, day("10-01"))  # A tells of no exit: nobody asks for one
    her.leave(B, day("11-20"), code="TO")
    held = her.record_of(B)
    assert (held.state, held.held_for) == ("HELD", "enrollment")
    assert not her.delivered("student-record", A)
    refused = her.ask(A, "backpack")
    assert (refused.state, refused.code) == ("REFUSED", "nothing-held")  # of the time when it was there, nothing
    assert her.ask(A).code == "not-there-now"
    her.enter(A, day("11-21"))  # who comes back is entered again
    her.office.work()
    assert (her.office.row(held.tracking).state, her.office.row(held.tracking).receiver) == ("DELIVERED", A)


def test_nor_at_another_school_of_one_lea(her: Story) -> None:
    her.enter(A, day("08-17", -1), school="401")
    her.enter(A, day("08-17"), school="402")
    her.leave(A, day("11-20"), school="402")
    her.enter(C, day("08-15", -2))
    held = her.record_of(C)
    assert (held.state, held.held_for) == ("HELD", "enrollment")


# a dual enrollment


def test_a_dual_enrollment_leaves_both_leas_the_student(her: Story) -> None:
    her.enter(A, day("08-17"))
    her.backpack_of(A)
    her.enter(B, day("10-01"), dual=True)
    assert her.live() == []  # R277-419-5: the student has not left
    assert her.record_of(A).held_for == "enrollment"  # records follow the stay that is not dual
    her.enter(C, day("08-15", -1))
    assert her.record_of(C).receiver == A
    assert her.ask(B, "backpack").state == "APPLIED"
    assert her.delivered("backpack", B)


def test_either_lea_of_a_dual_enrollment_may_have_the_other_asked(her: Story) -> None:
    """Also the one whose entry is the older one."""
    her.enter(A, day("08-17"))
    her.enter(B, day("10-01"), dual=True)
    assert her.ask(A).state == "APPLIED"
    assert her.live() == [(B, A)]
    assert her.record_of(B).receiver == A
    assert her.ask(B).state == "APPLIED"
    assert her.live() == [(A, B)]
    assert her.record_of(A).receiver == B
    her.leave(B, day("11-20"))
    assert her.ask(B).code == "not-there-now"


def test_a_record_that_waited_goes_to_the_other_lea_when_that_one_asks(her: Story) -> None:
    her.enter(A, day("08-17"))
    her.enter(B, day("10-01"), dual=True)
    held = her.record_of(A)
    assert held.held_for == "enrollment"
    her.ask(B)
    her.office.work()
    assert (her.office.row(held.tracking).state, her.office.row(held.tracking).receiver) == ("DELIVERED", B)
    assert her.cases()[-1].state == "answered"


# an entry ahead


def test_an_entry_ahead_counts_for_nothing_while_another_lea_has_the_student(her: Story) -> None:
    her.enter(C, day("08-17"))
    her.backpack_of(C)
    assert her.enter(B, day("08-17", 1))["answer"] == "matched"
    assert her.live() == []
    assert not her.delivered("backpack", B)
    held = her.record_of(C)
    assert (held.state, held.held_for) == ("HELD", "enrollment")
    assert her.ask(C).code == "nobody-to-ask"
    for want in ("record", "backpack", "parent-copy", "disclosures"):
        assert her.ask(B, want).code == "not-there-yet"
    update = her.request(B, "update", student=her.student | {"ssid": her.ssid})
    assert (update["answer"], update["why"]) == ("refused", "not-your-student")
    assert her.alerts() == [("announced", B)]


def test_it_counts_from_its_day(his: Story) -> None:
    his.enter(C, day("08-17"))
    his.enter(B, day("12-06"))
    held = his.record_of(C)
    assert held.held_for == "enrollment"
    his.go_to("12-05")
    assert his.live() == []
    his.go_to("12-06")
    assert (his.office.row(held.tracking).state, his.office.row(held.tracking).receiver) == ("DELIVERED", B)
    (case,) = his.cases()
    assert (case.source, case.destination, case.state) == (C, B, "answered")
    assert datetime.fromtimestamp(case.requested_at or 0, UTC).date().isoformat() == day("12-06")


def test_it_counts_at_once_where_the_student_has_left(her: Story) -> None:
    her.enter(C, day("08-17"))
    her.leave(C, day("11-20"))
    her.enter(B, day("12-06"))
    assert her.live() == [(C, B)]
    assert her.record_of(C).receiver == B


def test_it_counts_from_the_day_on_which_the_student_leaves(her: Story) -> None:
    her.enter(C, day("08-17"))
    her.enter(B, day("12-06"))
    her.leave(C, day("11-21"))
    assert her.live() == [(C, B)]


def test_summer_moves_count_at_once(his: Story) -> None:
    his.enter(C, day("08-17"))
    his.enter(B, day("08-17", 1))  # told in autumn already
    his.go_to("06-04", 1)
    assert his.live() == []
    his.go_to("06-06", 1)  # school is over
    assert his.live() == [(C, B)]
    assert his.record_of(C).receiver == B


def test_a_summer_move_is_not_undone_by_the_old_lea_s_rollover(his: Story) -> None:
    his.enter(C, day("08-17"))
    his.go_to("07-10", 1)
    his.enter(C, day("08-16", 1))  # every student is carried over
    his.enter(B, day("08-17", 1))
    assert his.live() == [(C, B)]
    his.go_to("08-16", 1)
    assert his.live() == [(C, B)]
    his.go_to("08-20", 1)
    assert his.live() == [(C, B)]


def test_an_announced_entry_that_was_taken_back_gives_no_right(her: Story) -> None:
    """Who is enrolled is one rule: an Update once went by another one than a record."""
    her.enter(C, day("08-17"))
    her.enter(B, day("12-06"))
    her.leave(B, day("12-06"))
    answer = her.request(B, "update", student=her.student | {"ssid": her.ssid})
    assert (answer["answer"], answer["why"]) == ("refused", "not-your-student")
    assert her.ask(B).code == "not-your-student"


# the facts of a stay are corrected


def test_a_wrong_exit_is_corrected_by_the_entry_sent_again(her: Story) -> None:
    her.enter(A, day("08-17"))
    her.leave(A, day("11-20"))
    assert her.ask(A).code == "not-there-now"
    assert her.enter(A, day("08-17"))["answer"] == "matched"
    assert her.spans() == [(A, "401", day("08-17"), "")]
    assert her.ask(A).code == "nobody-to-ask"
    with reading(her.office.services.engine) as connection:
        known = stays.history(connection, her.ssid)
    assert [(one.fact, one.before, one.after) for one in known] == [
        ("exit_date", "", day("11-20")),
        ("exit_date", day("11-20"), ""),
    ]


def test_another_exit_corrects_the_first_and_the_same_one_changes_nothing(her: Story) -> None:
    her.enter(A, day("08-17"))
    for date in (day("11-20"), day("11-19"), day("11-19")):
        assert her.leave(A, date)["answer"] == "matched"
    assert her.spans() == [(A, "401", day("08-17"), day("11-19"))]


def test_each_fact_of_a_stay_is_corrected_and_what_is_left_out_stays(her: Story) -> None:
    her.student = her.student | {"birth_date": day("03-04", -14)}  # of an age for these grades
    her.enter(A, day("08-17"), grade="08", code="11", programme="regular")
    her.enter(A, day("08-17"), grade="09", military=True, day_part=0.5)
    with reading(her.office.services.engine) as connection:
        (row,) = registry.locations(connection, her.ssid)
    assert (row.grade, row.entry_code, row.programme, row.military, row.day_part) == ("09", "11", "regular", 1, "1/2")
    her.enter(A, day("08-17"), military=False)
    with reading(her.office.services.engine) as connection:
        assert registry.locations(connection, her.ssid)[0].military == 0


def test_the_exit_of_a_new_request_is_corrected(her: Story) -> None:
    for date in (day("11-20"), day("11-19")):
        her.request(A, "new", date=day("08-17"), exit_date=date)
    assert her.spans() == [(A, "401", day("08-17"), day("11-19"))]


def test_an_exit_that_cannot_be_is_refused_with_the_reason(her: Story) -> None:
    her.enter(A, day("08-17"))
    far = her.leave(A, day("08-17", 35))
    assert (far["answer"], far["why"], far["field"]) == ("refused", "unreadable", "date")
    early = her.leave(A, day("08-16"))
    assert (early["answer"], early["why"]) == ("refused", "exit-before-entry")
    assert her.leave(A, day("11-20"), school="999")["why"] == "no-open-enrollment"
    assert her.spans() == [(A, "401", day("08-17"), "")]


# an exit ends the stay that it can be of (R277-419-6; law item 4)


def test_a_late_exit_ends_the_stay_that_had_begun_by_its_day(her: Story) -> None:
    her.enter(A, day("08-20"))
    her.enter(B, day("10-01"))
    her.enter(A, day("11-16"))
    assert her.leave(A, day("09-30"))["answer"] == "matched"
    assert her.spans() == [
        (A, "401", day("08-20"), day("09-30")),
        (B, "401", day("10-01"), ""),
        (A, "401", day("11-16"), ""),
    ]
    assert her.record_of(B).receiver == A


def test_a_late_june_exit_does_not_void_the_new_year(her: Story) -> None:
    her.enter(A, day("08-17", -1))
    her.enter(A, day("08-17"))
    her.leave(A, day("06-05"))
    assert her.spans() == [(A, "401", day("08-17", -1), day("06-05")), (A, "401", day("08-17"), "")]


def test_an_exit_on_the_very_day_takes_the_entry_back(her: Story) -> None:
    her.enter(A, day("08-17"))
    her.enter(B, day("11-20"))
    for _ in range(2):
        assert her.leave(B, day("11-20"))["answer"] == "matched"
    assert her.live() == []
    assert her.record_of(A).held_for == "enrollment"
    assert her.ask(A).code == "nobody-to-ask"


def test_nothing_else_may_be_asked_of_whom_it_was_taken_back(her: Story) -> None:
    her.enter(A, day("08-17"))
    her.enter(B, day("11-20"))
    her.leave(B, day("11-20"))
    for told in (her.leave(B, day("11-21")), her.leave(B, day("11-20"), school="402")):
        assert (told["answer"], told["why"], told["ssid"]) == ("refused", "no-open-enrollment", None)
    assert her.request(B, "verify", student=her.student | {"ssid": her.ssid})["why"] == "not-verified"


def test_whom_a_packet_enters_is_the_leas_own_in_its_next_line(her: Story) -> None:
    """Also where the first line has asked whether it is, and it was not."""
    her.enter(A, day("08-17"))
    known = her.student | {"ssid": her.ssid}
    told = her.tell(
        B,
        her.line(B, day("10-01"), student=known),
        her.line(B, day("11-20"), "exit", student=known),
        her.line(B, day("11-21"), student=known),
        her.line(B, day("11-21"), "exit", student=known),
    )
    assert [one["answer"] for one in told] == ["matched"] * 4
    assert her.spans()[1:] == [(B, "401", day("10-01"), day("11-20")), (B, "401", day("11-21"), day("11-21"))]


# what the operator sees


def test_the_operator_sees_where_a_student_is_and_what_was_corrected(her: Story) -> None:
    first, beside, moved = (day(one, -2) for one in ("08-17", "10-01", "11-20"))  # the command's clock is the true one
    her.student = her.student | {"birth_date": day("03-04", -14)}  # of an age for these grades
    her.enter(A, first, grade="08")
    her.enter(B, beside, dual=True, day_part=0.5)
    her.enter(A, first, grade="09")
    her.enter(C, moved)
    shown = satchel("student", "show", her.ssid, "--why", "a call", *her.office.exchange.at).stdout
    assert f"  at {C} now, also at {B} (dual)\n" in shown
    assert f"  {A} school 401: from {first}, no exit told, over since {moved}" in shown
    assert f"  {B} school 401: from {beside}, no exit told, " in shown
    assert "part of the day 1/2, dual yes" in shown
    assert "grade 08 to 09\n" in shown
