"""The program's account of stays is the one that the rules give: held to the table, and to an account written from the
rules alone by somebody who had not seen the program's.

Ten thousand random histories of one child, up to five LEAs and two years each: entries, exits, corrections, repeats,
dual and military, ahead and taken back. They are the same in every run; SATCHEL_HISTORIES tries so many new ones.
"""

import os
from datetime import date, timedelta
from random import Random

import pytest

from tests.support import program, situations
from tests.support.histories import Packet, days_of, history
from tests.support.situations import Look, Situation
from tests.support.told import Stay, tell_all
from tests.support.whereabouts import Account, Answered

_FRESH = int(os.environ.get("SATCHEL_HISTORIES", "0"))
_FIRST, _COUNT, _PARTS = (Random().randrange(10**9), _FRESH, 10) if _FRESH else (0, 10_000, 10)
TABLE = situations.read()
_BY_NAME = pytest.mark.parametrize("row", TABLE, ids=[one.name for one in TABLE])


@_BY_NAME
def test_row(row: Situation) -> None:
    for look in row.looks:
        locations: program.Locations = ()
        for day, lines in row.packets(look.today):
            locations, refused = program.tell_all(locations, [one.report for one in lines], day)
            assert [bool(code) for code in refused] == [bool(one.refused) for one in lines]
        _check_look(row, look, locations)
    assert row.stays is None or program.spans(locations) == list(row.stays)


def _check_look(row: Situation, look: Look, locations: program.Locations) -> None:
    known = program.account(locations, look.today)
    assert program.who(known) == (look.here, look.holders, look.before, look.announced), look
    assert look.since is None or program.runs(known)[-1] == (look.here, look.since), look
    assert program.asked(known, row.answered, look.asks) == look.asked, look


@pytest.mark.parametrize("part", range(_PARTS))
def test_random_histories(part: int) -> None:
    for number in range(_FIRST + part, _FIRST + _COUNT, _PARTS):
        _Comparison(number).run()


class _Comparison:
    """One history, told to both."""

    def __init__(self, number: int) -> None:
        self.number, self.random = number, Random(-number - 1)
        self.packets = history(number)
        self.stays: list[Stay] = []
        self.locations: program.Locations = ()
        self.answered: set[Answered] = set()

    def run(self) -> None:
        for packet in self.packets:
            self._tell(packet)
            self._answer(packet.today, self._compare(packet.today))
        days = days_of(self.packets)
        later = [day for day in days if day >= self.packets[-1].today]
        for day in self.random.sample(later, min(4, len(later))):
            self._compare(day)

    def _tell(self, packet: Packet) -> None:
        refused = tell_all(self.stays, packet.reports, packet.today)
        self.locations, other = program.tell_all(self.locations, packet.reports, packet.today)
        assert [bool(code) for code in other] == [bool(code) for code in refused], self._story()
        spans = [
            (one.lea, one.school, one.entry, one.exit, one.dual, one.military) for one in self.stays if not one.is_void
        ]
        assert program.spans(self.locations) == spans, self._story()

    def _answer(self, today: date, account: Account) -> None:
        """Some of those who are asked answer."""
        since = account.since(today)
        for source in sorted(account.sources(today, self.answered)):
            if since and self.random.random() < 0.4:
                self.answered.add((source, account.here(today), since))

    def _compare(self, today: date) -> Account:
        mine, other = Account(self.stays), program.account(self.locations, today)
        said = (mine.here(today), mine.holders(today), mine.before(today), mine.announced(today))
        assert program.who(other) == said, self._story(today)
        if other.here:
            runs = [(run.lea, run.since) for run in mine.runs(today)]
            assert program.runs(other) == runs, self._story(today)
        done = {source for source, *case in self.answered if mine.here(today) and mine.is_of_now(today, *case)}
        assert program.asked(other, self.answered) == mine.sources(today, self.answered) - done, self._story(today)
        for beside in sorted(mine.holders(today) - {mine.here(today)}):  # by a request
            done = {source for source, to, _ in self.answered if to == beside}  # for this stay there, or an earlier one
            found = program.asked(other, self.answered, beside)
            assert found - done == mine.sources(today, self.answered, beside) - done, (beside, self._story(today))
        return mine

    def _story(self, today: date | None = None) -> str:
        """The history in words; days are ISO dates."""
        lines = [f"history {self.number}, seen on {today}; answered: {sorted(map(str, self.answered))}"]
        for packet in self.packets:
            for one in packet.reports:
                facts = f"ends {one.ends}, dual {one.dual}, military {one.military}"
                lines.append(f"{packet.today}: {one.lea}/{one.school} {one.event} {one.day}, {facts}")
        return "\n".join(lines)


def test_the_histories_have_everything() -> None:
    reports = [one for number in range(500) for packet in history(number) for one in packet.reports]
    assert {one.lea for one in reports} == {"A1", "B2", "C3", "D4", "E5"}
    assert {one.dual for one in reports} == {None, True, False} == {one.military for one in reports}
    packets = [packet for number in range(500) for packet in history(number)]
    ahead = [one.day - packet.today for packet in packets for one in packet.reports]
    assert max(ahead) > timedelta(days=400)
    assert max(len(packet.reports) for packet in packets) > 1
