"""`satchel transcript make` and `show`, from outside."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from broker.cli import main
from broker.edge.xml import Schema
from tests.support import documents, transcripts
from tests.support.exchange import satchel
from tests.support.tools import corpora

TERMS = ("--term", "S1=1", "--term", "S2=6")
FACTS = {
    "school": {
        "name": "Provo High School",
        "address": {"lines": ["1300 N Canyon Rd"], "city": "Provo", "state": "UT", "postal_code": "84604"},
        "ceeb": "450340",
        "nces": "490081000468",
    },
    "schools": {"Old School": {"name": "The Old School"}},
    "terms": {"S1": 1, "S2": 6},
    "credit_unit": "CarnegieUnits",
}


@pytest.fixture
def record(tmp_path: Path) -> Path:
    (document,) = transcripts.records(1, 3)
    return written(tmp_path / "record.json", document)


def written(path: Path, document: Any) -> Path:
    path.write_text(json.dumps(document))
    return path


def make(record: Path, *more: str, by: str = "student", on: str = "2026-05-20", to: str = "uofu") -> "tuple[int, str]":
    """Exit code, and what was said; the transcript is to be `t.xml` beside the record."""
    asked = ("--to", to, "--requested-by", by, "--requested-on", on, "--out", str(record.with_name("t.xml")))
    return run("make", str(record), *asked, *more)


def run(*words: str) -> "tuple[int, str]":
    """The same as `satchel transcript`, in this process: exit code, and what was said."""
    arguments = ["transcript", *words]
    ended = CliRunner().invoke(main.build(arguments), arguments)
    assert ended.exception is None or isinstance(ended.exception, SystemExit), ended.exception
    return ended.exit_code, ended.stdout if ended.exit_code == 0 else ended.stderr


def test_a_record_becomes_a_transcript_that_the_standard_and_the_command_itself_read(
    record: Path, tmp_path: Path
) -> None:
    document = json.loads(record.read_text())
    facts = written(tmp_path / "school.json", FACTS)
    code, said = make(record, "--school-info", str(facts), "--json")
    assert code == 0, said
    told = json.loads(said)
    lines = [*document["record"]["course_history"], *document["record"]["course_grades"]]
    assert told["courses"] == len(lines)
    assert "/student/guardians" in told["left_out"]
    out = tmp_path / "t.xml"
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    shown = json.loads(satchel("transcript", "show", str(out), "--json").stdout)  # as a person starts it
    assert (shown["id"], shown["from"], shown["to"]) == (told["id"], document["from"], "uofu")
    assert shown["request"] == {"by": "student", "on": "2026-05-20"}
    assert shown["transcript"]["academic_records"][0]["school"]["ceeb_act"] == "450340"
    for part in ("first", "last"):
        assert shown["student"]["legal_name"][part] == document["student"]["legal_name"][part]
    folder = corpora("formats", "pesc-xsd")
    assert Schema(folder / "HighSchoolTranscript_v1.5.0.xsd").faults(out.read_bytes()) == ()


def test_it_is_shown_to_people(record: Path, tmp_path: Path) -> None:
    code, said = make(record, *TERMS, by="guardian")
    assert code == 0, said
    assert "Seal it" in said
    assert "In the record, and not in the transcript: " in said
    _, shown = run("show", str(tmp_path / "t.xml"))
    document = json.loads(record.read_text())
    assert "Requested by the guardian on 2026-05-20" in shown
    assert f"SSID {document['student']['ssid']}" in shown
    for line in document["record"]["course_history"]:
        assert f"  {line['course_code']}" in shown


def test_nothing_is_overwritten_and_a_failed_run_leaves_no_file(record: Path, tmp_path: Path) -> None:
    code, said = make(record)
    assert (code, "--term S1=1" in said, "pesc-unfit" in said) == (1, True, True)
    assert "/record/course_history/0/term" in said
    assert not (tmp_path / "t.xml").exists()
    assert make(record, *TERMS)[0] == 0
    before = (tmp_path / "t.xml").read_bytes()
    code, said = make(record, *TERMS)
    assert (code, "already there" in said) == (1, True)
    assert (tmp_path / "t.xml").read_bytes() == before
    assert {path.name for path in tmp_path.iterdir()} == {"record.json", "t.xml"}


@pytest.mark.parametrize(
    ("more", "changes", "code", "says"),
    [
        ((), {"by": "university"}, 2, "--requested-by must be one of: student, parent, guardian."),
        ((), {"on": "20 May"}, 2, "--requested-on must be a day"),
        ((), {"on": "2026-02-30"}, 2, "--requested-on must be a day"),
        ((), {"on": "2199-01-01"}, 1, "no-request"),
        ((), {"to": "no party"}, 1, "[schema]"),
        (("--term", "S1"), {}, 2, "--term must be"),
        (("--term", "S1=13"), {}, 2, "--term must be"),
        (("--state", "Utah"), {}, 2, "--state"),
    ],
)
def test_wrong_use_is_one_sentence(
    record: Path, more: tuple[str, ...], changes: dict[str, str], code: int, says: str
) -> None:
    ended, said = make(record, *TERMS, *more, **changes)
    assert (ended, says in said, "Traceback" in said) == (code, True, False), said
    assert not record.with_name("t.xml").exists()


@pytest.mark.parametrize(
    ("document", "says"),
    [
        (documents.enrollment(), "is no student's record"),
        (documents.record() | {"student": {}}, "[schema]"),
        (documents.record(), "There is no course in it."),
        ([], "[not-json]"),
    ],
)
def test_what_is_no_record_is_told(tmp_path: Path, document: Any, says: str) -> None:
    code, said = make(written(tmp_path / "record.json", document))
    assert (code, says in said, "Reyes" in said) == (1, True, False), said


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"name": "Provo High School"}, "It has something else than school"),
        ({"school": {"name": "P", "ceeb": "45"}}, "/transcript/academic_records/0/school/ceeb_act"),
        ([], "[not-json]"),
    ],
)
def test_what_is_wrong_in_the_file_of_the_school_is_told(record: Path, tmp_path: Path, facts: Any, says: str) -> None:
    code, said = make(record, *TERMS, "--school-info", str(written(tmp_path / "school.json", facts)))
    assert (code, says in said) == (1, True), said


def test_what_is_no_transcript_is_not_shown(record: Path) -> None:
    code, said = run("show", str(record))
    assert (code, "is no transcript" in said) == (1, True)


def test_another_states_number_is_no_ssid() -> None:
    sample = corpora("formats", "pesc-sample") / "high_school_transcript_v1.5.0.xml"
    code, said = run("show", str(sample), "--state", "BC")
    assert (code, "/student/ssid" in said) == (1, True)
