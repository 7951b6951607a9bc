"""An inbox has one folder, and a worker its own claims."""

import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from broker.core.model import LeaId
from broker.edge.ledger.engine import reading, writing
from broker.processes.part import UNUSABLE
from broker.processes.sweeper import InboxDuty
from broker.stages.sweep.collected import notice_collected
from tests.support import desk, ledgers, postgres
from tests.support.exchange import QUICK, SATCHEL, Exchange, satchel, wait_until
from tests.support.office import Office
from tests.support.one_home import is_sentence, move_away, notices, put_back, start, states, use
from tests.support.scale import larger


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres.server() as url:
        yield url


@pytest.fixture
def url(server: str, tmp_path: Path) -> str:
    """An empty database."""
    ledgers.blank(tmp_path, server).dispose()
    return server


# inboxes


def test_an_empty_folder_in_an_inbox_s_place_is_not_all_collected(tmp_path: Path) -> None:
    here = Office(tmp_path, "01", "02")
    laid = notices(here)
    inbox = here.exchange.folder("01", "inbox")
    kept = move_away(inbox)
    here.exchange.configure(enabled=False, processes=1)
    here.exchange.up()
    try:
        wait_until(lambda: here.exchange.status()["inboxes_lost"] == ["01"], "the inbox was looked into")
        time.sleep(5 * QUICK["sweep_seconds"])  # and is again and again
        assert states(here, laid) == {"DELIVERED"}, "an empty mount point was read as all collected"
        assert here.exchange.status()["inboxes_lost"] == ["01"]
        assert "satchel lea inbox" in satchel("status", *here.exchange.at).stdout
        told = [line for line in here.exchange.log.read_text().splitlines() if "inbox cannot be read" in line]
        assert len(told) == 1, told
        put_back(kept, inbox)
        (inbox / next(inbox.glob("*.pgp")).name).unlink()
        wait_until(lambda: states(here, laid) == {"DELIVERED", "COLLECTED"}, "what was really taken counts")
    finally:
        here.exchange.close()


def test_nothing_is_put_under_the_place_of_an_inbox_that_is_not_mounted(tmp_path: Path) -> None:
    """Under the mount it would be out of sight, and seem collected as soon as the mount is back."""
    here = Office(tmp_path, "01")
    inbox = here.exchange.folder("01", "inbox")
    kept = move_away(inbox)
    assert (
        here.send("01", desk.enrollment("01", desk.child("Ana", "Reyes", "2012-03-04", gender="F"))).state == "APPLIED"
    )
    assert list(inbox.iterdir()) == []
    put_back(kept, inbox)
    notice_collected(here.services, LeaId("01"))
    here.ahead_of_retries()
    here.work()
    (laid,) = here.inbox("01", "ssid")
    assert states(here, [laid]) == {"DELIVERED"}


@pytest.mark.parametrize("how", ["the folder from before the mount", "another home's", "one that a person made"])
def test_only_the_inbox_that_was_marked_last_is_believed(tmp_path: Path, how: str) -> None:
    here = Office(tmp_path / "here", "01")
    inbox = here.exchange.folder("01", "inbox")
    if how == "the folder from before the mount":  # the LEA was entered first, and the mount put over its folder
        kept = move_away(inbox)
        satchel("lea", "inbox", "01", *here.exchange.at)
        laid = notices(here)
        inbox.rename(inbox.with_name("mounted"))
        kept.rename(inbox)
    else:
        laid = notices(here)
        move_away(inbox)
        if how == "another home's":
            other = Office(tmp_path / "other", "01").exchange.folder("01", "inbox")
            shutil.copytree(other, inbox, dirs_exist_ok=True)
    InboxDuty(here.services).look()
    assert states(here, laid) == {"DELIVERED"}
    said = json.loads(satchel("lea", "inbox", "01", "--json", *here.exchange.at).stdout)
    assert said == {"id": "01", "absent": laid, "again": False}  # the operator says that it is the one
    InboxDuty(here.services).look()
    assert states(here, laid) == {"COLLECTED"}


def test_a_program_that_takes_every_file_leaves_the_mark(tmp_path: Path) -> None:
    here = Office(tmp_path, "01")
    laid = notices(here)
    inbox = here.exchange.folder("01", "inbox")
    for path in inbox.rglob("*"):  # hidden ones too, as `rsync --remove-source-files` would where it may
        if path.is_file() and path.parent == inbox:
            path.unlink()
    InboxDuty(here.services).look()
    assert states(here, laid) == {"COLLECTED"}
    assert here.exchange.status()["inboxes_lost"] == []


def test_an_lea_that_comes_back_has_an_inbox_that_is_known(tmp_path: Path) -> None:
    here = Office(tmp_path, "01")
    satchel("lea", "remove", "01", "--why", "closed", "--who", "Jo Larsen", *here.exchange.at)
    here.enter("01")
    assert here.exchange.status()["inboxes_lost"] == []
    marks = [path.name for path in here.exchange.folder("01", "inbox").iterdir() if path.is_dir()]
    assert len(marks) == 1
    assert notices(here)


# workers


def claim(office: Office, tracking: str, name: str) -> None:
    with writing(office.services.engine) as connection:
        connection.execute(
            text("UPDATE packets SET claim = :claim, claim_until = :until WHERE tracking = :tracking"),
            {"claim": f"{name}:0", "until": time.time() + 3600, "tracking": tracking},
        )


def claim_of(office: Office, tracking: str) -> str:
    with reading(office.services.engine) as connection:
        found = connection.execute(text("SELECT claim FROM packets WHERE tracking = :tracking"), {"tracking": tracking})
        return str(found.scalar_one())


@pytest.mark.slow
def test_a_worker_frees_its_own_claims_and_no_other_s(url: str, tmp_path: Path) -> None:
    """Containers and cloned machines share a host's name; their workers are not each other's."""
    here = Office(tmp_path, "01", ledger_url=url)
    here.exchange.configure(enabled=False, processes=1)
    its_own, other, left = (here.drop("01", {"of": number}) for number in range(3))  # of no use: each is refused
    others = (f"{os.uname().nodename}/worker-0", f"{'0' * 32}/worker-0")
    for tracking, name in zip((other, left), others, strict=True):
        claim(here, tracking, name)  # alive on another machine, for all that anybody here knows
    here.exchange.up()
    try:
        wait_until(lambda: here.row(its_own).state == "REFUSED", "what is free is worked")
        assert (claim_of(here, other), claim_of(here, left)) == tuple(f"{name}:0" for name in others)
        (pid,) = (one["pid"] for one in here.exchange.status()["parts"] if one["part"] == "worker-0")
        mine = (here.exchange.home / "run" / "worker-0.claims").read_text().partition(" ")[2]
        claim(here, other, mine)
        os.kill(pid, signal.SIGKILL)
        wait_until(lambda: here.row(other).state == "REFUSED", "its own claim is free when it starts again")
        assert claim_of(here, left) == f"{others[1]}:0"
    finally:
        here.exchange.close()


@pytest.mark.long
@pytest.mark.slow
def test_of_one_name_there_is_one_part(tmp_path: Path) -> None:
    here = Exchange(tmp_path / "home", enabled=False, processes=1)
    try:
        here.up()
        for part in ("worker", "sweeper", "watcher"):
            assert is_sentence(start(part, here.home), UNUSABLE, "runs already"), part
    finally:
        here.close()


# upgrades


@pytest.mark.grows
@pytest.mark.slow
def test_of_two_upgrades_at_once_both_are_well(url: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    satchel("init", str(home))
    use(home, url)
    for _ in range(larger(1, 5)):
        ledgers.blank(tmp_path, url).dispose()
        command = [*SATCHEL, "upgrade", "--json", "--home", str(home)]
        both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in "12"]
        ended = [(one.communicate(timeout=120), one.returncode) for one in both]
        assert [code for _, code in ended] == [0, 0], ended
        changed = [json.loads(out)["changed"] for (out, _), _ in ended]
        assert sorted(changed) == [False, True]
