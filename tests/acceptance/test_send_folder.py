"""A district's night: `satchel send FOLDER`, killed while it sends and while it waits, and what it tells at its end."""

import random
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.support import terminal
from tests.support.exchange import Exchange, wait_until
from tests.support.night import Manager, begun
from tests.support.scale import larger

FILES = larger(60, 500)


@pytest.fixture(scope="module")
def exchange(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exchange]:
    made = Exchange(tmp_path_factory.mktemp("night") / "home")
    yield made
    made.close()


@pytest.fixture(scope="module")
def manager(exchange: Exchange, tmp_path_factory: pytest.TempPathFactory) -> Manager:
    made = Manager(exchange, tmp_path_factory.mktemp("manager"))
    exchange.up()
    return made


@pytest.fixture(autouse=True)
def own_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))


def test_a_night_broken_off_twice_sends_each_good_file_once_and_names_each_faulty_one(manager: Manager) -> None:
    faulty = manager.faulty()
    for name, (_, content) in faulty.items():
        manager.put(name, content)
    for number in range(FILES - len(faulty) - 1):
        manager.put(f"{100 + number}-{number}.json", manager.enrollment(number))
    manager.put("099-sealed.pgp", manager.seal(manager.enrollment(8000), manager.exchange.certificate))
    good = FILES - len(faulty)
    manager.kill_when(lambda: manager.steps("sent") > good // 3, "a third is sent")
    manager.kill_when(lambda: manager.steps("sent") == good, "all is sent")
    code, lines = terminal.seen(manager.words)
    assert code == 1, lines
    whole = " ".join(" ".join(lines).split())
    assert max(map(len, lines)) <= 80
    assert [name for name, (code, _) in faulty.items() if name not in whole or f"[{code}]" not in whole] == []
    assert f"{good} files: applied" in whole
    assert f"{FILES} files: {good} applied, {len(faulty)} not sent." in whole
    packets = [one for one in manager.exchange.packets() if one["type"] != "ssid"]
    assert len(packets) == good, packets[0]
    assert {one["state"] for one in packets} == {"APPLIED"}
    # again: nothing new, and the same is told
    told = manager.told(code=1)
    assert {name: one["faults"][0]["code"] for name, one in told.items() if one["result"] == "not sent"} == {
        name: code for name, (code, _) in faulty.items()
    }
    assert len([one for one in manager.exchange.packets() if one["type"] != "ssid"]) == good


def test_killed_again_and_again_at_any_moment_it_sends_nothing_twice(
    exchange: Exchange, manager: Manager, tmp_path: Path
) -> None:
    """Killed after a few lines more of the journal each time: in the middle of sealing, sending and naming."""
    before = {one["tracking"] for one in exchange.packets()}
    manager.folder = tmp_path / "killed"
    manager.folder.mkdir()
    count, dice, kills = larger(8, 80), random.Random(14), 0
    for number in range(count):
        manager.put(f"{number}.json", manager.enrollment(20_000 + number))
    while manager.steps("sent") < count:
        lines = len(manager.journal()) + dice.randint(1, 5)
        with begun(manager.words) as program:
            wait_until(partial(_is_there, manager, lines, count), "some lines more")
            assert program.poll() is None
            program.send_signal(signal.SIGKILL)
            program.wait(20)
            kills += 1
    assert kills > 1
    told = manager.told()
    assert {one["result"] for one in told.values()} == {"applied"}
    new = [one for one in exchange.packets() if one["tracking"] not in before and one["type"] != "ssid"]
    assert len(new) == count
    assert {one["state"] for one in new} == {"APPLIED"}


def _is_there(manager: Manager, lines: int, count: int) -> bool:
    return len(manager.journal()) >= lines or manager.steps("sent") == count
