"""The `alert` notice: it tells the state at once of an event about a child who is flagged as missing.

Owns its kinds and words. Promises: it names the student only by number, and the LEA; it goes only to the state (Utah
53A-11-502, -504).
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """The kind of event. Where one packet causes several for one student, the alert has the kind that stands first
    here."""

    ENROLLMENT = "enrollment"  # an LEA has enrolled the student, which asks for the record
    REQUEST = "request"  # an LEA has asked for the student's records
    ROSTER = "roster"  # an LEA has asked for the list of its own students, and has this one
    ANSWER = "answer"  # an LEA has answered which student it meant, and this one was a candidate
    EXIT = "exit"  # an LEA has reported that the student has left
    UPDATE = "update"  # an LEA has sent changed facts of the student
    VERIFY = "verify"  # an LEA has asked whether the student has this number
    PACKET = "packet"  # a packet about the student came
    RECALL = "recall"  # an LEA recalls what it had sent about the student
    ACKNOWLEDGEMENT = "acknowledgement"  # an LEA has acknowledged or rejected a packet about the student
    CANDIDATE = "candidate"  # a line or packet may be about the student, or names the student's number
    DECISION = "decision"  # the state's operator has decided, merged or parted numbers
    FLAG = "flag"  # the flag was set: the records that LEAs have, and those that were withdrawn
    TAKEN = "taken"  # an LEA has a packet that had been withdrawn


MEANS = {
    Kind.ENROLLMENT: (
        "This LEA has enrolled a student who is flagged as missing. The previous school was not asked for the record,"
        " and the LEA was told at most that it is held."
    ),
    Kind.REQUEST: (
        "This LEA has asked for the records of a student who is flagged as missing. It was given nothing, and told at"
        " most that they are held."
    ),
    Kind.ROSTER: (
        "This LEA has asked for the list of its own students as the exchange has them, and a student who is flagged as"
        " missing is enrolled there. The student stands in the list as all others do: the absence would tell."
    ),
    Kind.ANSWER: (
        "This LEA has answered which student it meant, where one who is flagged as missing was a candidate. Where it"
        " says that it is a new student, nothing is done until you decide: `satchel review list`."
    ),
    Kind.EXIT: "This LEA has reported that a student who is flagged as missing has left it, or leaves it.",
    Kind.UPDATE: "This LEA has sent other facts of a student who is flagged as missing.",
    Kind.VERIFY: "This LEA has asked whether a number belongs to a student who is flagged as missing.",
    Kind.PACKET: (
        "This LEA has sent a packet about a student who is flagged as missing. Nothing of it goes on to anybody until"
        " the flag is lifted."
    ),
    Kind.RECALL: "This LEA takes back what it had sent about a student who is flagged as missing.",
    Kind.ACKNOWLEDGEMENT: "This LEA says that it has, or cannot use, a packet about a student flagged as missing.",
    Kind.CANDIDATE: (
        "This LEA has sent a line or a packet that may be about a student who is flagged as missing: it names the"
        " student's number, or a student much like this one."
    ),
    Kind.DECISION: (
        "The state's operator has decided a question about a student who is flagged as missing, or has merged two"
        " numbers of the student or undone a merge. The LEA is the one whose packet or enrollment it is about."
    ),
    Kind.FLAG: (
        "A student was flagged as missing, and LEAs had asked for the record before, or have it. `asked` lists who has"
        " asked; `withdrawn` what the exchange took out of an inbox before anybody had it; `stopped` what was on its"
        " way; `taken` what LEAs have."
    ),
    Kind.TAKEN: (
        "This LEA has read, or says that it has, a packet about a student who is flagged as missing, which was taken"
        " out of its inbox when the flag was set."
    ),
}
_WHAT_NEXT = (
    "Tell the division that is in charge of missing children now. When the child is found, lift the flag with `satchel"
    " student unflag`."
)


def notice(
    kind: Kind,
    ssid: str,
    lea: str,
    lea_name: str,
    tracking: str,
    at: str,
    more: Mapping[str, Sequence[Any]] | None = None,
) -> dict[str, Any]:
    """The body of the notice. `lea` is '' where the event is not of one LEA alone; `tracking` is the packet that caused
    it, '' for none; `at` is ISO 8601; `more` holds further lists, of which empty ones are left out."""
    packet = {"tracking": tracking} if tracking else {}
    by = {"by": who(lea, lea_name)} if lea else {}
    lists = {name: list(some) for name, some in (more or {}).items() if some}
    return {
        "what": str(kind),
        "means": MEANS[kind],
        "ssid": ssid,
        **by,
        "at": at,
        **packet,
        **lists,
        "rule": "Utah 53A-11-502 and 53A-11-504",
        "what_next": _WHAT_NEXT,
    }


def who(lea: str, name: str) -> dict[str, str]:
    """An LEA in the form in which notices name it."""
    return {"lea": lea, "name": name} if name else {"lea": lea}
