"""One story of two children, told on a machine of any time zone: all that anybody reads of it, in the order of reading.

Owns the instants: an evening of the state, on which it is tomorrow in UTC, and a morning of the state, on which it is
tomorrow in Kiritimati. Promises: a machine is a process of its own, with its `TZ` and with a copy of the home; what is
drawn by lot (ids, numbers) is named by the order of its first mention, so that machines can be compared byte by byte.
"""

import copy
import json
import os
import re
import secrets
import shutil
import time
import traceback
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from unittest import mock

from sqlalchemy import select
from typer.testing import CliRunner

from broker import offline, wiring
from broker.cli.main import build
from broker.edge.ledger.engine import reading
from broker.edge.ledger.tables import students
from broker.formats.reader import Inside
from broker.oversight import claims, harvest, overdue
from broker.processes.reader import desk as desk_of_reader
from broker.stages.sweep.day_change import DayChange
from tests.support import child, desk, documents
from tests.support.child import STATE, A, B, C, day
from tests.support.office import Office

ZONES = ("UTC", "Pacific/Kiritimati", "America/Denver")
EVENING = "11-20T02:30:00+00:00"  # the 19th at 19:30 in Denver, where it is the 20th everywhere else
BEFORE_TWO, TWO = "11-20T08:30:00+00:00", "11-20T09:00:30+00:00"  # 01:30, and a little after 02:00, of the 20th
NIGHT = "11-20T13:05:00+00:00"  # after 06:00 of the 20th
LATE = "03-15T05:30:00+00:00"  # of next year: the 14th at 23:30 in Denver
SENT = ("ssid", "record-request", "transfer", "claims", "disclosures", "alert")
ANA, LEO, MIA = desk.children(3, 600)
_SIZE = re.compile(r"│ \d{3} +│|\b\d{3} bytes\b")  # a sealed file has some bytes more or less each time
_MADE_UP = re.compile(
    r"\b(?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[1-9][0-9]{9}|[0-9a-f]{64})\b"
)


def told_on(zone: str, office: Office, home: Path) -> dict[str, str]:
    """What everybody reads on a machine of this zone, by what it is; `home` is a place for the copy."""
    read, write = os.pipe()
    machine = os.fork()
    if machine == 0:
        os.environ["TZ"] = zone
        time.tzset()
        secrets.randbelow = Random(1).randrange  # numbers of students are listed in their order
        try:
            said = dict(_Machine(office, home).told())
        except BaseException:  # noqa: BLE001  told by the process that waits
            said = {"failed": traceback.format_exc()}
        with os.fdopen(write, "w") as telling:
            json.dump(said, telling)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as heard:
        found: dict[str, str] = json.load(heard)
    os.waitpid(machine, 0)
    assert "failed" not in found, f"the machine of {zone}: {found['failed']}"
    return found


class _Machine:
    def __init__(self, first: Office, home: Path) -> None:
        self.office, self._names, self._drawn = copy.copy(first), dict[str, str](), 0
        self.office.exchange = copy.copy(first.exchange)
        self.office.exchange.home = Path(shutil.copytree(first.exchange.home, home, symlinks=True))
        built = wiring.build(home, "worker")
        self.now = datetime.fromisoformat(day(EVENING))
        self.office.services = replace(
            built,
            queues=self.office.told,
            clock=lambda: self.now,
            new_tracking=self._draw,
            reader=Inside(desk_of_reader(built.settings)),
        )

    def _draw(self) -> str:
        """A tracking id of the clock's own time."""
        self._drawn += 1
        ms = f"{int(self.now.timestamp() * 1000):012x}"
        return f"{ms[:8]}-{ms[8:]}-7000-8000-{self._drawn:012x}"

    def told(self) -> Iterator[tuple[str, str]]:
        self._move()
        yield "in the evening", self._notices()
        yield "cases in the evening", self._satchel("transfers", "--state", "all", "--json")
        yield from self._nights()
        yield from self._asked()
        self._at(LATE, later=1)
        yield "late", self._satchel("transfers", "--overdue")
        yield "report", self._satchel("transfers", "report", "--json")
        yield "all", self._notices()

    def _move(self) -> None:
        """Ana moves today, as the state has it; Leo tomorrow; Mia is at two LEAs."""
        for one in (ANA, LEO, MIA):
            self._enter(A, one, day("08-17"))
        self._enter(B, ANA, day("11-19"))
        self._enter(B, LEO, day("11-20"))
        self._enter(C, MIA, day("09-01"))
        self.office.send(A, documents.backpack(**{"from": A, "student": ANA | {"ssid": self._ssid(ANA)}}))
        for want in ("disclosures", "backpack"):
            asked = {"from": B, "student": ANA | {"ssid": self._ssid(ANA)}, "want": want}
            self.office.send(B, documents.record_request(**asked))

    def _enter(self, lea: str, student: dict[str, object], on: str) -> None:
        self.office.enroll(lea, student | {"local_id": f"{lea}-{student['local_id']}"}, date=on)

    def _ssid(self, student: dict[str, object]) -> str:
        query = select(students.c.ssid).where(students.c.birth_date == student["birth_date"])
        with reading(self.office.services.engine) as connection:
            return str(connection.execute(query).scalars().first())

    def _at(self, moment: str, later: int = 0) -> None:
        self.now = datetime.fromisoformat(day(moment, later))
        dawn = DayChange(self.office.services)
        for _ in range(4):
            dawn.look()
        self.office.work()

    def _nights(self) -> Iterator[tuple[str, str]]:
        for moment in (BEFORE_TWO, TWO, NIGHT):
            self._at(moment)
            for kind in (claims, harvest, overdue):
                nightly = kind.Nightly(self.office.services)
                for _ in range(30):
                    nightly.look()
            reports = sorted(one for one in (self.office.exchange.home / "reports").glob("*") if one.is_file())
            yield f"reports at {moment}", self._plain("\n".join(f"{one.name}\n{one.read_text()}" for one in reports))
        yield "cases at night", self._satchel("transfers", "--state", "all", "--json")

    def _asked(self) -> Iterator[tuple[str, str]]:
        """What the operator asks, in the evening once more."""
        self.now = datetime.fromisoformat(day(EVENING)) + timedelta(days=1)
        why = ("--who", "Kim Lee", "--why", "a call")
        number = self._ssid(ANA)
        for words in (
            ("transfers", "show", "1"),
            ("claims", "--json"),
            ("student", "show", number, *why),
            ("student", "find", "--local-id", str(ANA["local_id"]), *why),
            ("disclosures", number, *why),
            ("packets",),
            ("packets", "--day", day("11-19")),
            ("calendar", "show", "--json"),
            ("lea", "keys"),
            ("lea", "list"),
            ("alerts",),
            ("backpack", "show", number),
        ):
            yield self._plain(" ".join(words[:3])), self._satchel(*words)

    def _satchel(self, *words: str) -> str:
        arguments = [*words, *self.office.exchange.at]
        with mock.patch.object(offline, "now", self.office.services.clock):
            ended = CliRunner().invoke(build(arguments), arguments)
        assert ended.exit_code == 0, f"{words}: {ended.output} {ended.exception}"
        return self._plain(ended.stdout)

    def _notices(self) -> str:
        found = {f"{kind} to {lea}": self.office.notices(lea, kind) for kind in SENT for lea in (A, B, C, STATE)}
        return self._plain(json.dumps(found, indent=1))

    def _plain(self, text: str) -> str:
        def name(found: re.Match[str]) -> str:
            return self._names.setdefault(found[0], f"#{len(self._names)}")

        return _SIZE.sub("size", _MADE_UP.sub(name, text)).replace(str(self.office.exchange.home), "HOME")


def opened(root: Path) -> Office:
    """The exchange before the story."""
    return child.opened(root)
