"""The questions of a `review` notice as a workbook, in which a person answers by filling one column.

Owns its cells. Promises: it is made of the notice's own body, and says nothing that the notice does not say; each
question offers the answers that may be given to it, and no others; sent back as it is, it is a table of answers
(`formats.answering`), whatever program has saved it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from broker.core.review import OWN_STUDENT, Enrolled, Sight
from broker.edge import workbook_writer
from broker.formats.answering import words

_HEADER = (
    *("Student", "Birth Date", "Local Number", "What The Exchange Found", "Answer", "Why (if you like)"),
    *("Your File", "Line", "Tracking"),
)
_FOUND, _ANSWER, _WHY = 3, 4, 5
_ENROLLED = {
    Enrolled.NOW: "enrolled with you now",
    Enrolled.EARLIER: "was with you earlier",
    Enrolled.NEVER: "never enrolled with you",
}
_NOBODY = (
    "The exchange is not sure, and can show you nobody. Compare the name and the birth date with the birth certificate,"
    f' letter by letter.\nSomething differs: "{words.BACK}", and send the line again, corrected.\nAll agrees:'
    f' "{words.CONFIRM}".'
)
_HOW = (
    (
        "What this is",
        "The exchange is not sure which student you mean, and asks you. Nothing is done until you answer.",
    ),
    (
        "What to do",
        "Find out which student it is: look at the birth certificate and into your own files, or ask the family. Choose"
        " an answer for each question in the yellow column Answer. If you like, say in Why how you know; no name is"
        " needed there. Save the workbook, seal it, and send it as it is. What you leave empty stays open. Leave the"
        " columns Line and Tracking as they are: by them the exchange knows the question.",
    ),
    ("", ""),
)


def workbook(body: Mapping[str, Any]) -> bytes:
    """The workbook; `body` is what `review.notice` has made."""
    questions: Sequence[Mapping[str, Any]] = body["questions"]
    rows = [_row(one, body) for one in questions]
    offered = [_offered(one["candidates"]) for one in questions]
    note = [("Why it comes again", body["note"])] if body.get("note") else []
    explained = [*_HOW[:1], *note, *_HOW[1:], ("Answer", "What it means"), *words.meanings()]
    return workbook_writer.to_fill_in("Questions", _HEADER, rows, (_ANSWER, _WHY), {_ANSWER: offered}, explained)


def _offered(candidates: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    """The answers that may be given: no candidate of whom no more than a note is said."""
    letters = [one["candidate"] for one in candidates if "note" not in one]
    return words.offered(letters) if letters or not candidates else (words.NEW, *words.offered(()))


def _row(question: Mapping[str, Any], body: Mapping[str, Any]) -> tuple[str, ...]:
    sent = question["you_sent"]
    line = "" if question["line"] == OWN_STUDENT else str(question["line"])
    return (
        _name(sent["legal_name"]),
        sent["birth_date"],
        sent["local_id"],
        "\n".join([*([body["note"]] if body.get("note") else []), *_found(question["candidates"])]),
        "",
        "",
        body["about"].get("file", ""),
        line,
        question["tracking"],
    )


def _name(name: Mapping[str, str]) -> str:
    last = " ".join(filter(None, (name["last"], name["suffix"])))
    return ", ".join(filter(None, (last, " ".join(filter(None, (name["first"], name["middle"]))))))


def _found(candidates: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not candidates:
        yield _NOBODY
    for one in candidates:
        yield f"Candidate {one['candidate']}: {'; '.join(_said(one))}."


def _said(candidate: Mapping[str, Any]) -> Iterator[str]:
    """What the notice says of a candidate, in words."""
    if "note" in candidate:
        yield str(candidate["note"]).rstrip(".")
    yours = candidate.get("your_student")
    if yours:
        yield f"your student {_places(yours['enrollments'])}, SSID {yours['ssid']}"
    if "enrolled_at_your_lea" in candidate:
        yield _ENROLLED[Enrolled(candidate["enrolled_at_your_lea"])]
    compared = candidate.get("compared", {})
    for sight in (Sight.AGREES, Sight.NEAR, Sight.DIFFERS):
        names = [name.replace("_", " ") for name, seen in compared.items() if seen == sight]
        if names:
            yield f"{sight}: {', '.join(names)}"
    hints = candidate.get("hints", {})
    if "first_name_begins_with" in hints:
        yield f"the first name begins with {hints['first_name_begins_with']}"
    if "birth_year" in hints:
        yield f"born in {hints['birth_year']}"


def _places(enrollments: Sequence[Mapping[str, str]]) -> str:
    """The newest stay of a student of the LEA's own."""
    *_, last = enrollments
    until = f" to {last['exit']}" if last["exit"] else ""
    return f"{last['local_id']} at school {last['school']} from {last['entry']}{until}".strip()
