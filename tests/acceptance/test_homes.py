"""A ledger has one home, and a home one exchange."""

import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from broker.processes.part import UNUSABLE
from tests.support import ledgers, postgres
from tests.support.exchange import Exchange, satchel, wait_until
from tests.support.office import Office
from tests.support.one_home import Ended, is_sentence, move_away, notices, put_back, start, states, use

PARTS = ("worker", "watcher", "sweeper", "sftp")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres.server() as url:
        yield url


@pytest.fixture
def url(server: str, tmp_path: Path) -> str:
    """An empty database."""
    ledgers.blank(tmp_path, server).dispose()
    return server


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
        assert f"{len(laid)} packets are missing from it, and will be put there again" in again
        assert here.inbox("01", "ssid") == laid
        assert here.exchange.status()["inboxes_lost"] == []
        assert here.opened(laid[0])
        for path in inbox.glob("*.pgp"):
            path.unlink()
        wait_until(lambda: states(here, laid) == {"COLLECTED"}, "what is taken now counts")
    finally:
        here.exchange.close()
