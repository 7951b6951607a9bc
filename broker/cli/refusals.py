"""What the command line says where a verb cannot be done: one sentence that says what to do, by the verb's code.

Owns these sentences. Promises: every code that verbs and stages raise as NotDone has its sentence here, and the facts
that it names are those of the code (a test compares them).
"""

from collections.abc import Mapping

from broker.core.errors import NotDone

SENTENCES: Mapping[str, str] = {
    "why": "Say why: one line of at most {most} characters.",
    # students
    "no-student": "No student has the SSID {ssid}; check the number.",
    "flagged": "The student {ssid} is flagged already; `satchel student unflag` lifts the flag.",
    "not-flagged": "The student {ssid} is not flagged, so there is nothing to lift.",
}


def sentence(error: NotDone) -> str:
    """What the operator reads."""
    return SENTENCES[error.code].format(**error.facts)
