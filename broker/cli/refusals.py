"""What the command line says where a verb cannot be done: one sentence that says what to do, by the verb's code.

Owns these sentences. Promises: every code that verbs and stages raise as NotDone has its sentence here, and the facts
that it names are those of the code (a test compares them).
"""

from collections.abc import Mapping

from broker.core.errors import NotDone

SENTENCES: Mapping[str, str] = {
    "why": "Say why: one line of at most {most} characters.",
    # transfers, the record store, packets
    "not-in-directory": "{lea} is not in the directory; `satchel lea list` shows who is.",
    "no-transfer": "There is no transfer {number}; `satchel transfers --state all` lists every case.",
    "no-transfer-to-cancel": "There is no transfer {number}; `satchel transfers` lists them.",
    "transfer-ended": "Transfer {number} is {state} already; only one that is not ended can be cancelled.",
    "no-packet": "There is no packet {tracking}; `satchel packets` lists them.",
    # the exchange itself
    "ledger-taken": "The ledger at {place} belongs to another home already; give the URL of an empty database.",
    "no-redis": "Redis does not answer; see --redis-url, and its password.",
    "running": "The exchange of {home} runs; stop `satchel up` first.",
    "no-inbox": "{folder} has no inbox; mount it, or make it again.",
    "no-key": "{lea} has no valid key; get its new one, and `satchel lea key {lea} --cert FILE`.",
    # the calendar
    "days": "The last day must not be before the first, nor more than {most} days later.",
    "no-weekday": "None of these days is a Monday to Friday without a public holiday; name a single day to change it.",
    # students
    "no-student": "No student has the SSID {ssid}; check the number.",
    "flagged": "The student {ssid} is flagged already; `satchel student unflag` lifts the flag.",
    "not-flagged": "The student {ssid} is not flagged, so there is nothing to lift.",
}


def sentence(error: NotDone) -> str:
    """What the operator reads."""
    return SENTENCES[error.code].format(**error.facts)
