"""SSID requests as files, and the answers to them."""

import csv
import io
import json
import random
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from typing import Any, NamedTuple

from tests.support.desk import EXCHANGE, Desk, Town, child, enrollment
from tests.support.exchange import satchel, wait_until

COLUMNS = "Request Type,School Year,LEA,School,Local Student Number,Last Name,First Name,Middle Name,Birth Date,SSID"
HEADER = COLUMNS.split(",")


class Line(NamedTuple):
    """One line of an answer."""

    line: str
    ssid: str
    school_year: str
    last_name: str
    first_name: str
    local_number: str
    answer: str
    reason: str
    field: str
    what_to_do: str
    request: str


def written(rows: Sequence[Sequence[str]], separator: str = ",", header: Sequence[str] = HEADER) -> bytes:
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=separator).writerows([header, *rows])
    return out.getvalue().encode()


def row(kind: str, last: str, first: str, born: str, ssid: str = "", **changes: str) -> list[str]:
    values = {"lea": "", "school": "704", "number": f"{first}-1", "middle": "", "year": "2027"} | changes
    number, middle = values["number"], values["middle"]
    return [kind, values["year"], values["lea"], values["school"], number, last, first, middle, born, ssid]


def ask(desk: Desk, counter: int, *rows: Sequence[str], content: bytes | None = None) -> list[Line]:
    """Send a request, and read the answer."""
    stem = f"REQ_{desk.lea}_20261123_{counter}"
    desk.send(f"{stem}.csv.pgp", content or written(rows))
    ended = desk.receipt(f"{stem}.csv.pgp", "APPLIED", "REFUSED", "DUPLICATE")
    assert ended["state"] == "APPLIED", ended
    assert ended["packet"]["type"] == "ssid-request"
    return told(desk, stem)


def told(desk: Desk, stem: str) -> list[Line]:
    """The next answer to that request; it is taken out of the inbox."""
    content = wait_until(lambda: found(desk, stem), f"the answer to {stem}")
    return [Line(*cells) for cells in csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))]


def found(desk: Desk, stem: str, encoding: str = "utf-8") -> bytes | None:
    for path in desk.exchange.inbox(desk.lea):
        if ".ssid." in path.name:
            content, signer = desk.read(path.name.partition(".")[0])
            if stem.encode(encoding) in content:
                assert signer.encode() in desk.gpg.run("--list-keys", "--with-colons", EXCHANGE)[0]
                path.unlink()
                return content
    return None


def one(desk: Desk, counter: int, *cells: str, **more: str) -> Line:
    (line,) = ask(desk, counter, row(*cells, **more))
    return line


def leave(desk: Desk, last: str, first: str, born: str) -> str:
    document = enrollment(desk.lea, child(first, last, born), event="exit", date="2026-12-18")
    desk.send(f"{document['id']}.pgp", document)
    return str(notice(desk, document["id"])[0]["answer"])


def notice(desk: Desk, document_id: str) -> list[dict[str, Any]]:
    """The JSON answer to this document, though answers in CSV may lie beside it."""

    def look() -> list[dict[str, Any]] | None:
        for path in desk.exchange.inbox(desk.lea):
            content = desk.gpg.decrypt(path.read_bytes())[0] if ".ssid." in path.name else b""
            if content.startswith(b"{") and document_id.encode() in content:
                return list(json.loads(content)["students"])
        return None

    lines: list[dict[str, Any]] = wait_until(look, f"the answer to {document_id}")
    return lines


def middle_name(here: Town, number: str) -> str:
    with closing(sqlite3.connect(here.exchange.home / "ledger.db", timeout=10)) as ledger:
        return str(ledger.execute("SELECT middle FROM students WHERE ssid = ?", [number]).fetchone()[0])


def decide(here: Town, lea: str, *choice: str) -> None:
    """The state decides the one question that waits at this LEA."""
    (asked,) = json.loads(satchel("review", "list", "--json", "--lea", lea, *here.exchange.at).stdout)
    assert (asked["line"], asked["type"]) == (2, "ssid-request")
    satchel("review", "decide", asked["tracking"], *choice, "--who", "A. Clerk", "--why", "asked", *here.exchange.at)


UNREADABLE = [
    ("REQ_01_20261399_9.csv.pgp", written([row("New", "Secret", "Name", "2012-03-04")]), "request-name"),
    ("REQ_02_20261123_9.csv.pgp", written([row("New", "Secret", "Name", "2012-03-04")]), "from-mismatch"),
    ("REQ_01_20261123_90.csv.pgp", b"Last Name,First Name,SSN\nSecret,Name,123-45-6789\n", "ssn-column"),
    ("REQ_01_20261123_91.csv.pgp", written([], header=[*HEADER, "Shoe size"]), "unknown-column"),
    ("REQ_01_20261123_92.csv.pgp", b"New,2027,01,704,1,Secret,Name,,2012-03-04,\n", "csv-form"),
    (
        "REQ_01_20261123_93.csv.pgp",
        written([row("New", "Secr\u00e9t", "N", "x")]).decode().encode("mac_roman"),
        "not-utf8",
    ),
]


def people(count: int, seed: int) -> list[list[str]]:
    """Students of whom no two are alike."""
    rng = random.Random(seed)

    def name() -> str:
        return "".join(rng.choice("bdfgklmnprstvz") + rng.choice("aeiou") for _ in range(4)).title()

    born = [f"{rng.randint(2008, 2020)}-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}" for _ in range(count)]
    return [row("New", name(), name(), day, number=str(number)) for number, day in enumerate(born)]
