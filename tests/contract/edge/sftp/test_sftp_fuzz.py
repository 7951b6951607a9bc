"""Sessions of requests that make no sense, against a real folder: each gets one answer, and nothing else changes."""

import struct
import tempfile
import threading
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from broker.edge.settings.values import Limits, Sftp
from broker.edge.sftp.server.handles import Tallies
from broker.edge.sftp.server.outbox import Outbox
from broker.edge.sftp.server.session import Pace, Session
from broker.edge.sftp.server.tree import Tree
from broker.edge.sftp.server.wire import Kind, Status, string
from tests.support.scale import examples
from tests.support.ssh import PACKET, House, names

DESCRIPTORS = Path("/proc/self/fd")
_PLACES = ["", "/", "outbox", "/outbox/x.pgp", "/outbox/y.part", "/outbox/z.partial", "/outbox/link", "README.txt"]
_PLACES += [f"/inbox/{PACKET}", "/inbox", "/receipts/r", "/directory", "../../keys/01", "/outbox/../../6G", "a\0b"]
_PLACES += ["/outbox/.satchel-upload.x.pgp", "/outbox/" + "n" * 300]
PATHS = st.sampled_from([*(place.encode() for place in _PLACES), b"\xff\xfe"])
HANDLES = st.sampled_from([b"1", b"2", b"3", b"", b"99"])
SIZES = st.sampled_from([0, 1, 5, 2**31, 2**50, 2**63, 2**64 - 1])
COUNTS = st.sampled_from([0, 1, 100, 2**31, 2**32 - 1])
FLAGS = st.integers(0, 63)


def _attributes(size: int) -> bytes:
    return struct.pack(">IQ", 1, size)


REQUESTS = st.one_of(
    st.builds(lambda p, f: (Kind.OPEN, string(p) + struct.pack(">II", f, 0)), PATHS, FLAGS),
    st.builds(lambda h: (Kind.CLOSE, string(h)), HANDLES),
    st.builds(lambda h, o, n: (Kind.READ, string(h) + struct.pack(">QI", o, n)), HANDLES, SIZES, COUNTS),
    st.builds(lambda h, o: (Kind.WRITE, string(h) + struct.pack(">Q", o) + string(b"data")), HANDLES, SIZES),
    st.builds(
        lambda k, p: (k, string(p)),
        st.sampled_from([Kind.STAT, Kind.LSTAT, Kind.OPENDIR, Kind.REMOVE, Kind.RMDIR, Kind.REALPATH, Kind.READLINK]),
        PATHS,
    ),
    st.builds(lambda h: (Kind.READDIR, string(h)), HANDLES),
    st.builds(lambda h: (Kind.FSTAT, string(h)), HANDLES),
    st.builds(lambda p, n: (Kind.SETSTAT, string(p) + _attributes(n)), PATHS, SIZES),
    st.builds(lambda h, n: (Kind.FSETSTAT, string(h) + _attributes(n)), HANDLES, SIZES),
    st.builds(lambda k, p, q: (k, string(p) + string(q)), st.sampled_from([Kind.RENAME, Kind.SYMLINK]), PATHS, PATHS),
    st.builds(lambda p, q: (Kind.EXTENDED, string(b"posix-rename@openssh.com") + string(p) + string(q)), PATHS, PATHS),
    st.builds(lambda h: (Kind.EXTENDED, string(b"fsync@openssh.com") + string(h)), HANDLES),
    st.builds(lambda k, p: (k, string(p) + struct.pack(">I", 0)), st.sampled_from([Kind.MKDIR]), PATHS),
    # unknown kinds; an extension without a name is garbage, which ends a session (test_sftp_limits)
    st.builds(lambda k: (k, b""), st.integers(21, 255).filter(lambda k: k != Kind.EXTENDED)),
)


class Tape:
    """A line that plays what was recorded and keeps what is said."""

    def __init__(self, content: bytes) -> None:
        self._left = content
        self.said = bytearray()

    def recv(self, count: int, /) -> bytes:
        taken, self._left = self._left[:count], self._left[count:]
        return taken

    def sendall(self, content: bytes, /) -> None:
        self.said += content

    def answers(self) -> list[tuple[int, int, bytes]]:
        found, at = [], 0
        while at < len(self.said):
            length, kind, request = struct.unpack(">IBI", self.said[at : at + 9])
            found.append((kind, request, bytes(self.said[at + 9 : at + 4 + length])))
            at += 4 + length
        return found


def _play(house: House, requests: list[tuple[int, bytes]]) -> Tape:
    content = b"\0\0\0\5\1\0\0\0\3"
    for request, (kind, body) in enumerate(requests):
        content += struct.pack(">IBI", len(body) + 5, kind, request) + body
    outbox = Outbox(house.root("01"), Sftp(), Limits(sealed_bytes=10_000))
    tree = Tree("01", house.root("01"), outbox, Tallies(), house)
    tape = Tape(content)
    Session(tape, tree, "who", 4, Pace(0, threading.Event()), lambda: None).run()
    return tape


def _rest(house: House) -> dict[str, bytes | None]:
    outside = (path for path in house.home.rglob("*") if "01/outbox" not in str(path))
    return {str(path): path.read_bytes() if path.is_file() else None for path in outside}


@settings(max_examples=examples(150), deadline=None)
@given(st.lists(REQUESTS, max_size=25))
def test_every_request_has_one_answer_and_nothing_else_changes(requests: list[tuple[int, bytes]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        house = House(Path(folder) / "home")
        (house.inbox() / PACKET).write_bytes(b"sealed")
        (house.root("01") / "receipts" / "r").write_bytes(b"receipt")
        (house.outbox() / "link").symlink_to(house.inbox("6G"))
        before, descriptors = _rest(house), len(names(DESCRIPTORS))
        answers = _play(house, requests).answers()[1:]
        assert [request for _, request, _ in answers] == list(range(len(requests)))
        assert len(names(DESCRIPTORS)) == descriptors
        removed = [body for kind, body in requests if kind == Kind.REMOVE]
        after = _rest(house)
        for name in set(before) - set(after):
            assert any(string(path.encode()) in removed for path in (f"/inbox/{PACKET}", "/receipts/r")), name
        assert {name: after[name] for name in after} == {name: before[name] for name in after}
        assert not any(path.is_symlink() for path in house.outbox().iterdir() if path.name != "link")
        for kind, _, body in answers:
            if kind == Kind.STATUS:
                assert struct.unpack(">I", body[:4])[0] in set(Status)
