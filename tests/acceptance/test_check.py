"""`satchel check`, as a process of its own: wrong files of every kind, and files that are good."""

import json
import os
import time
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from broker.core.codes import CODES
from broker.edge.pgp import openpgp
from tests.support import contents, documents, transcripts
from tests.support.own_commands import Ended, alone
from tests.support.own_computer import EXCHANGE, OWN

CANARY = "Quenneville"
HEADER = "Request Type,School,Last Name,First Name,Date of Birth"
ROW = f"New,704,{CANARY},Zsófia,2012-03-04"
TODAY = f"REQ_6G_{date.today():%Y%m%d}_1.csv"
SECONDS = 60.0  # far more than any of these takes: a check that hangs has no end


def check(at: Path, *words: object) -> Ended:
    began = time.monotonic()
    ended = alone("check", *words, at=at)
    assert time.monotonic() - began < SECONDS
    assert "Traceback" not in ended.stderr + ended.stdout
    assert CANARY not in ended.stderr + ended.stdout
    return ended


def told(at: Path, *words: object, code: int) -> list[dict[str, Any]]:
    """What it says as JSON, one object for each file."""
    ended = check(at, "--json", *words)
    assert ended.returncode == code, ended
    return [json.loads(line) for line in ended.stdout.splitlines()]


def table(*lines: str) -> bytes:
    return "\r\n".join(lines).encode()


def deep() -> bytes:
    made = documents.enrollment(3, **{"from": "6G"})
    made["students"][1]["student"] |= {"birth_date": CANARY}
    del made["students"][2]["student"]["legal_name"]["last"]
    return json.dumps(made).encode()


def with_number() -> bytes:
    made = documents.record(2)
    made["record"]["course_history"][1]["title"] = "078-05-1120"
    return json.dumps(made).encode()


WRONG: Mapping[str, tuple[str, str, Callable[[], bytes]]] = {
    "empty.csv": ("empty-document", "an empty file", lambda: b""),
    "report.pdf": ("not-a-document", "a PDF", contents.FORMS["pdf"][0]),
    "screen.png": ("not-a-document", "a picture (PNG)", contents.FORMS["png"][0]),
    "letter.docx": ("not-a-document", "a Word document (.docx)", contents.FORMS["docx"][0]),
    "list.json.pgp": ("sealed-twice", "a sealed file", lambda: openpgp.seal(b"{}", OWN.key, [EXCHANGE.public])),
    "secret.asc": ("secret-key-sent", "a secret key", lambda: OWN.secret),
    TODAY: ("unknown-column", "a table", lambda: table(f"{HEADER},Shoe Size", f"{ROW},44")),
    TODAY.replace("_1.", "_2."): ("ssn-column", "a table", lambda: table(f"{HEADER},SSN", f"{ROW},078051120")),
    TODAY.replace("_1.", "_3."): ("csv-form", "a table", lambda: table("Last Name,First Name", f"{CANARY},Ana")),
    "REQ_6G_20261399_1.csv": ("request-name", "CSV", lambda: table(HEADER, ROW)),
    "deep.json": ("schema", "JSON", deep),
    "number.json": ("has-ssn", "JSON", with_number),
    "half.json": ("not-json", "", lambda: deep()[:-40]),
    "noise.bin": ("not-a-document", contents.FORMS["noise"][1][:0], contents.FORMS["noise"][0]),
}


@pytest.fixture(scope="module")
def wrong(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wrong")
    for name, (_, _, make) in WRONG.items():
        (folder / name).write_bytes(make())
    return folder


def test_every_wrong_file_is_told_what_it_is_and_what_to_do(wrong: Path) -> None:
    found = {one["file"]: one for one in told(wrong, *WRONG, code=1)}
    assert {name: one["faults"][0]["code"] for name, one in found.items()} == {
        name: code for name, (code, _, _) in WRONG.items()
    }
    assert {one["verdict"] for one in found.values()} == {"refused"}
    assert [name for name, (_, form, _) in WRONG.items() if form and found[name]["form"] != form] == []
    faults = [fault for one in found.values() for fault in one["faults"]]
    assert [fault for fault in faults if not fault["wrong"] or not fault["what_to_do"]] == []
    assert [one["pointer"] for one in found["deep.json"]["faults"]] == [
        "/students/1/student/birth_date",
        "/students/2/student/legal_name",
    ]
    assert found["deep.json"]["students"] == 3
    assert found["number.json"]["faults"][0]["pointer"] == "/record/course_history/1/title"


def test_for_a_person_it_says_the_same_in_80_columns(wrong: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    ended = check(wrong, *WRONG)
    assert ended.returncode == 1
    assert ended.stderr == ""
    whole = " ".join(ended.stdout.split())
    assert "letter.docx: a Word document (.docx)" in whole
    assert "deep.json: enrollment.v1 in JSON, from 6G" in whole
    assert [code for code, _, _ in WRONG.values() if f"[{code}]" not in whole] == []
    assert f"{len(WRONG)} files: {len(WRONG)} to be refused. Only the exchange can tell" in whole
    assert max(map(len, ended.stdout.splitlines())) <= 100


def test_what_cannot_be_read_is_said_of_each_and_keeps_no_other_from_being_checked(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "good.json").write_text(json.dumps(documents.enrollment()))
    # what cannot be read, whoever runs this: a regular file that the kernel gives no byte of
    names = ["folder", "pipe", "missing.csv", "/dev/zero", "/proc/self/mem"]
    ended = check(tmp_path, *names, "good.json")
    assert ended.returncode == 2
    assert [name for name in names if name not in ended.stderr] == []
    assert len(ended.stderr.splitlines()) == len(names)
    assert "good.json: enrollment.v1 in JSON" in ended.stdout
    assert "6 files: 1 good, 5 not read." in ended.stdout
    objects = told(tmp_path, *names, "good.json", code=2)
    assert [one["file"] for one in objects] == [*names, "good.json"]
    assert [one["verdict"] for one in objects] == [None] * 5 + ["good"]
    assert all(one["unread"] for one in objects[:5])


def test_a_file_of_200_mb_is_too_large_and_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "huge.csv").open("wb") as file:
        file.truncate(200_000_000)
    (found,) = told(tmp_path, "huge.csv", code=1)
    assert found["faults"][0]["code"] == "inflates-too-much"
    assert "more than 128 MiB" in found["faults"][0]["wrong"]


def test_wrong_use_ends_with_2(tmp_path: Path) -> None:
    assert check(tmp_path).returncode == 2
    assert check(tmp_path, "--lea", "6 G/..", "a.json").returncode == 2
    assert check(tmp_path, "--no-such-option", "a.json").returncode == 2


def test_good_files_of_every_form_end_with_0(tmp_path: Path) -> None:
    record = documents.record(3)
    made: dict[str, tuple[bytes, str, str]] = {
        TODAY: (table(HEADER, ROW), "ssid-request.v1", "CSV"),
        "enrollment.json": (json.dumps(documents.enrollment(2)).encode(), "enrollment.v1", "JSON"),
        "record.json": (json.dumps(record).encode(), "student-record.v1", "JSON"),
        "key.asc": (OWN.public, "key-rotation.v1", "a key as gpg exports it"),
    }
    for name, (content, _, _) in made.items():
        (tmp_path / name).write_bytes(content)
    found = told(tmp_path, *made, code=0)
    assert {one["file"]: (one["packet"], one["form"]) for one in found} == {
        name: (packet, form) for name, (_, packet, form) in made.items()
    }
    assert [one["students"] for one in found] == [1, 2, 1, 0]
    assert all(one["good"] == one["students"] and not one["faults"] for one in found)
    assert [one["lea"] for one in found] == ["6G", "01", record["from"], ""]


def test_a_transcript_as_pesc_is_checked_too(tmp_path: Path) -> None:
    (record,) = transcripts.records(1, 3)
    (tmp_path / "record.json").write_text(json.dumps(record))
    terms = ("--term", "S1=1", "--term", "S2=6")
    asked = ("--to", "uofu", "--requested-by", "student", "--requested-on", date.today().isoformat())
    made = alone("transcript", "make", "record.json", *asked, "--out", "t.xml", *terms, at=tmp_path)
    assert made.returncode == 0, made
    (found,) = told(tmp_path, "t.xml", code=0)
    assert (found["packet"], found["form"], found["lea"]) == ("transcript.v1", "PESC XML", record["from"])
    (tmp_path / "t.xml").write_bytes((tmp_path / "t.xml").read_bytes()[:-30])
    (found,) = told(tmp_path, "t.xml", code=1)
    assert found["faults"][0]["code"] == "not-xml"


def test_whose_file_it_is_may_be_said_and_is_compared(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(documents.enrollment()))
    (tmp_path / TODAY).write_bytes(table(HEADER, ROW))
    assert [one["lea"] for one in told(tmp_path, "--lea", "01", "a.json", code=0)] == ["01"]
    for name in ("a.json", TODAY):
        (found,) = told(tmp_path, "--lea", "7K", name, code=1)
        assert (found["faults"][0]["code"], found["good"]) == ("from-mismatch", 0)
        assert "Your LEA's id is 7K." in found["faults"][0]["wrong"]
        assert CODES["from-mismatch"].remedy == found["faults"][0]["what_to_do"]


def test_a_wrong_date_in_the_name_does_not_hide_what_is_wrong_in_the_lines(tmp_path: Path) -> None:
    name = "REQ_6G_20261399_1.csv"
    (tmp_path / name).write_bytes(table(f"{HEADER},LEA", f"{ROW},6G", f"New,,{CANARY},Ana,31/31/2012,6G"))
    (found,) = told(tmp_path, name, code=1)
    assert [one["code"] for one in found["faults"]] == ["request-name", "unreadable", "unreadable"]
    assert {(one["line"], one["column"], one["header"]) for one in found["faults"][1:]} == {
        (3, "B", "School"),
        (3, "E", "Date of Birth"),
    }
    assert (found["lea"], found["students"], found["good"], found["faulty"]) == ("6G", 2, 0, 1)


def test_a_line_of_an_enrollment_has_its_faults_told_apart_by_column(tmp_path: Path) -> None:
    names = "Stu #,Legal Surname,First Name,Birthdate,School,Enter Date"
    (tmp_path / "list.csv").write_bytes(table("New students", names, f"1,{CANARY},Ana,2/30/2012,,8/17/26", "Total: 1"))
    (found,) = told(tmp_path, "list.csv", "--lea", "6G", code=1)
    assert found["packet"] == "enrollment.v1"
    assert [(one["line"], one["column"], one["header"], one["wrong"]) for one in found["faults"]] == [
        (3, "E", "School", "It must be filled in."),
        (3, "D", "Birthdate", "It must be a day of the calendar: there is no such day."),
    ]
