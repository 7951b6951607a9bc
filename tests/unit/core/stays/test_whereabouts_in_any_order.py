"""How reports come makes no difference to the tests' own account: their order, their packets, and whether twice.

It is the property that the exchange promises; an account that does not have it could not be its measure.
"""

from collections.abc import Iterable
from datetime import date
from random import Random

import pytest

from tests.support.histories import Spells, cut
from tests.support.told import Report, Stay, tell_all
from tests.support.whereabouts import Account

TODAY = date(2026, 9, 1)
FIRST = date(2025, 8, 15)
NUMBERS = range(800)


def told(packets: Iterable[list[Report]]) -> list[Stay]:
    """The stays; nothing is refused, for everything that is told here was."""
    stays: list[Stay] = []
    for packet in packets:
        assert not any(tell_all(stays, packet, TODAY))
    return stays


def seen(stays: list[Stay]) -> tuple[object, ...]:
    """All that can be said of them today and later."""
    counting = sorted(
        (one.entry, one.lea, one.school, one.exit or date.max, one.dual, one.military)
        for one in stays
        if not one.is_void
    )
    account = Account(stays)
    days = [TODAY, *(date(2026, month, 20) for month in (9, 10, 11, 12))]
    who = [(account.here(day), account.holders(day), account.before(day), account.announced(day)) for day in days]
    asked = [(account.sources(day), account.since(day), account.is_military(day)) for day in days]
    return (counting, who, asked)


@pytest.mark.parametrize("part", range(4))
def test_in_any_order(part: int) -> None:
    for number in NUMBERS[part::4]:
        spells, random = Spells(number, FIRST), Random(number)
        expected = seen(told([one] for one in spells.in_order()))
        for _ in range(3):
            order = spells.shuffled(random)
            assert seen(told([one] for one in order)) == expected, (number, order)


def test_in_any_packets() -> None:
    for number in NUMBERS:
        spells, random = Spells(number, FIRST), Random(number)
        order = spells.shuffled(random)
        assert seen(told(cut(order, random))) == seen(told([one] for one in order)), (number, order)


def test_in_any_order_and_packets_and_some_of_them_twice() -> None:
    for number in NUMBERS:
        spells, random = Spells(number, FIRST), Random(number)
        packets = [packet for packet in cut(spells.shuffled(random), random) for _ in range(random.choice((1, 1, 2)))]
        assert seen(told(packets)) == seen(told([one] for one in spells.in_order())), (number, packets)


def test_told_twice() -> None:
    for number in NUMBERS:
        spells, random = Spells(number, FIRST), Random(number)
        packets = cut(spells.in_order(), random)
        once = seen(told(packets))
        assert seen(told(packets * 2)) == once, (number, packets)
        assert seen(told(packet for packet in packets for _ in range(2))) == once, (number, packets)


def test_the_reports_are_of_every_kind() -> None:
    spells = [Spells(number, FIRST) for number in NUMBERS]
    assert {len({told[0].lea for told in one.told}) for one in spells} == {1, 2, 3, 4, 5}
    days = [[told[0].day for told in one.told if len(told) == 1] for one in spells]
    assert any(len(set(one)) < len(one) for one in days)  # two on one day
    assert any(day > TODAY for one in days for day in one)  # ahead
