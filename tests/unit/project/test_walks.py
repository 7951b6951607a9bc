"""The counter of walks counts what it says that it counts."""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from tests.support import walks

_NAMES = ("walk_front", "walk_desk", "walk_store")
_FRONT = """
import functools
import walk_desk
import walk_store

def straight():
    walk_desk.look()
    walk_store.read()

def again():
    for _ in range(5):
        walk_store.read()

def twice():
    walk_store.read()
    walk_store.read()

def through_a_library():
    functools.partial(walk_desk.look)()

def generated():
    return [one for one in walk_store.rows()] + list(walk_store.read() for _ in range(3))

def handed():
    walk_desk.call(lambda: walk_store.read())

def imported():
    import walk_late
    walk_late.late()

def failing():
    try:
        walk_desk.fail()
    except ValueError:
        walk_store.read()
"""
_DESK = """
import walk_store

def look():
    _own()
    return walk_store.read() + walk_store.Row().size

def _own():
    return None

def call(what):
    return what()

def fail():
    walk_store.broken()
"""
_STORE = """
import functools

def read():
    return 1

def rows():
    yield read()
    yield read()

def broken():
    raise ValueError

class Row:
    @property
    def size(self):
        import walk_desk
        return walk_desk.call(read)

    @functools.cached_property
    def kept(self):
        return self.size
"""
_LATE = """
import walk_store

walk_store.read()

def late():
    return None
"""


@pytest.fixture
def front(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    """Three modules that know each other, and one that is imported late, in a folder of their own."""
    for name, text in zip((*_NAMES, "walk_late"), (_FRONT, _DESK, _STORE, _LATE), strict=True):
        (tmp_path / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    yield import_module("walk_front")
    for name in (*_NAMES, "walk_late"):
        sys.modules.pop(name, None)


@pytest.mark.parametrize(
    ("way", "stays"),
    [
        ("straight", ["front", "desk", "store", "store"]),
        ("again", ["front", "store"]),  # a loop is read once
        ("twice", ["front", "store", "store"]),  # two places are two stays
        ("through_a_library", ["front", "desk", "store"]),
        ("generated", ["front", "store", "store"]),  # however often they go on
        ("handed", ["front", "desk", "store"]),  # what it calls is called by where it is written
        ("imported", ["front", "late"]),
        ("failing", ["front", "desk", "store", "store"]),
    ],
)
def test_a_walk_is_counted_as_it_is_read(front: ModuleType, tmp_path: Path, way: str, stays: list[str]) -> None:
    with walks.counted([tmp_path]) as walk:
        getattr(front, way)()
    assert [Path(one).stem.removeprefix("walk_") for one in walk.stays] == stays
    assert walk.files == len(set(stays))
    assert walk.returns == len(stays) - len(set(stays))


def test_other_modules_are_not_seen(front: ModuleType, tmp_path: Path) -> None:
    with walks.counted([tmp_path / "elsewhere"]) as walk:
        front.straight()
    assert walk.stays == []
