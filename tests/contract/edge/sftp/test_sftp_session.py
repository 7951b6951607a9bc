"""How a session of the SFTP server ends: quietly when the line does, and told in the log when it is a fault of ours."""

import errno
import logging
import os
import re
import struct
import threading
from collections.abc import Sequence
from pathlib import Path

import paramiko
import pytest

from broker.edge.settings.values import Limits, Sftp
from broker.edge.sftp.server import files
from broker.edge.sftp.server.handles import Tallies
from broker.edge.sftp.server.outbox import Outbox
from broker.edge.sftp.server.session import Pace, Session
from broker.edge.sftp.server.tree import Tree
from broker.edge.sftp.server.wire import Kind, Status
from tests.support.ssh import PACKET, House, Running, deliver, wait_until

pytest_plugins = ("tests.support.ssh_fixtures",)
GREETING = b"\0\0\0\5\1\0\0\0\3"
SECRET = "Ana-Reyes"


class Line:
    """A line that plays `content` and then raises `after`, or raises `on_send` when something is sent."""

    def __init__(
        self, content: bytes, after: BaseException | None = None, on_send: BaseException | None = None
    ) -> None:
        self._left, self._after, self._on_send = content, after, on_send
        self.said = bytearray()

    def recv(self, count: int, /) -> bytes:
        if not self._left and self._after:
            raise self._after
        taken, self._left = self._left[:count], self._left[count:]
        return taken

    def sendall(self, content: bytes, /) -> None:
        if self._on_send:
            raise self._on_send
        self.said += content


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path / "home")


def play(house: House, line: Line) -> None:
    outbox = Outbox(house.root("01"), Sftp(), Limits(sealed_bytes=10_000))
    tree = Tree("01", house.root("01"), outbox, Tallies(), house)
    Session(line, tree, "lea=01", 4, Pace(0, threading.Event()), lambda: None).run()


def told(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What an operator must see."""
    return [one.getMessage() for one in caplog.records if one.levelno >= logging.WARNING]


@pytest.mark.parametrize("ending", [None, EOFError(), TimeoutError(), ConnectionResetError(), BrokenPipeError()])
def test_a_line_that_ends_is_the_ordinary_end(
    house: House, ending: BaseException | None, caplog: pytest.LogCaptureFixture
) -> None:
    play(house, Line(GREETING, ending))
    assert told(caplog) == []


@pytest.mark.parametrize("ending", [OSError("Socket is closed"), TimeoutError(), BrokenPipeError()])
def test_nobody_there_to_answer_is_the_ordinary_end(
    house: House, ending: OSError, caplog: pytest.LogCaptureFixture
) -> None:
    """Paramiko's word for a closed channel is an OSError without a number."""
    play(house, Line(GREETING, on_send=ending))
    assert told(caplog) == []


@pytest.mark.parametrize(("content", "on_send"), [(b"", None), (GREETING, OSError(errno.EMFILE, SECRET))])
def test_any_other_fault_is_no_end_of_a_line(house: House, content: bytes, on_send: OSError | None) -> None:
    with pytest.raises(OSError, match=SECRET):
        play(house, Line(content, OSError(errno.EIO, SECRET), on_send))


def test_a_disk_that_fails_is_told_to_the_client_and_to_the_operator(
    house: House, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(*_: object) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO), SECRET)

    monkeypatch.setattr(files, "regular", fails)
    path = f"/inbox/{PACKET}".encode()
    body = struct.pack(">BII", Kind.STAT, 7, len(path)) + path
    line = Line(GREETING + struct.pack(">I", len(body)) + body)
    play(house, line)
    assert struct.pack(">BII", Kind.STATUS, 7, Status.FAILURE) in line.said
    assert told(caplog) == [f"lea=01 verb=failed kind=OSError errno={errno.EIO}"]


def test_what_is_not_there_is_no_news(house: House, caplog: pytest.LogCaptureFixture) -> None:
    body = struct.pack(">BII", Kind.STAT, 7, 12) + b"/inbox/absen"
    play(house, Line(GREETING + struct.pack(">I", len(body)) + body))
    assert told(caplog) == []


def test_a_bug_in_a_session_is_told_by_kind_and_place_alone(
    house: House, served: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: str) -> None:
        raise LookupError(SECRET)

    deliver(house)
    monkeypatch.setattr(house, "collected", broken)
    with pytest.raises((EOFError, OSError, paramiko.SSHException)), served.client("01") as client:
        client.remove(f"/inbox/{PACKET}")
    wait_until(lambda: re.search(r"verb=bug kind=LookupError places=[\w:>]+>broken:\d+", caplog.text))
    assert SECRET not in caplog.text
    with served.client("6G") as other:
        assert other.listdir("/outbox") == []


def test_a_bug_at_login_is_told_by_kind_and_place_alone(
    house: House, served: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(_lea: str) -> Sequence[str]:
        raise LookupError(SECRET)

    monkeypatch.setattr(house, "authorized_keys", broken)
    with pytest.raises((EOFError, OSError, paramiko.SSHException)), served.client("01"):
        pass
    wait_until(lambda: re.search(r"verb=bug kind=LookupError places=[\w:>]+>broken:\d+", caplog.text))
    assert SECRET not in caplog.text
