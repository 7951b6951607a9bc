"""`satchel transcript make` and `show`: an LEA's transcripts in PESC's form, on its own computer, without a home.

Promises: what is written is read back first and has every course; it is a new file with mode 0600, and nothing is ever
overwritten; the user sees what the record has and the transcript lacks; no student's data on the command line.
"""

import json
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from broker.core.errors import OperatorError, Refused
from broker.core.model import LeaId
from broker.edge.schemas.contracts import Contracts
from broker.edge.settings import checks, resources
from broker.edge.settings.rules import Identity
from broker.edge.settings.values import Limits
from broker.formats import canonical, pesc, reading
from broker.formats.transcript import request
from broker.formats.transcript.record import PACKET, Facts, Made, from_record
from broker.formats.transcript.school_facts import facts_of
from broker.terminal import given
from broker.terminal.common import JsonOption, fail, say
from broker.terminal.files import read, write_new

_RECORDS = ("student-record.v1", "backpack.v1")
_DAY = re.compile("[0-9]{4}-[0-9]{2}-[0-9]{2}")
_TERM = re.compile("(.*)=(0?[1-9]|1[0-2])", re.DOTALL)
_FILE_BYTES = 1024 * 1024

StateOption = Annotated[str, typer.Option("--state", help="The state whose student ids are SSIDs: two letters.")]


def make(
    record: Annotated[Path, typer.Argument(help="The student's record: a student-record.v1 or backpack.v1 document.")],
    to: Annotated[str, typer.Option("--to", help="The university's id in your directory folder.")],
    requested_by: Annotated[str, typer.Option(help="Who asked for it: student, parent or guardian.")],
    requested_on: Annotated[str, typer.Option(help="The day of the request, such as 2027-05-20.")],
    out: Annotated[Path, typer.Option("--out", help="The new file: PESC XML.")],
    school_info: Annotated[
        Path | None, typer.Option(help="A JSON file with the school's name, address and codes; see the handbook.")
    ] = None,
    term: Annotated[
        list[str] | None,
        typer.Option(help="In which month a term of the record ends, such as S1=1; may be given several times."),
    ] = None,
    state: StateOption = "UT",
    as_json: JsonOption = False,
) -> None:
    """Make a student's transcript in PESC's form, at the student's request."""
    _check_request(requested_by, requested_on)
    asked = {"by": requested_by, "on": requested_on}
    identity = _identity(state)
    limits, contracts = Limits(), Contracts(resources.folder("schemas"))
    facts = _facts(school_info, term or [])
    try:
        document = canonical.parse(read(record, limits.content_bytes), limits.json_depth)
        if document.get("packet") not in _RECORDS:
            fail(f"{record} is no student's record: its packet must be {' or '.join(_RECORDS)}.")
        contracts.check(document, limits.schema_errors)
        made = from_record(
            document,
            {
                "id": str(uuid.uuid4()),
                "to": to,
                "created": given.own_clock().isoformat(timespec="seconds"),
                "request": asked,
            },
            facts,
        )
    except Refused as refused:
        _refuse(record, refused)
    write_new(out, _written(out, made, contracts, limits, identity), 0o600)
    _tell(out, made, as_json)


def show(
    file: Annotated[Path, typer.Argument(help="A transcript: PESC XML, or a transcript.v1 document.")],
    state: StateOption = "UT",
    as_json: JsonOption = False,
) -> None:
    """Show what is in a transcript, as the exchange reads it."""
    limits = Limits()
    try:
        content, contracts = read(file, limits.content_bytes), Contracts(resources.folder("schemas"))
        document = reading.read(content, file.name, LeaId(""), limits, contracts, _identity(state))
    except Refused as refused:
        _refuse(file, refused)
    if document["packet"] != PACKET:
        fail(f"{file} is no transcript.")
    if as_json:
        say(json.dumps(document, ensure_ascii=False))
        return
    for line in _lines(document):
        say(line)


def _check_request(by: str, day: str) -> None:
    if by not in request.BY:
        fail(f"--requested-by must be one of: {', '.join(request.BY)}.", 2)
    given.day(day if _DAY.fullmatch(day) else "", "--requested-on", "a day such as 2027-05-20")


def _identity(state: str) -> Identity:
    if not checks.FORMS["identity.state"].fits(state.upper()):
        fail("--state must be two letters, such as UT.", 2)
    return Identity(state=state.upper())


def _facts(path: Path | None, terms: Sequence[str]) -> Facts:
    months = {}
    for one in terms:
        found = _TERM.fullmatch(one)
        if found is None:
            fail("--term must be a term and the number of a month, such as S1=1.", 2)
        months[found[1]] = int(found[2])
    try:
        given = canonical.parse(read(path, _FILE_BYTES), Limits().json_depth) if path else {}
        return facts_of(given, months)
    except Refused as refused:
        _refuse(path or Path(), refused)
    except OperatorError as error:
        fail(f"{path}: {error}")


def _refuse(path: Path, refused: Refused) -> NoReturn:
    place = f", {refused.pointer}" if refused.pointer else ""
    fail(" ".join(filter(None, (f"{path}{place}: {refused.meaning}", refused.hint, f"[{refused.code}]"))))


def _written(out: Path, made: Made, contracts: Contracts, limits: Limits, identity: Identity) -> bytes:
    """The XML, after reading it back as the exchange will read it."""
    try:
        contracts.check(made.document, limits.schema_errors)
        written = pesc.to_pesc(made.document, state=identity.state)
        reading.read(written, out.name, LeaId(made.document["from"]), limits, contracts, identity)
    except Refused as refused:
        _refuse(out, refused)
    return written


def _tell(out: Path, made: Made, as_json: bool) -> None:
    sessions = made.document["transcript"]["academic_records"][0]["sessions"]
    courses = sum(len(session["courses"]) for session in sessions)
    if as_json:
        told = {"file": str(out), "id": made.document["id"], "courses": courses, "left_out": list(made.left_out)}
        say(json.dumps(told))
        return
    say(f"{out} has {courses} courses in {len(sessions)} sessions. Seal it, and put it into your outbox.")
    if made.left_out:
        say(f"In the record, and not in the transcript: {', '.join(made.left_out)}.")


def _lines(document: Mapping[str, Any]) -> Iterator[str]:
    student, asked = document["student"], document["request"]
    name = student["legal_name"]
    parts = (name.get(part, "") for part in ("first", "middle", "last", "suffix"))
    yield f"Transcript {document['id']} of {document['created']}, from {document['from']} to {document['to']}"
    yield f"Requested by the {asked['by']}" + (f" on {asked['on']}" if "on" in asked else "")
    yield f"{' '.join(filter(None, parts))}, SSID {student['ssid']}, born {student['birth_date']}"
    for record in document["transcript"]["academic_records"]:
        for session in (*record.get("sessions", ()), {"courses": record.get("courses", ())}):
            yield from _session_lines(session)


def _session_lines(session: Mapping[str, Any]) -> Iterator[str]:
    if not session.get("courses"):
        return
    school = session.get("school", {}).get("name", "")
    words = (session.get("month", "No session"), session.get("name", ""), school)
    yield ""
    yield ", ".join(filter(None, words))
    for course in session["courses"]:
        credit = course.get("credits_earned", "")
        code, grade = course.get("code", ""), course.get("grade", "") or course.get("narrative", "")
        yield f"  {code:<16}{course['title']:<61}{grade:<6}{credit}".rstrip()
