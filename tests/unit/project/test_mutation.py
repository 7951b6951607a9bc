"""What fuzzes the readers finds what it is there for: an exception of another kind, and work without an end."""

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.support import mutation
from tests.support.mutation import HangError, mutated, no_hang

SEEDS, WORDS = [b"a,b\n1,2\n", "Zoë,3\n".encode(), b"x" * 999], [b'"', b"\xff", b"\n"]
ALL = settings(max_examples=200, deadline=None, phases=[Phase.generate], database=None)


@ALL
@given(st.data())
def test_a_changed_file_is_bounded(data: st.DataObject) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mutation, "MOST", 2_000)
        assert len(data.draw(mutated(SEEDS, WORDS))) <= 2_000


def test_a_reader_that_takes_a_word_badly_is_found() -> None:
    @ALL
    @given(mutated(SEEDS, WORDS))
    def read(content: bytes) -> None:
        content.decode()

    with pytest.raises(UnicodeDecodeError):
        read()


@pytest.mark.parametrize(
    ("name", "at", "span", "other", "made"),
    [
        ("_put_word", 1, 1, 0, b'a"b\n1,2\n'),
        ("_put_bytes", 1, 0, 0x414243, b"aA,b\n1,2\n"),
        ("_cut", 1, 2, 0, b"a\n1,2\n"),
        ("_end", 5, 0, 0, b"a,b\n1"),
        ("_repeat", 0, 4, 1, b"a,b\na,b\na,b\n1,2\n"),
        ("_flip", 0, 0, 1, b"c,b\n1,2\n"),
        ("_splice", 4, 2, 2, b"a,b\nxx1,2\n"),
        ("_encode", 0, 0, 2, b"\xef\xbb\xbfa,b\n1,2\n"),
    ],
)
def test_each_change(name: str, at: int, span: int, other: int, made: bytes) -> None:
    kind = mutation._CHANGES.index(getattr(mutation, name))
    assert mutation._changed(SEEDS[0], [(kind, at, span, other)], SEEDS, WORDS) == made


def test_a_reader_that_does_not_end_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutation, "HANGS", 0.05)

    def work() -> None:
        while True:
            pass

    with pytest.raises(HangError), no_hang():
        work()
    with no_hang():
        pass
