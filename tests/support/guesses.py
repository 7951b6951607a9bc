"""One LEA's guesses at a child whom it never had, in two exchanges: in one another LEA has the child, in the other
nobody knows it. What the LEA can see afterwards is compared letter by letter.

Promises: the very same bytes of a document go to both; what is seen is the LEA's whole folder: the names, numbers and
contents of its files, opened, with only ids, times, digests and sizes of sealed bytes named and not shown. A number
that the LEA has sent itself stays as it is; any other is shown as one.
"""

import copy
import json
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.people import flags
from broker.flags import missing
from broker.formats.transcript.record import Facts, from_record
from broker.stages.sweep.receipts import publish_receipts
from tests.support import desk, documents, workbooks
from tests.support.office import Office

HAS, ASKS, THIRD, STATE, UNIVERSITY = "01", "6G", "7K", "UT", "uofu"
KINDS = {STATE: "state", UNIVERSITY: "higher-ed"}
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z)?")
_NUMBER, _DIGEST = re.compile(r"\b\d{10}\b"), re.compile(r"\b([0-9a-f]{64}|[0-9A-F]{40})\b")
_FILE = re.compile(r"\t[^\t\n]+\.pgp\t")  # the column of a workbook with the name of the file
_VARIES = re.compile(r'"(size|file|log_index|leaf)": ("[^"]*"|\d+)')

Block = dict[str, Any]


class Worlds:
    """Both exchanges, with the same LEAs."""

    def __init__(self, root: Path) -> None:
        leas = (HAS, ASKS, THIRD, STATE, UNIVERSITY)
        self.there, self.nowhere = (Office(root / name, *leas, kinds=KINDS) for name in ("there", "nowhere"))
        self.both = (self.there, self.nowhere)

    def close(self) -> None:
        """No more of them."""
        for office in self.both:
            office.services.engine.dispose()

    def known(self, child: Mapping[str, Any], lea: str = HAS, *, is_flagged: bool = False) -> Block:
        """The child with its number: this LEA has it, in the first exchange only."""
        line = self.there.enroll(lea, child, date="2026-08-17")[0]
        assert line["answer"] == "assigned", line
        if is_flagged:
            with writing(self.there.services.engine) as connection:
                missing.put(self.there.services, connection, line["ssid"], "Kim of the state", "the police")
        self.there.work()
        return dict(child) | {"ssid": line["ssid"]}

    def own(self, child: Mapping[str, Any]) -> None:
        """The asking LEA's own child, in both."""
        for office in self.both:
            assert office.enroll(ASKS, child, date="2026-08-17")[0]["answer"] == "assigned"

    def differences(self, *documents_: Mapping[str, Any] | bytes) -> list[tuple[str, str]]:
        """Send these, one after the other, from the asking LEA to both; what it sees then that is not the same."""
        seen = [list(self._sees(office, documents_)) for office in self.both]
        return [(one, other) for one, other in _side_by_side(*seen) if one != other]

    def _sees(self, office: Office, sent: tuple[Mapping[str, Any] | bytes, ...]) -> Iterator[str]:
        _publish(office)
        before = _listing(office)
        rows = [office.send(ASKS, document) for document in sent]
        _publish(office)
        named = set(_NUMBER.findall(" ".join(map(_text, sent))))
        order = {row.tracking: f"MINE-{place}" for place, row in enumerate(rows)}
        fresh = sorted(_listing(office) - before)
        for path in fresh:
            text = _opened(office, path)
            yield _plain(f"{path.parent.name}/{path.name}: {text}", named, order)


def _publish(office: Office) -> None:
    while publish_receipts(office.services):
        pass


def _listing(office: Office) -> set[Path]:
    folder = office.exchange.folder(ASKS, "inbox").parent
    return {path for path in folder.rglob("*") if path.is_file()}


def _opened(office: Office, path: Path) -> str:
    if path.parent.name == "inbox":
        content = office.opened(path.name.partition(".")[0])
        return _FILE.sub("\tFILE\t", workbooks.text_of(content)) if content[:2] == b"PK" else content.decode()
    text = path.read_text()
    return text[text.index("{") : text.rindex("}") + 1] if "{" in text else text


def _text(document: Mapping[str, Any] | bytes) -> str:
    return document.decode() if isinstance(document, bytes) else json.dumps(document)


def _plain(text: str, named: set[str], order: Mapping[str, str]) -> str:
    for tracking, name in order.items():
        text = text.replace(tracking, name)
    text = _VARIES.sub(r'"\1": N', _DIGEST.sub("DIGEST", _TIME.sub("TIME", _ID.sub("ID", text))))
    return _NUMBER.sub(lambda found: found[0] if found[0] in named else "NUMBER", text)


def _side_by_side(one: list[str], other: list[str]) -> Iterator[tuple[str, str]]:
    one, other = sorted(one), sorted(other)
    for place in range(max(len(one), len(other))):
        yield (one[place] if place < len(one) else "nothing", other[place] if place < len(other) else "nothing")


# what can be asked: each makes one document of a block

Ask = Callable[[Block], Mapping[str, Any]]


def _line(kind: str) -> Ask:
    def ask(student: Block) -> Mapping[str, Any]:
        line = {"student": student, "request": kind, "school": "704", "date": "2026-11-20"}
        return documents.ssid_request(line, **{"from": ASKS})

    return ask


def _enrollment(event: str) -> Ask:
    return lambda student: desk.enrollment(ASKS, student, event=event, date="2026-11-20")


def _request(want: str) -> Ask:
    return lambda student: documents.record_request(**{"from": ASKS, "student": student, "want": want})


def transcript(student: Block) -> Mapping[str, Any]:
    """A transcript, which the student has asked for."""
    line = {"school_year": 2026, "term": "S1", "title": "Biology", "course_code": "3010", "credits_earned": 0.5}
    record = documents.record() | {"from": ASKS, "student": {"ssid": None, "gender": "F"} | student}
    record["record"] = {"course_history": [line | {"mark": "A"}]}
    header = {"id": documents.record()["id"], "to": UNIVERSITY, "created": documents.CREATED}
    asked = {"request": {"by": "student", "on": "2026-11-20"}}
    return from_record(record, header | asked, Facts(terms={"S1": 1})).document


ASKED: Mapping[str, Ask] = {
    "verify": _line("verify"),
    "update": _line("update"),
    "retrieve": _line("retrieve"),
    "new": _line("new"),
    "entry": _enrollment("entry"),
    "exit": _enrollment("exit"),
    "record": lambda student: desk.record(ASKS, student),
    "record-to": lambda student: desk.record(ASKS, student, to=HAS),
    "backpack": lambda student: documents.backpack(**{"from": ASKS, "student": student}),
    "transcript": transcript,
    "ask-record": _request("record"),
    "ask-backpack": _request("backpack"),
    "ask-parent-copy": _request("parent-copy"),
    "ask-disclosures": _request("disclosures"),
}

# what is wrong in a block: each makes another block of it
Wrong = Callable[[Block], Block]


def _with(**changes: Any) -> Wrong:
    return lambda student: copy.deepcopy(student) | changes


def _named(**changes: str) -> Wrong:
    return lambda student: copy.deepcopy(student) | {"legal_name": student["legal_name"] | changes}


def _born(change: Callable[[int, int, int], tuple[int, int, int]]) -> Wrong:
    def wrong(student: Block) -> Block:
        year, month, day = change(*map(int, student["birth_date"].split("-")))
        return copy.deepcopy(student) | {"birth_date": f"{year:04d}-{month:02d}-{day:02d}"}

    return wrong


def _spelt(part: str, change: Callable[[str], str]) -> Wrong:
    def wrong(student: Block) -> Block:
        name = student["legal_name"]
        return copy.deepcopy(student) | {"legal_name": name | {part: change(name[part])}}

    return wrong


RIGHT: Wrong = copy.deepcopy
BORN_WRONG: Mapping[str, Wrong] = {
    "year": _born(lambda year, month, day: (year - 1, month, day)),
    "month": _born(lambda year, month, day: (year, month % 12 + 1, min(day, 28))),
    "day": _born(lambda year, month, day: (year, month, day % 28 + 1)),
    "all": _born(lambda year, month, day: (year + 2, (month + 5) % 12 + 1, (day + 9) % 28 + 1)),
}
LAST_WRONG: Mapping[str, Wrong] = {
    "last-typo": _spelt("last", lambda last: last[0] + last[1:].replace(last[-1], "") + "zz"),
    "last-other": _named(last="Quackenbush"),
    "last-more": _spelt("last", lambda last: f"{last}-Quackenbush"),
}
FIRST_WRONG: Mapping[str, Wrong] = {
    "first-other": _named(first="Zephyrine"),
    "first-short": _spelt("first", lambda first: first[:2]),
    "first-last": lambda student: (
        copy.deepcopy(student)
        | {"legal_name": student["legal_name"] | {"first": student["legal_name"]["last"], "last": "Quackenbush"}}
    ),
}
BESIDE: Mapping[str, Wrong] = {
    "guardian": _with(guardians=[{"first": "Marta", "last": "Ortiz"}]),
    "phone": _with(phone="801-555-0100"),
    "address": _with(address={"street": "1 Main St", "city": "Provo", "postal_code": "84601"}),
    "local": _with(local_id="B-77"),
    "gender": _with(gender="F"),
}
FACTS = {"gender": "F", "phone": "801-555-0100", "guardians": [{"first": "Marta", "last": "Ortiz"}]}


def alerts(office: Office) -> list[flags.Alert]:
    """What the state was told, the oldest first."""
    with reading(office.services.engine) as connection:
        return list(reversed(flags.alerts_of(connection)))


def last(office: Office, kind: str) -> PacketRow:
    """The newest packet of this kind in the asking LEA's inbox."""
    return office.row(office.inbox(ASKS, kind)[-1])
