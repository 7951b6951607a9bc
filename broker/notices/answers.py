"""The exchange's answer to an enrollment or SSID request: one line per student.

Owns the form of the `ssid` notice, and the reasons it gives. Promises: it holds the data that the LEA itself sent, and
the number, and nothing that the registry knows from others.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from broker.core.model import Name, Ssid
from broker.formats.returned import Said
from broker.formats.ssid import answer as ssid_answer


class Outcome(StrEnum):
    """The outcome of a line."""

    ASSIGNED = "assigned"
    MATCHED = "matched"
    VERIFIED = "verified"
    UPDATED = "updated"
    REVIEW = "review"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one line. `why` is a key of `REASONS`, never empty for a refusal; `field` names the field that it
    is about, `must` says what that field must be; neither holds anything of the line."""

    line: int
    answer: str
    ssid: Ssid | None
    why: str = ""
    field: str = ""
    must: str = ""


@dataclass(frozen=True, slots=True, repr=False)
class SentLine:
    """The data that the LEA sent, by which it recognises its own student. Repr hidden."""

    name: Name = field(repr=False)
    local_id: str = field(repr=False)
    school_year: str = ""


# each sentence says what was found, and what to do about it
REASONS: Mapping[str, str] = {
    "no-open-enrollment": "The student has no open enrollment at your LEA; send the entry first, or check the SSID.",
    "exit-before-entry": "This exit is before the first day of the enrollment that it ends; check both days.",
    "not-borne-out": "The SSID, the name and the birth date do not fit together; compare name and birth date"
    " with the birth certificate, and correct the line, or leave the SSID out to have the student looked up.",
    "not-verified": "Only a student whom your LEA has or had can be verified, and none of these has this SSID; check"
    " it, or send Retrieve with the name and birth date of the birth certificate.",
    "unknown-student": "The exchange finds nobody for sure with this name and birth date; compare both with the birth"
    " certificate, and send New if they are right.",
    "compare": "The exchange is not sure which student this is; compare the name and the birth date with the"
    " birth certificate, and correct the line, or confirm it by the workbook `review-answer` in your inbox.",
    "too-many-guesses": "Your LEA has asked too often today about students whom it never had; compare what you send"
    " with the birth certificate, and send the line again tomorrow, or call the state.",
    "known-already": "The student was known already: use this number, and Retrieve next time.",
    "not-sure": "The exchange is not sure which student this is; answer the question in the"
    " workbook `review-answer` in your inbox, or call the state.",
    "all-or-nothing": "Nothing is wrong with this line, but another one of the table is at fault, and all or nothing"
    " was asked for: mend the others, and send the whole table again.",
    "missing": "Something is missing that this request needs; fill it in and send the line again.",
    "unreadable": "Something in this line cannot be used; correct it and send the line again.",
    "impossible-date": "A date in this line cannot be right; correct it, in your system too, and send the line again.",
    "odd-date": "A date in this line is unusual, so nothing was done with the line. If the date is wrong,"
    " correct it; if it is as in the birth certificate and your files, send the line again with the"
    " field's name in `confirmed`.",
    "other-lea": "The line is another LEA's; send only your own students.",
    "birth-date-differs": "The student with this SSID was born on another day; check the SSID, and the birth"
    " certificate. If your birth date is the right one, call the state.",
    "name-differs": "The student with this SSID has another name; check the SSID. If the student's name has changed,"
    " send Update.",
    "not-your-student": "Only an LEA where the student is enrolled may change what is known of the student; send"
    " Retrieve first.",
    "other-ssid": "Use this SSID from now on; the one that you sent is not, or is no longer, this student's.",
    "unknown-exit-code": "The exit is entered, but its code is not on the state's list; check the code, and call"
    " the state if it is the right one.",
    "not-all-kept": "The line is done, but your LEA has sent so many names, guardians or other facts of this student"
    " that the exchange did not keep all of them; send only those that are right now, and call the"
    " state if one that matters is missing.",
    "changed-too-often": "Your LEA has changed this as often as it may in a year; check your system for lines that undo"
    " each other, and call the state if this one is right.",
    "too-many-stays": "Your LEA has sent as many enrollments of this student as the exchange keeps; correct one of"
    " those instead of sending a new one, and call the state if this one is right.",
    "too-many-questions": "Too many questions to your LEA about this student are open; answer those first, then send"
    " the line again.",
    "corrected": "You have sent this line more than once, and the exchange has done another one of them; the"
    " question about this one is closed.",
    "withdrawn": "The line was withdrawn; nothing was done with it.",
}


def notice(document_id: str, lines: Iterable[tuple[SentLine, Answer]], told: Sequence[str] = ()) -> Mapping[str, Any]:
    """The body of the notice in JSON: the id of the document that it answers, and its lines in the document's order;
    of a table also what is `told` of it as a whole."""
    body: dict[str, Any] = {"answers": document_id}
    if told:
        body["table"] = list(told)
    return body | {"students": [_line(sent, answer) for sent, answer in lines]}


def _line(sent: SentLine, answer: Answer) -> Mapping[str, Any]:
    name = sent.name
    line = {
        "line": answer.line,
        "answer": answer.answer,
        "ssid": answer.ssid,
        "local_id": sent.local_id,
        "legal_name": {"first": name.first, "middle": name.middle, "last": name.last, "suffix": name.suffix},
    }
    more = {"why": answer.why, "field": answer.field, "what_to_do": what_to_do(answer)}
    return line | {key: text for key, text in more.items() if text}


def table(form: str, name: str, lines: Iterable[tuple[SentLine, Answer]]) -> bytes:
    """The notice in CSV, in this `form`; `name` is the request's name (see `formats.ssid.answer`)."""
    rows = (
        ssid_answer.Answered(
            line=answer.line,
            ssid=answer.ssid or "",
            school_year=sent.school_year,
            last_name=sent.name.last,
            first_name=sent.name.first,
            local_number=sent.local_id,
            answer=answer.answer,
            reason=answer.why,
            field=answer.field,
            what_to_do=what_to_do(answer),
        )
        for sent, answer in lines
    )
    return ssid_answer.table(form, name, rows)


def said(answer: Answer) -> Said:
    """What is written behind a line of the LEA's own table."""
    wrong = answer.must or " ".join(filter(None, (answer.why.replace("-", " "), answer.field)))
    return Said(answer.answer, answer.ssid or "", wrong, REASONS[answer.why] if answer.why else "")


def what_to_do(answer: Answer) -> str:
    """The reason as a sentence; '' where nothing is left to do."""
    if not answer.why:
        return ""
    return REASONS[answer.why] + (f" {answer.must}" if answer.must else "")
