"""Lists are read and given to a process beside this one, which compares them (`broker.processes.comparer`).

Owns the bounds of comparing: those of checking, for all files together. Promises: as `asked`.
"""

import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import orjson

from broker.checking.against import Report
from broker.checking.asked import content_of
from broker.checking.report import Fault
from broker.core.codes import CODES
from broker.edge.bounded.bounds import Bounds
from broker.edge.bounded.bounds import Fault as Spent
from broker.edge.bounded.channel import Task
from broker.edge.bounded.warden import Warden
from broker.edge.settings.values import MIB, Limits

_SECONDS = 4  # times what reading one packet may take: there are two lists, and the comparison
_COSTLY = frozenset({Spent.CPU, Spent.MEMORY})


def compare(paths: Sequence[Path], today: date, *, with_table: bool) -> Report | None:
    """The report on the first of these files, compared with the others; None where comparing failed. Raises OSError
    where a file cannot be read, `asked.NoFile` among them, and NoWard."""
    limits = Limits()
    contents: list[bytes] = []
    for number, path in enumerate(paths):
        content = content_of(path, limits.content_bytes - sum(map(len, contents)))
        if content is None:
            hint = f"The lists have more than {limits.content_bytes // MIB} MiB."
            return Report(faults=((number, _fault("inflates-too-much", hint)),))
        contents.append(content)
    warden = Warden([sys.executable, "-m", "broker.processes.comparer"], _bounds(limits), limits.largest_bytes)
    try:
        head = orjson.dumps([len(one) for one in contents])
        answer = warden.run(orjson.dumps([today.isoformat(), with_table]), [Task(head, b"".join(contents))])[0]
    finally:
        warden.close()
    if isinstance(answer, Spent):
        return Report(faults=((0, _fault("too-costly")),)) if answer in _COSTLY else None
    try:
        return Report.from_json(orjson.loads(answer))
    except (ValueError, KeyError, TypeError):
        return None


def _bounds(limits: Limits) -> Bounds:
    memory = limits.memory_of(limits.largest_bytes)
    return Bounds(
        cpu_seconds=_SECONDS * limits.read_cpu_seconds,
        wall_seconds=_SECONDS * limits.read_wall_seconds,
        memory_bytes=memory,
        room_bytes=2 * memory,
        is_apart=True,
    )


def _fault(code: str, hint: str = "") -> Fault:
    meaning, remedy = CODES[code]
    return Fault(code, f"{meaning} {hint}".strip(), remedy)
