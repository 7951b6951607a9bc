"""What an LEA plants in its own inbox kills nobody, takes nothing from anybody, and is followed nowhere."""

import os
import shutil
import socket
import stat
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from broker.core.model import LeaId
from broker.edge.ledger.engine import writing
from broker.parties import marks
from broker.processes.sweeper import InboxDuty
from broker.stages.sweep.collected import notice_collected
from tests.support import documents
from tests.support.desk import child, record
from tests.support.office import Office

LEAS = ("01", "6G", "02")


STUDENTS = [child("Ana", "Planted", "2012-03-04", local_id="P1"), child("Otto", "Zimmer", "2013-05-06", local_id="P2")]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = opened(tmp_path_factory.mktemp("planted"))
    yield made
    made.services.engine.dispose()


def opened(root: Path) -> Office:
    """01 had both students, 6G has them."""
    made = Office(root, *LEAS)
    made.enroll("01", *STUDENTS, date="2025-08-18")
    assert {line["answer"] for line in made.enroll("6G", *STUDENTS)} == {"matched"}
    return made


def sent(office: Office, which: int = 0) -> str:
    """The tracking id of a record of 01 that is delivered to 6G."""
    ssid = office.enroll("6G", *STUDENTS)[which]["ssid"]
    row = office.send("01", record("01", STUDENTS[which] | {"ssid": ssid}))
    assert row.state == "DELIVERED", (row.state, row.held_for, row.code)
    return str(row.tracking)


def _fifo(path: Path) -> None:
    os.mkfifo(path)


def _socket(path: Path) -> None:
    here = os.open(path.parent, os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as made:  # whose whole path may be too long: renamed then
        made.bind(f"/proc/self/fd/{here}/.made")
    (path.parent / ".made").rename(path)
    os.close(here)


def _folder(path: Path) -> None:
    path.mkdir()
    (path / "inner").write_text("x")


def _empty_folder(path: Path) -> None:
    path.mkdir()


def _loop(path: Path) -> None:
    path.symlink_to(path.name)


def _away(path: Path) -> None:
    path.symlink_to("/etc")


def _unreadable(path: Path) -> None:
    path.write_bytes(b"x")
    path.chmod(0)


def _huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)


def _device(path: Path) -> None:
    try:
        os.mknod(path, stat.S_IFCHR | 0o666, os.makedev(1, 5))  # /dev/zero: endless
    except PermissionError:
        pytest.skip("only root makes devices")


KINDS: dict[str, Callable[[Path], None]] = {
    "a pipe": _fifo,
    "a socket": _socket,
    "a folder": _folder,
    "an empty folder": _empty_folder,
    "a link to itself": _loop,
    "a link away": _away,
    "an unreadable file": _unreadable,
    "a huge file": _huge,
    "a device": _device,
}


def names() -> list[bytes]:
    """Names of all kinds that an inbox knows, and others."""
    other = str(uuid.uuid4())
    return [
        b"plain.txt",
        b"\xff\xfe not UTF-8",
        b"line\nbreak\x1b[31m",
        "\u202egnp.exe".encode(),
        b"n" * 255,
        f"{other}.student-record.pgp".encode(),
        f".{other}.token.tmp".encode(),
        f".{other}.token-back.tmp".encode(),
        f".satchel-inbox-{uuid.uuid4().hex}".encode(),
    ]


def look(office: Office) -> None:
    """What the sweeper does with all inboxes; another LEA's comes last."""
    InboxDuty(office.services).look()


@pytest.mark.parametrize("kind", KINDS)
def test_whatever_is_planted_under_whatever_name_everything_goes_on(office: Office, kind: str) -> None:
    inbox = office.exchange.folder("6G", "inbox")
    paths = [inbox / os.fsdecode(name) for name in names()]
    for path in paths:
        KINDS[kind](path)
    try:
        look(office)
        tracking = sent(office)
        look(office)
        (file,) = [one for one in office.exchange.inbox("6G") if one.name.startswith(tracking)]
        file.unlink()
        look(office)
        assert office.row(tracking).state == "COLLECTED"
        with writing(office.services.engine) as connection:  # what `satchel lea inbox` does
            marks.give(connection, office.services.home, LeaId("6G"), 1.0)
        look(office)
        assert Path("/etc/passwd").exists()
    finally:
        for path in inbox.iterdir():
            if path.is_dir() and not path.is_symlink() and not path.name.startswith(".satchel"):
                path.chmod(0o700)
                shutil.rmtree(path)
            elif not path.is_dir() or path.is_symlink():
                path.unlink()


@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_in_a_delivered_packets_place_is_not_touched_and_delays_no_other(office: Office, kind: str) -> None:
    """Its LEA took the packet and put something else there; its sender takes the packet back."""
    tracking, other = sent(office), sent(office, 1)
    (file,) = [one for one in office.exchange.inbox("6G") if one.name.startswith(tracking)]
    file.unlink()
    KINDS[kind](file)
    look(office)
    assert office.row(tracking).state == "DELIVERED"  # by its name it is there still
    office.send("01", documents.recall(tracking=tracking))
    look(office)
    assert [path.name for path in office.exchange.inbox("6G") if path.name.startswith(tracking)] == []
    (whole,) = [one for one in office.exchange.inbox("6G") if one.name.startswith(other)]
    whole.unlink()
    look(office)
    assert office.row(other).state == "COLLECTED"
    clear(office)


def clear(office: Office) -> None:
    for path in office.exchange.folder("6G", "inbox").iterdir():
        if ".planted" in path.name and path.is_dir():
            shutil.rmtree(path)


def test_what_has_a_hidden_packets_name_delays_no_other(office: Office) -> None:
    """A crash left two packets hidden; under the name of one of them something else stands."""
    inbox = office.exchange.folder("6G", "inbox")
    first, second = sent(office), sent(office, 1)
    for tracking in (first, second):
        (shown,) = [one for one in office.exchange.inbox("6G") if one.name.startswith(tracking)]
        token = office.row(tracking).token
        shown.rename(inbox / f".{tracking}.{token}.tmp")
        if tracking == first:
            os.mkfifo(shown)
            planted = shown
    look(office)
    assert [one for one in office.exchange.inbox("6G") if one.name.startswith(second)]
    assert office.hidden("6G"), "the first one waits"
    planted.unlink()
    look(office)
    assert next(one.stat().st_size for one in office.exchange.inbox("6G") if one.name.startswith(first)) > 100
    office.collect("6G")


def test_a_planted_mark_leads_nowhere(office: Office, tmp_path: Path) -> None:
    inbox = office.exchange.folder("6G", "inbox")
    (tmp_path / "README").write_text("not the exchange's")
    (inbox / ".satchel-inbox-0123").symlink_to(tmp_path)
    (inbox / ".satchel-inbox-4567").mkdir()
    (inbox / ".satchel-inbox-4567" / "README").mkdir()
    with writing(office.services.engine) as connection:
        marks.give(connection, office.services.home, LeaId("6G"), 1.0)
    assert (tmp_path / "README").read_text() == "not the exchange's"
    look(office)
    assert notice_collected(office.services, LeaId("6G")) == []
    (inbox / ".satchel-inbox-0123").unlink()
