"""The `alert` notice about an LEA that may harvest records: a transfer is contested, or there is a pattern.

Owns its words. Promises: it goes only to the state; it names students at most by number; for a pattern it holds only
the numbers of transfer cases.
"""

from collections.abc import Sequence
from typing import Any

from broker.core.harvest import Pattern

_MOST_CASES = 100  # named in one notice
MEANS = {
    Pattern.CONTEST: (
        "This LEA has enrolled a student, or asked for a student's records, and the LEA that had the student says that"
        " the student has not left it."
    ),
    Pattern.NOT_KEPT: (
        "Of the students whom this LEA has taken in from others lately, unusually many were contested, sent back or"
        " taken back."
    ),
    Pattern.LATE_ENTRIES: (
        "On one day, this LEA has reported unusually many students of other LEAs long after their day of entry, or only"
        " after they had left again."
    ),
    Pattern.ANNOUNCED: (
        "This LEA has reported an entry far ahead of its day, of a student whom another LEA has. The entry"
        " counts from that day; until then this LEA is given nothing of the student."
    ),
    Pattern.GUESSES: (
        "This LEA has asked unusually often, without result, about children whom it never had: by a number, or by a"
        " name and a birth date that are not those of anybody."
    ),
    Pattern.SELF_DECIDED: (
        "This LEA has sent a student, and the exchange was not sure who it is. The LEA itself has decided that it is"
        " this student, whom another LEA has or had. The LEA has the number now, and is given the records."
    ),
}
_WHAT_NEXT = {
    Pattern.CONTEST: (
        "Call both LEAs. If the enrollment was a mistake, have this LEA take it back (an exit on the day of its entry)"
        " and delete what it was given; `satchel disclosures` tells what that was."
    ),
    Pattern.NOT_KEPT: (
        "Look at the cases with `satchel transfers show`, then call the LEA. Mistakes look like this, too."
    ),
    Pattern.LATE_ENTRIES: (
        "Ask the LEA why it reports so late. After a change of its system this is usual; if there was none, look at"
        " what it was given with `satchel disclosures`."
    ),
    Pattern.ANNOUNCED: "Ask the LEA what it knows of the move. If it was a mistake, have it take the entry back.",
    Pattern.GUESSES: "Call the LEA and ask what it looks for. A spreadsheet with a wrong column looks like this, too.",
    Pattern.SELF_DECIDED: (
        "Look at the question with `satchel review show`. If it is another child, take the decision back with `satchel"
        " review undo`."
    ),
}


def contest(
    ssid: str, lea: tuple[str, str], by: tuple[str, str], transfer: int | None, tracking: str, at: str
) -> dict[str, Any]:
    """The body of the notice that the LEA `by` contests that `lea` has the student; both are (id, name). `tracking` is
    the contested packet, `transfer` the case, None for none; `at` is ISO 8601."""
    case = {} if transfer is None else {"transfer": transfer}
    about = {"ssid": ssid, "lea": _who(lea), "contested_by": _who(by), **case, "tracking": tracking}
    return _body(Pattern.CONTEST, about, at)


def announced(ssid: str, lea: tuple[str, str], day: str, tracking: str, at: str) -> dict[str, Any]:
    """The body of the notice that this LEA has announced the student for the ISO date `day`, by packet `tracking`."""
    about = {"ssid": ssid, "lea": _who(lea), "entry": day, "tracking": tracking}
    return _body(Pattern.ANNOUNCED, about, at)


def self_decided(ssid: str, lea: tuple[str, str], question: tuple[str, int], at: str) -> dict[str, Any]:
    """The body of the notice that this LEA has decided its own question (packet and line) for this student."""
    about = {"ssid": ssid, "lea": _who(lea), "tracking": question[0], "line": question[1]}
    return _body(Pattern.SELF_DECIDED, about, at)


def pattern(
    kind: Pattern, lea: tuple[str, str], counts: dict[str, int], transfers: Sequence[int], at: str
) -> dict[str, Any]:
    """The body of the notice of a pattern, with its counts and the numbers of the cases, the newest first."""
    cases = {"transfers": list(transfers[:_MOST_CASES])} if transfers else {}
    return _body(kind, {"lea": _who(lea), **counts, **cases}, at)


def _who(lea: tuple[str, str]) -> dict[str, str]:
    return {"lea": lea[0], "name": lea[1]} if lea[1] else {"lea": lea[0]}


def _body(kind: Pattern, about: dict[str, Any], at: str) -> dict[str, Any]:
    rule = "FERPA, 34 CFR 99.31(a)(2)"
    return {"what": str(kind), "means": MEANS[kind], **about, "at": at, "rule": rule, "what_next": _WHAT_NEXT[kind]}
