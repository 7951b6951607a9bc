"""One child in an exchange without processes: what LEAs do about it, what they are given for it, and what the state is
told; so that a flagged child's story can be held against another one's.

Promises: what is given is text in which everything that may differ between two children (numbers, names, birth dates,
ids, sizes, times) is named and not shown.
"""

import copy
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select
from typer.testing import CliRunner

from broker.cli import main
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.packets.rows import PacketRow
from broker.edge.ledger.people import flags
from broker.edge.ledger.people.flags import Alert
from broker.edge.ledger.tables import events, receipts
from broker.edge.ledger.tables import packets as packets_table
from broker.flags import missing
from broker.formats.transcript.record import Facts, from_record
from broker.notices.alert import Kind
from broker.stages import admit
from tests.support import desk, documents, workbooks
from tests.support.office import Office

A, B, C, STATE, UNIVERSITY = "01", "6G", "7K", "UT", "uofu"
LEAS = (A, B, C)
KINDS = {STATE: "state", UNIVERSITY: "higher-ed"}
BY = ("--who", "Kim of the state", "--why", "a call")
AUTUMN, MOVE = "2026-08-17", "2026-11-20"
PASSED_ON = ("student-record", "backpack", "transcript")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?([+-]\d\d:\d\d|Z)?")
_NUMBER, _DIGEST = re.compile(r"\b\d{10}\b"), re.compile(r"\b[0-9a-f]{64}\b")
_FILE = re.compile(r"\bREQ_\w+|(?<=\t)[^\t\n]+\.pgp(?=\t)")  # in JSON, and in the column of a workbook
_BIRTH_YEAR = re.compile(r"born in \d{4}")
_COUNTED = re.compile(r'"(size|transfer|birth_year|file|first_name_begins_with)": ("[^"]*"|\d+)')

Given = Counter[tuple[str, str, str]]


class Child:
    """A student of an office's LEAs; `told` is what the state was told at once by the packet that was sent last."""

    def __init__(self, office: Office, student: Mapping[str, Any], *, is_flagged: bool) -> None:
        self.office = office
        self.student = copy.deepcopy(dict(student))
        self.is_flagged = is_flagged
        self.ssid = ""
        self.ssids: set[str] = set()
        self.told: list[Alert] = []
        self._events = self._receipts = self._alerts = 0

    # what LEAs do

    def enrolls(self, lea: str, day: str = MOVE, event: str = "entry", **line: Any) -> PacketRow:
        """The LEA says that it has the child, or had: one line of an enrollment packet."""
        document = desk.enrollment(lea, line.pop("student", self.student), event=event, date=day)
        document["students"][0] |= line
        return self.send(lea, document)

    def at(self, lea: str, day: str = AUTUMN, **line: Any) -> None:
        """The child is at this LEA."""
        self.enrolls(lea, day, **line)
        self.ssid = str(self.answer(lea)["ssid"])
        self.ssids.add(self.ssid)

    def asks_for_number(self, lea: str, kind: str, day: str = MOVE, **line: Any) -> PacketRow:
        """One line of an SSID request."""
        one = {"student": self.student, "request": kind, "school": "704", "date": day} | line
        return self.send(lea, documents.ssid_request(one, **{"from": lea}))

    def asks(self, lea: str, want: str) -> PacketRow:
        """A record request."""
        return self.send(lea, documents.record_request(**{"from": lea, "student": self.student, "want": want}))

    def sends_record(self, lea: str = A, **changes: Any) -> PacketRow:
        """A student record, without `to`."""
        return self.send(lea, desk.record(lea, changes.pop("student", self.student), **changes))

    def stores(self, lea: str = A) -> PacketRow:
        """A backpack."""
        return self.send(lea, documents.backpack(**{"from": lea, "student": self.student}))

    def sends_transcript(self, lea: str = A) -> PacketRow:
        """A transcript, which the student has asked for."""
        line = {"school_year": 2026, "term": "S1", "title": "Biology", "course_code": "3010", "credits_earned": 0.5}
        record = documents.record() | {"from": lea, "student": self.with_number(gender="F")}
        record["record"] = {"course_history": [line | {"mark": "A"}]}
        header = {"id": documents.record()["id"], "to": UNIVERSITY, "created": documents.CREATED}
        asked = {"request": {"by": "student", "on": MOVE}}
        return self.send(lea, from_record(record, header | asked, Facts(terms={"S1": 1})).document)

    def replies(self, lea: str, question: PacketRow, decision: str, line: int = 0, **more: str) -> PacketRow:
        """An answer to a question about which student is meant."""
        reply = {"tracking": question.tracking, "line": line, "decision": decision, "why": "asked the family"} | more
        return self.send(lea, documents.review_answer(**{"from": lea, "answers": [reply]}))

    def acknowledges(self, lea: str, tracking: str, **said: Any) -> PacketRow:
        """A receiver says something of a packet."""
        return self.send(lea, documents.acknowledgement(**({"from": lea, "tracking": tracking} | said)))

    def send(self, lea: str, document: Mapping[str, Any] | bytes, name: str = "") -> PacketRow:
        """Send a document, and look what the state has been told once it is opened; then let the exchange work."""
        tracking = self.office.drop(lea, document, name=name)
        before = len(self.alerts())
        admit.run(self.office.services, [tracking])
        self.told = self.alerts()[before:]
        self.office.work()
        return self.office.row(tracking)

    def with_number(self, **changes: Any) -> dict[str, Any]:
        """The child's block with the number that it has."""
        return self.student | {"ssid": self.ssid} | changes

    def near(self) -> dict[str, Any]:
        """Another block that may be the child's: born a year earlier."""
        born = date.fromisoformat(self.student["birth_date"])
        return self.student | {"birth_date": born.replace(year=born.year - 1).isoformat()}

    def alike(self) -> dict[str, Any]:
        """Another block that may be the child's: the first name has a letter more. Such a one is shown to an LEA that
        never had the child, for surname and birth date are the child's."""
        name = self.student["legal_name"]
        return self.student | {"legal_name": name | {"first": f"{name['first']}x"}}

    def today(self, days: int = 0) -> str:
        """A day from now on, ISO 8601."""
        return (self.office.services.day() + timedelta(days=days)).isoformat()

    # what the state does

    def flag(self) -> missing.FlagChange | None:
        """Flag the child, if this is the one."""
        done = None
        if self.is_flagged:
            with writing(self.office.services.engine) as connection:
                done = missing.put(self.office.services, connection, self.ssid, "Kim of the state", "the police")
        self.office.work()
        return done

    def lift(self) -> None:
        """Lift the flag."""
        with writing(self.office.services.engine) as connection:
            missing.lift(self.office.services, connection, self.ssid, "Kim of the state", "she is home")
        self.office.work()

    def command(self, *words: str) -> str:
        """A command of the operator, in this process; what the state has been told by it stands in `told`."""
        arguments = [*words, *self.office.exchange.at]
        before = len(self.alerts())
        done = CliRunner().invoke(main.build(arguments), arguments)
        if done.exception is not None:
            raise done.exception
        self.told = self.alerts()[before:]
        self.office.work()
        return done.stdout

    # what there is then

    def mark(self) -> None:
        """From here on what is given and told counts."""
        with reading(self.office.services.engine) as connection:
            self._events = connection.execute(select(func.coalesce(func.max(events.c.seq), 0))).scalar_one()
            self._receipts = connection.execute(select(func.coalesce(func.max(receipts.c.seq), 0))).scalar_one()
        self._alerts = len(self.alerts())

    def alerts(self) -> list[Alert]:
        """What the state was told of this child as a missing one, oldest first."""
        kinds = {str(kind) for kind in Kind}
        with reading(self.office.services.engine) as connection:
            every = flags.alerts_of(connection)
        return [one for one in reversed(every) if one.ssid in self.ssids and one.kind in kinds]

    def alerted(self) -> list[Alert]:
        """The same since the mark."""
        return self.alerts()[self._alerts :]

    def given(self) -> Given:
        """What each party but the state was given since the mark, and how often: (party, what kind, the text)."""
        return Counter((lea, kind, self._plain(text)) for lea, kind, text in self._given() if lea != STATE)

    def passed_on(self) -> list[str]:
        """Of what was delivered since the mark, what is of the child's record."""
        return [kind for _, kind, _ in self._given() if kind in PASSED_ON]

    def answer(self, lea: str) -> dict[str, Any]:
        """The first line of the newest `ssid` notice."""
        line: dict[str, Any] = self.office.newest_notice(lea, "ssid")["students"][0]
        return line

    def _given(self) -> Iterator[tuple[str, str, str]]:
        papers = select(receipts.c.party, receipts.c.text).where(receipts.c.seq > self._receipts)
        arrived = select(packets_table.c.receiver, packets_table.c.type, packets_table.c.tracking)
        arrived = arrived.join(events, events.c.tracking == packets_table.c.tracking)
        arrived = arrived.where(events.c.seq > self._events, events.c.before == "ROUTED", events.c.after == "DELIVERED")
        with reading(self.office.services.engine) as connection:
            said = [(row[0], row[1]) for row in connection.execute(papers.order_by(receipts.c.seq))]
            lying = [(row[0], row[1], row[2]) for row in connection.execute(arrived.order_by(events.c.seq))]
        for party, text in said:
            yield party, "receipt", text.strip()
        for party, kind, tracking in lying:
            content = self.office.opened(tracking)
            yield party, kind, workbooks.text_of(content) if content[:2] == b"PK" else content.decode()

    def _plain(self, text: str) -> str:
        name = self.student["legal_name"]
        alike = self.alike()["legal_name"]["first"]
        for word, said in ((alike, "FIRST"), (name["first"], "FIRST"), (name["last"], "LAST")):
            text = re.sub(
                rf"(?<!\w){re.escape(word)}(?!\w)", said, text
            )  # no part of a word in the exchange's sentences
        for block in (self.student, self.near()):
            text = text.replace(block["birth_date"], "BORN")
        text = _COUNTED.sub(r'"\1": N', _DIGEST.sub("DIGEST", _TIME.sub("TIME", _ID.sub("ID", text))))
        return _NUMBER.sub("SSID", _FILE.sub("FILE", _BIRTH_YEAR.sub("born in YEAR", text)))
