"""Random histories of one child: what up to five LEAs, two schools each, tell of it in two years.

Owns the dice. A `history` is anything that LEAs may tell as the days pass, sense or nonsense; its days cluster around
the start and the end of terms, and around the days that were told before, so that reports meet: repeats, corrections,
exits on the very day, returns, two LEAs on one day, entries ahead. `Spells` are what true LEAs tell of stays that were,
which they may do in any order.
Promises: a number gives the same history on every machine.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from random import Random

from tests.support.told import Report

LEAS = ("A1", "B2", "C3", "D4", "E5")
SCHOOLS = ("401", "402")
_FIRST, _DAYS = date(2025, 7, 1), 730
_TURNS = (
    (2025, 8, 15), (2025, 8, 18), (2025, 10, 1), (2026, 1, 12), (2026, 6, 5), (2026, 6, 6), (2026, 6, 20), (2026, 7, 1),
    (2026, 8, 14), (2026, 8, 15), (2026, 8, 17), (2026, 11, 2), (2027, 1, 11), (2027, 6, 5), (2027, 6, 6),
)  # fmt: skip


@dataclass(frozen=True)
class Packet:
    """What one LEA tells on a day."""

    today: date
    reports: tuple[Report, ...]


class Dice:
    """One history in the making."""

    def __init__(self, number: int) -> None:
        self.random = Random(number)
        self.leas = LEAS[: self.random.randint(1, len(LEAS))]
        self.days = [self._day() for _ in range(self.random.randint(2, 6))]
        self.told: list[Report] = []

    def _day(self) -> date:
        if self.random.random() < 0.3:
            return _FIRST + timedelta(self.random.randrange(_DAYS))
        return date(*self.random.choice(_TURNS)) + timedelta(self.random.choice((0, 0, 0, 1, 3)))

    def history(self, most: int = 8) -> list[Packet]:
        """Packets as the days pass."""
        days = sorted(self.random.choice(self.days) for _ in range(self.random.randint(1, most)))
        return [Packet(day, self._lines(day)) for day in days]

    def _lines(self, today: date) -> tuple[Report, ...]:
        lea = self.random.choice(self.leas)
        lines = tuple(self.report(lea, today) for _ in range(self.random.choice((1, 1, 1, 2, 3))))
        self.told += lines
        return lines

    def report(self, lea: str, today: date) -> Report:
        """One line of this LEA: something new, or about what it told before."""
        known = [one for one in self.told if one.lea == lea]
        stays = [one for one in known if one.is_entry]
        what = self.random.random()
        if known and what < 0.1:
            return self.random.choice(known)
        if stays and what < 0.2:
            return self._corrected(self.random.choice(stays), today)
        if stays and what < 0.27:
            return replace(self._exit(self.random.choice(stays)), day=self.random.choice(stays).day)
        if what < 0.6 and stays:
            return replace(self._exit(self.random.choice(stays)), day=self._day_for(today))
        school = self.random.choice(SCHOOLS)
        if what < 0.63:
            return Report("exit", lea, school, self._day_for(today))
        return self._facts(Report("entry", lea, school, self._day_for(today)), today)

    def _exit(self, stay: Report) -> Report:
        return Report("exit", stay.lea, stay.school, stay.day)

    def _facts(self, entry: Report, today: date) -> Report:
        dual = self.random.choice((None,) * 5 + (True, True, False))
        military = self.random.choice((None,) * 5 + (True, False))
        ends = self._day_for(today) if self.random.random() < 0.12 else None
        return replace(entry, ends=ends, dual=dual, military=military)

    def _corrected(self, entry: Report, today: date) -> Report:
        if self.random.random() < 0.15:
            return replace(entry, ends=entry.day)  # it never was
        return self._facts(entry, today)

    def _day_for(self, today: date) -> date:
        told = [one.day for one in self.told]
        what = self.random.random()
        if what < 0.25:
            return today
        if what < 0.5:
            return self.random.choice(self.days)
        if what < 0.65 and told:
            return self.random.choice(told)
        if what < 0.75:
            return today - timedelta(self.random.randint(1, 9))
        if what < 0.97:
            return today + timedelta(self.random.choice((1, 2, 20, 60, 120)))
        return today + timedelta(self.random.randint(398, 402))


def history(number: int, most: int = 8) -> list[Packet]:
    """The history of this number, with so many packets at most."""
    return Dice(number).history(most)


def days_of(packets: Sequence[Packet]) -> list[date]:
    """The days on which something changes, with those around them."""
    told = {one.today for one in packets} | {one.day for packet in packets for one in packet.reports}
    told |= {one.ends for packet in packets for one in packet.reports if one.ends}
    return sorted({day + timedelta(n) for day in told for n in (-1, 0, 1)})


# What an LEA tells of one stay, in this order: E entry, X exit, V exit on the very day, D the entry again, now dual.
_SPELLS = ("E", "E", "E", "EX", "EX", "EX", "EXX", "EEX", "EV", "EVE", "ED", "EDX")
_LAST_SPELLS = (*_SPELLS, "EXE", "EXEX")  # an entry alone does not open a stay again that was followed by another there
_MOST, _SPAN, _APART = 3, 420, 4  # stays at a school; days within which they begin, and between two


class Spells:
    """Stays of one child at some schools, each told by reports in an order of its own.

    Reports about different stays are told in any order, but for one thing: of two LEAs that enroll a child on one day
    the order is what says where the child is.
    """

    def __init__(self, number: int, first: date, leas: Sequence[str] = LEAS, schools: Sequence[str] = SCHOOLS) -> None:
        self.random = Random(number)
        some = sorted(self.random.sample(list(leas), self.random.randint(1, len(leas))))
        days = [first + timedelta(self.random.randrange(_SPAN)) for _ in range(6)]
        schools_of = {lea: schools[: self.random.choice((1, 1, 2))] for lea in some}
        picked = {(lea, school): self._pick(days) for lea in some for school in schools_of[lea]}
        # a stay that is taken back and told anew comes behind the other LEA's of its day
        shared = {day for day in days if sum(day in mine for mine in picked.values()) > 1}
        self.told = [told for place, mine in picked.items() for told in self._stays(*place, mine, shared)]

    def _pick(self, days: Sequence[date]) -> list[date]:
        some = sorted(set(self.random.sample(days, self.random.randint(1, _MOST))))
        return [day for n, day in enumerate(some) if not n or (day - some[n - 1]).days >= _APART]

    def _stays(self, lea: str, school: str, days: Sequence[date], shared: Collection[date]) -> Iterator[list[Report]]:
        for day, following in zip(days, [*days[1:], None], strict=True):
            spell = self.random.choice(_SPELLS if following else _LAST_SPELLS)
            room = (following - day).days if following else 60
            yield self._spell(Report("entry", lea, school, day), "E" if day in shared else spell, room)

    def _spell(self, entry: Report, spell: str, room: int) -> list[Report]:
        entry = replace(
            entry, dual=self.random.choice((None, None, None, True)), military=self.random.choice((None, True))
        )
        exits = replace(entry, event="exit", dual=None, military=None)
        return [
            {
                "E": entry,
                "X": replace(exits, day=entry.day + timedelta(self.random.randrange(1, room))),
                "V": exits,
                "D": replace(entry, dual=True),
            }[letter]
            for letter in spell
        ]

    def in_order(self) -> list[Report]:
        """As they would be told on time."""
        count = [(one.day, number, n) for number, told in enumerate(self.told) for n, one in enumerate(told)]
        begun = {number: 0 for _, number, _ in count}
        order = []
        for _, number, _ in sorted(count):
            order.append(self.told[number][begun[number]])
            begun[number] += 1
        return order

    def shuffled(self, random: Random) -> list[Report]:
        """In any order that these reports may have."""
        left, order = [list(told) for told in self.told], []
        while any(left):
            free = [n for n, told in enumerate(left) if told and not self._waits(n, left)]
            order.append(left[random.choice(free)].pop(0))
        return order

    def _waits(self, number: int, left: list[list[Report]]) -> bool:
        """Whether an earlier one of the same day is not told yet."""
        first = self.told[number][0]
        return left[number][0] is first and any(
            told and told[0] is self.told[n][0] and told[0].day == first.day for n, told in enumerate(left[:number])
        )


def cut(reports: Sequence[Report], random: Random) -> list[list[Report]]:
    """The same reports in packets: any run of one LEA's lines may be one where these are in the order of their days."""
    packets: list[list[Report]] = []
    for one in reports:
        last = packets[-1][-1] if packets else None
        joins = last is not None and last.lea == one.lea and last.day <= one.day and random.random() < 0.6
        packets[-1:] = [[*packets[-1], one]] if joins else [*packets[-1:], [one]]
    return packets
