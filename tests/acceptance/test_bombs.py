"""Files that unpack to a gigabyte: refused at once, in little memory, and nobody else notices.

Each bomb is well-formed to the last byte, so only a limit can stop it. The bounds (2 seconds, 300 MB) are those of the
acceptance list.
"""

import bz2
import time
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from broker.core.openpgp import frames
from tests.support import craft
from tests.support.desk import Town, as_bytes, children, record, town
from tests.support.exchange import wait_until
from tests.support.memory import peak

GIGABYTE = 1 << 30
MOST_SECONDS, MOST_BYTES = 2.0, 300_000_000
PUPILS = children(4)  # came from 02 over 01 to 6G
RAW, ZLIB, BZIP2 = 1, 2, 3


@pytest.fixture(scope="module")
def making() -> Iterator[dict[str, "Future[bytes]"]]:
    """The bombs, being made while the exchange starts."""
    with ThreadPoolExecutor(1) as pool:
        yield {name: pool.submit(make) for name, (make, _) in INSIDE.items()}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, making: dict[str, "Future[bytes]"]) -> Iterator[Town]:
    assert making
    parties = {"01": ("district", "cv25519"), "02": ("district", "cv25519"), "6G": ("charter", "cv25519")}
    with town(tmp_path_factory.mktemp("bombs"), parties) as made:
        made.all_moved(PUPILS, "02", "01", "6G")
        yield made
        assert made.bugs() == []


def of_zeros(algorithm: int, level: int = 9) -> bytes:
    """A compressed data packet with one literal of zeros in it: a gigabyte (of bzip2, which is slow, a quarter)."""
    size = GIGABYTE // 4 if algorithm == BZIP2 else GIGABYTE
    head = frames.header(frames.LITERAL, 6 + size) + b"b\x00" + bytes(4)
    engine = bz2.BZ2Compressor(level) if algorithm == BZIP2 else zlib.compressobj(level, wbits=-15)
    out, chunk = engine.compress(head), bytes(1 << 24)
    if algorithm == BZIP2:
        out += b"".join(engine.compress(chunk) for _ in range(size // len(chunk))) + engine.flush()
        return frames.packet(frames.COMPRESSED, bytes([BZIP2]) + out)
    assert not isinstance(engine, bz2.BZ2Compressor)
    # one stretch of deflate that ends on a whole octet may stand there many times (RFC 1951 section 3.2.3)
    out += engine.flush(zlib.Z_FULL_FLUSH)
    stretch = engine.compress(chunk) + engine.flush(zlib.Z_FULL_FLUSH)
    out += stretch * (size // len(chunk)) + b"\x03\x00"
    if algorithm == RAW:
        return frames.packet(frames.COMPRESSED, bytes([RAW]) + out)
    # Adler-32 of the head, and then of zeros: the first sum stays, the second grows by it (RFC 1950 section 8.2)
    low, high = zlib.adler32(head) & 0xFFFF, zlib.adler32(head) >> 16
    check = ((high + low * size) % 65521) << 16 | low
    return frames.packet(frames.COMPRESSED, bytes([ZLIB]) + b"\x78\xda" + out + check.to_bytes(4, "big"))


def twice(algorithm: int) -> bytes:
    """A bomb within a bomb."""
    return craft.compressed(of_zeros(ZLIB), algorithm)


def nested(depth: int) -> bytes:
    """Compressed packets within each other, as deep as asked."""
    inner = craft.literal(b"hello")
    for _ in range(depth):
        inner = craft.compressed(inner, ZLIB)
    return inner


INSIDE: dict[str, tuple[Callable[[], bytes], str]] = {
    "zlib": (lambda: of_zeros(ZLIB), "inflates-too-much"),
    "zlib-weak": (lambda: of_zeros(ZLIB, 1), "inflates-too-much"),
    "deflate": (lambda: of_zeros(RAW), "inflates-too-much"),
    "bzip2": (lambda: of_zeros(BZIP2), "inflates-too-much"),
    "zlib-in-zlib": (lambda: twice(ZLIB), "bad-structure"),
    "zlib-in-bzip2": (lambda: twice(BZIP2), "bad-structure"),
    "nested": (lambda: nested(1000), "bad-structure"),
}


@pytest.fixture(scope="module")
def bombs(here: Town, making: dict[str, "Future[bytes]"]) -> dict[str, bytes]:
    assert here
    made = {name: future.result() for name, future in making.items()}
    assert 900_000 < len(made["zlib"]) < 1_600_000
    assert len(made["zlib-weak"]) > 4_000_000
    assert max(len(made[name]) for name in ("bzip2", "zlib-in-zlib", "zlib-in-bzip2")) < 10_000
    return made


def test_the_bombs_are_real(bombs: dict[str, bytes]) -> None:
    """One opens to a gigabyte of zeros, and not to an error on the way: its checksum holds."""
    engine, total = zlib.decompressobj(), 0
    piece = bombs["zlib"][frames_head(bombs["zlib"]) :]
    while not engine.eof:
        total += len(engine.decompress(piece, 1 << 24))
        piece = engine.unconsumed_tail
    assert total == GIGABYTE + 12  # the header of the literal


def frames_head(packet: bytes) -> int:
    """The octets before a compressed packet's stream: its header, and the number of the algorithm."""
    return next(frames.walk(memoryview(packet), 1)).parts[0][0] + 1


def refused_quickly(here: Town, name: str, content: bytes, code: str) -> None:
    """Drop it with good packets right behind; all of them end as they should."""
    behind = {f"behind-{number}-{name}": record("01", PUPILS[number], to="6G") for number in range(3)}
    sealed = {file: here["01"].seal(document) for file, document in behind.items()}
    other = here["02"].seal(record("02", PUPILS[3], to="6G"))
    began = time.monotonic()
    here["01"].drop(name, content)
    for file, packet in sealed.items():
        here["01"].drop(file, packet)
    here["02"].drop(f"other-{name}", other)
    refused = wait_until(lambda: refusal(here, name), f"the end of {name}")
    took = time.monotonic() - began
    assert refused["code"] == code
    assert took < MOST_SECONDS
    for file, document in behind.items():
        assert here["6G"].read(here["01"].delivered(file))[0] == as_bytes(document)
    here["02"].delivered(f"other-{name}")
    for part, pid in (here.exchange.parts() | here.exchange.readers()).items():
        assert peak(pid) < MOST_BYTES, part


def refusal(here: Town, name: str) -> dict[str, object] | None:
    about = [one for one in here.exchange.receipts("01") if one["packet"].get("file") == name]
    return next((one for one in about if one["state"] not in ("RECEIVED", "ADMITTED")), None)


@pytest.mark.parametrize("kind", INSIDE)
def test_sealed_bombs(here: Town, bombs: dict[str, bytes], kind: str) -> None:
    content = craft.enclose(bombs[kind], here.exchange.certificate)
    refused_quickly(here, f"{kind}.pgp", content, INSIDE[kind][1])


@pytest.mark.parametrize("kind", ["zlib", "bzip2", "zlib-in-zlib"])
def test_bare_bombs(here: Town, bombs: dict[str, bytes], kind: str) -> None:
    refused_quickly(here, f"bare-{kind}.pgp", bombs[kind], "not-sealed")


def test_a_bomb_after_the_body(here: Town, bombs: dict[str, bytes]) -> None:
    content = here["01"].seal(record("01", PUPILS[3], to="6G")) + bombs["bzip2"]
    refused_quickly(here, "after.pgp", content, "bad-structure")


def test_all_bombs_at_once(here: Town, bombs: dict[str, bytes]) -> None:
    """Every kind, twice, in one burst: memory does not add up."""
    names = [f"burst-{number}-{kind}.pgp" for number in range(2) for kind in bombs]
    for name in names:
        content = craft.enclose(bombs[name.split("-", 2)[2].removesuffix(".pgp")], here.exchange.certificate)
        here["01"].drop(name, content)
    codes = {name: here["01"].refused(name)["code"] for name in names}
    assert codes == {name: INSIDE[name.split("-", 2)[2].removesuffix(".pgp")][1] for name in names}
    for part, pid in (here.exchange.parts() | here.exchange.readers()).items():
        assert peak(pid) < MOST_BYTES, part
