"""Packets about a flagged child: what is asked for and said of them, answers, and what the operator does."""

from collections.abc import Iterator

from tests.support import documents
from tests.support.flagged import BY, A, B, C, Child
from tests.support.ways import HELD, way


@way(A, "packet", "held-by-state", "no-record")
def _record(child: Child) -> Iterator[None]:
    child.at(A)
    child.enrolls(B)
    yield
    child.sends_record()


@way(A, "packet", "held-by-state")
def _record_that_nobody_waits_for(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.sends_record()


@way(C, "packet")
def _record_by_a_stranger(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    assert child.sends_record(C).code == "not-your-student"


@way(A, "candidate")
def _record_of_one_who_may_be_the_child(child: Child) -> Iterator[None]:
    child.at(A)
    child.enrolls(B)
    yield
    assert child.sends_record(student=child.near() | {"local_id": "another"}).held_for == "review"


@way(A, "packet")
def _backpack(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    assert child.stores(A).state == "APPLIED"


@way(C, "packet")
def _backpack_by_a_stranger(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    assert child.stores(C).state == "REFUSED"


@way(A, "packet", "held-by-state", "no-record")
def _transcript(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.sends_transcript()


# record requests


def _asking(by: str, want: str, *differs: str) -> None:
    """Whoever may ask, and who may not."""

    def story(child: Child) -> Iterator[None]:
        child.at(A)
        child.stores(A)
        child.enrolls(B)
        child.office.collect(B)
        yield
        child.asks(by, want)

    who = {A: "the_lea_before", B: "the_lea_of_now", C: "a_stranger"}[by]
    story.__name__ = f"request_of_{want.replace('-', '_')}_by_{who}"
    way(by, "request", *differs)(story)


_asking(B, "record", "held-by-state", "not-asked", "told-held")
_asking(B, "backpack", "held-by-state", "no-backpack")
_asking(B, "parent-copy", "held-by-state", "no-backpack", "no-disclosures")
_asking(B, "disclosures", "held-by-state", "no-disclosures")
_asking(A, "record")  # it has the child no more, and is refused alike
_asking(A, "backpack", "held-by-state")
_asking(A, "disclosures", "held-by-state", "no-disclosures")
for _want in ("record", "backpack", "parent-copy", "disclosures"):
    _asking(C, _want)


@way(C, "request")
def _request_about_one_who_may_be_the_child(child: Child) -> Iterator[None]:
    child.at(A)
    yield
    child.send(C, documents.record_request(**{"from": C, "student": child.near(), "want": "record"}))


# what is said of packets


@way(A, "acknowledgement", "told-held")
def _still_enrolled(child: Child) -> Iterator[None]:
    child.at(A)
    child.enrolls(B)
    asked = child.office.inbox(A, "record-request")[-1]
    yield
    said = child.acknowledges(A, asked, status="rejected", code="still-enrolled")
    assert said.state == "APPLIED"


@way(B, "acknowledgement")
def _received(child: Child) -> Iterator[None]:
    child.at(A)
    child.enrolls(B)
    sent = child.sends_record()
    child.office.collect(B)
    yield
    assert child.acknowledges(B, sent.tracking).state == "APPLIED"


@way(A, "recall", "held-by-state", *HELD)
def _recall(child: Child) -> Iterator[None]:
    child.at(A)
    child.enrolls(B)
    sent = child.sends_record()
    yield
    assert child.send(A, documents.recall(tracking=sent.tracking)).state == "APPLIED"


@way(A, "recall")
def _recall_of_what_is_collected(child: Child) -> Iterator[None]:
    child.at(A)
    child.enrolls(B)
    sent = child.sends_record()
    child.office.collect(B)
    yield
    assert child.send(A, documents.recall(tracking=sent.tracking)).code == "collected-already"


# answers to questions


def _answering(decision: str, *differs: str) -> None:
    def story(child: Child) -> Iterator[None]:
        child.at(A)
        asked = child.enrolls(B, student=child.alike())
        yield
        more = {"candidate": "A"} if decision == "same" else {}
        assert child.replies(B, asked, decision, **more).state == "APPLIED"

    story.__name__ = f"review_answer_{decision}"
    way(B, "answer", *differs)(story)


_answering("same", *HELD)
_answering("new", "no-number")
_answering("none")


@way(A, "answer", "held-by-state")
def _review_answer_new_of_a_packets_own_student(child: Child) -> Iterator[None]:
    child.at(A)
    child.enrolls(B)
    asked = child.sends_record(student=child.near() | {"local_id": "another"})
    yield
    assert child.replies(A, asked, "new", line=-1).state == "APPLIED"


@way(B, "answer")
def _review_answer_where_nobody_is_shown(child: Child) -> Iterator[None]:
    child.at(A)
    asked = child.enrolls(B, student=child.near())
    yield
    assert child.replies(B, asked, "confirm").state == "APPLIED"


@way(B, "answer")
def _review_answer_new_where_nobody_is_shown(child: Child) -> Iterator[None]:
    child.at(A)
    asked = child.enrolls(B, student=child.near())
    yield
    assert child.replies(B, asked, "new").state == "APPLIED"


@way(B, "answer")
def _review_answer_that_is_refused(child: Child) -> Iterator[None]:
    child.at(A)
    asked = child.enrolls(B, student=child.near())
    yield
    assert child.replies(B, asked, "same", candidate="Q").code == "unknown-candidate"


# what the state's operator does


def _deciding(decision: str, *differs: str) -> None:
    def story(child: Child) -> Iterator[None]:
        child.at(A)
        asked = child.enrolls(B, student=child.alike())
        yield
        how = ["--same", "A"] if decision == "same" else [f"--{decision}"]
        child.command("review", "decide", asked.tracking, *how, *BY)

    story.__name__ = f"decision_{decision}"
    way(B, "decision", *differs)(story)


_deciding("same", *HELD)
_deciding("new")
_deciding("none")


@way(B, "decision")
def _decision_taken_back(child: Child) -> Iterator[None]:
    child.at(A)
    asked = child.enrolls(B, student=child.alike())
    child.command("review", "decide", asked.tracking, "--same", "A", *BY)
    yield
    child.command("review", "undo", asked.tracking, *BY)


def _second_number(child: Child) -> str:
    asked = child.enrolls(B, student=child.alike())
    child.replies(B, asked, "new")
    return str(child.answer(B)["ssid"])


@way(B, "decision", *HELD)
def _merge(child: Child) -> Iterator[None]:
    child.at(A)
    other = _second_number(child)
    yield
    child.command("student", "merge", child.ssid, other, "--sure", *BY)


@way(B, "decision")
def _unmerge(child: Child) -> Iterator[None]:
    child.at(A)
    other = _second_number(child)
    child.command("student", "merge", child.ssid, other, "--sure", *BY)
    yield
    child.command("student", "unmerge", child.ssid, other, *BY)
