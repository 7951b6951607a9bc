"""Tables as schools have them, sent by a desk, and what comes back: the answer, and the table itself."""

import csv
import io
import json
from pathlib import Path
from typing import Any, NamedTuple

from tests.support.desk import Desk
from tests.support.exchange import wait_until

ADDED = ("status", "SSID", "what is wrong", "what to do")
TWELVE = """Summit Charter: new students, fall 2026

Stu #,Legal Surname,First Name,M/F,Birthdate,School,Gr,Enter Date,Notes
20401,Abara,Noah,M,3/4/2012,700,09,8/17/26,brings lunch
20402,Núñez,Zoë,F,11/30/2013,700,08,8/17/26,
20403,Lindqvist,Tova,F,7/9/2014,700,07,8/24/26,"asked twice, by phone"
20404,Okafor,Ben,M,2/29/2013,700,08,8/17/26,
20405,O'Brien,Mei,F,5/16/2015,,06,8/17/26,
Total: 5,,,,,,,,
"""


class Back(NamedTuple):
    """What came back for one table: the JSON, the table as bytes, and where each lay."""

    said: dict[str, Any]
    table: bytes

    def rows(self, encoding: str = "utf-8", separator: str = ",") -> list[list[str]]:
        """The table's cells."""
        return list(csv.reader(io.StringIO(self.table.decode(encoding), newline=""), delimiter=separator))

    def of(self, number: str, **form: str) -> dict[str, str]:
        """The four columns of the line that begins with this cell."""
        rows = self.rows(**form)
        (row,) = (one for one in rows if one[0] == number)
        return dict(zip(ADDED, row[-4:], strict=True))


def send(desk: Desk, name: str, content: str | bytes) -> Back:
    """Seal a table under this name, and take what comes back out of the inbox."""
    before = set(_lying(desk))
    desk.send(name, content if isinstance(content, bytes) else content.encode())
    ended = desk.receipt(name, "APPLIED", "REFUSED", "DUPLICATE")
    assert ended["state"] == "APPLIED", ended
    assert ended["packet"]["type"] == "enrollment"

    def look() -> list[Path] | None:
        found = [path for path in _lying(desk) if path not in before]
        return found if len(found) == 2 else None

    files: list[Path] = wait_until(look, f"both answers to {name}")
    contents = sorted((desk.read(path.name.partition(".")[0])[0] for path in files), key=lambda one: one[:1] != b"{")
    for path in files:
        path.unlink()
    return Back(json.loads(contents[0]), contents[1])


def _lying(desk: Desk) -> list[Path]:
    return [path for path in desk.exchange.inbox(desk.lea) if ".ssid." in path.name]
