"""`satchel send` and `fetch` on an LEA's own computer: nobody waits in silence."""

import os
import re
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from broker.edge.pgp import openpgp
from tests.support.exchange import SATCHEL, satchel, wait_until
from tests.support.own_computer import EXCHANGE, OWN, Desk, refused
from tests.support.ssh import House, Running, names

pytest_plugins = ("tests.support.ssh_fixtures",)


@pytest.fixture
def desk(house: House, served: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    root = tmp_path / "desk"
    root.mkdir()
    return Desk(house, served, root, monkeypatch)


# --- nobody waits in silence


@contextmanager
def silent() -> Iterator[int]:
    """A server that takes every line and says nothing."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:
        yield int(listening.getsockname()[1])


def begun(desk: Desk, *words: str) -> "subprocess.Popen[str]":
    """A command at a terminal: Ctrl-C reaches it, also where these tests run in the background."""
    return subprocess.Popen(
        [*SATCHEL, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=desk.root,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


def elsewhere(desk: Desk, port: int) -> list[str]:
    return ["--server", f"127.0.0.1:{port}", *desk.options[2:]]


@pytest.mark.parametrize("words", [["send", "a.pgp"], ["fetch", "--into", "in"]])
def test_where_nothing_listens_is_told_without_another_try(desk: Desk, words: list[str]) -> None:
    desk.seal("a.pgp")
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = int(taken.getsockname()[1])
    refused(satchel(*words, *elsewhere(desk, port), check=False), "Nothing answers at 127.0.0.1", "check host and port")


@pytest.mark.parametrize("words", [["send", "a.pgp"], ["fetch", "--into", "in"]])
def test_what_is_waited_for_is_said_and_ctrl_c_ends_it(desk: Desk, words: list[str]) -> None:
    desk.seal("a.pgp")
    with silent() as port:
        program = begun(desk, *words, *elsewhere(desk, port))
        assert program.stderr is not None
        said = program.stderr.readline()
        assert re.fullmatch(rf"Still waiting for 127\.0\.0\.1 port {port} \(\d+ s\); Ctrl-C ends it\.\n", said)
        program.send_signal(signal.SIGINT)
        ended = program.communicate(timeout=20)  # it was 60 seconds and more
    assert program.returncode == 130
    assert ended[1].startswith("\nStopped. ")
    assert "Traceback" not in ended[1]


def test_ctrl_c_in_the_middle_of_a_file_leaves_what_goes_on(desk: Desk) -> None:
    """The server stops answering with the file half there; the next run takes it up where it was."""
    document = os.urandom(6_000_000)
    (desk.root / "big.pgp").write_bytes(openpgp.seal(document, OWN.key, [EXCHANGE.public]))
    size = (desk.root / "big.pgp").stat().st_size
    part = desk.house.outbox("6G") / "big.pgp.part"
    with slow_line(desk.served.port, 3_000_000) as port:
        program = begun(desk, "send", "big.pgp", *elsewhere(desk, port)[:-1], str(known_at(desk, port)))
        wait_until(lambda: _size(desk.house) > 1_000_000, "some of it is there")
        program.send_signal(signal.SIGINT)
        assert program.communicate(timeout=20)[1].startswith("\nStopped. ")
    assert program.returncode == 130
    assert desk.house.visible("6G") == set()
    assert 0 < _size(desk.house) < size
    satchel("send", "big.pgp", *desk.options)
    assert names(desk.house.outbox("6G")) == ["big.pgp"]
    assert (desk.house.outbox("6G") / "big.pgp").read_bytes() == (desk.root / "big.pgp").read_bytes()
    assert not part.exists()


def known_at(desk: Desk, port: int) -> Path:
    path = desk.root / "known"
    path.write_text(f"[127.0.0.1]:{port} {desk.served.server.host_key.line}\n")
    return path


def _size(house: House) -> int:
    return sum(path.stat().st_size for path in house.outbox("6G").iterdir())


@contextmanager
def slow_line(port: int, most: int) -> Iterator[int]:
    """A line to a port over which nothing goes any more after so many bytes, and which stays open."""
    listening = socket.create_server(("127.0.0.1", 0))
    held: list[socket.socket] = []

    def pump(near: socket.socket, far: socket.socket, left: float) -> None:
        while left > 0:
            try:
                content = near.recv(65536)
                far.sendall(content)
            except OSError:
                return
            if not content:
                return
            left -= len(content)

    def run() -> None:
        try:
            near, _ = listening.accept()
        except OSError:
            return
        far = socket.create_connection(("127.0.0.1", port))
        held.extend([near, far])
        threading.Thread(target=pump, args=(near, far, most), daemon=True).start()
        threading.Thread(target=pump, args=(far, near, float("inf")), daemon=True).start()

    threading.Thread(target=run, daemon=True).start()
    try:
        yield int(listening.getsockname()[1])
    finally:
        for one in [listening, *held]:
            one.close()
