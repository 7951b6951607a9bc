"""The log: every line is JSON, whoever speaks; what goes on is said once, and when it is over."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from broker.edge.log_repeats import AGAIN_SECONDS, CONDITIONS, QUIET_SECONDS, Memory, Repeats, kept

SECRET = "Reyes-Ortiz 2012-03-04"
TROUBLE = {"event": "trouble", "what": "work", "kind": "OSError", "errno": 28, "tracking": "t-1"}


def spoken(code: str, **files: Any) -> list[dict[str, Any]]:
    """The lines of a process that runs this code with a log."""
    begin = (
        "from broker.edge import log\nlog.begin('worker-0')\nlog.watch_over()\nimport logging, structlog, warnings\n"
    )
    run = [sys.executable, "-c", begin + code]
    ended = subprocess.run(run, capture_output=True, text=True, check=False, timeout=60, **files)
    return [json.loads(line) for line in ended.stderr.splitlines()]


@pytest.mark.parametrize(
    ("code", "facts"),
    [
        ("log.logger().warning('a', lea='01', tracking='t')", {"event": "a", "lea": "01", "tracking": "t"}),
        ("logging.getLogger('satchel.sftp').info('lea=01 address=::1 verb=x')", {"event": "x", "address": "::1"}),
        ("logging.getLogger('satchel.sftp').info('lea=- address=a verb=late')", {"event": "late"}),
        (
            "logging.getLogger('satchel.sftp').info('address=a verb=no-login', extra={'user': 'x verb=begin lea=01'})",
            {"event": "no-login", "user": "x verb=begin lea=01"},
        ),
        ("logging.getLogger('satchel.apart').warning('the folder of LEA %s is silent', '01')", {"level": "warning"}),
        ("logging.getLogger('dramatiq.worker').critical('x: %s', 'a\\nb \"c\" \\x1b')", {"logger": "dramatiq.worker"}),
        ("logging.getLogger('a').error('%d', 'no number')", {"event": "%d"}),
        ("warnings.warn('careful')", {"logger": "py.warnings"}),
        ("try: 1 / 0\nexcept Exception: logging.getLogger('a').exception('x')", {"kind": "ZeroDivisionError"}),
        ("import threading\ntry: raise ValueError('x')\nexcept ValueError as e: log.logger().error('b', why=e)", {}),
        ("log.logger().error('a', b={'c': [1, {2}]}, d=b'\\xff', e=float('nan'))", {"event": "a"}),
        ("log.logger().error('a\\u2028b\\ud800')", {}),
    ],
)  # fmt: skip
def test_every_line_is_json(code: str, facts: dict[str, Any]) -> None:
    (line,) = spoken(code)
    assert {"time", "level", "part", "event"} <= line.keys()
    assert line["part"] == "worker-0"
    assert facts == {name: line[name] for name in facts}
    assert "lea" not in line or line["lea"] == "01"


@pytest.mark.parametrize(
    "code",
    [
        f"raise ValueError('{SECRET}\\n{SECRET}')",
        f"import threading\nt = threading.Thread(target=lambda: int('{SECRET}'))\nt.start()\nt.join()",
        f"class A:\n  def __del__(self): raise KeyError('{SECRET}')\na = A()\ndel a",
        f"try: int('{SECRET}')\nexcept ValueError: logging.getLogger('x').error('b', exc_info=True)",
        f"try: int('{SECRET}')\nexcept ValueError as e: logging.getLogger('x').error('b: %s', e, exc_info=True)",
        f"def deep(n): int('{SECRET}') if n == 0 else deep(n - 1)\ndeep(200)",
    ],
)
def test_an_exception_is_one_line_without_its_text(code: str) -> None:
    (line,) = spoken(code)
    assert SECRET not in json.dumps(line)
    assert line["kind"] in ("ValueError", "KeyError")
    assert line["places"]


def test_a_line_is_written_in_one_piece() -> None:
    (line,) = spoken("log.logger().error('x', why='y' * 100_000, more=list(range(5000)))")
    assert len(json.dumps(line)) < 4096
    assert line["event"] == "x"


def test_a_log_that_cannot_be_written_stops_nobody() -> None:
    code = """
import os, sys
there = os.dup(2)
os.dup2(os.open('/dev/full', os.O_WRONLY), 2)
for n in range(3):
    log.logger().error('lost', n=n)
    logging.getLogger('a').error('lost %d', n)
os.dup2(there, 2)
log.logger().error('found')
"""
    (line,) = spoken(code)
    assert (line["event"], line["lost"]) == ("found", 4)  # the library's second and third line repeat its first


def test_a_disk_that_is_full_in_the_middle_of_a_line_leaves_no_half_of_it(tmp_path: Path) -> None:
    code = """
import os, resource, signal
os.dup2(os.open('log', os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2)
log.logger().error('before')
size = os.fstat(2).st_size
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (size + 20, resource.RLIM_INFINITY))
log.logger().error('half of it')
log.logger().error('none of it')
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
log.logger().error('after')
"""
    spoken(code, cwd=tmp_path)
    told = [json.loads(line) for line in (tmp_path / "log").read_text().splitlines()]
    assert [(one["event"], one.get("lost")) for one in told] == [("before", None), ("after", 2)]


def test_a_standard_error_that_is_closed_is_no_other_file(tmp_path: Path) -> None:
    """The first file that is opened then gets its number."""
    code = "import os\nfrom broker.edge import log\nf = open('ledger', 'wb', buffering=0)\nassert f.fileno() == 2\n"
    code += "log.begin('x')\nlog.logger().error('into the ledger')\n"
    words = ["/bin/sh", "-c", '"$@" 2>&-', "sh", sys.executable, "-c", code]
    ended = subprocess.run(words, cwd=tmp_path, capture_output=True, check=False, timeout=60)
    assert (ended.returncode, (tmp_path / "ledger").read_bytes()) == (0, b"")


def said(repeats: Repeats, facts: dict[str, Any], now: float) -> list[dict[str, Any]]:
    return [one | more for one, more in repeats.heard(facts, (), now)]


def test_what_goes_on_is_said_once_and_once_an_hour() -> None:
    repeats, lines = Repeats(Memory(-1)), []
    for second in range(0, 10_000, 10):
        lines += said(repeats, TROUBLE | {"tracking": f"t-{second}"}, float(second))
    assert [(one["tracking"], one.get("times")) for one in lines] == [("t-0", None), ("t-3600", 360), ("t-7200", 360)]
    assert list(repeats.ended(9_990 + QUIET_SECONDS - 1)) == []
    (over,) = repeats.ended(9_990 + QUIET_SECONDS)
    assert (over["event"], over["over"], over["times"]) == ("trouble", True, 279)
    assert said(repeats, TROUBLE, 20_000.0) == [TROUBLE]


def test_another_condition_is_said_at_once() -> None:
    repeats = Repeats(Memory(-1))
    assert len(said(repeats, TROUBLE, 0.0)) == 1
    for other in ({"errno": 5}, {"kind": "OperationalError"}, {"what": "receipts"}):
        assert len(said(repeats, TROUBLE | other, 1.0)) == 1
    assert said(repeats, TROUBLE, 2.0) == []


def test_what_is_over_is_said_again_when_it_comes_back() -> None:
    repeats = Repeats(Memory(-1))
    said(repeats, TROUBLE, 0.0)
    assert len(said(repeats, {"event": "trouble is over", "what": "other"}, 1.0)) == 1
    assert said(repeats, TROUBLE, 2.0) == []
    assert len(said(repeats, {"event": "trouble is over", "what": "work"}, 3.0)) == 1
    assert said(repeats, TROUBLE, 4.0) == [TROUBLE]


def test_what_is_no_condition_is_always_said() -> None:
    repeats = Repeats(Memory(-1))
    for event in ("bug", "put aside", "begin", "no-login", "not read"):
        assert event not in CONDITIONS
        assert [len(said(repeats, {"event": event}, 0.0)) for _ in range(3)] == [1, 1, 1]


@pytest.mark.skipif(sys.platform != "linux", reason="memory without a name is Linux's")
def test_a_part_that_is_started_again_does_not_begin_anew() -> None:
    descriptor = kept()
    first = Repeats(Memory(descriptor))
    assert len(said(first, TROUBLE, 0.0)) == 1
    assert said(first, TROUBLE, 1.0) == []
    second = Repeats(Memory(descriptor))
    assert said(second, TROUBLE, 2.0) == []
    (again,) = said(second, TROUBLE, AGAIN_SECONDS)
    assert again["times"] == 3
    Memory(descriptor).tell("The port is taken.")
    assert Memory(descriptor).why() == "The port is taken."
    assert said(Repeats(Memory(descriptor)), TROUBLE, AGAIN_SECONDS + 1) == []
    os.close(descriptor)


def test_a_number_that_is_no_such_memory_is_none(tmp_path: Any) -> None:
    with (tmp_path / "file").open("w+b") as file:
        Memory(file.fileno()).write({"a": 1})
        assert file.read() == b""
    assert Memory(9999).read() == {}


def test_conditions_are_bounded() -> None:
    repeats = Repeats(Memory(-1))
    for number in range(5000):
        assert len(said(repeats, TROUBLE | {"what": str(number)}, float(number))) == 1
    assert len(list(repeats.ended(1e9))) == 0
