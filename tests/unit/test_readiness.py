"""When a file counts as complete, with a clock of the test's own."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.model import LeaId
from broker.edge.outbox import Changed
from broker.edge.readiness import Found, Readiness, Ready, Wait

LEA = LeaId("01")
FILE = Found("export.pgp", 500, 1_000, 7, 1, 1_000)


def whole() -> bool:
    return True


def short() -> bool:
    return False


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

    def ask() -> bool:
        asked.append(1)
        return len(asked) == 2

    readiness = Readiness(3, 900)
    for now in (50.0, 51.0, 53.0, 58.0, 63.0):
        readiness.observe(LEA, FILE, now, False, ask)
    assert len(asked) == 1
    assert readiness.observe(LEA, FILE, 64.0, True, ask) == Ready()


def test_an_empty_file_is_never_whole_and_never_opened() -> None:
    def opened() -> bool:
        raise AssertionError("must not be asked")

    readiness = Readiness(3, 900)
    empty = replace(FILE, size=0)
    assert readiness.observe(LEA, empty, 50.0, True, opened) == Wait(950.0)
    assert readiness.observe(LEA, empty, 950.0, False, opened) == Ready(broken=True)


def test_a_file_that_changes_while_it_is_asked_decides_nothing() -> None:
    def changed() -> bool:
        raise Changed("look again")

    readiness = Readiness(3, 900)
    with pytest.raises(Changed):
        readiness.observe(LEA, FILE, 50.0, True, changed)
    assert readiness.observe(LEA, FILE, 50.1, False, whole) == Ready()


def test_files_that_are_gone_are_forgotten() -> None:
    readiness = Readiness(3, 900)
    for number in range(10):
        readiness.observe(LEA, replace(FILE, name=f"{number}"), 50.0, False, whole)
    readiness.observe(LEA, replace(FILE, name="3"), 60.0, False, short)
    readiness.forget_unseen(LEA, 60.0)
    assert readiness.waiting(LEA) == 1
    readiness.forget(LEA, "3")
    readiness.forget(LEA, "3")
    assert readiness.waiting(LEA) == 0


def test_memory_is_bounded_and_what_finds_no_place_still_goes_by_hints() -> None:
    readiness = Readiness(3, 900, most=5)
    for number in range(20):
        readiness.observe(LEA, replace(FILE, name=f"{number}"), 50.0, False, whole)
    assert readiness.waiting(LEA) == 5
    assert readiness.observe(LEA, replace(FILE, name="19"), 60.0, False, whole) == Wait(63.0)
    assert readiness.observe(LEA, replace(FILE, name="19"), 60.0, True, whole) == Ready()
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
