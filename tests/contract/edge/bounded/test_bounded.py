"""A process beside this one, held to its bounds from outside: real processes, real limits, no clock compared."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator

import psutil
import pytest

from broker.edge.bounded.bounds import Bounds, Fault
from broker.edge.bounded.channel import Task
from broker.edge.bounded.warden import NoWard, Warden
from tests.support.exchange import wait_until

MIB = 1 << 20
COMMAND = [sys.executable, "-m", "tests.support.ward_at_work"]


@pytest.fixture
def warden() -> Iterator[Warden]:
    made = Warden(COMMAND, Bounds(0.3, 200.0, 64 * MIB, 256 * MIB), 8 * MIB)
    yield made
    made.close()


def task(head: str, body: bytes = b"") -> Task:
    return Task(head.encode(), body)


def one(warden: Warden, head: str) -> bytes | Fault:
    return warden.run(b"", [task(head)])[0]


def test_answers_come_back_in_their_places(warden: Warden) -> None:
    tasks = [task(f"task {number}", bytes([number]) * number) for number in range(200)]
    found = warden.run(b"all", tasks)
    assert found == {number: b"all/task %d/%s" % (number, bytes([number]) * number) for number in range(200)}


def test_a_large_task_and_its_answer(warden: Warden) -> None:
    body = os.urandom(8 * MIB)
    assert warden.run(b"c", [task("h", body)]) == {0: b"c/h/" + body}


def test_one_process_does_all_that_goes_well(warden: Warden) -> None:
    pids = {one(warden, "pid") for _ in range(5)} | set(warden.run(b"", [task("pid")] * 5).values())
    assert pids == {str(warden.pids[1]).encode()}


@pytest.mark.parametrize(
    ("order", "fault"),
    [
        ("burn", Fault.CPU),
        ("eat", Fault.MEMORY),
        ("grow", Fault.MEMORY),
        ("fill", Fault.MEMORY),
        ("abort for memory", Fault.MEMORY),
        ("abort", Fault.DIED),
        ("segfault", Fault.DIED),
    ],
)
def test_only_the_task_that_was_begun_is_blamed(warden: Warden, order: str, fault: Fault) -> None:
    tasks = [task("a"), task("b"), task(order), task("c"), task("d")]
    found: dict[int, bytes | Fault] = {}
    rounds = 0
    while left := [number for number in range(5) if number not in found]:
        some = warden.run(b"", [tasks[number] for number in left])
        found |= {left[place]: answer for place, answer in some.items()}
        rounds += 1
    assert found == {0: b"/a/", 1: b"/b/", 2: fault, 3: b"/c/", 4: b"/d/"}
    assert rounds <= 3
    assert psutil.pid_exists(warden.pids[1])


def test_many_tasks_that_are_each_within_the_bound_take_little_more_together_than_one_may(warden: Warden) -> None:
    assert list(warden.run(b"", [task("work a while")] * 20)) == [0, 1]
    assert 0.1 < sum(warden.seconds.values()) < 0.6
    assert list(warden.run(b"", [task("a"), task("much"), task("much"), task("much")])) == [0, 1, 2]
    assert list(warden.run(b"", [task("a")] * 20)) == list(range(20))


def test_what_hangs_is_ended() -> None:
    warden = Warden(COMMAND, Bounds(5.0, 30.0, 64 * MIB, 256 * MIB), MIB)
    try:
        assert one(warden, "sleep") is Fault.HUNG
        assert one(warden, "a") == b"/a/"
    finally:
        warden.close()


def test_time_that_others_took_is_not_a_tasks_own(warden: Warden) -> None:
    """A reader that gets a tenth of the processor goes on; only its own time counts."""
    assert one(warden, "a") == b"/a/"
    child = psutil.Process(warden.pids[1])
    child.suspend()
    try:
        stopper = subprocess.Popen([sys.executable, "-c", f"import time,os;time.sleep(1);os.kill({child.pid}, 18)"])
        assert one(warden, "b") == b"/b/"
    finally:
        stopper.wait()
    assert warden.pids[1] == child.pid


def test_a_task_by_itself_has_a_process_of_its_own_at_a_lower_priority() -> None:
    warden = Warden(COMMAND, Bounds(0.3, 200.0, 64 * MIB, 256 * MIB, is_apart=True), MIB)
    try:
        first = warden.run(b"", [task("pid"), task("pid")])
        assert list(first) == [0]
        assert one(warden, "pid") != first[0]
        usual = psutil.Process().nice()
        wait_until(lambda: psutil.Process(warden.pids[1]).nice() > usual, "the lower priority", 10)
        assert psutil.Process(warden.pids[0]).nice() == usual
    finally:
        warden.close()


@pytest.mark.parametrize("what", ["socket", "write", "exec", "kill"])
def test_the_one_that_works_reaches_nothing(warden: Warden, what: str) -> None:
    assert one(warden, what) == b"denied"


def test_it_writes_no_core_and_no_file(warden: Warden) -> None:
    assert one(warden, "a") == b"/a/"
    limits = psutil.Process(warden.pids[1])
    for kind in (psutil.RLIMIT_CORE, psutil.RLIMIT_FSIZE):
        assert limits.rlimit(kind) == (0, 0)
    assert limits.rlimit(psutil.RLIMIT_DATA)[0] < 400 * MIB
    assert limits.net_connections() == []


def test_the_one_that_forks_is_started_again(warden: Warden) -> None:
    assert one(warden, "a") == b"/a/"
    forks, works = (psutil.Process(pid) for pid in warden.pids)
    forks.kill()
    wait_until(lambda: not works.is_running() or works.status() == psutil.STATUS_ZOMBIE, "its end", 10)
    assert one(warden, "b") == b"/b/"
    assert warden.pids[0] != forks.pid


def test_without_a_process_nothing_is_said_of_any_task() -> None:
    warden = Warden([sys.executable, "-c", "raise SystemExit(1)"], Bounds(1.0, 10.0, MIB, MIB), MIB)
    with pytest.raises(NoWard):
        one(warden, "a")


def test_both_end_when_the_warden_is_killed_in_the_middle_of_a_task() -> None:
    code = (
        "from broker.edge.bounded.warden import *\nfrom broker.edge.bounded.channel import Task\n"
        f"w = Warden({COMMAND!r}, Bounds(1000.0, 10000.0, {64 * MIB}, {256 * MIB}), {MIB})\n"
        "w.run(b'', [Task(b'a', b'')])\nprint(*w.pids, flush=True)\nw.run(b'', [Task(b'burn', b'')])\n"
    )
    started = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert started.stdout is not None
    pids = [int(one) for one in started.stdout.readline().split()]
    assert len(pids) == 2
    started.send_signal(signal.SIGKILL)
    started.wait()
    started.stdout.close()
    wait_until(lambda: not any(_runs(pid) for pid in pids), "the end of both", 10)


def _runs(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
