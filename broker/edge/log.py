"""The log of a process: one JSON object a line, from every source.

Owns the outside library `structlog`, Python's own `logging`, warnings, and uncaught exceptions. Promises: a line has
`time`, `level`, `part` and `event`, and is written in one piece of less than 4 KiB, so that processes may share a file;
an exception is logged with its kind and place, never with its text, which may contain parts of a packet; a condition
that goes on is logged once, then once an hour with how often it occurred (`times`), and when it is over
(`broker.edge.log_repeats`). A log that cannot be written makes nothing else fail; the next line says how many lines
were lost (`lost`).
"""

import json
import logging
import math
import os
import re
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from broker.edge.log_repeats import Memory, Repeats

if TYPE_CHECKING:
    import structlog

MEMORY = "SATCHEL_LOG_MEMORY"  # the environment's name for the descriptor that the supervisor keeps for a part
_LINE = 4000  # bytes: less than PIPE_BUF
_TEXT = 400  # characters of one value
_WORD = re.compile(r"([a-z_]{1,20})=(.*)", re.DOTALL)
_OWN = "satchel"
_RECORD = ("tracking", "lea", "user", "address")  # names that a `logging` call may pass in `extra`


class _Speaker:
    """Writes all lines of this process."""

    def __init__(self) -> None:
        self.part = "satchel"
        self.repeats = Repeats(Memory(-1))
        self._lock = threading.RLock()
        self._lost = 0
        self.is_deaf = False

    def say(self, level: str, facts: Mapping[str, Any], key: tuple[str, ...] = ()) -> None:
        """Write one line, unless it repeats one; `key` says what it repeats, where its event alone does not."""
        with self._lock:
            for one, more in self.repeats.heard({"level": level} | dict(facts), key, time.monotonic()):
                self._write(one | more)

    def look(self) -> None:
        """Log the conditions that are over; call this now and then."""
        with self._lock:
            for one in self.repeats.ended(time.monotonic()):
                self._write(one)

    def _write(self, facts: dict[str, Any]) -> None:
        head = {"time": datetime.now(UTC).isoformat(timespec="milliseconds"), "level": "info", "part": self.part}
        told = head | facts | ({"lost": self._lost} if self._lost else {})
        line = _fitted(told)
        try:
            done = len(line) if self.is_deaf else os.write(2, line)
        except OSError:  # a full disk, or nobody reads: there is no other place to report this
            self._lost += 1
            return
        if done == len(line):
            self._lost = 0
        else:
            self._lost += 1
            _cut_off(done)


_speaker = _Speaker()


def _cut_off(written: int) -> None:
    """The disk became full in the middle of a line: remove the written piece, unless another process wrote after it."""
    try:
        end = os.lseek(2, 0, os.SEEK_CUR)
        if os.fstat(2).st_size == end:
            os.ftruncate(2, end - written)
    except OSError:  # not a file: the reader of a pipe has lost the rest
        return


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if isinstance(value, Mapping):
        return {str(key)[:_TEXT]: _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(one) for one in value]
    return str(value)[:_TEXT]


def _fitted(facts: Mapping[str, Any]) -> bytes:
    """The line, as UTF-8 that any JSON reader accepts; while it is too long, its longest values are left out."""
    told = {key: _plain(value) for key, value in facts.items()}
    while len(line := json.dumps(told, allow_nan=False, default=str).encode() + b"\n") > _LINE:
        longest = max(told, key=lambda key: len(json.dumps(told[key])))
        told[longest] = "left out: too long"
    return line


def _structured(_logger: object, method: str, facts: Any) -> Any:
    """The last step of structlog: it leaves nothing for a logger to print."""
    import structlog

    told = dict(facts)
    _speaker.say(told.pop("level", method), told)
    raise structlog.DropEvent


class _Handler(logging.Handler):
    """Receives what comes through `logging`: from libraries from WARNING up, and from our own code."""

    def emit(self, record: logging.LogRecord) -> None:
        is_own = record.name.split(".")[0] == _OWN
        facts: dict[str, Any] = _words(_text(record)) if is_own else {"event": _text(record)}
        facts |= {"logger": record.name} | {name: vars(record)[name] for name in _RECORD if name in vars(record)}
        if record.exc_info and record.exc_info[1] is not None:
            facts |= _of_exception(record.exc_info[1])
        key = () if is_own or record.levelno < logging.WARNING else (record.name, str(record.msg)[:_TEXT])
        _speaker.say(record.levelname.lower(), facts, key)


def _text(record: logging.LogRecord) -> str:
    """The message, with the kinds of exceptions in place of their texts, which may contain anything."""
    given = record.args
    if isinstance(given, tuple):
        record.args = tuple(type(one).__name__ if isinstance(one, BaseException) else one for one in given)
    try:
        return record.getMessage()
    except (TypeError, ValueError):  # the arguments do not fit the message: no reason to fail or to be silent
        return str(record.msg)


def _words(text: str) -> dict[str, Any]:
    """The facts of a line such as `lea=01 verb=begin`; a sentence becomes the event unchanged."""
    facts: dict[str, Any] = {}
    last = ""
    for word in text.split(" "):
        if found := _WORD.fullmatch(word):
            last = "event" if found[1] == "verb" else found[1]
            facts[last] = found[2]
        elif last:
            facts[last] += f" {word}"
        else:
            return {"event": text}
    return {name: value for name, value in facts.items() if value != "-"}


def _of_exception(error: BaseException) -> dict[str, Any]:
    frames = traceback.extract_tb(error.__traceback__)[-20:]
    places = [f"{Path(one.filename).name}:{one.name}:{one.lineno}" for one in frames]
    return {"kind": type(error).__name__, "places": places}


def begin(part: str) -> "structlog.stdlib.BoundLogger":
    """From now on all lines of this process are the part's, and go to standard error."""
    import structlog  # imported here, so that commands that log nothing need not wait for it

    _speaker.part = part
    _speaker.is_deaf = sys.stderr is None  # closed by the parent process: its number may belong to another file by now
    kept = os.environ.pop(MEMORY, "")  # its number means nothing to child processes
    if kept.isdigit():
        _speaker.repeats = Repeats(Memory(int(kept)))
    root = logging.getLogger()
    root.handlers = [one for one in root.handlers if not isinstance(one, _Handler)]
    root.addHandler(_Handler())
    root.setLevel(logging.WARNING)
    logging.getLogger(_OWN).setLevel(logging.INFO)
    logging.raiseExceptions = False
    structlog.configure(processors=[structlog.stdlib.add_log_level, _structured], cache_logger_on_first_use=False)
    return logger()


def logger() -> "structlog.stdlib.BoundLogger":
    """Logs for the part of this process."""
    import structlog

    made: structlog.stdlib.BoundLogger = structlog.get_logger()
    return made


def watch_over() -> None:
    """Also log uncaught exceptions and Python's warnings. For processes whose standard error is the log, not for a
    command that a person has typed."""
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    threading.excepthook = lambda one: _uncaught(one.exc_type, one.exc_value, one.exc_traceback)
    sys.unraisablehook = lambda one: _uncaught(one.exc_type, one.exc_value, one.exc_traceback)


def _uncaught(kind: type[BaseException], error: BaseException | None, _at: TracebackType | None) -> None:
    if issubclass(kind, SystemExit | KeyboardInterrupt):
        return
    facts = _of_exception(error) if error is not None else {"kind": kind.__name__}
    _speaker.say("critical", {"event": "uncaught"} | facts)


def look() -> None:
    """Log the conditions that are over; a part's heartbeat calls this."""
    _speaker.look()


def end_with(why: str) -> None:
    """The part cannot run: log it, and keep it for the supervisor (`Memory.why`)."""
    _speaker.say("critical", {"event": "the part cannot run", "why": why})
    _speaker.repeats.memory.tell(why)
