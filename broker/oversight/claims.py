"""claims: LEAs and the state are told of students who are in two LEAs at the same time, at once and every night.

Contract: reads the ledger, and changes it only by leaving sealed `claims` notices, in which an LEA finds only its own
students. `notice` runs within the transaction that applied an enrollment. The state's nightly report is written to
`reports/` of the home, without names of students; it is made in slices of some 200 students, so that the sweeper's
other duties do not wait for it, and begins again after a crash. An LEA whose part has not changed is not told again.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from functools import partial
from typing import Any

from broker.core.model import LeaId, PacketType, Ssid
from broker.edge.home import reports
from broker.edge.home.reports import Draft
from broker.edge.ledger.again import committed
from broker.edge.ledger.cases import claims
from broker.edge.ledger.cases.claims import Period
from broker.edge.ledger.engine import Reading, Writing, reading
from broker.edge.ledger.packets import packets
from broker.edge.ledger.packets.rows import PacketRow
from broker.formats.reports.claims import VERSION, CsvReport, JsonReport, document
from broker.oversight import nightly
from broker.oversight.nightly import folder
from broker.packets.notify import leave, made
from broker.packets.services import Services

MEANS = (
    "Each of these students of yours is also claimed by another LEA on the days named, or for more days than one"
    " student may have. If a student has left you, send an enrollment with the exit. If your dates are right, you have"
    " nothing to do: the state apportions the days (Utah R277-419-6(3)); proposed_days is a proposal in proportion."
)
_STUDENTS = 1_000  # in one notice


def notice(services: Services, connection: Writing, ssids: Sequence[Ssid]) -> None:
    """Tell each LEA at once which of these students, whose enrollments were just applied, it must not claim together
    with another LEA. Legal overlaps wait for the night: most are moves whose exit is still to come."""
    rows = notices(services, connection, ssids)
    if rows:
        services.vault.flush()
        packets.born(connection, rows, [])


def notices(services: Services, connection: Reading, ssids: Sequence[Ssid]) -> list[PacketRow]:
    """The same notices, made but not left yet; the caller must flush the vault."""
    day = services.day()
    told: dict[LeaId, list[dict[str, Any]]] = {}
    for finding in claims.of(connection, _period(services, day), ssids):
        for lea in finding.concerned if not finding.verdict.legal else ():
            told.setdefault(lea, []).append(document(finding, lea))
    return [
        made(services, lea, PacketType.CLAIMS, _body(day, "enrollment", documents[start : start + _STUDENTS]))
        for lea, documents in sorted(told.items())
        for start in range(0, len(documents), _STUDENTS)
    ]


def _period(services: Services, day: date) -> Period:
    return claims.period(services.settings.claims.calendar, day, by=services.settings.today(day))


def _leave(
    services: Services, connection: Writing, lea: LeaId, day: date, occasion: str, some: Sequence[Mapping[str, Any]]
) -> None:
    leave(services, connection, lea, PacketType.CLAIMS, _body(day, occasion, some))


def _body(day: date, occasion: str, some: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    return {"report": VERSION, "day": day.isoformat(), "occasion": occasion, "means": MEANS, "students": some}


class Nightly(nightly.Nightly):
    """The report of each night."""

    def __init__(self, services: Services) -> None:
        super().__init__(services, services.settings.claims.report_hour, names, write)


def names(day: date) -> tuple[str, str]:
    """The names of a night's files. The JSON file appears last."""
    return f"claims-{day}.csv", f"claims-{day}.json"


def write(services: Services, day: date) -> Iterator[None]:
    """Write the report of a night and leave the LEAs their notices, a slice at a time. Raises Deferred."""
    with reports.making(folder(services), names(day)) as draft:
        as_csv, as_json = draft.files.values()
        forms = (CsvReport(as_csv), JsonReport(as_json, {"day": day.isoformat()}))
        for one in _documents(services, day, draft):
            if one is None:
                yield
            else:
                for form in forms:
                    form.add(one)
        yield from _tell(services, day, draft)
        for form in forms:
            form.end()
        draft.publish()
    reports.purge(folder(services), "claims", day - timedelta(days=services.settings.claims.report_days))


def _documents(services: Services, day: date, draft: Draft) -> Iterator[dict[str, Any] | None]:
    """The state's documents, and None after each page; each LEA's documents go on its pile."""
    chosen = _period(services, day)
    after = ""
    while True:
        with reading(services.engine) as connection:
            found, after = claims.page(connection, chosen, after)
        for finding in found:
            yield document(finding)
            for lea in finding.concerned:
                draft.pile(lea, document(finding, lea))
        draft.flush()
        yield None
        if not after:
            return


def _tell(services: Services, day: date, draft: Draft) -> Iterator[None]:
    """Leave each LEA its part where it has changed since the last time; one LEA in each slice."""
    memory = folder(services) / ".told.json"
    before = reports.remembered(memory)
    now = dict(draft.piles())
    for lea, digest in now.items():
        if before.get(lea) != digest:
            committed(services.engine, partial(_leave_all, services, lea, day, draft))
            before[lea] = digest
            reports.remember(memory, before)
            yield
    reports.remember(memory, now)


def _leave_all(services: Services, lea: LeaId, day: date, draft: Draft, connection: Writing) -> None:
    for some in draft.parts(lea, _STUDENTS):
        _leave(services, connection, lea, day, "night", some)
