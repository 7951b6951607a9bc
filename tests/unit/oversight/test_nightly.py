"""The nightly work around the days on which the clocks change: every day has one night, and none has two."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from broker.edge.home.folders import Home
from broker.edge.settings.rules import Keeping, TheState
from broker.edge.settings.values import Settings
from broker.oversight import nightly
from broker.packets.services import Services
from broker.students import expired

SPRING, AUTUMN = date(2026, 3, 8), date(2026, 11, 1)  # in the United States
DAY, STEP = timedelta(days=1), timedelta(minutes=10)
HOURS = (0, 1, 2, 3, 23)


class World:
    """What the nightly work sees of the exchange: a clock that looks around every ten minutes, and a home."""

    def __init__(self, zone: str, hour: int, root: Path) -> None:
        settings = Settings(home=root, state=TheState(zone), keeping=Keeping(forget_hour=hour))
        self.settings, self.time, self.home = settings, settings.time, Home(root)
        self.now = datetime.fromtimestamp(0, UTC)

    def clock(self) -> datetime:
        return self.now

    def day(self) -> date:
        return self.time.day(self.now)

    def walk(self, first: date, last: date) -> Iterator[datetime]:
        """From the begin of the first day to the end of the last."""
        self.now = self.time.at(self.time.begins(first))
        while self.now.timestamp() < self.time.ends(last):
            yield self.now
            self.now = (self.now.astimezone(UTC) + STEP).astimezone(self.time.zone)


def services(world: World) -> Services:
    return cast(Services, world)


@pytest.mark.parametrize("hour", HOURS)
@pytest.mark.parametrize("around", [SPRING, AUTUMN, date(2026, 3, 28)])  # the last is of America/Nuuk
@pytest.mark.parametrize("zone", ["America/Denver", "America/Nuuk", "America/Havana"])
def test_a_report_is_made_once_a_day(zone: str, around: date, hour: int, tmp_path: Path) -> None:
    world, made = World(zone, hour, tmp_path), list[tuple[date, datetime]]()
    (tmp_path / "reports").mkdir()

    def write(_services: Services, day: date) -> Iterator[None]:
        made.append((day, world.now))
        (tmp_path / "reports" / f"{day}.json").touch()
        return iter(())

    report = nightly.Nightly(services(world), hour, lambda day: (f"{day}.json",), write)
    for _ in world.walk(around - DAY, around + DAY):
        report.look()
    assert [day for day, _ in made] == [around - DAY, around, around + DAY]
    assert [at.timestamp() for _, at in made] == [world.time.hour(day, hour) for day, _ in made]


@pytest.mark.parametrize("hour", HOURS)
@pytest.mark.parametrize("around", [SPRING, AUTUMN])
def test_what_is_forgotten_goes_once_a_night(
    around: date, hour: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world, nights = World("America/Denver", hour, tmp_path), list[datetime]()

    def night(_services: Any) -> Iterator[None]:
        nights.append(world.now)
        return iter(())

    monkeypatch.setattr(expired, "night", night)
    duty = expired.Nightly(services(world))
    for _ in world.walk(around - DAY, around + DAY):
        duty.look()
    started, *rest = nights  # it is begun at the start
    assert started.timestamp() == world.time.begins(around - DAY)
    days = [around - DAY, around, around + DAY]
    if hour == 0:
        days = days[1:]  # the first night was the start
    assert [at.date() for at in rest] == days
    assert [at.timestamp() for at in rest] == [world.time.hour(day, hour) for day in days]
