"""The `review` notice: the exchange asks an LEA which student it meant.

Owns its form. Promises: it shows only what the LEA needs to answer (FERPA 34 CFR 99.31(a)(2), 99.34). About the LEA's
own student it shows whether each sent field agrees; where a first name or birth date does not, its first letter or its
year; what this LEA itself has reported; and the number that it has. About another LEA's student, who has the sent
surname and birth date, it shows only whether the first name agrees: nothing about guardian, phone or address, no name
of that LEA, and no SSID.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from broker.core.model import Ssid, Student
from broker.core.review import OWN_STUDENT, Enrolled, Sight, Verb, letter_of
from broker.edge.ledger.packets.rows import EnrollmentRow
from broker.identity.sight import see

MOST_QUESTIONS = 200  # in one notice
_MOST_PLACES = 20
_ANSWERS = {
    Verb.SAME: "It is the candidate whose letter you name.",
    Verb.NEW: "It is none of these, and a student whom no LEA has enrolled yet.",
    Verb.CONFIRM: "What you sent agrees with the birth certificate: then the state decides which student it is.",
    Verb.NONE: "You withdraw the line, or the packet: nothing is done with it. Then send it again, corrected.",
}
_ENROLL_FIRST = (
    " Enroll the student first, and answer then: a packet about a student whom your LEA never had is refused"
    " [not-your-student]."
)
_ONLY_THE_NUMBER = (
    "This is the student who has the SSID that you sent, and little else in common. Only the state decides this."
)
_COMPARE = (
    "The exchange is not sure which student this is, and can show you nobody. Compare the name and the birth date that"
    " you sent with the birth certificate, letter by letter. If something is different, answer `none`, and send the"
    " line again, corrected. If all agrees with the certificate, answer `confirm`: then the state decides, and you get"
    " its answer as a notice `ssid`."
)
_NAMES_AND_BIRTH = ("first_name", "last_name", "birth_date")
_HOW = (
    "Find out which student it is: look at the birth certificate and into your own files, or ask the family. Then send"
    " a review-answer.v1 packet with one answer for each question, sealed like any other, or call the state. `answers`"
    " has the form to fill in. Or fill in the column Answer of the workbook that comes with this notice (the packet"
    " `review-answer`), and send that. The question stays open until somebody decides it."
)


@dataclass(frozen=True, slots=True, repr=False)
class Shown:
    """A candidate. `known` is what is known of the student, None for one who is no longer a candidate. `own` are the
    stays at the asking LEA, without those that were taken back; `enrolled` says whether they count today. `is_near` is
    False for a student who is a candidate only because the LEA named the SSID; `is_own` is False for a student whom the
    LEA never had, even if it has announced the student. Repr hidden."""

    known: Student | None = field(repr=False)
    own: Sequence[EnrollmentRow] = field(repr=False)
    is_near: bool
    enrolled: Enrolled
    is_own: bool = True


@dataclass(frozen=True, slots=True, repr=False)
class Question:
    """One question: the packet's tracking id, its line, the student as sent, and the candidates by letter."""

    tracking: str
    line: int
    sent: Student = field(repr=False)
    candidates: Sequence[Shown] = field(repr=False)


def notice(about: Mapping[str, str], questions: Sequence[Question], note: str = "") -> dict[str, Any]:
    """The body of the notice; `about` names the LEA's own packet, `note` says why it comes again.

    At most `MOST_QUESTIONS` questions.
    """
    body: dict[str, Any] = {
        "about": dict(about),
        "how_to_answer": _HOW,
        "decisions": _decisions(questions),
        "questions": [_question(one) for one in questions],
        "answers": [_to_fill_in(one) for one in questions],
    }
    return body | ({"note": note} if note else {})


def _decisions(questions: Sequence[Question]) -> dict[str, str]:
    """What each decision means. For a packet's own student, `new` has a warning: the student must be enrolled first."""
    is_own = any(one.line == OWN_STUDENT for one in questions)
    meanings = {str(verb): text for verb, text in _ANSWERS.items()}
    return meanings | ({str(Verb.NEW): _ANSWERS[Verb.NEW] + _ENROLL_FIRST} if is_own else {})


def _to_fill_in(question: Question) -> dict[str, Any]:
    decision = "same | new | confirm | none" if question.candidates else "confirm | none"
    return {
        "tracking": question.tracking,
        "line": question.line,
        "decision": decision,
        "candidate": "the letter, with same only",
        "why": "",
    }


def _question(question: Question) -> dict[str, Any]:
    name = question.sent.legal_name
    body: dict[str, Any] = {
        "tracking": question.tracking,
        "line": question.line,
        "question": "Which student is this packet about?"
        if question.line == OWN_STUDENT
        else "Which student is this line about?",
        "you_sent": {
            "local_id": question.sent.local_id,
            "legal_name": {"first": name.first, "middle": name.middle, "last": name.last, "suffix": name.suffix},
            "birth_date": question.sent.birth_date.isoformat(),
        },
        "candidates": [
            {"candidate": letter_of(place)} | _candidate(question.sent, one)
            for place, one in enumerate(question.candidates)
        ],
    }
    return body if question.candidates else body | {"compare": _COMPARE}


def _candidate(sent: Student, shown: Shown) -> dict[str, Any]:
    if shown.known is None:
        return {"note": "No longer a candidate."}
    seen, own = see(sent, shown.known), shown.own
    if not shown.is_near:
        return {"note": _ONLY_THE_NUMBER, "compared": {name: str(seen[name]) for name in _NAMES_AND_BIRTH}}
    names = tuple(seen) if shown.is_own else _NAMES_AND_BIRTH
    body: dict[str, Any] = {"compared": {name: str(seen[name]) for name in names}}
    hints = _hints(seen, shown.known) if shown.is_own else {}
    body |= {"hints": hints} if hints else {}
    body["enrolled_at_your_lea"] = str(shown.enrolled)
    return body | ({"your_student": _yours(shown.known.ssid, own)} if own else {})


def _hints(seen: Mapping[str, Sight], known: Student) -> dict[str, Any]:
    hints: dict[str, Any] = {}
    if seen["first_name"] is not Sight.AGREES and known.legal_name.first:
        hints["first_name_begins_with"] = known.legal_name.first[0]
    if seen["birth_date"] is not Sight.AGREES:
        hints["birth_year"] = known.birth_date.year
    return hints


def _yours(ssid: Ssid | None, own: Sequence[EnrollmentRow]) -> dict[str, Any]:
    places = [
        {"local_id": row.local_id, "school": row.school, "entry": row.entry_date, "exit": row.exit_date}
        for row in own[-_MOST_PLACES:]
    ]
    return {"ssid": ssid, "enrollments": places}
