"""SFTP messages: what is written can be read, and no bytes do worse than BadMessage."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.edge.settings.rules import TheState
from broker.edge.sftp.server import wire as wire
from broker.edge.sftp.server.wire import Attributes, BadMessage, Entry, Reader, Status

NUMBERS = st.integers(0, 2**32 - 1)


@given(st.binary(max_size=200), st.lists(st.sampled_from(["byte", "u32", "u64", "string", "attributes"]), max_size=8))
def test_any_bytes_are_read_or_refused(content: bytes, steps: list[str]) -> None:
    reader = Reader(content)
    try:
        for step in steps:
            getattr(reader, step)()
    except BadMessage:
        return


@given(st.none() | st.integers(0, 2**64 - 1), st.none() | NUMBERS, st.none() | NUMBERS)
def test_attributes_come_back(size: int | None, mode: int | None, mtime: int | None) -> None:
    reader = Reader(wire.attributes(7, Attributes(size, mode, mtime)))
    assert reader.u32() > 0
    assert (reader.byte(), reader.u32()) == (wire.Kind.ATTRS, 7)
    assert reader.attributes() == Attributes(size, mode, mtime)


@pytest.mark.parametrize("count", [17, 2**32 - 1])
def test_a_count_does_not_make_the_reader_loop(count: int) -> None:
    with pytest.raises(BadMessage):
        Reader(struct.pack(">II", 0x80000000, count)).attributes()


def test_the_layout_is_the_drafts() -> None:
    assert wire.status(5, Status.EOF, "no") == b"\0\0\0\x15" + (
        b"\x65" + struct.pack(">II", 5, 1) + b"\0\0\0\x02no" + b"\0\0\0\x02en"
    )
    assert wire.data(1, b"ab") == b"\0\0\0\x0b\x67" + struct.pack(">II", 1, 2) + b"ab"
    assert wire.handle(1, b"9") == b"\0\0\0\x0a\x66" + struct.pack(">I", 1) + b"\0\0\0\x019"
    named = wire.names(3, [Entry("x.pgp", Attributes(5, 0o100640, 0))], TheState("America/Denver").time)
    assert b"-rw-r-----" in named
    assert b" Dec 31 17:00 x.pgp" in named  # by the clocks of the state
    assert named.count(b"x.pgp") == 2
