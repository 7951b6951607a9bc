"""One student as the state's operator sees it: everything that the registry has.

Owns what is gathered for that, for the command line and the console. Promises: reads only; each item says who reported
it and when, and whether it has ended. The view holds names: it goes only to the operator who asked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from broker.core.model import Name
from broker.core.opt_outs import OptOut
from broker.core.stays import Today
from broker.edge.ledger.engine import Reading
from broker.edge.ledger.packets.rows import EnrollmentRow
from broker.edge.ledger.people import evidence, merges, opt_outs, registry, stays, taught
from broker.edge.ledger.people.evidence import Told
from broker.edge.ledger.people.merges import Merge
from broker.edge.ledger.people.registry import Person
from broker.edge.ledger.people.stays import Change
from broker.edge.ledger.people.taught import Lesson


@dataclass(frozen=True, slots=True, repr=False)
class StudentView:
    """Everything about a student. `stands_for` is the SSID that this one was merged into, the SSID itself where it was
    not merged, None where it was withdrawn. `here` is the LEA where the student is, `has` every LEA that has the
    student, `announced` the LEAs whose entry does not count yet (`core.stays`). `over_on` holds the day (ISO) on which
    each of `locations` ends, '' for none. Repr hidden."""

    person: Person = field(repr=False)
    stands_for: str | None
    names: Sequence[Told] = field(repr=False)
    evidence: Sequence[Told] = field(repr=False)
    decided: Sequence[Lesson] = field(repr=False)
    here: str | None
    has: Sequence[str]
    announced: Sequence[str]
    locations: Sequence[EnrollmentRow] = field(repr=False)
    over_on: Sequence[str] = field(repr=False)
    corrections: Sequence[Change] = field(repr=False)
    opt_outs: Sequence[OptOut] = field(repr=False)
    merges: Sequence[Merge] = field(repr=False)

    def to_json(self) -> dict[str, Any]:
        """The whole view, names included."""
        one = self.person
        return {
            "ssid": one.ssid,
            "stands_for": self.stands_for,
            "legal_name": _name(Name(one.first, one.last, one.middle, one.suffix)),
            "birth_date": one.birth_date,
            "gender": one.gender,
            "names": [_told(told) for told in self.names],
            "evidence": [_told(told) for told in self.evidence],
            "decided": [_lesson(lesson) for lesson in self.decided],
            **self._whereabouts(),
            "opt_outs": [_without(opt_out, "id") for opt_out in self.opt_outs],
            "merges": [_without(merge, "moved") for merge in self.merges],
        }

    def _whereabouts(self) -> Mapping[str, Any]:
        over = zip(self.locations, self.over_on, strict=True)
        return {
            "here": self.here,
            "has": list(self.has),
            "announced": list(self.announced),
            "locations": [asdict(row) | {"over_on": day} for row, day in over],
            "corrections": [asdict(one) for one in self.corrections],
        }


def gather(connection: Reading, ssid: str, today: Today) -> StudentView | None:
    """Everything about a student; None for a number that nobody has."""
    person = registry.person(connection, ssid)
    if person is None:
        return None
    kept = registry.standing(connection, ssid)
    rows = registry.locations(connection, ssid)
    account = stays.account_of(rows, today)
    ends = {place: account.end_of(place) for place in account.counting}
    return StudentView(
        person=person,
        stands_for=kept.ssid if kept else None,
        names=evidence.names(connection, ssid),
        evidence=evidence.evidences(connection, ssid),
        decided=taught.about(connection, ssid),
        here=account.here,
        has=sorted(account.holders),
        announced=sorted(account.announced),
        locations=rows,
        over_on=[ends.get(stays.location(row), "") for row in rows],
        corrections=stays.history(connection, ssid) if rows else [],
        opt_outs=opt_outs.about(connection, ssid),
        merges=merges.about(connection, ssid),
    )


def _name(name: Name) -> dict[str, str]:
    return {"first": name.first, "middle": name.middle, "last": name.last, "suffix": name.suffix}


def _told(one: Told) -> dict[str, Any]:
    value = _name(one.value) if isinstance(one.value, Name) else one.value
    known = {"kind": one.kind, "value": value, "lea": one.source.lea, "tracking": one.source.tracking}
    return known | {"added_at": one.source.at, "ended_at": one.ended_at}


def _lesson(one: Lesson) -> dict[str, Any]:
    """A decision: either `name` and `birth_date`, as the student may be written, or `other`, the SSID of another
    child."""
    about = {"name": _name(one.name), "birth_date": one.born} if one.name else {"other": one.other}
    facts = {"lea": one.decided.by, "only_at": one.decided.lea, "tracking": one.decided.tracking}
    return about | facts | {"line": one.decided.line, "at": one.decided.at, "ended_at": one.ended_at}


def _without(one: Any, left_out: str) -> dict[str, Any]:
    return {name: value for name, value in asdict(one).items() if name != left_out}
