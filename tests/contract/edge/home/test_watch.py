"""Hints from real folders: by inotify, and when it fails."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from broker.edge.home.watch import Watch
from tests.support.watched import LEA, OTHER, Heard, linux, soon


@linux
def test_a_file_written_and_closed(folders: dict[str, Path], heard: Heard, watching: Callable[..., Watch]) -> None:
    watch = watching("events")
    assert watch.alive()
    assert watch.polled() == 0
    (folders["outbox"] / "a.pgp").write_bytes(b"x")
    assert soon(lambda: (LEA, "a.pgp", True) in heard.hints)


@linux
def test_an_upload_is_hinted_when_it_gets_its_name(
    folders: dict[str, Path], heard: Heard, watching: Callable[..., Watch], tmp_path: Path
) -> None:
    watching("auto")
    (folders["outbox"] / "a.pgp.part").write_bytes(b"x")
    (folders["outbox"] / ".b.pgp.Xyz").write_bytes(b"x")
    (folders["outbox"] / "a.pgp.part").rename(folders["outbox"] / "a.pgp")
    (folders["outbox"] / ".b.pgp.Xyz").rename(folders["outbox"] / "b.pgp")
    (tmp_path / "elsewhere").write_bytes(b"x")
    (tmp_path / "elsewhere").rename(folders["outbox"] / "c.pgp")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder").rename(folders["outbox"] / "folder")
    (folders["outbox"] / "end.pgp").write_bytes(b"x")
    assert soon(lambda: (LEA, "end.pgp", True) in heard.hints)
    assert [name for _, name, _ in heard.hints] == ["a.pgp", "b.pgp", "c.pgp", "end.pgp"]


@linux
def test_a_file_that_is_still_open_is_not_called_closed(
    folders: dict[str, Path], heard: Heard, watching: Callable[..., Watch]
) -> None:
    watching("events")
    with (folders["outbox"] / "slow.pgp").open("wb", buffering=0) as file:
        file.write(b"x")
        (folders["outbox"] / "end.pgp").write_bytes(b"x")
        assert soon(lambda: (LEA, "end.pgp", True) in heard.hints)
        assert [name for _, name, _ in heard.hints] == ["end.pgp"]
    assert soon(lambda: (LEA, "slow.pgp", True) in heard.hints)


@pytest.mark.parametrize("mode", ["auto", "polling"])
def test_what_leaves_an_inbox(
    folders: dict[str, Path], heard: Heard, watching: Callable[..., Watch], tmp_path: Path, mode: str
) -> None:
    for name in ("a.pgp", "b.pgp", ".c.tmp"):
        (folders["inbox"] / name).write_bytes(b"x")
    watching(mode)
    (folders["inbox"] / ".c.tmp").rename(folders["inbox"] / "c.pgp")
    (folders["inbox"] / "a.pgp").unlink()
    (folders["inbox"] / "b.pgp").rename(tmp_path / "b.pgp")
    assert soon(lambda: {(LEA, "a.pgp"), (LEA, "b.pgp")} <= set(heard.removed))
    assert {name for _, name in heard.removed} == {"a.pgp", "b.pgp"}
    assert heard.hints == []


@pytest.mark.parametrize("mode", ["auto", "polling"])
def test_an_lea_that_is_added(
    folders: dict[str, Path], heard: Heard, watching: Callable[..., Watch], mode: str
) -> None:
    watch = watching(mode)
    watch.add(OTHER, folders["outbox2"])
    watch.add(OTHER, folders["outbox2"])
    (folders["outbox2"] / "a.pgp").write_bytes(b"x")
    assert soon(lambda: (OTHER, "a.pgp", mode == "auto") in heard.hints)


@linux
def test_odd_names_do_not_end_the_watch(folders: dict[str, Path], heard: Heard, watching: Callable[..., Watch]) -> None:
    watch = watching("events")
    with open(os.fsencode(folders["outbox"]) + b"/\xff\n.pgp", "wb"):
        pass
    assert soon(lambda: (LEA, "\udcff\n.pgp", True) in heard.hints)
    assert watch.alive()


@linux
def test_an_overflow_hints_at_every_folder(
    folders: dict[str, Path], heard: Heard, watching: Callable[..., Watch]
) -> None:
    most = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if most > 50_000:
        pytest.skip(f"it takes {most} events to overflow here")
    watch = watching("events")
    watch.add(OTHER, folders["outbox2"])
    heard.gate.clear()
    for number in range(most + 3_000):
        os.close(os.open(folders["outbox"] / str(number % 5000), os.O_CREAT | os.O_WRONLY))
    heard.gate.set()
    assert soon(lambda: {(LEA, "", False), (OTHER, "", False)} <= set(heard.hints))
    assert watch.alive()
    (folders["outbox"] / "after.pgp").write_bytes(b"x")
    assert soon(lambda: (LEA, "after.pgp", True) in heard.hints)


@linux
def test_a_folder_that_goes_and_comes_back_is_polled(
    folders: dict[str, Path], heard: Heard, watching: Callable[..., Watch]
) -> None:
    watch = watching("events")
    folders["outbox"].rmdir()
    assert soon(lambda: (LEA, "", False) in heard.hints)
    assert soon(lambda: watch.polled() == 1)
    folders["outbox"].mkdir()
    (folders["outbox"] / "a.pgp").write_bytes(b"x")
    assert soon(lambda: (LEA, "a.pgp", False) in heard.hints)
    assert watch.alive()
    watch.add(LEA, folders["outbox"])
    assert watch.polled() == 0
    (folders["outbox"] / "b.pgp").write_bytes(b"x")
    assert soon(lambda: (LEA, "b.pgp", True) in heard.hints)


def test_a_folder_that_is_missing_at_the_start_is_noticed_later(tmp_path: Path, heard: Heard) -> None:
    watch = Watch("auto", poll_seconds=0.05)
    watch.start({LEA: tmp_path / "late"}, heard.on_hint)
    (tmp_path / "late").mkdir()
    (tmp_path / "late" / "a.pgp").write_bytes(b"x")
    assert soon(lambda: (LEA, "a.pgp", False) in heard.hints)
    watch.stop()


@linux
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("mode", ["events", "polling"])
def test_a_dead_thread_is_told_and_watching_can_start_again(folders: dict[str, Path], heard: Heard, mode: str) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("a bug of the caller")

    watch = Watch(mode, poll_seconds=0.05)
    watch.start({LEA: folders["outbox"]}, fail)
    assert watch.alive()
    with pytest.raises(RuntimeError, match="runs already"):
        watch.start({LEA: folders["outbox"]}, heard.on_hint)
    (folders["outbox"] / "a.pgp").write_bytes(b"x")
    assert soon(lambda: not watch.alive())
    watch.stop()
    watch.start({LEA: folders["outbox"]}, heard.on_hint)
    assert watch.alive()
    (folders["outbox"] / "b.pgp").write_bytes(b"x")
    assert soon(lambda: (LEA, "b.pgp", mode == "events") in heard.hints)
    watch.stop()
