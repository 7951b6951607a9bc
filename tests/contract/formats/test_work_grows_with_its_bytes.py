"""What a few hostile bytes cost the exchange: no more than honest bytes of the same number, in time and in memory.

Sizes are compared, never times or bytes by themselves.
"""

import time
import tracemalloc
from pathlib import Path

import pytest

from broker.core.errors import Refused
from broker.core.openpgp import armor
from broker.edge.settings.values import Limits
from broker.formats import whatisit
from tests.support.office import Office

TIMES = 8  # the larger text is so many times the smaller one
MOST = 3 * TIMES  # times the work; what grows with the square needs TIMES * TIMES


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path, "01")


def seconds(office: Office, content: bytes, code: str) -> float:
    """The processor's time for a sealed document that must be refused by this code."""
    tracking = office.drop("01", content)
    begin = time.process_time()
    office.work()
    spent = time.process_time() - begin
    assert office.row(tracking).code == code
    return spent


def memory(office: Office, content: bytes) -> int:
    """The most memory for a sealed document."""
    office.drop("01", content)
    tracemalloc.start()
    office.work()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return most


@pytest.mark.parametrize("end", [b"", b"\\"], ids=["", "within an escape"])
def test_a_string_that_never_ends(office: Office, end: bytes) -> None:
    few, many = (b'{"a":"' + b'\\"' * count + end for count in (4_000, 4_000 * TIMES))
    assert seconds(office, many, "not-json") < MOST * seconds(office, few, "not-json")


def test_names_with_an_escaped_colon_are_kept_in_no_more_memory_than_other_names(office: Office) -> None:
    def names(escape: str) -> bytes:
        return ("{" + ",".join(f'"{escape}{number}":0' for number in range(30_000)) + "}").encode()

    assert memory(office, names("\\u003a")) < 3 * memory(office, names("\\u0041"))


def test_long_names_with_an_escaped_colon_are_kept_in_no_more_memory_than_other_names(office: Office) -> None:
    def names(escape: str) -> bytes:
        return ("{" + ",".join(f'"{escape}{number}{"a" * 1500}":0' for number in range(3_000)) + "}").encode()

    assert memory(office, names("\\u003a")) < 2 * memory(office, names("\\u0041"))


@pytest.mark.parametrize("line", [b"A: %s", b"A: %sx\n", b"A:%s", b"A: a%s\r", b"%s"], ids=range(5))
@pytest.mark.parametrize("opened", [armor.dearmor, armor.cleartext])
def test_armour_with_lines_of_blanks(line: bytes, opened: object) -> None:
    assert callable(opened)
    kind = b"MESSAGE" if opened is armor.dearmor else b"SIGNED MESSAGE"

    def spent(size: int) -> float:
        data = b"-----BEGIN PGP %s-----\n" % kind + line.replace(b"%s", b" " * size)
        begin = time.process_time()
        for _ in range(5):
            with pytest.raises(Refused):
                opened(data)
        return time.process_time() - begin

    assert min(spent(500 * TIMES) for _ in range(3)) < MOST * max(spent(500) for _ in range(3))


@pytest.mark.parametrize(
    "piece",
    [
        *(
            b"-",
            b"\n",
            b"\r",
            b"A",
            b" ",
            b"<!--",
            b"PK\x03\x04",
            b"\n-----BEGIN PGP MESSAGE-----\n",
            b"BEGIN PGP ",
            b"=3D",
        ),
        *(
            b"BEGIN PGP PRIVATE KEY BLOCK",
            b"-----BEGIN PGP SIGNED MESSAGE-----\n{",
            b"\xc4\x01\x03",
            b"last name,",
            b"\0a",
        ),
    ],
)
def test_telling_what_a_file_is(piece: bytes) -> None:
    def spent(size: int) -> float:
        content = piece * (size // len(piece))
        begin = time.process_time()
        for _ in range(3):
            assert whatisit.in_outbox(content, Refused("not-openpgp"), Limits()).code
            assert whatisit.when_opened(content, Refused("not-json")).code
        return time.process_time() - begin

    assert spent(400_000 * TIMES) < MOST * (spent(400_000) + 0.005)
