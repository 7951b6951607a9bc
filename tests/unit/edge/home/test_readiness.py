"""When a file counts as complete, with a clock of the test's own."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.files.extent import Extent, Progress
from broker.core.model import LeaId
from broker.edge.home.outbox import Changed
from broker.edge.home.readiness import Found, Readiness, Ready, Wait

LEA = LeaId("01")
FILE = Found("export.pgp", 500, 1_000, 7, 1, 1_000)


def whole(progress: Progress) -> tuple[Extent, Progress]:
    return Extent.WHOLE, progress


def short(progress: Progress) -> tuple[Extent, Progress]:
    return Extent.SHORT, progress


def test_a_closed_whole_file_is_ready_at_first_sight() -> None:
    assert Readiness(3, 900).observe(LEA, FILE, 50.0, True, whole) == Ready()


def test_without_a_hint_it_must_stay_unchanged_for_the_settle_time() -> None:
    readiness = Readiness(3, 900)
    assert readiness.observe(LEA, FILE, 50.0, False, whole) == Wait(53.0)
    assert readiness.observe(LEA, FILE, 52.9, False, whole) == Wait(53.0)
    assert readiness.observe(LEA, FILE, 53.0, False, whole) == Ready()


@pytest.mark.parametrize(
    "changed",
    [replace(FILE, size=501), replace(FILE, mtime_ns=1_001), replace(FILE, ino=8), replace(FILE, dev=2)],
)
def test_any_change_of_content_starts_the_settle_time_anew(changed: Found) -> None:
    readiness = Readiness(3, 900)
    readiness.observe(LEA, FILE, 50.0, False, whole)
    assert readiness.observe(LEA, changed, 53.0, False, whole) == Wait(56.0)


def test_a_hint_is_worth_nothing_for_a_later_content() -> None:
    readiness = Readiness(3, 900)
    assert readiness.observe(LEA, FILE, 50.0, True, short) == Wait(950.0)
    assert readiness.observe(LEA, replace(FILE, size=600), 50.5, False, whole) == Wait(53.5)


def test_what_ends_too_early_is_waited_for_and_then_taken_as_broken() -> None:
    readiness = Readiness(3, 900)
    readiness.observe(LEA, FILE, 50.0, False, short)
    assert readiness.observe(LEA, FILE, 53.0, False, short) == Wait(950.0)
    assert readiness.observe(LEA, FILE, 949.9, False, short) == Wait(950.0)
    assert readiness.observe(LEA, FILE, 950.0, False, short) == Ready(broken=True)


def test_the_content_is_asked_once_and_again_after_a_hint() -> None:
    asked = []

    def ask(progress: Progress) -> tuple[Extent, Progress]:
        asked.append(1)
        return (Extent.WHOLE if len(asked) == 2 else Extent.SHORT), progress

    readiness = Readiness(3, 900)
    for now in (50.0, 51.0, 53.0, 58.0, 63.0):
        readiness.observe(LEA, FILE, now, False, ask)
    assert len(asked) == 1
    assert readiness.observe(LEA, FILE, 64.0, True, ask) == Ready()


def test_an_empty_file_is_never_whole_and_never_opened() -> None:
    def opened(_progress: Progress) -> tuple[Extent, Progress]:
        raise AssertionError("must not be asked")

    readiness = Readiness(3, 900)
    empty = replace(FILE, size=0)
    assert readiness.observe(LEA, empty, 50.0, True, opened) == Wait(950.0)
    assert readiness.observe(LEA, empty, 950.0, False, opened) == Ready(broken=True)


def test_a_file_that_changes_while_it_is_asked_decides_nothing() -> None:
    def changed(_progress: Progress) -> tuple[Extent, Progress]:
        raise Changed("look again")

    readiness = Readiness(3, 900)
    with pytest.raises(Changed):
        readiness.observe(LEA, FILE, 50.0, True, changed)
    assert readiness.observe(LEA, FILE, 50.1, False, whole) == Ready()


def test_files_that_are_gone_are_forgotten() -> None:
    readiness = Readiness(3, 900)
    for number in range(10):
        readiness.observe(LEA, replace(FILE, name=f"{number}", ino=number), 50.0, False, whole)
    readiness.observe(LEA, replace(FILE, name="3", ino=3), 60.0, False, short)
    readiness.drop_unseen(LEA, 60.0)
    assert readiness.waiting(LEA) == 1
    readiness.drop(LEA, "3")
    readiness.drop(LEA, "3")
    assert readiness.waiting(LEA) == 0


def test_memory_is_bounded_and_what_finds_no_place_still_goes_by_hints() -> None:
    readiness = Readiness(3, 900, most=5)
    for number in range(20):
        readiness.observe(LEA, replace(FILE, name=f"{number}", ino=number), 50.0, False, whole)
    assert readiness.waiting(LEA) == 5
    assert readiness.observe(LEA, replace(FILE, name="19", ino=19), 60.0, False, whole) == Wait(63.0)
    assert readiness.observe(LEA, replace(FILE, name="19", ino=19), 60.0, True, whole) == Ready()
    assert readiness.observe(LeaId("02"), FILE, 50.0, False, whole) == Wait(53.0)


steps = st.lists(st.tuples(st.floats(0.01, 5), st.booleans(), st.booleans()), min_size=1, max_size=40)


@given(steps)
def test_nothing_half_written_is_taken_before_its_time(history: list[tuple[float, bool, bool]]) -> None:
    """Whatever the order of growth, looks and hints: Ready without a hint needs the settle time without a change, and
    content that ends too early needs the longer one."""
    readiness, now, changed, size = Readiness(3, 20), 0.0, 0.0, 1
    readiness.observe(LEA, replace(FILE, size=size), now, False, short)
    for pause, grows, hint in history:
        now += pause
        if grows:
            size, changed = size + 1, now
        answer = readiness.observe(LEA, replace(FILE, size=size), now, hint, short)
        if isinstance(answer, Ready):
            assert answer.broken
            assert now - changed >= 20
        else:
            assert answer.until > now


class Judged:
    """A judge that takes `steps` looks to say SHORT, and counts the looks; it goes on where the last one stood."""

    def __init__(self, steps: int, says: Extent = Extent.SHORT) -> None:
        self.steps, self.says, self.looks = steps, says, 0

    def __call__(self, progress: Progress) -> tuple[Extent, Progress]:
        if progress.at >= self.steps:
            return self.says, progress
        self.looks += 1
        return (self.says if progress.at + 1 == self.steps else Extent.UNDECIDED), Progress(at=progress.at + 1)


def test_half_a_file_costs_its_headers_once_however_often_it_is_renamed_or_touched() -> None:
    readiness, judge, now = Readiness(3, 900), Judged(100), 50.0
    for number in range(500):
        found = replace(FILE, name=f"{number // 3}", mtime_ns=number // 2)
        for _ in range(3):
            now += 0.001
            assert isinstance(readiness.observe(LEA, found, now, True, judge), Wait)
        readiness.drop_unseen(LEA, now)
    assert judge.looks == 100


def test_a_rename_does_not_begin_the_wait_for_the_rest_anew() -> None:
    readiness = Readiness(3, 900)
    readiness.observe(LEA, FILE, 50.0, True, short)
    assert readiness.observe(LEA, replace(FILE, name="again", ctime_ns=2_000), 940.0, True, short) == Wait(950.0)
    assert readiness.observe(LEA, replace(FILE, name="again", ctime_ns=2_000), 950.0, False, short) == Ready(
        broken=True
    )


def test_what_was_judged_over_an_earlier_content_is_judged_from_its_start_before_it_is_called_whole() -> None:
    readiness, asked = Readiness(3, 900), []

    def whole_if_grown(progress: Progress) -> tuple[Extent, Progress]:
        asked.append(progress.at)
        return (Extent.SHORT if len(asked) == 1 else Extent.WHOLE), Progress(at=7)

    readiness.observe(LEA, FILE, 50.0, True, whole_if_grown)
    grown = replace(FILE, size=600)
    assert readiness.observe(LEA, grown, 51.0, True, whole_if_grown) == Wait(51.0)
    assert readiness.observe(LEA, grown, 51.0, False, whole_if_grown) == Ready()
    assert asked == [0, 7, 0]


def test_a_file_that_is_ready_and_can_not_be_taken_waits_longer_each_time() -> None:
    readiness, now, pauses = Readiness(3, 60), 50.0, []
    for number in range(7):
        found = replace(FILE, name=f"{number}", mtime_ns=number)
        answer = readiness.observe(LEA, found, now, True, whole)
        if isinstance(answer, Wait):
            pauses.append(answer.until - now)
            now = answer.until
            assert readiness.observe(LEA, found, now, True, whole) == Ready()
        readiness.missed(LEA, found, now)
    assert pauses == [3, 6, 12, 24, 48, 60]
