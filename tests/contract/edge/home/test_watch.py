"""Hints from real folders: by inotify, by polling, and when either fails."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from broker.core.model import LeaId
from broker.edge.home import mounts
from broker.edge.home.watch import Watch
from tests.support.tools import ROOT, missing, require_tool

LEA, OTHER = LeaId("01"), LeaId("6G")
LONG = 20.0  # seconds to wait for a hint before the test fails

linux = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")


class Heard:
    """What a Watch said."""

    def __init__(self) -> None:
        self.hints: list[tuple[str, str, bool]] = []
        self.removed: list[tuple[str, str]] = []
        self.gate = threading.Event()
        self.gate.set()

    def on_hint(self, lea: LeaId, name: str, closed: bool) -> None:
        self.gate.wait(LONG)
        self.hints.append((lea, name, closed))

    def on_removed(self, lea: LeaId, name: str) -> None:
        self.removed.append((lea, name))


def soon(what: Callable[[], bool]) -> bool:
    end = time.monotonic() + LONG
    while not what() and time.monotonic() < end:
        time.sleep(0.005)
    return what()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
def folders(tmp_path: Path) -> dict[str, Path]:
    made = {name: tmp_path / name for name in ("outbox", "inbox", "outbox2")}
    for path in made.values():
        path.mkdir()
    return made


@pytest.fixture
def watching(folders: dict[str, Path], heard: Heard) -> Iterator[Callable[..., Watch]]:
    """Start a Watch over one LEA; every thread must be gone at the end."""
    before = set(threading.enumerate())
    started: list[Watch] = []

    def start(mode: str) -> Watch:
        watch = Watch(mode, poll_seconds=0.05)
        started.append(watch)
        watch.start({LEA: folders["outbox"]}, heard.on_hint, {LEA: folders["inbox"]}, heard.on_removed)
        return watch

    yield start
    for watch in started:
        watch.stop()
        assert not watch.alive()
    assert set(threading.enumerate()) <= before


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


def test_polling_sees_new_changed_and_renamed_files_and_calls_none_closed(
    folders: dict[str, Path], heard: Heard, watching: Callable[..., Watch]
) -> None:
    watch = watching("polling")
    assert watch.polled() == 2
    path = folders["outbox"] / "a.pgp"
    (folders["outbox"] / "b.pgp.part").write_bytes(b"x")
    path.write_bytes(b"x")
    assert soon(lambda: (LEA, "a.pgp", False) in heard.hints)
    heard.hints.clear()
    path.write_bytes(b"longer")
    (folders["outbox"] / "b.pgp.part").rename(folders["outbox"] / "b.pgp")
    assert soon(lambda: {(LEA, "a.pgp", False), (LEA, "b.pgp", False)} <= set(heard.hints))
    assert not any(closed for _, _, closed in heard.hints)
    assert heard.removed == []


def test_polling_follows_nothing_that_an_lea_plants(
    folders: dict[str, Path], heard: Heard, watching: Callable[..., Watch], tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    watching("polling")
    (folders["outbox"] / "link").symlink_to(secret)
    (folders["outbox"] / "folder").mkdir()
    (folders["outbox"] / "folder" / "inside.pgp").write_bytes(b"x")
    (folders["outbox"] / "loop").symlink_to(folders["outbox"])
    assert soon(lambda: (LEA, "loop", False) in heard.hints)
    (secret / "new.pgp").write_bytes(b"x")
    (folders["outbox"] / "end.pgp").write_bytes(b"x")
    assert soon(lambda: (LEA, "end.pgp", False) in heard.hints)
    assert {name for _, name, _ in heard.hints} <= {"link", "loop", "end.pgp"}


@linux
def test_auto_polls_network_mounts_only(
    folders: dict[str, Path], heard: Heard, watching: Callable[..., Watch], monkeypatch: pytest.MonkeyPatch
) -> None:
    table = mounts.Mounts({"/": "ext4", str(folders["outbox"].resolve()): "nfs4"})
    monkeypatch.setattr(mounts, "read", lambda: table)
    watch = watching("auto")
    assert watch.polled() == 1
    (folders["outbox"] / "a.pgp").write_bytes(b"x")
    assert soon(lambda: (LEA, "a.pgp", False) in heard.hints)
    (folders["inbox"] / "b.pgp").touch()
    (folders["inbox"] / "b.pgp").unlink()
    assert soon(lambda: (LEA, "b.pgp") in heard.removed)


@linux
@pytest.mark.parametrize(("mode", "threads"), [("events", 1), ("polling", 2)])
def test_many_leas_need_no_more_threads(tmp_path: Path, heard: Heard, mode: str, threads: int) -> None:
    outboxes = {LeaId(str(number)): tmp_path / str(number) for number in range(500)}
    for path in outboxes.values():
        path.mkdir()
    before = threading.active_count()
    watch = Watch(mode, poll_seconds=0.05)
    watch.start(outboxes, heard.on_hint)
    assert threading.active_count() <= before + threads
    (outboxes[LeaId("499")] / "a.pgp").write_bytes(b"x")
    assert soon(lambda: ("499", "a.pgp", mode == "events") in heard.hints)
    watch.stop()


LIMITED = """
import logging, pathlib, sys, time
from broker.edge.home.watch import Watch
pathlib.Path("/proc/sys/user/" + sys.argv[2]).write_text(sys.argv[3])
logging.basicConfig(format="%(message)s", stream=sys.stdout)
root = pathlib.Path(sys.argv[1])
outboxes = {str(n): root / str(n) for n in range(6)}
for path in outboxes.values():
    path.mkdir()
heard = set()
watch = Watch("auto", 0.05)
watch.start(outboxes, lambda *hint: heard.add(hint))
for path in outboxes.values():
    (path / "a.pgp").write_bytes(b"x")
end = time.monotonic() + 20
while len({lea for lea, _, _ in heard}) < 6 and time.monotonic() < end:
    time.sleep(0.01)
print(watch.polled(), len({lea for lea, _, _ in heard}), watch.alive())
watch.stop()
"""


@linux
@pytest.mark.parametrize(
    ("limit", "value", "polled"), [("max_inotify_watches", "4", 2), ("max_inotify_instances", "0", 6)]
)
def test_at_the_limits_of_inotify_the_rest_is_polled(tmp_path: Path, limit: str, value: str, polled: int) -> None:
    """In a user namespace of its own, where the limit can be set without touching anyone else's."""
    unshare = [require_tool("unshare"), "--user", "--map-root-user"]
    can = subprocess.run([*unshare, "sh", "-c", f"echo 9 > /proc/sys/user/{limit}"], capture_output=True)
    if can.returncode != 0:
        missing("user namespaces")
    done = subprocess.run(
        [*unshare, sys.executable, "-c", LIMITED, str(tmp_path), limit, value],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    *warnings, result = done.stdout.splitlines()
    assert result == f"{polled} 6 True"
    assert [line.split(":")[0] for line in warnings] == ["no more inotify watches"]


def test_modes() -> None:
    with pytest.raises(ValueError, match="auto, events or polling"):
        Watch("inotify")
