"""What the process that reads hostile bytes answers about a file.

Owns the five questions: `check`, `convert` and `understand` a file's content, `look` at a piece of a long table, and
judge a `piece` of it. Promises: a refusal is a report; no answer but the files themselves, and what is
understood, holds anything of a student, but for a long table's header. Only that process imports this module.
"""

import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson

from broker.checking import converting, faults, pieces
from broker.checking.asking import answered
from broker.checking.converting import To
from broker.checking.judge import NOBODY, Asked, Judge, id_of
from broker.checking.long import MOST_FAULTS
from broker.checking.pieces import Facts
from broker.checking.report import Report, Verdict
from broker.checking.same_file import Changed, again
from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.edge.bounded.channel import Buffer
from broker.formats import dates, tables
from broker.formats.converted.targets import TARGETS
from broker.formats.made import Made
from broker.formats.ssid import lines as ssid
from broker.formats.ssid import name as ssid_name
from broker.formats.table import Place
from broker.formats.tabular.forms import FORMS

_LOOKED_AT = 10_000  # rows of one look
Head = Mapping[str, Any]


@dataclass(frozen=True)
class Answerer:
    """Answers about files of an LEA, as of a moment."""

    judge: Judge
    lea: str
    now: datetime

    def answer(self, head: Head, body: Buffer) -> bytes:
        """The answer to one question."""
        asks: Mapping[str, Callable[[Head, Buffer], bytes]] = {
            "check": self._check,
            "convert": self._convert,
            "understand": self._understand,
            "look": self._look,
            "piece": self._piece,
        }
        try:
            return asks[head["ask"]](head, body)
        except Changed:
            return answered({"changed": True})

    def _check(self, head: Head, body: Buffer) -> bytes:
        return answered({"report": self.judge.report(bytes(body), head["file"], self.lea, self.now).to_json()})

    def _understand(self, _: Head, body: Buffer) -> bytes:
        return answered({"understood": self.judge.understood(bytes(body))})

    def _convert(self, head: Head, body: Buffer) -> bytes:
        to = converting.asked_for(head["to"])
        if to is None:
            return _unknown()
        judged = self.judge.judged(bytes(body), head["file"], self.lea, self.now, Asked(to.packet, leaves_ssn=True))
        report = judged.report
        if judged.document is None or report.verdict is Verdict.REFUSED:
            return answered({"report": report.to_json()})
        if not report.lea:
            return answered({"report": report.to_json(), "is_nobodys": True})
        return self._converted(report, judged.document, judged.faulty, to, {})

    def _converted(
        self, report: Report, document: Mapping[str, Any], faulty: Collection[int], to: To, more: Head
    ) -> bytes:
        of = self.judge.settings
        try:
            files = converting.files_of(document, faulty, to, of.limits.students_per_enrollment, of.identity.state)
        except Refused as refused:
            told = replace(report, verdict=Verdict.REFUSED, good=0, faults=faults.of_refusal(refused))
            return answered({"report": told.to_json()})
        said = {
            "report": report.to_json(),
            "told": files.told,
            "unfit": files.unfit,
            "ending": TARGETS[to.target].ending,
        }
        return answered(said | dict(more), *files.contents)

    def _look(self, head: Head, _: Buffer) -> bytes:
        facts = Facts.from_json(head["facts"]) if head["facts"] else None
        wanted = converting.asked_for(head["to"])
        packet, mapping = "", self.judge.mapping
        try:
            with again(_path(head), head["was"]) as file:
                if facts is None and not pieces.is_one(file, head["file"], mapping):
                    return answered({"facts": None})
                found, facts = pieces.piece(file, facts, _place(head["place"]), _LOOKED_AT, mapping)
            facts = pieces.looked(facts, found.headed, head["file"], self.judge.made())
            if found.next is None:
                packet = self._packet(facts, head["file"], wanted.packet if wanted else "")
        except Refused as refused:
            return answered({"report": self._refused(facts, refused).to_json()})
        return answered({"facts": facts.to_json(), "next": _told(found.next), "packet": packet})

    def _packet(self, facts: Facts, file: str, wanted: str) -> str:
        """The packet type of a file that was looked at. Raises Refused."""
        packet = pieces.packet_of(facts, wanted)
        if packet == ssid.PACKET and ssid_name.is_request(file):
            named = ssid_name.read(file, self._owner(facts, file))
            dates.check_file_day(named.day, dates.today_of(self.judge.settings, self.now))
        return packet

    def _owner(self, facts: Facts, file: str) -> LeaId:
        return LeaId(self.lea or id_of(ssid_name.lea_in(file)) or id_of(facts.lea) or NOBODY)

    def _refused(self, facts: Facts | None, refused: Refused) -> Report:
        return Report(
            Verdict.REFUSED,
            form="CSV",
            lea=self.lea or (id_of(facts.lea) if facts else ""),
            students=facts.rows if facts else 0,
            faults=faults.of_refusal(refused),
        )

    def _piece(self, head: Head, _: Buffer) -> bytes:
        to = converting.asked_for(head["to"])
        if head["to"] and to is None:
            return _unknown()
        facts, of = Facts.from_json(head["facts"]), self.judge.settings
        owner = self._owner(facts, head["file"])
        with again(_path(head), head["was"]) as file:
            most = of.limits.students_per_enrollment
            found = pieces.piece(file, facts, _place(head["place"]), most, self.judge.mapping)[0]
        made = self._made(head["file"], owner)
        try:
            given = pieces.given(facts, found, head["packet"], made)
            document = tables.document_of(given, owner, made, self._schema, head["packet"])
        except Refused as refused:
            return answered({"report": self._refused(facts, refused).to_json()})
        known = Report(Verdict.GOOD, form="CSV", lea="" if owner == NOBODY else owner)
        judged = self.judge.accepted(document, facts.header[1], known, self.now)
        report = replace(judged.report, faults=judged.report.faults[:MOST_FAULTS])
        said = {"next": _told(found.next)}
        if to is None or report.verdict is Verdict.REFUSED:
            return answered(said | {"report": report.to_json()})
        if owner == NOBODY:
            return answered(said | {"report": report.to_json(), "is_nobodys": True})
        return self._converted(report, document, judged.faulty, to, said)

    def _schema(self, document: Mapping[str, Any]) -> object:
        return self.judge.contracts.check(document, self.judge.settings.limits.schema_errors)

    def _made(self, file: str, owner: LeaId) -> Made:
        """When a table was made: a request on the day that its name says."""
        made = self.judge.made()
        if not ssid_name.is_request(file):
            return made
        day = datetime.fromisoformat(ssid_name.read(file, owner).day).replace(tzinfo=UTC)
        return made._replace(signed_at=day, zone=UTC)


def _unknown() -> bytes:
    """The answer where `to` is neither a form nor a packet type of tables."""
    types = [converting.type_of(one.packet) for one in FORMS]
    said = f"--to must be a form ({', '.join(TARGETS)}), or a packet type ({', '.join(types)})."
    return answered({"report": Report(Verdict.FAILED).to_json(), "unknown": said})


def _path(head: Head) -> Path:
    return Path(os.fsdecode(head["path"].encode("latin-1")))


def _place(said: list[Any] | None) -> Place | None:
    return None if said is None else Place(int(said[0]), said[1], tuple(said[2]))


def _told(place: Place | None) -> list[Any] | None:
    return None if place is None else [str(place.at), place.line, list(place.held)]


def work(judge: Judge, common: Buffer, head: Buffer, body: Buffer) -> bytes:
    """The answer to one task."""
    lea, now, mapping = orjson.loads(common)
    return Answerer(judge.by(mapping), lea, datetime.fromisoformat(now)).answer(orjson.loads(head), body)
