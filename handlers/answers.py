"""The exchange's answer to an enrollment: one line per student.

Owns the form of the `ssid` notice. Promises: it holds what the LEA itself sent plus the number, and nothing that the
registry knows from others.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from broker.core.model import Document, Ssid
from handlers.enrollment import Entry


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one line: `answer` is assigned, matched, review or refused; `why` is the reason of a refusal."""

    line: int
    answer: str
    ssid: Ssid | None
    why: str = ""


REASONS = {
    "no-open-enrollment": "The student has no open enrollment at your LEA; send the entry first, or check the SSID.",
    "unknown-ssid": "No student has this SSID; check it, or leave it out to have the student looked up.",
}


def notice(document: Document, entries: Sequence[Entry], answers: Sequence[Answer]) -> Mapping[str, Any]:
    """The body of the notice: which enrollment it answers, and its lines in the enrollment's order."""
    return {
        "answers": document.id,
        "students": [_line(entry, answer) for entry, answer in zip(entries, answers, strict=True)],
    }


def _line(entry: Entry, answer: Answer) -> Mapping[str, Any]:
    name = entry.student.legal_name
    line = {
        "line": answer.line,
        "answer": answer.answer,
        "ssid": answer.ssid,
        "local_id": entry.student.local_id,
        "legal_name": {"first": name.first, "middle": name.middle, "last": name.last, "suffix": name.suffix},
    }
    return line | ({"why": answer.why, "what_to_do": REASONS[answer.why]} if answer.why else {})
