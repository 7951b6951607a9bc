"""`satchel backpack export --for-parent` from outside: sealed packets in, a parent's folder out, or one sentence."""

import json
import os
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from broker.client import backpack_export
from broker.edge.pgp import keyring
from tests.support import documents, exchange, record_tables
from tests.support.parent_export import Office
from tests.support.pdftext import Pdf


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


def record(**changes: Any) -> dict[str, Any]:
    """A record of LEA 01 with a course and a file."""
    note = {"name": "Plan of Ana.pdf", "media_type": "application/pdf", "content": "JVBERi0="}
    return documents.record(1, **({"created": "2026-10-01T10:00:00-06:00"} | changes)) | {
        "record": {
            "course_history": [{"school_year": 2026, "title": "Algebra", "mark": "A-"}],
            "special_education": {"status": "eligible", "attachments": ["Plan of Ana.pdf"]},
            "attachments": [note],
        }
    }


def backpack(title: str, day: int, mode: str = "replace", **changes: Any) -> dict[str, Any]:
    document = documents.record(**({"packet": "backpack.v1", "created": f"2026-11-{day:02}T10:00:00-07:00"} | changes))
    del document["to"]
    return document | {"mode": mode, "record": {"course_grades": [{"school_year": 2027, "title": title, "mark": "B"}]}}


def disclosures(ssid: str = "1000000019", **changes: Any) -> dict[str, Any]:
    told = "On 4 November 2026 Canyon Charter received the school record sent by Alpine School District, because."
    return {
        "packet": "disclosures.v1",
        "id": "018f2c6e-7d5b-7c3a-9b1e-2f4a6c8e0d12",
        "from": "exchange",
        "to": "6G",
        "created": "2026-11-23T10:00:00+00:00",
        "ssid": ssid,
        "disclosures": [{"at": "2026-11-04T10:00:00+00:00", "action": "receive-record", "sentence": told}],
    } | changes


def test_sealed_packets_become_a_copy_for_the_parent(office: Office) -> None:
    packets = [
        office.sealed("r.pgp", record()),
        office.sealed("b1.pgp", backpack("Old math", 1)),
        office.sealed("b2.pgp", backpack("New math", 2)),
        office.sealed("b3.pgp", backpack("Late art", 3, "add")),
        office.sealed("b4.pgp", backpack("Choir", 1, "replace", **{"from": "6G"})),
        office.sealed("d.pgp", disclosures()),
    ]
    ended = office.export(*packets)
    assert (ended.code, ended.stderr) == (0, "")
    assert "record.html" in ended.stdout
    assert "Reyes" not in ended.stdout
    copy = office.root / "copy"
    assert sorted(str(path.relative_to(copy)) for path in copy.rglob("*")) == [
        *("attachments", "attachments/01-Plan-of-Ana.pdf", "record.html", "record.json", "record.pdf"),
    ]
    assert (copy / "attachments" / "01-Plan-of-Ana.pdf").read_bytes() == b"%PDF-"
    modes = {stat.S_IMODE(path.stat().st_mode) for path in copy.rglob("*") if path.is_file()}
    assert modes == {0o600}
    assert {stat.S_IMODE(path.stat().st_mode) for path in (copy, copy / "attachments")} == {0o700}
    text = office.page().text_content()
    printed = " ".join(Pdf((copy / "record.pdf").read_bytes()).texts())
    for said in (
        "Algebra",
        "New math",
        "Late art",
        "Choir",
        "Ana Lucía Reyes-Ortiz",
        "4 March 2012",
        "4 November 2026",
    ):
        assert said in text
        assert said in printed
    assert "Old math" not in text + printed
    assert "Written by Alpine School District on 2 November 2026 (school year 2026–27)" in text
    assert "Written by Canyon Charter on 1 November 2026" in text
    assert office.page().xpath("//a/@href")[-1] == "attachments/01-Plan-of-Ana.pdf"
    data = json.loads((copy / "record.json").read_bytes())
    assert [one["document"]["created"][:10] for one in data["papers"]] == [
        *("2026-11-03", "2026-11-02", "2026-11-01", "2026-10-01")
    ]
    assert all(one["signature_checked"] for one in data["papers"])
    assert len(data["left_out"]) == len(data["disclosures"]) == 1


def test_a_record_in_a_table_and_a_backpack_in_a_workbook_are_read_too(office: Office) -> None:
    student = record()["student"] | {"birth_date": "2012-03-04"}
    name = student["legal_name"]
    head = "SSID,Last Name,First Name,DOB,School Year,Course Title,Grade,Credit"
    line = f"{student['ssid']},{name['last']},{name['first']},3/4/2012,2025-26,Ceramics,A,0.5"
    packets = [
        office.sealed("r.pgp", f"{head}\n{line}\n".encode(), "01"),
        office.sealed("b.pgp", record_tables.workbook(student, mode="replace"), "01"),
    ]
    ended = office.export(*packets)
    assert (ended.code, ended.stderr) == (0, "")
    text = office.page().text_content()
    assert "Ceramics" in text
    assert "Algebra I" in text


def test_as_json_it_tells_what_it_made(office: Office) -> None:
    told = json.loads(office.export(office.sealed("r.pgp", record()), "--json").stdout)
    assert told == {
        "folder": "copy",
        "files": ["record.html", "record.pdf", "record.json", "attachments/01-Plan-of-Ana.pdf"],
        "has_disclosures": False,
        "signatures_not_checked": 0,
        "letters_not_printed": [],
    }


def test_it_is_a_program_with_exit_codes(office: Office) -> None:
    office.sealed("r.pgp", record())
    words = ["backpack", "export", str(office.root / "r.pgp"), "--out", str(office.root / "copy")]
    keys = ["--key", str(office.root / "secret.asc"), "--directory", str(office.root / "directory")]
    assert exchange.satchel(*words, *keys, "--for-parent").stderr == ""
    again = exchange.satchel(*words, *keys, "--for-parent", check=False)
    assert (again.returncode, len(again.stderr.splitlines())) == (1, 1)


def test_opened_files_need_no_key_and_the_copy_says_that_nobody_checked_them(office: Office) -> None:
    (office.root / "r.json").write_text(json.dumps(record()))
    (office.root / "d.json").write_text(json.dumps(disclosures()))
    ended = office.export("r.json", "d.json", keys=False)
    assert ended.code == 0, ended.stderr
    assert "2 of the files had been opened before" in ended.stdout
    assert "Written by 01 on 1 October 2026" in office.page().text_content()
    assert "not checked: it was opened before" in office.page().text_content()


def test_an_opened_file_has_its_schools_name_from_the_directory(office: Office) -> None:
    (office.root / "r.json").write_text(json.dumps(record()))
    assert office.export("r.json").code == 0
    assert "Written by Alpine School District on 1 October 2026" in office.page().text_content()


def test_without_for_parent_it_says_so(office: Office) -> None:
    assert "--for-parent" in office.refused(office.sealed("r.pgp", record()), code=2, parent=False)


def test_a_sealed_file_needs_key_and_directory(office: Office) -> None:
    assert "--key" in office.refused(office.sealed("r.pgp", record()), code=2, keys=False)


def test_another_students_file_makes_no_copy(office: Office) -> None:
    other = documents.student() | {"ssid": "1000000027", "legal_name": {"first": "Bo", "last": "Secretname"}}
    mine, theirs = office.sealed("r.pgp", record()), office.sealed("x.pgp", backpack("x", 1, student=other))
    told = office.refused(mine, theirs)
    assert told.startswith("x.pgp is not surely about the same student")
    assert "Secretname" not in told
    assert office.sealed("d.pgp", disclosures("1000000027")) in office.refused(mine, "d.pgp")


def test_papers_without_a_number_and_with_a_merged_one_are_tied_by_the_list(office: Office) -> None:
    known = documents.student()
    whose: dict[str, Any] = {"student": {part: known[part] for part in ("ssid", "legal_name", "birth_date")}}
    nameless = {key: value for key, value in known.items() if key != "ssid"}
    packets = [
        office.sealed("r.pgp", record(student=nameless)),
        office.sealed("b.pgp", backpack("Choir", 1, student=known | {"ssid": "1000000027"})),
        office.sealed("d.pgp", disclosures(numbers=["1000000019", "1000000027"], **whose)),
    ]
    ended = office.export(*packets)
    assert (ended.code, ended.stderr) == (0, "")
    assert "4 November 2026" in office.page().text_content()


def test_an_opened_record_without_a_number_goes_with_the_list(office: Office) -> None:
    known = documents.student()
    whose: dict[str, Any] = {"student": {part: known[part] for part in ("ssid", "legal_name", "birth_date")}}
    del known["ssid"]
    (office.root / "r.json").write_text(json.dumps(record(student=known)))
    (office.root / "d.json").write_text(json.dumps(disclosures(numbers=["1000000019"], **whose)))
    assert office.export("r.json", "d.json", keys=False).code == 0
    assert "4 November 2026" in office.page().text_content()


def test_a_bad_signature_makes_no_copy(office: Office) -> None:
    good = office.sealed("r.pgp", record())
    assert "[unknown-signer]" in office.refused(good, office.sealed("x.pgp", record(), signer="stranger"))
    assert "signed by 6G" in office.refused(good, office.sealed("x.pgp", record(), signer="6G"))
    assert "signed by 01" in office.refused(good, office.sealed("d.pgp", disclosures(), signer="01"))
    forged = disclosures(**{"from": "01"})
    assert "the exchange did not write" in office.refused(good, office.sealed("d.pgp", forged, signer="01"))
    assert "[not-for-exchange]" in office.refused(good, office.sealed("x.pgp", record(), to="01"))
    (office.root / "x.pgp").write_bytes(b"\xef\xbb\xbf{}")
    assert "neither a sealed packet nor" in office.refused(good, "x.pgp")
    damaged = bytearray((office.root / "r.pgp").read_bytes())
    damaged[-40] ^= 1
    (office.root / "x.pgp").write_bytes(damaged)
    assert "[damaged]" in office.refused(good, "x.pgp")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"not json", "[not-json]"),
        (b'{"packet": "transcript.v1"}', "none of the files"),
        (b'{"packet": "student-record.v1", "record": {"shoe": "4711"}}', "[schema]"),
        (b'{"packet": "disclosures.v1", "from": "exchange", "disclosures": {}}', "[schema]"),
        (b'{"packet": 5}', "none of the files"),
    ],
)
def test_a_file_that_is_no_record_makes_no_copy(office: Office, content: bytes, told: str) -> None:
    sentence = office.refused(office.sealed("x.pgp", content))
    assert told in sentence
    assert "4711" not in sentence


def test_a_list_alone_is_no_record(office: Office) -> None:
    assert "None of the files" in office.refused(office.sealed("d.pgp", disclosures()))


def test_nothing_is_overwritten(office: Office) -> None:
    packet = office.sealed("r.pgp", record())
    (office.root / "copy").mkdir()
    assert "already there" in office.refused(packet)
    (office.root / "copy").rmdir()
    (office.root / "copy").symlink_to("nowhere")
    assert "already there" in office.refused(packet)
    assert "not a folder" in office.refused(packet, "--out", "none/copy")
    assert "cannot be read" in office.refused("absent.pgp", "--out", "other")


def test_a_copy_that_fails_half_way_leaves_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    packet, real = office.sealed("r.pgp", record()), backpack_export._put

    def full(path: Path, content: bytes) -> None:
        if path.name == "record.json":
            raise OSError(28, os.strerror(28))
        real(path, content)

    monkeypatch.setattr(backpack_export, "_put", full)
    assert "No space left" in office.refused(packet)


def test_too_many_files_are_refused_before_any_is_read(office: Office) -> None:
    assert "At most 200" in office.refused(*["absent.pgp"] * 201, code=2)


def test_a_key_with_a_passphrase(office: Office) -> None:
    now = datetime.now(UTC)
    office.secrets["6G"] = keyring.generate("Canyon Charter", "cv25519", now, 365, "open sesame")
    office.publics["6G"] = keyring.public(office.secrets["6G"])
    (office.root / "secret.asc").write_bytes(office.secrets["6G"])
    (office.root / "pass").write_text("open sesame\n")
    (office.root / "wrong").write_text("sesame\n")
    packet = office.sealed("r.pgp", record())
    assert "--passphrase-file" in office.refused(packet)
    assert "[key-locked]" in office.refused(packet, "--passphrase-file", "wrong")
    assert office.export(packet, "--passphrase-file", "pass").code == 0


def test_an_empty_directory_is_told(office: Office) -> None:
    for path in (office.root / "directory").iterdir():
        path.unlink()
    assert "holds no public keys" in office.refused(office.sealed("r.pgp", record()))


def test_a_student_number_may_have_another_length(office: Office) -> None:
    student = documents.student() | {"ssid": "1234567"}
    assert office.export(office.sealed("r.pgp", record(student=student))).code == 0
    assert "1234567" in office.page().text_content()
