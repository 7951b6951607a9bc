"""A file that costs too much to check ends as one, and the process that checked it ends, too."""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from broker.checking.asked import Checker, checking
from broker.checking.report import Verdict
from broker.edge.bounded.bounds import Bounds
from broker.edge.bounded.warden import Warden
from broker.edge.settings.values import MIB, Limits
from tests.support import documents
from tests.support.exchange import wait_until

NOW = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    (tmp_path / "large.json").write_text(json.dumps(documents.enrollment(10_000)))
    return tmp_path / "large.json"


@pytest.mark.parametrize("changed", [{"cpu_seconds": 0.1}, {"memory_bytes": 8 * MIB}], ids=["processor time", "memory"])
def test_what_costs_too_much_is_told_so_and_the_next_file_is_checked(
    large: Path, tmp_path: Path, changed: dict[str, float]
) -> None:
    (tmp_path / "small.json").write_text(json.dumps(documents.record(1)))
    given = {"cpu_seconds": 60.0, "wall_seconds": 600.0, "memory_bytes": 2000 * MIB, "room_bytes": 8000 * MIB} | changed
    bounds = Bounds(**given, is_apart=True)  # type: ignore[arg-type]
    warden = Warden([sys.executable, "-m", "broker.processes.checker"], bounds, 128 * MIB)
    checker = Checker(warden, Limits())
    try:
        report = checker.check(large, "01", NOW)
        assert (report.verdict, [one.code for one in report.faults]) == (Verdict.REFUSED, ["too-costly"])
        assert checker.check(tmp_path / "small.json", "01", NOW).verdict is Verdict.GOOD
        pids = warden.pids
    finally:
        warden.close()
    assert pids
    wait_until(lambda: not [pid for pid in pids if _lives(pid)], "the end of the processes")


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_file_of_the_most_students_is_within_the_bounds(large: Path) -> None:
    with checking() as checker:
        assert checker.check(large, "", NOW).verdict is Verdict.GOOD
