"""How often whoever reads the code has to change the file: counted while an exchange works, in this process.

`python -m tests.support.walks` prints the figures of two walks: a student moves from LEA 01 to LEA 6G (from the line
that enrolls it to the letters of its transfer), and a record goes from the sender's outbox to the receiver's inbox (the
round of route and deliver). Beside them stands how many statements the ledger was asked.

A *stay* is a call from one module of `broker/` or `handlers/` into another one. Coming back from a call is none, nor is
a call within the module. *Files* are the modules that were entered; *returns* are stays in a file that was entered
before: stays are files and returns. What is between (a library, the standard library, a test) is not seen: a call that
comes through it counts as one of the module that made it.

What is read once is counted once. A call is known by its place: the line of calls that led there, each with its very
instruction. The second turn of a loop, a generator that goes on, a look-up that is asked again in the same place add
nothing. Comprehensions, generator expressions and lambdas belong to where they are written: to run one is no stay, and
what it calls is called by the module that it stands in. A property is read like a field: neither it nor what it works
out is a stay. What is imported meanwhile is not counted; nor are other threads.
"""

import sys
import tempfile
from collections import Counter as Counts
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from inspect import CO_GENERATOR
from pathlib import Path
from types import CodeType, FrameType
from typing import Any
from unittest.mock import patch

from sqlalchemy import Engine, event

from broker.core.flow import Stage
from broker.packets import batch
from broker.processes.worker import RUNS
from broker.students import enroll
from tests.support import desk, documents
from tests.support.office import Office

ROOT = Path(__file__).parents[2]
OURS = (ROOT / "broker", ROOT / "handlers")
_WITHIN = frozenset({"<genexpr>", "<listcomp>", "<dictcomp>", "<setcomp>", "<lambda>"})
_TRIES = 4
_Place = tuple[int, int, CodeType]  # the place of the caller, the instruction, what is called


@dataclass
class Walk:
    """The stays of one walk: the modules that were entered, in order, by path."""

    stays: list[str] = field(default_factory=list)
    statements: int = 0

    @property
    def files(self) -> int:
        """How many modules were entered."""
        return len(set(self.stays))

    @property
    def returns(self) -> int:
        """How many stays were in a module that had been entered before."""
        return len(self.stays) - self.files


class Counter:
    """Counts while it is set as the profiler of this thread; `folders` are those whose modules are counted."""

    def __init__(self, folders: Sequence[Path], walk: Walk) -> None:
        self.walk = walk
        self._folders = tuple(f"{folder}/" for folder in folders)
        self._places: dict[_Place, int] = {}
        self._stack: list[tuple[FrameType | None, str, int]] = []  # a frame of ours, its module, its place
        self._generators: dict[FrameType, int] = {}
        self._properties = frozenset(_properties(self._folders))
        self._passed_over = 0  # depth of what is imported, and of what properties work out

    def __call__(self, frame: FrameType, what: str, _value: Any) -> None:
        """As `sys.setprofile` wants it."""
        if what not in ("call", "return"):
            return
        is_passed_over = frame.f_code.co_name == "<module>" or frame.f_code in self._properties
        if what == "call":
            self._passed_over += is_passed_over
            self._stack.append(self._entered(frame))
        elif self._stack:
            self._passed_over -= is_passed_over
            self._stack.pop()

    def _entered(self, frame: FrameType) -> tuple[FrameType | None, str, int]:
        caller, module, place = self._stack[-1] if self._stack else self._from_before(frame)
        own = self._module(frame.f_code)
        if not own or self._passed_over:
            return caller, module, place
        if frame in self._generators:
            return frame, own, self._generators[frame]
        known = len(self._places)
        mine = self._places.setdefault((place, caller.f_lasti if caller else 0, frame.f_code), known + 1)
        if mine > known and own != module and frame.f_code.co_name not in _WITHIN:
            self.walk.stays.append(own)
        if frame.f_code.co_flags & CO_GENERATOR:
            self._generators[frame] = mine
        return frame, own, mine

    def _from_before(self, frame: FrameType) -> tuple[FrameType | None, str, int]:
        """Who calls, where that was running when counting began."""
        caller = frame.f_back
        while caller and not self._module(caller.f_code):
            caller = caller.f_back
        return caller, self._module(caller.f_code) if caller else "", 0

    def _module(self, code: CodeType) -> str:
        return code.co_filename if code.co_filename.startswith(self._folders) else ""


def _properties(folders: tuple[str, ...]) -> Iterator[CodeType]:
    """What works out the properties of all classes of these folders that are loaded."""
    for module in list(sys.modules.values()):
        if str(getattr(module, "__file__", None) or "").startswith(folders):
            for made in [one for one in vars(module).values() if isinstance(one, type)]:
                for one in vars(made).values():
                    get = getattr(one, "func", None) if isinstance(one, cached_property) else getattr(one, "fget", None)
                    if get is not None:
                        yield get.__code__


@contextmanager
def counted(folders: Sequence[Path] = OURS, walk: Walk | None = None) -> Iterator[Walk]:
    """Count what this thread does meanwhile, into `walk` where one is given."""
    counter = Counter(folders, walk or Walk())
    before = sys.getprofile()
    sys.setprofile(counter)
    try:
        yield counter.walk
    finally:
        sys.setprofile(before)


@contextmanager
def _statements(engine: Engine, walk: Walk) -> Iterator[None]:
    def note(*_: Any) -> None:
        walk.statements += 1

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", note)


@contextmanager
def _between(engine: Engine, first: tuple[Any, str], last: tuple[Any, str]) -> Iterator[Walk]:
    """Count from the first call of one function of a module to the end of the first call of the other."""
    walk, stack = Walk(), ExitStack()
    begin, end = getattr(*first), getattr(*last)

    def begun(*args: Any, **named: Any) -> Any:
        if not walk.stays:
            stack.enter_context(_statements(engine, walk))
            stack.enter_context(counted(walk=walk))
        return begin(*args, **named)

    def ended(*args: Any, **named: Any) -> Any:
        done = end(*args, **named)
        stack.close()
        return done

    with stack, patch.object(*first, begun), patch.object(*last, ended):
        yield walk


def _enroll(office: Office, lea: str, child: Mapping[str, Any], day: str) -> str:
    line = office.enroll(lea, child, date=day)[0]
    return str(line["ssid"])


def _now(office: Office) -> str:
    return office.services.clock().isoformat(timespec="seconds")


def moving(office: Office, child: Mapping[str, Any]) -> Walk:
    """A child of 01, of which the record store holds a part, enrolls at 6G."""
    here = {**child, "ssid": _enroll(office, "01", {**child, "local_id": "01-7"}, "2026-08-17")}
    part = office.send("01", documents.backpack(**{"from": "01", "student": here, "created": _now(office)}))
    assert part.state == "APPLIED", part
    with _between(office.services.engine, (enroll, "settle"), (enroll, "follow")) as walk:
        assert _enroll(office, "6G", {**child, "local_id": "6G-7"}, "2026-11-20") == here["ssid"]
    assert office.notices("01", "record-request"), "a letter asks for the record"
    return walk


def delivery(office: Office, child: Mapping[str, Any]) -> Walk:
    """The record of that child goes from 01 to 6G."""
    tracking = office.drop("01", desk.record("01", {**child, "local_id": "01-7"}))
    office.work(Stage.ADMIT)
    with ExitStack() as stack:
        walk = stack.enter_context(counted())
        stack.enter_context(_statements(office.services.engine, walk))
        batch.run(office.services, RUNS[Stage.ROUTE], [tracking])
    row = office.row(tracking)
    assert (row.state, row.receiver) == ("DELIVERED", "6G"), row
    return walk


def main() -> None:
    """Print the figures; with `--files` also the stays in each file."""
    with tempfile.TemporaryDirectory() as where:
        office = Office(Path(where), "01", "6G")
        tries = [(moving(office, child), delivery(office, child)) for child in desk.children(_TRIES)]
        office.services.engine.dispose()
    # the first pays for what is imported late, and others now and then for what is kept for some seconds
    least = [min(some, key=lambda walk: len(walk.stays)) for some in zip(*tries, strict=True)]
    walks = dict(zip(("a student moves", "a record is delivered"), least, strict=True))
    print(f"{'walk':24}{'stays':>8}{'files':>8}{'returns':>9}{'statements':>12}")
    for name, walk in walks.items():
        print(f"{name:24}{len(walk.stays):8}{walk.files:8}{walk.returns:9}{walk.statements:12}")
    if "--files" in sys.argv:
        for name, walk in walks.items():
            print(f"\n{name}: stays in each file")
            for file, times in Counts(walk.stays).most_common():
                print(f"{times:6}  {Path(file).relative_to(ROOT)}")


if __name__ == "__main__":
    main()
