"""Hints from real folders: by polling, where inotify does not reach."""

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from broker.core.model import LeaId
from broker.edge.home import mounts
from broker.edge.home.watch import Watch
from tests.support.tools import ROOT, missing, require_tool
from tests.support.watched import LEA, Heard, linux, soon


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
