"""Packet framing: where packets end, and what cuts, parts and garbage come to."""

import io
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.errors import Refused
from broker.core.files.extent import Extent, Progress, extent
from broker.core.openpgp import frames
from broker.core.openpgp.frames import walk
from tests.support.craft import in_parts
from tests.support.scale import examples

PKESK = frames.packet(frames.PKESK, bytes(100))
SEIPD = frames.packet(frames.SEIPD, b"\x01" + b"\x5a" * 3000)
ARMORED = b"-----BEGIN PGP MESSAGE-----\nVersion: 1\n\nAAAA\n=AAAA\n-----END PGP MESSAGE-----\n"


def walked(data: bytes, most: int = 64, open_ended: frozenset[int] = frozenset()) -> list[tuple[int, bytes]]:
    view = memoryview(data)
    return [(frame.tag, bytes(frame.body(view))) for frame in walk(view, most, open_ended)]


def code(data: bytes, most: int = 64) -> str:
    with pytest.raises(Refused) as refused:
        walked(data, most)
    return refused.value.code


@pytest.mark.parametrize("size", [0, 1, 191, 192, 193, 8383, 8384, 8385, 70000])
def test_new_headers_of_every_length(size: int) -> None:
    assert walked(frames.packet(frames.LITERAL, bytes(size))) == [(frames.LITERAL, bytes(size))]


@pytest.mark.parametrize(("kind", "octets", "size"), [(0, 1, 255), (1, 2, 256), (2, 4, 70000)])
def test_old_headers(kind: int, octets: int, size: int) -> None:
    head = bytes([0x80 | frames.LITERAL << 2 | kind]) + size.to_bytes(octets, "big")
    assert walked(head + bytes(size) + PKESK) == [(frames.LITERAL, bytes(size)), (frames.PKESK, bytes(100))]


def test_indeterminate_length_only_where_it_is_allowed() -> None:
    data = bytes([0x80 | frames.COMPRESSED << 2 | 3]) + b"rest"
    assert walked(data, open_ended=frozenset({frames.COMPRESSED})) == [(frames.COMPRESSED, b"rest")]
    assert code(data) == "bad-structure"


@given(st.binary(max_size=6000), st.integers(0, 12))
def test_partial_lengths_join_to_the_body(body: bytes, power: int) -> None:
    data = in_parts(frames.SEIPD, body, max(power, 9)) + PKESK
    assert walked(data) == [(frames.SEIPD, body), (frames.PKESK, bytes(100))]


def test_a_single_part_is_not_copied() -> None:
    data = bytearray(SEIPD)
    body = next(walk(memoryview(data), 1)).body(memoryview(data))
    data[-1] = 7
    assert body[-1] == 7


def test_partial_lengths_only_for_data_packets() -> None:
    assert code(in_parts(frames.PKESK, bytes(2000))) == "bad-structure"


def test_a_body_in_tiny_parts_is_refused_early() -> None:
    assert code(in_parts(frames.SEIPD, bytes(100_000), 0)) == "bad-structure"


def test_too_many_packets() -> None:
    assert code(PKESK * 5, most=4) == "bad-structure"


@pytest.mark.parametrize("garbage", [b"{}", b"\x00", b"a,b\n"])
def test_what_is_no_packet(garbage: bytes) -> None:
    assert code(garbage) == "not-openpgp"
    assert code(PKESK + garbage) == "bad-structure"


@pytest.mark.parametrize("whole", [SEIPD, in_parts(frames.SEIPD, bytes(2000)), b"\x85\x01\x00" + bytes(256)])
def test_every_cut_is_truncated(whole: bytes) -> None:
    assert {code(whole[:end]) for end in range(1, len(whole))} == {"truncated"}


@given(st.binary(max_size=300))
def test_random_bytes_end_in_packets_or_a_refusal(data: bytes) -> None:
    code, found = "", []
    try:
        found = list(walk(memoryview(data), 64, frozenset({frames.COMPRESSED})))
    except Refused as refused:
        code = refused.code
    assert code in {"", "not-openpgp", "truncated", "bad-structure"}
    assert all(before.end == after.start for before, after in pairwise(found))
    if not code:
        assert [frame.end for frame in found][-1:] == ([len(data)] if data else [])


@pytest.mark.parametrize("body", [SEIPD, in_parts(frames.SEIPD, b"\x5a" * 3000)])
def test_extent_of_every_half_upload(body: bytes) -> None:
    whole = PKESK + body
    assert extent(io.BytesIO(whole)) is Extent.WHOLE
    assert {extent(io.BytesIO(whole[:end])) for end in range(len(whole))} == {Extent.SHORT}


def test_extent_of_every_half_uploaded_armour() -> None:
    end = ARMORED.rindex(b"-") + 1
    assert {extent(io.BytesIO(ARMORED[:cut])) for cut in range(end)} == {Extent.SHORT}
    assert extent(io.BytesIO(ARMORED[:end])) is Extent.WHOLE
    assert extent(io.BytesIO(b"\xef\xbb\xbf\r\n" + ARMORED.replace(b"\n", b"\r\n") + b"\r\n\r\n")) is Extent.WHOLE


NOTHING_TO_WAIT_FOR = [b"{}", b"student,grade\n", b"\n\n", b"\xff\xd8\xff\xe0 jpeg", PKESK + SEIPD + b"\n"]
# what begins as a packet may, by its first octet alone
NOTHING_TO_WAIT_FOR += [b"\x89PNG\r\n\x1a\n" + bytes(20), "É,1\n".encode("cp1252"), "Álvarez\n".encode("cp1252")]
NOTHING_TO_WAIT_FOR += ["¡Hola!\n".encode("cp1252"), "Ñandú,Ana\n".encode("cp1252"), "Ótimo".encode("cp1252")]


@pytest.mark.parametrize("data", NOTHING_TO_WAIT_FOR)
def test_extent_of_what_waiting_does_not_mend(data: bytes) -> None:
    assert extent(io.BytesIO(data)) is Extent.FOREIGN


@pytest.mark.parametrize("beyond", [0, 1, 4096])
@pytest.mark.parametrize("body", [SEIPD, in_parts(frames.SEIPD, b"\x5a" * 3000)])
def test_extent_of_every_file_whose_length_was_set_before_its_bytes_came(body: bytes, beyond: int) -> None:
    """SMB and `rsync --preallocate`: what is not written yet reads as zeros. Writers fill whole blocks but the last."""
    whole = PKESK + body
    end = len(whole) + beyond
    there = [*range(len(whole) - 8), len(whole) - len(whole) % 512, *([len(whole)] if beyond else [])]
    assert {extent(io.BytesIO(whole[:at].ljust(end, b"\0"))) for at in there} == {Extent.SHORT}


def test_extent_of_every_armour_whose_length_was_set_before_its_bytes_came() -> None:
    end = len(ARMORED)
    assert {extent(io.BytesIO(ARMORED[:at].ljust(end, b"\0"))) for at in range(end - 1)} == {Extent.SHORT}
    assert extent(io.BytesIO(ARMORED + bytes(100))) is Extent.SHORT


def test_extent_of_blocks_that_came_out_of_order() -> None:
    whole = PKESK + in_parts(frames.SEIPD, b"\x5a" * 9000)
    assert extent(io.BytesIO(whole[:4096] + bytes(4096) + whole[8192:])) is Extent.SHORT


@pytest.mark.parametrize("zeros", range(8))
def test_a_sealed_packet_may_end_in_a_few_zeros(zeros: int) -> None:
    """One in 256 ends in one: it must not wait."""
    whole = PKESK + frames.packet(frames.SEIPD, b"\x01" + b"\x5a" * 3000 + bytes(zeros))
    assert extent(io.BytesIO(whole)) is Extent.WHOLE


class _Counting(io.BytesIO):
    taken = 0

    def read(self, size: int | None = -1) -> bytes:
        got = super().read(size)
        self.taken += len(got)
        return got


def test_extent_reads_headers_only() -> None:
    file = _Counting(PKESK + frames.header(frames.SEIPD, 5_000_000) + b"\x5a" * 5_000_000)
    assert extent(file) is Extent.WHOLE
    assert file.taken < 1000


@pytest.mark.parametrize("cut", [1, 900, 9_000, 20_000])
def test_a_look_goes_on_where_it_stood_and_ends_after_so_many_headers(cut: int) -> None:
    """In slices, over a file that grows: the same answers as at one go, and each header once."""
    whole = PKESK + in_parts(frames.SEIPD, b"\x5a" * 30_000)
    once, progress = Progress(), Progress()
    assert extent(io.BytesIO(whole), once) is Extent.WHOLE
    for there in (whole[:cut], whole[:cut], whole):
        for _ in range(once.headers + 2):
            before = progress.headers
            found = extent(io.BytesIO(there), progress, 3)
            assert progress.headers - before <= 3
            if found is not Extent.UNDECIDED:
                break
        assert found is (Extent.WHOLE if there is whole else Extent.SHORT)
    assert progress.headers <= once.headers + 4


@settings(max_examples=examples(300))
@given(st.binary(max_size=400))
def test_in_slices_it_is_the_same_answer(data: bytes) -> None:
    progress = Progress()
    answers = iter(lambda: extent(io.BytesIO(data), progress, 1), None)
    assert next(one for one in answers if one is not Extent.UNDECIDED) is extent(io.BytesIO(data))


@settings(max_examples=examples(300))
@given(st.binary(max_size=400))
def test_extent_always_answers(data: bytes) -> None:
    assert extent(io.BytesIO(data)) in set(Extent)
