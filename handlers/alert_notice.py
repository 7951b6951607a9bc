"""The `alert` notice: the state is told at once of what concerns a child who is flagged as missing.

Owns its kinds and words. Promises: it names the student by number alone, and the LEA; it goes to the state and to
nobody else (Utah 53A-11-502, -504).
"""

from enum import StrEnum
from typing import Any


class Kind(StrEnum):
    """What has happened."""

    ENROLLMENT = "enrollment"  # an LEA has enrolled the student, which asks for the record
    REQUEST = "request"  # an LEA has asked for what is held of the student
    PACKET = "packet"  # a packet about the student came, and is held


MEANS = {
    Kind.ENROLLMENT: (
        "This LEA has enrolled a student who is flagged as missing. The previous school was not asked for the record,"
        " and the LEA was told only that it is held."
    ),
    Kind.REQUEST: (
        "This LEA has asked for the records of a student who is flagged as missing. It was given nothing, and told only"
        " that they are held."
    ),
    Kind.PACKET: (
        "This LEA has sent a packet about a student who is flagged as missing. The packet is held, and goes on by"
        " itself when the flag is lifted."
    ),
}
_WHAT_NEXT = (
    "Tell the division that is in charge of missing children now. When the child is found, lift the flag with `satchel"
    " student unflag`."
)


def notice(kind: Kind, ssid: str, lea: str, lea_name: str, tracking: str, at: str) -> dict[str, Any]:
    """The body of the notice. `tracking` is the packet that it came by, '' for none; `at` is ISO 8601."""
    packet = {"tracking": tracking} if tracking else {}
    who = {"lea": lea, "name": lea_name} if lea_name else {"lea": lea}
    return {
        "what": str(kind),
        "means": MEANS[kind],
        "ssid": ssid,
        "by": who,
        "at": at,
        **packet,
        "rule": "Utah 53A-11-502 and 53A-11-504",
        "what_next": _WHAT_NEXT,
    }
