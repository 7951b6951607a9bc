"""OUTBOX-WAITS.txt: what it names, from when on, how much of it, and that it goes away."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from broker.core.model import LeaId
from broker.edge.home.folders import Home
from broker.edge.home.outbox import Outboxes, Unfinished
from broker.edge.home.readiness import Half
from broker.edge.settings.rules import TheState
from broker.edge.settings.values import Intake, Limits
from broker.outboxes.notice import NOTICE, OutboxNotice
from broker.packets.services import Services
from tests.support.world import Log

LEA = LeaId("01")
NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


class Desk:
    """One LEA's folder, and what is said in it."""

    def __init__(self, root: Path) -> None:
        self.home = Home(root / "home")
        self.home.create()
        self.home.create_lea(LEA)
        self.log = Log()
        services: Any = SimpleNamespace(
            settings=SimpleNamespace(intake=Intake(tell_seconds=20.0), time=TheState().time),
            outboxes=Outboxes(self.home, Limits()),
            clock=lambda: NOW,
            log=self.log,
        )
        self.services = cast("Services", services)
        self.page = self.home.leas / LEA / NOTICE
        self.notice = OutboxNotice(self.services)
        self.unreadable: list[Unfinished] = []

    def says(self, now: float, *files: Half | Unfinished) -> str:
        """The page after a whole look that has found these; '' for none."""
        halves = [one for one in files if isinstance(one, Half)]
        unfinished = [one for one in files if isinstance(one, Unfinished)]
        self.notice.say_files(LEA, halves, unfinished, self.unreadable, now)
        return self.page.read_text() if self.page.exists() else ""


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def half(name: str, since: float, size: int = 100) -> Half:
    return Half(name, size, since, since + 900)


def test_a_file_is_named_once_it_has_waited_for_a_while(desk: Desk) -> None:
    assert desk.says(100, half("cut.pgp", 90)) == ""
    said = desk.says(110, half("cut.pgp", 90))
    assert "cut.pgp is not whole: 100 bytes are there" in said
    assert "At about 2026-11-23 03:14 MST this one is refused." in said
    assert "empty.pgp is empty." in desk.says(120, half("cut.pgp", 90), half("empty.pgp", 95, 0))
    assert desk.says(130) == ""


def test_an_upload_that_goes_on_is_not_named(desk: Desk) -> None:
    growing = [Unfinished(".satchel-upload.x.pgp", size, size) for size in range(0, 5000, 100)]
    assert {desk.says(10.0 * at, one) for at, one in enumerate(growing)} == {""}
    said = desk.says(10.0 * len(growing) + 20, growing[-1])
    assert "x.pgp is not whole: 4900 bytes are there" in said
    assert ".satchel" not in said


def test_a_name_of_something_unfinished_is_told_what_to_do(desk: Desk) -> None:
    desk.says(0, Unfinished("x.pgp.part", 7, 1))
    assert "If the file is whole, rename it" in desk.says(25, Unfinished("x.pgp.part", 7, 1))


def test_a_file_that_cannot_be_read_is_named(desk: Desk) -> None:
    desk.unreadable = [Unfinished("mine.pgp", 7, 1)]
    assert desk.says(0) == ""
    assert "mine.pgp cannot be read by the exchange" in desk.says(25)


def test_of_many_files_twenty_are_named(desk: Desk) -> None:
    said = desk.says(900, *(half(f"{number}.pgp", 0) for number in range(1000)))
    assert said.count("is not whole") == 20
    assert "not named here: 980." in said


def test_what_is_said_of_the_share_and_of_files_stands_beside_each_other(desk: Desk) -> None:
    desk.notice.say_full(LEA, "Too many of your files wait.")
    said = desk.says(100, half("cut.pgp", 0))
    assert "Too many of your files wait." in said
    assert "cut.pgp" in said
    desk.notice.say_full(LEA, "")
    assert "Too many" not in desk.page.read_text()
    assert "cut.pgp" in desk.page.read_text()
    assert desk.says(101) == ""


def test_a_page_that_an_earlier_process_left_goes_away(desk: Desk) -> None:
    desk.page.write_text("Something waits.\n")
    assert desk.says(1) == ""


def test_the_page_is_written_when_something_changes_and_not_at_each_look(desk: Desk) -> None:
    desk.says(100, half("cut.pgp", 0))
    first = desk.page.stat().st_ino
    for now in range(101, 140):
        desk.says(now, half("cut.pgp", 0))
    assert desk.page.stat().st_ino == first
    assert [event for _, event, _ in desk.log.lines] == ["files wait in an outbox"]
