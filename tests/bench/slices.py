"""How long an enrollment of many lines keeps everybody else from writing: its longest transaction, in milliseconds.

Owns the measure `slices`: one enrollment of new students, one of the same students by another LEA (who all move), each
worked by one process without anybody beside it. A transaction is taken from where it has the lock to where it has
committed; `cpu_ms` is what the process itself worked in the longest of them, whoever else had the machine meanwhile.
"""

import json
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from sqlalchemy import Connection, Engine, event

from broker.core.flow import Stage
from tests.support import desk
from tests.support.office import Office

LINES = 10_000
LEAS = ("01", "6G")


@contextmanager
def timed(engine: Engine) -> Iterator[list[tuple[float, float]]]:
    """The milliseconds, on the wall and of this process, of each transaction that this engine commits meanwhile."""
    found: list[tuple[float, float]] = []
    begun: dict[int, tuple[float, float]] = {}

    def before(connection: Connection, *_: object) -> None:
        if connection.get_execution_options().get("isolation_level") != "AUTOCOMMIT":
            begun.setdefault(id(connection), (time.perf_counter(), time.process_time()))

    def commit(connection: Connection) -> None:
        if id(connection) in begun:
            wall, cpu = begun.pop(id(connection))
            found.append((1000 * (time.perf_counter() - wall), 1000 * (time.process_time() - cpu)))

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "commit", commit)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", before)
        event.remove(engine, "commit", commit)


def main(lines: int = LINES) -> None:
    """Measure, and print a JSON line for each packet."""
    with tempfile.TemporaryDirectory() as folder:
        office = Office(Path(folder), *LEAS)
        students = desk.children(lines)
        for lea, day in zip(LEAS, ("2026-08-17", "2026-11-20"), strict=True):
            tracking = office.drop(lea, desk.enrollment(lea, *students, date=day))
            with timed(office.services.engine) as found:
                began = time.perf_counter()
                office.work(Stage.ADMIT)
                seconds = time.perf_counter() - began
            said = {"state": str(office.row(tracking).state), "lines": lines, "seconds": round(seconds, 1)}
            wall, cpu = ([one[n] for one in found] for n in (0, 1))
            figures = {"longest_ms": round(max(wall)), "median_ms": round(median(wall)), "cpu_ms": round(max(cpu))}
            figures["transactions"] = len(found)
            print(json.dumps({"measure": "slices"} | said | figures), flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else LINES)
