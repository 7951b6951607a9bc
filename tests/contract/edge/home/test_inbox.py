"""Delivery in two steps: once, whole, and never over something else, wherever a crash falls."""

import errno
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.core.errors import Deferred
from broker.core.model import LeaId, PacketType, TrackingId
from broker.edge.home import durable
from broker.edge.home.folders import INBOX, Home, Missing
from broker.edge.home.inbox import Inboxes, InboxState, file_name, withdrawn

LEA = LeaId("6G")
ONE = TrackingId("018f0000-0000-7000-8000-000000000001")
TWO = TrackingId("018f0000-0000-7000-8000-000000000002")
RECORD = PacketType.STUDENT_RECORD


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path)
    made.create()
    made.create_lea(LEA)
    return made


@pytest.fixture
def inboxes(home: Home) -> Inboxes:
    return Inboxes(home)


def names(home: Home) -> list[str]:
    return sorted(path.name for path in home.folder(LEA, INBOX).iterdir())


def test_a_packet_is_staged_hidden_and_published_whole(home: Home, inboxes: Inboxes) -> None:
    assert inboxes.stage_delivery(LEA, ONE, "t1", [b"new lock", memoryview(b"old body")]) == 16
    inboxes.flush()
    assert [name.startswith(".") for name in names(home)] == [True]
    assert inboxes.inbox_state(LEA, ONE, "t1", RECORD) is InboxState.STAGED
    assert inboxes.publish(LEA, ONE, "t1", RECORD)
    inboxes.flush()
    assert names(home) == [f"{ONE}.student-record.pgp"] == [file_name(ONE, RECORD)]
    path = home.folder(LEA, INBOX) / file_name(ONE, RECORD)
    assert path.read_bytes() == b"new lockold body"
    assert stat.S_IMODE(path.stat().st_mode) == 0o440
    assert inboxes.inbox_state(LEA, ONE, "t1", RECORD) is InboxState.PRESENT
    path.unlink()
    assert inboxes.inbox_state(LEA, ONE, "t1", RECORD) is InboxState.GONE


def test_publishing_again_never_gives_a_second_file(home: Home, inboxes: Inboxes) -> None:
    inboxes.stage_delivery(LEA, ONE, "t1", [b"x"])
    assert inboxes.publish(LEA, ONE, "t1", RECORD)
    assert not inboxes.publish(LEA, ONE, "t1", RECORD)
    (home.folder(LEA, INBOX) / file_name(ONE, RECORD)).unlink()  # collected
    assert not Inboxes(home).publish(LEA, ONE, "t1", RECORD)
    assert names(home) == []


def test_a_crash_leaves_a_staged_file_that_is_found_and_finished_or_dropped(home: Home, inboxes: Inboxes) -> None:
    inboxes.stage_delivery(LEA, ONE, "won", [b"x"])
    inboxes.stage_delivery(LEA, ONE, "lost", [b"x"])
    inboxes.stage_delivery(LEA, TWO, "t", [b"y"])
    (home.folder(LEA, INBOX) / ".DS_Store").write_text("")
    after = Inboxes(home)
    assert sorted(after.staged(LEA)) == [(ONE, "lost"), (ONE, "won"), (TWO, "t")]
    assert after.present(LEA) == set()
    after.publish(LEA, ONE, "won", RECORD)
    after.drop_stage(LEA, ONE, "lost")
    after.drop_stage(LEA, ONE, "lost")
    assert after.staged(LEA) == [(TWO, "t")]
    assert after.present(LEA) == {ONE}


def test_another_file_under_the_final_name_is_never_overwritten(home: Home, inboxes: Inboxes) -> None:
    planted = home.folder(LEA, INBOX) / file_name(ONE, RECORD)
    planted.write_text("planted")
    inboxes.stage_delivery(LEA, ONE, "t1", [b"x"])
    with pytest.raises(Deferred, match="another file"):
        inboxes.publish(LEA, ONE, "t1", RECORD)
    assert planted.read_text() == "planted"
    assert inboxes.inbox_state(LEA, ONE, "t1", RECORD) is InboxState.STAGED
    planted.unlink()
    assert inboxes.publish(LEA, ONE, "t1", RECORD)


def test_links_planted_in_the_inbox_lead_nowhere(home: Home, inboxes: Inboxes, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    (home.folder(LEA, INBOX) / f".{ONE}.t1.tmp").symlink_to(victim)
    inboxes.stage_delivery(LEA, ONE, "t1", [b"x"])
    inboxes.publish(LEA, ONE, "t1", RECORD)
    assert victim.read_text() == "mine"
    assert not (home.folder(LEA, INBOX) / file_name(ONE, RECORD)).is_symlink()


def test_a_failed_staging_leaves_no_file(home: Home, inboxes: Inboxes) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"begun"
        raise RuntimeError("vault")

    with pytest.raises(RuntimeError, match="vault"):
        inboxes.stage_delivery(LEA, ONE, "t1", chunks())
    assert names(home) == []


def test_staging_again_starts_over(home: Home, inboxes: Inboxes) -> None:
    inboxes.stage_delivery(LEA, ONE, "t1", [b"a longer first try"])
    inboxes.stage_delivery(LEA, ONE, "t1", [b"second"])
    inboxes.publish(LEA, ONE, "t1", RECORD)
    assert (home.folder(LEA, INBOX) / file_name(ONE, RECORD)).read_bytes() == b"second"


def test_a_full_disk_is_deferred(home: Home, inboxes: Inboxes, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(durable, "write_all", full)
    with pytest.raises(Deferred, match="full"):
        inboxes.stage_delivery(LEA, ONE, "t1", [b"x"])
    assert names(home) == []


def test_publishing_between_the_two_looks_does_not_look_like_collecting(
    home: Home, inboxes: Inboxes, monkeypatch: pytest.MonkeyPatch
) -> None:
    inboxes.stage_delivery(LEA, ONE, "t1", [b"x"])
    real = durable.exists_at
    other = Inboxes(home)

    def look(folder: int, name: str) -> bool:
        other.publish(LEA, ONE, "t1", RECORD)
        return real(folder, name)

    monkeypatch.setattr(durable, "exists_at", look)
    assert inboxes.inbox_state(LEA, ONE, "t1", RECORD) is InboxState.PRESENT


def test_what_is_taken_back_is_hidden_and_then_gone(home: Home, inboxes: Inboxes) -> None:
    inboxes.stage_delivery(LEA, ONE, "t1", [b"x"])
    inboxes.publish(LEA, ONE, "t1", RECORD)
    assert inboxes.withdraw(LEA, ONE, "t1", RECORD)
    assert inboxes.withdraw(LEA, ONE, "t1", RECORD)  # again
    assert (inboxes.present(LEA), inboxes.staged(LEA)) == (set(), [(ONE, withdrawn("t1"))])
    assert inboxes.inbox_state(LEA, ONE, "t1", RECORD) is InboxState.STAGED  # and not collected
    assert not inboxes.publish(LEA, ONE, "t1", RECORD)  # by one who is late
    inboxes.drop_stage(LEA, ONE, withdrawn("t1"))
    assert names(home) == []
    assert inboxes.inbox_state(LEA, ONE, "t1", RECORD) is InboxState.GONE


def test_what_was_hidden_in_vain_comes_back(home: Home, inboxes: Inboxes) -> None:
    inboxes.stage_delivery(LEA, ONE, "t1", [b"x"])
    inboxes.publish(LEA, ONE, "t1", RECORD)
    inboxes.withdraw(LEA, ONE, "t1", RECORD)
    assert Inboxes(home).publish(LEA, ONE, withdrawn("t1"), RECORD)
    assert names(home) == [file_name(ONE, RECORD)]


def test_what_the_receiver_has_taken_cannot_be_taken_back(home: Home, inboxes: Inboxes) -> None:
    inboxes.stage_delivery(LEA, ONE, "t1", [b"x"])
    inboxes.publish(LEA, ONE, "t1", RECORD)
    (home.folder(LEA, INBOX) / file_name(ONE, RECORD)).unlink()
    assert not inboxes.withdraw(LEA, ONE, "t1", RECORD)
    assert names(home) == []


def test_what_is_about_to_appear_is_not_taken_back_yet(inboxes: Inboxes) -> None:
    inboxes.stage_delivery(LEA, ONE, "t1", [b"x"])
    with pytest.raises(Deferred, match="about to appear"):
        inboxes.withdraw(LEA, ONE, "t1", RECORD)
    assert inboxes.staged(LEA) == [(ONE, "t1")]


def test_what_is_about_to_appear_never_does_where_it_is_urgent(home: Home, inboxes: Inboxes) -> None:
    inboxes.stage_delivery(LEA, ONE, "t1", [b"x"])
    assert inboxes.withdraw(LEA, ONE, "t1", RECORD, is_urgent=True)
    assert inboxes.staged(LEA) == [(ONE, withdrawn("t1"))]
    assert not inboxes.publish(LEA, ONE, "t1", RECORD)  # by one who is late
    assert inboxes.withdraw(LEA, ONE, "t1", RECORD, is_urgent=True)  # again
    assert inboxes.publish(LEA, ONE, withdrawn("t1"), RECORD)  # it came to nothing
    assert names(home) == [file_name(ONE, RECORD)]
    (home.folder(LEA, INBOX) / file_name(ONE, RECORD)).unlink()
    assert not inboxes.withdraw(LEA, ONE, "t1", RECORD, is_urgent=True)


def test_a_file_planted_where_a_packet_was_is_not_taken_for_it(home: Home, inboxes: Inboxes) -> None:
    inboxes.stage_delivery(LEA, ONE, "t1", [b"ours"])
    inboxes.publish(LEA, ONE, "t1", RECORD)
    inboxes.withdraw(LEA, ONE, "t1", RECORD)
    (home.folder(LEA, INBOX) / file_name(ONE, RECORD)).write_text("planted")
    assert inboxes.withdraw(LEA, ONE, "t1", RECORD)
    assert inboxes.staged(LEA) == [(ONE, withdrawn("t1"))]


def test_a_missing_inbox_is_not_an_empty_one(home: Home, inboxes: Inboxes) -> None:
    home.folder(LEA, INBOX).rmdir()
    with pytest.raises(Missing):
        inboxes.inbox_state(LEA, ONE, "t1", RECORD)
    with pytest.raises(Missing):
        inboxes.present(LEA)
    with pytest.raises(Missing):
        inboxes.stage_delivery(LEA, ONE, "t1", [b"x"])


@pytest.mark.parametrize(("tracking", "token"), [("../x", "t"), (str(ONE), "../t"), (str(ONE), ""), (str(ONE), "a.b")])
def test_ids_are_checked_before_they_become_names(inboxes: Inboxes, tracking: str, token: str) -> None:
    for act in (
        lambda: inboxes.stage_delivery(LEA, TrackingId(tracking), token, [b"x"]),
        lambda: inboxes.drop_stage(LEA, TrackingId(tracking), token),
        lambda: inboxes.publish(LEA, TrackingId(tracking), token, RECORD),
    ):
        with pytest.raises(ValueError, match="is "):
            act()
