"""The home, the LEAs' folders, and what is written into them."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from broker.core.errors import Deferred
from broker.core.model import LeaId
from broker.edge.home import durable, mounts
from broker.edge.home.folders import (
    DIRECTORY,
    INBOX,
    OUTBOX,
    RECEIPTS,
    Home,
    Missing,
    lea_id,
    tracking_id,
    write_receipts,
)
from tests.support.tools import require_root

LEA = LeaId("01")
TRACKING = "018f0000-0000-7000-8000-000000000001"
NOBODY, GROUP = 65534, 54321


@pytest.fixture
def home(tmp_path: Path) -> Home:
    made = Home(tmp_path / "home")
    made.create()
    made.create_lea(LEA)
    return made


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("good", ["01", "6G", "a", "Utah-Charter_7", "x" * 32])
def test_lea_ids(good: str) -> None:
    assert lea_id(good) == good


@pytest.mark.parametrize("bad", ["", "-a", "_a", ".", "..", "a/b", "a b", "a\n", "ä", "x" * 33, "a.b", "٣"])
def test_what_is_no_lea_id(home: Home, bad: str) -> None:
    with pytest.raises(ValueError, match="an LEA id is"):
        home.create_lea(LeaId(bad))
    with pytest.raises(ValueError, match="an LEA id is"), home.enter(LeaId(bad), OUTBOX):
        pass


def test_tracking_ids() -> None:
    assert tracking_id(TRACKING) == TRACKING
    for bad in ("", "../x", TRACKING.upper(), TRACKING + "\n"):
        with pytest.raises(ValueError, match="a tracking id is"):
            tracking_id(bad)


def test_a_home_is_for_the_exchange_alone(home: Home) -> None:
    old = os.umask(0)
    try:
        home.create()
        home.create_lea(LeaId("6G"))
        home.create_lea(LeaId("6G"))
    finally:
        os.umask(old)
    folders = [home.folder(LeaId("6G"), name) for name in (OUTBOX, INBOX, RECEIPTS, DIRECTORY)]
    for path in (home.root, home.leas, home.vault, home.keys, home.run, home.quarantine, *folders):
        assert path.is_dir()
        assert mode(path) == 0o700
    assert (home.ledger.name, home.settings.name, home.certificate.name) == (
        "ledger.db",
        "satchel.toml",
        "exchange.asc",
    )


def test_lea_ids_are_those_with_folders(home: Home) -> None:
    home.create_lea(LeaId("6G"))
    (home.leas / "99").symlink_to("/etc")
    (home.leas / "file").write_text("")
    (home.leas / ".hidden").mkdir()
    assert home.lea_ids() == ["01", "6G"]


def test_the_group_of_an_lea_has_its_rights_and_no_more(home: Home) -> None:
    require_root("to act as another user")
    home.create_lea(LEA, gid=GROUP)
    top = home.leas / LEA
    (top / INBOX / "packet.pgp").write_bytes(b"sealed")
    (top / INBOX / "packet.pgp").chmod(0o440)
    assert (top / INBOX / "packet.pgp").stat().st_gid == GROUP
    (top / RECEIPTS / "receipt").write_bytes(b"text")

    script = """
import os, pathlib
def may(what):
    try:
        what()
    except PermissionError:
        return False
    return True
print(*[may(what) for what in (
    lambda: pathlib.Path("outbox/new.pgp").write_bytes(b"x"),
    lambda: pathlib.Path("inbox/packet.pgp").read_bytes(),
    lambda: pathlib.Path("receipts/receipt").read_bytes(),
    lambda: pathlib.Path("inbox/packet.pgp").write_bytes(b"forged"),
    lambda: pathlib.Path("receipts/forged").write_bytes(b"x"),
    lambda: pathlib.Path("receipts/receipt").unlink(),
    lambda: pathlib.Path("directory/forged.asc").write_bytes(b"x"),
    lambda: os.rename("outbox", "elsewhere"),
    lambda: os.symlink("/etc", "new"),
    lambda: pathlib.Path("inbox/packet.pgp").unlink(),
)])
"""

    def run(group: int) -> list[str]:
        done = subprocess.run(
            ["/usr/bin/env", "python3", "-c", script],
            cwd=top,
            user=NOBODY,
            group=group,
            extra_groups=[],
            capture_output=True,
            text=True,
            check=True,
        )
        return done.stdout.split()

    top.chmod(0o755)  # a stranger who got that far
    assert run(NOBODY) == ["False"] * 10
    home.create_lea(LEA, gid=GROUP)
    assert run(GROUP) == ["True"] * 3 + ["False"] * 6 + ["True"]


def test_modes_are_mended(home: Home) -> None:
    home.folder(LEA, OUTBOX).chmod(0o777)
    home.create_lea(LEA)
    assert mode(home.folder(LEA, OUTBOX)) == 0o700


@pytest.mark.parametrize("folder", ["outbox", ""])
def test_a_link_in_place_of_a_folder_is_not_followed(home: Home, tmp_path: Path, folder: str) -> None:
    path = home.leas / LEA / folder
    path.rename(tmp_path / "aside")
    path.symlink_to(tmp_path / "aside")
    with pytest.raises(Missing), home.enter(LEA, OUTBOX):
        pass


def test_a_missing_folder_is_deferred_and_nothing_stays_open(home: Home) -> None:
    before = len(list(Path("/dev/fd").iterdir()))
    home.folder(LEA, INBOX).rmdir()
    with pytest.raises(Deferred, match="the folder inbox of LEA 01 is missing"), home.enter(LEA, INBOX):
        pass
    with pytest.raises(Missing), home.enter(LeaId("77"), INBOX):
        pass
    assert len(list(Path("/dev/fd").iterdir())) == before


def test_readme(home: Home) -> None:
    home.write_readme(LEA, "Put files into outbox.\n")
    home.write_readme(LEA, "Lege Dateien in outbox – bitte.\n")
    assert (home.leas / LEA / "README.txt").read_text("utf-8") == "Lege Dateien in outbox – bitte.\n"


@pytest.mark.parametrize("whole", [True, False])
def test_receipts(home: Home, whole: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not whole:
        monkeypatch.setattr(mounts, "read", mounts.Mounts)
    home.create_lea(LeaId("6G"))
    batch = [
        (LEA, f"{TRACKING}.1.received.json.asc", "one"),
        (LeaId("6G"), f"{TRACKING}.1.delivered.json.asc", "two"),
        (LEA, f"{TRACKING}.2.refused.json.asc", "three"),
    ]
    assert write_receipts(home, batch) == []
    assert write_receipts(home, batch) == []
    found = {path.name: path.read_text() for path in home.folder(LEA, RECEIPTS).iterdir()}
    assert found == {f"{TRACKING}.1.received.json.asc": "one", f"{TRACKING}.2.refused.json.asc": "three"}
    assert home.folder(LeaId("6G"), RECEIPTS).joinpath(batch[1][1]).read_text() == "two"


def test_one_broken_folder_does_not_keep_receipts_from_others(home: Home) -> None:
    home.create_lea(LeaId("6G"))
    home.folder(LEA, RECEIPTS).rmdir()
    done = write_receipts(home, [(LEA, "a.json.asc", "x"), (LeaId("6G"), "b.json.asc", "y"), (LeaId("77"), "c", "z")])
    assert done == ["01", "77"]
    assert home.folder(LeaId("6G"), RECEIPTS).joinpath("b.json.asc").read_text() == "y"


def test_a_link_in_place_of_a_receipt_is_replaced(home: Home, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("mine")
    home.folder(LEA, RECEIPTS).joinpath("a.json.asc").symlink_to(victim)
    write_receipts(home, [(LEA, "a.json.asc", "x")])
    assert victim.read_text() == "mine"
    with pytest.raises(ValueError, match="a file name here"):
        write_receipts(home, [(LEA, "../outbox/x", "x")])


def test_a_crash_before_the_rename_shows_no_receipt(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "rename", die)
    with pytest.raises(KeyboardInterrupt):
        write_receipts(home, [(LEA, "a.json.asc", "x")])
    assert list(home.folder(LEA, RECEIPTS).iterdir()) == []


def test_exists_at_sees_dangling_links(home: Home) -> None:
    home.folder(LEA, INBOX).joinpath("x").symlink_to("nowhere")
    with home.enter(LEA, INBOX) as fd:
        assert durable.exists_at(fd, "x")
        assert not durable.exists_at(fd, "y")


def test_importing_does_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import broker.edge.home.watch, threading; print(threading.active_count())"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "1\n"
