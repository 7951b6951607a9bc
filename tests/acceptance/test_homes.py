"""A ledger has one home, a home one exchange, an inbox one folder: nothing else in their place is believed.

What is absent from an inbox counts as collected, and is receipted so; whoever looks into the wrong folder would sign
for hundreds of packets that nobody has.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
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
from tests.support.exchange import QUICK, SATCHEL, Exchange, satchel, sentence_of, wait_until
from tests.support.office import Office
from tests.support.scale import larger

PARTS = ("worker", "watcher", "sweeper", "sftp")
Ended = subprocess.CompletedProcess[str]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres.server() as url:
        yield url


@pytest.fixture
def url(server: str, tmp_path: Path) -> str:
    """An empty database."""
    ledgers.blank(tmp_path, server).dispose()
    return server


def use(home: Path, url: str) -> None:
    """Write the database into the home's settings."""
    path = home / "satchel.toml"
    path.write_text(re.sub(r"(?ms)^(\[ledger\].*?^url = )\S+", rf'\1"{url}"', path.read_text()))


def start(part: str, home: Path, seconds: float = 180) -> Ended:
    """Run a part of the exchange by itself; it must end."""
    command = [sys.executable, "-m", f"broker.processes.{part}", "--home", str(home)]
    return subprocess.run(command, capture_output=True, text=True, timeout=seconds, check=False)


def is_sentence(ended: Ended, code: int, *says: str) -> bool:
    said = sentence_of(ended)
    return ended.returncode == code and said.endswith(".") and all(one in said for one in says)


def notices(office: Office, count: int = 2) -> list[str]:
    """So many packets lie in the inbox of 01."""
    for name in ("Reyes", "Oyelaran", "Whitcomb")[:count]:
        office.enroll("01", desk.child("Ana", name, "2012-03-04", gender="F", local_id=name))
    found = office.inbox("01", "ssid")
    assert len(found) == count == len(list(office.exchange.folder("01", "inbox").glob("*.pgp")))
    return found


def states(office: Office, trackings: list[str]) -> set[str]:
    return {str(office.row(one).state) for one in trackings}


def move_away(folder: Path, *, and_put: bool = True) -> Path:
    """What a mount that is down leaves behind: the bare folder under it."""
    kept = folder.with_name(f"{folder.name}-mounted")
    folder.rename(kept)
    if and_put:
        folder.mkdir()
    return kept


def put_back(kept: Path, folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
    kept.rename(folder)


# two homes on one ledger


def test_no_part_and_no_command_of_another_home_works_with_a_ledger(url: str, tmp_path: Path) -> None:
    here = Office(tmp_path / "here", "01", ledger_url=url)
    laid = notices(here, 3)
    there = tmp_path / "there"
    satchel("init", str(there))
    use(there, url)
    (there / "leas" / "01").mkdir()
    for name in ("inbox", "outbox", "receipts", "directory"):
        (there / "leas" / "01" / name).mkdir()
    said = {part: start_for_a_while(part, there) for part in PARTS}
    assert states(here, laid) == {"DELIVERED"}, "collected by the empty inboxes of another home"
    assert {part: one.stderr for part, one in said.items() if not is_sentence(one, UNUSABLE, "another home")} == {}
    for words in (["up"], ["status"], ["lea", "list"], ["review", "list"], ["upgrade"]):
        assert is_sentence(satchel(*words, "--home", str(there), check=False), 1, "another home"), words
    here.collect("01")
    assert states(here, laid) == {"COLLECTED"}  # its own still works with it


def start_for_a_while(part: str, home: Path) -> Ended:
    """As `start`, but ended after some seconds where it runs."""
    command = [sys.executable, "-m", f"broker.processes.{part}", "--home", str(home)]
    begun = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        out, err = begun.communicate(timeout=20)
    except subprocess.TimeoutExpired:
        begun.send_signal(signal.SIGTERM)
        out, err = begun.communicate(timeout=60)
    return subprocess.CompletedProcess(command, begun.returncode, out, err)


def test_init_takes_no_ledger_that_another_home_has(url: str, tmp_path: Path) -> None:
    satchel("init", str(tmp_path / "first"), "--ledger-url", url)
    satchel("status", "--home", str(tmp_path / "first"))
    second = satchel("init", str(tmp_path / "second"), "--ledger-url", url, check=False)
    assert is_sentence(second, 1, "belongs to another home")
    assert not (tmp_path / "second").exists()


def test_a_home_with_keys_of_its_own_is_another_one_whatever_its_id(url: str, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    satchel("init", str(first), "--ledger-url", url)
    satchel("init", str(second))
    use(second, url)
    for folder in (second, second / "vault"):
        shutil.copy(first / "home.id", folder / "home.id")
    assert is_sentence(satchel("status", "--home", str(second), check=False), 1, "another home")
    (second / "home.id").unlink()
    assert is_sentence(satchel("upgrade", "--home", str(second), check=False), 1, "another home")
    assert not (second / "home.id").exists()


def test_an_id_that_was_lost_is_written_again_where_the_keys_are_right(tmp_path: Path) -> None:
    home = tmp_path / "home"
    satchel("init", str(home))
    was = (home / "home.id").read_text()
    (home / "home.id").unlink()
    assert is_sentence(satchel("status", "--home", str(home), check=False), 1, "satchel upgrade")
    satchel("upgrade", "--home", str(home))
    assert (home / "home.id").read_text() == was
    satchel("status", "--home", str(home))


def test_a_vault_that_is_not_mounted_or_another_one_is_no_vault(tmp_path: Path) -> None:
    here = Office(tmp_path / "here", "01")
    notices(here, 1)
    home, vault = here.exchange.home, here.exchange.home / "vault"
    kept = move_away(vault)
    for words in (["status"], ["up"]):
        assert is_sentence(satchel(*words, "--home", str(home), check=False), 1, str(vault), "mount"), words
    assert is_sentence(start("worker", home), UNUSABLE, str(vault))
    assert is_sentence(satchel("upgrade", "--home", str(home), check=False), 1, "mount")  # it marks no bare folder
    satchel("init", str(tmp_path / "other"))
    shutil.rmtree(vault)
    shutil.copytree(tmp_path / "other" / "vault", vault)
    assert is_sentence(satchel("status", "--home", str(home), check=False), 1, "another home's vault")
    put_back(kept, vault)
    satchel("status", "--home", str(home))


# copies of a home


@pytest.mark.long
@pytest.mark.slow
def test_a_copy_of_a_home_never_runs_beside_it_nor_unnoticed_after_it(url: str, tmp_path: Path) -> None:
    first = Exchange(tmp_path / "first", enabled=False, processes=1)
    use(first.home, url)
    satchel("upgrade", *first.at)
    second = Exchange.of(tmp_path / "second")
    try:
        first.up()
        shutil.copytree(first.home, second.home, symlinks=True, ignore=shutil.ignore_patterns("*.sock"))
        refused = satchel("up", *second.at, check=False)
        assert refused.returncode == 1, refused.stderr
        assert "from another home" in refused.stderr.splitlines()[-1]
        assert first.down() == 0
        second.up()  # one after the other nobody can tell which is the right one
        assert second.down() == 0
        for words in (["up"], ["status"], ["lea", "list"]):
            stale = satchel(*words, *first.at, check=False)
            assert is_sentence(stale, 1, "satchel restored"), stale.stderr
        assert is_sentence(start("sweeper", first.home), UNUSABLE, "satchel restored")
        assert "go on with" in satchel("restored", *first.at).stdout
        first.up()
        assert first.down() == 0
        assert is_sentence(satchel("up", *second.at, check=False), 1, "satchel restored")
    finally:
        first.close()
        second.close()


@pytest.mark.slow
@pytest.mark.long
def test_the_lease_of_a_supervisor_that_was_killed_is_free_for_the_next(url: str, tmp_path: Path) -> None:
    first = Exchange(tmp_path / "first", enabled=False, processes=1)
    use(first.home, url)
    satchel("upgrade", *first.at)
    try:
        first.up()
        assert first.process is not None
        first.process.kill()
        first.process.wait()
        first.up()
        assert first.down() == 0
    finally:
        first.close()


@pytest.mark.long
def test_a_backup_put_back_under_a_ledger_that_went_on_collects_nothing(url: str, tmp_path: Path) -> None:
    """The home's disk was lost, and its ledger is on another: the backup's inboxes lack what came since."""
    here = Office(tmp_path / "here", "01", "02", ledger_url=url)
    home, inbox = here.exchange.home, here.exchange.folder("01", "inbox")
    here.exchange.configure(enabled=False, processes=1)
    here.exchange.up()
    assert here.exchange.down() == 0
    backup = tmp_path / "backup"
    shutil.copytree(home, backup, symlinks=True)
    here.exchange.up()
    assert here.exchange.down() == 0
    laid = notices(here)
    for path in inbox.glob("*.pgp"):  # as the backup has it; the vault is on a disk of its own
        path.unlink()
    shutil.copy(backup / "home.run", home / "home.run")
    assert is_sentence(satchel("up", "--home", str(home), check=False), 1, "satchel restored")
    said = satchel("restored", "--home", str(home)).stdout
    assert "satchel lea inbox 01 --again" in said
    assert "02" not in said.splitlines()[-1]
    here.exchange.up()
    try:
        time.sleep(3)
        assert states(here, laid) == {"DELIVERED"}
        assert here.exchange.status()["inboxes_lost"] == ["01"]
        again = satchel("lea", "inbox", "01", "--again", "--home", str(home)).stdout
        assert f"{len(laid)} packets are put there again" in again
        assert here.inbox("01", "ssid") == laid
        assert here.exchange.status()["inboxes_lost"] == []
        assert here.opened(laid[0])
        for path in inbox.glob("*.pgp"):
            path.unlink()
        wait_until(lambda: states(here, laid) == {"COLLECTED"}, "what is taken now counts")
    finally:
        here.exchange.close()


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
