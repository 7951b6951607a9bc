"""What the command line says where a verb cannot be done: one sentence that says what to do, by the verb's code.

Owns these sentences. Promises: every code that verbs and stages raise as NotDone has its sentence here, and the facts
that it names are those of the code (a test compares them).
"""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

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
    "whom": "Say whom: give --name, --born or --local-id, or several of them.",
    "short-name": "Each part of --name must have {least} letters at least.",
    "too-many-alerts": "Name at most {most} alerts at once.",
    # two numbers of one student
    "same-number": "Name two different SSIDs: the one to keep, then the one that becomes part of it.",
    "number-withdrawn": "{ssid} was given by mistake and is withdrawn; there is nothing to merge.",
    "merged-already": "{ssid} is merged into {kept} already; name that one instead.",
    "not-merged": "{ssid} is not merged into {kept}; `satchel student show {ssid}` tells what it is.",
    "merged-since": "{ssid} was itself merged into {kept} since; take that merge back first.",
    "not-alike": (
        "{kept} and {other} do not look like one student ({against}). Check both numbers with `satchel student show`,"
        " and give --sure if they are."
    ),
    "stale-index": (
        "The registry is indexed for another identity model; stop the exchange and run `satchel identity reindex`."
    ),
    # questions which student was meant
    "no-question": "There is no question about {tracking}; `satchel review list` shows those that wait.",
    "which-student": "Say which student of {tracking}; to be asked for are {questions}.",
    "nothing-decided": "Nothing is decided on this question, so there is nothing to take back.",
    "not-your-decision": "It was not your LEA that decided this, so your LEA cannot take it back.",
    "too-late": (
        "This was decided on {day}, and what was sent of the student is kept for {days} days (keeping.undo_days): it"
        " cannot be taken back any more. Let the LEA send the document again, corrected; if a student has two SSIDs,"
        " merge them."
    ),
    "packet-refused": (
        "The packet was refused [{refusal}], and that is final; {lea} sends the document again if it is to go on."
    ),
    "packet-delivered": (
        "The packet lies in the inbox of {receiver} or was taken from there, so the decision cannot be taken back. Ask"
        " {receiver} to delete {tracking}, tell {lea}, and let {lea} send a corrected document; if two SSIDs are one"
        " student's, merge them."
    ),
    "number-used": (
        "The SSID {ssid}, which this decision gave, was used by other packets or merged since, so the decision cannot"
        " be taken back. If it is the number of a student who has another one, merge the two."
    ),
    "student-changed": "The student's name or birth date was changed again since; send an Update instead.",
    "enrollment-changed": "The enrollment was changed again since; let the LEA send the right entry and exit.",
}


def sentence(error: NotDone) -> str:
    """What the operator reads."""
    facts = {name: _WORDS[name](fact) if name in _WORDS else fact for name, fact in error.facts.items()}
    return SENTENCES[error.code].format(**facts)


def _ways(questions: Any) -> str:
    """How questions of one packet are asked for: pairs of a line, and whether it counts from 0."""
    ways = (f"--student {line + 1}" if is_counted else f"--line {line}" for line, is_counted in questions)
    return ", ".join(islice(ways, _MOST_NAMED)) + (" …" if len(questions) > _MOST_NAMED else "")


_MOST_NAMED = 20
# Facts that are said in other words, by their names.
_WORDS: Mapping[str, Callable[[Any], str]] = {"questions": _ways}
