"""The documents are true: every command in them is run, in order, against a running exchange, and prints what is shown.

Also the commands of the README.txt that an LEA finds in its folder, as a secretary with gpg and sftp would type them.
"""

import json
import re
import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, closing
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.support import answer_tables, documents
from tests.support.console import Reader, Save, page_steps, steps
from tests.support.desk import EXCHANGE, Desk, as_bytes, child, enrollment, record
from tests.support.exchange import QUICK, said_by, wait_until
from tests.support.gpg import Gpg
from tests.support.ssh import make_key
from tests.support.tools import ROOT
from tests.support.walked import (
    CANYON,
    SUMMIT,
    answered,
    asked_in,
    desk_of,
    enter_party,
    exchange_in,
    fingerprint_of,
    opened_at,
    reader_at,
    statuses,
)

ANA = child("Ana", "Reyes-Ortiz", "2012-03-04", local_id="445566")


ANA["legal_name"]["middle"] = "Lucía"
BEN = child("Ben", "Holm", "2013-08-30")
MIA = child("Mia", "Sorensen", "2014-02-11")
NOAH = child("Noah", "Lund", "2014-05-17")


def document(name: str) -> str:
    return (ROOT / "docs" / name).read_text("utf-8")


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def test_a_secretary_can_do_what_her_page_says_and_an_lea_what_its_own_says(tmp_path: Path, stack: ExitStack) -> None:
    exchange = exchange_in(stack, tmp_path)
    make_key(tmp_path / "canyon-ssh")
    canyon = desk_of(stack, exchange, "01", CANYON, ssh_key=tmp_path / "canyon-ssh.pub")
    desk_of(stack, exchange, "U1", "State University <registrar@university.example>", kind="higher-ed")
    exchange.up()
    ana = ANA | {"ssid": canyon.enroll(ANA, MIA)[0]["ssid"]}
    canyon.send("backpack.pgp", documents.backpack(**{"from": "01", "student": ana}))
    canyon.receipt("backpack.pgp", "APPLIED")
    reader = reader_at(stack, exchange.home, "6G")
    words = reader.words
    reader.words = lambda: {**words(), **asked_in(reader.desk / "question.json"), **_known(reader.desk)}
    harbor = ("7K", "Harbor Charter School", "charter")

    def sends_ana(_: Reader) -> None:
        canyon.send("ana.pgp", record("01", ana))
        canyon.receipt("ana.pgp", "DELIVERED")

    def takes_back(reader: Reader) -> None:
        book = reader.desk / "question.xlsx"
        book.write_bytes(answer_tables.filled(book.read_bytes(), lambda _: "Take it back"))

    def enrolls(_: Reader) -> None:
        for one in (BEN, NOAH):
            canyon.enroll(one, date="2026-11-30")

    def corrects(reader: Reader) -> None:
        path = reader.desk / "fall-list-answered.csv"
        path.write_text(path.read_text("utf-8").replace("2/29/2013", "2/28/2013"), "utf-8")

    reader.meanwhile = {
        "the state enters 6G with summit-public.asc and summit-ssh.pub": enter_party(
            exchange.home, *SUMMIT, "summit-public.asc", "summit-ssh.pub"
        ),
        "the state enters 7K with harbor/public.asc and harbor/id_ed25519.pub": enter_party(
            exchange.home, *harbor, "harbor/public.asc", "harbor/id_ed25519.pub"
        ),
        "Canyon sends the record of Ana, for which it was asked": sends_ana,
        "Canyon enrolls Ben and Noah": enrolls,
        "the birth date of Pao is corrected in fall-list-answered.csv": corrects,
        "the secretary chooses Take it back, and saves question.xlsx": takes_back,
    }
    assert reader.follow("docs/secretary.md", steps(document("secretary.md"))) > 40
    assert statuses(reader.desk / "fall-list-answered.csv") == ["matched", "assigned", "assigned", "refused"]
    assert statuses(reader.desk / "fall-list-done.csv") == ["matched", "matched", "matched", "assigned"]
    assert statuses(reader.desk / "harbor-answered.csv") == ["assigned"]
    assert [line["answer"] for line in opened_at(reader.desk / "answer.json")] == ["matched", "matched"]
    assert [line["answer"] for line in opened_at(reader.desk / "mia-number.json")] == ["matched"]
    assert json.loads((reader.desk / "ana.json").read_text())["student"]["legal_name"]["first"] == "Ana"
    assert {path.suffix for path in (reader.desk / "ana-for-parents").iterdir()} >= {".html", ".pdf", ".json"}
    assert len([*exchange.folder("U1", "inbox").glob("*.transcript.pgp")]) == 1
    canyon.receipt("ana.pgp", "COLLECTED")
    _follow_own_page(stack, canyon, tmp_path / "canyon-ssh")


def _known(desk: Path) -> dict[str, str]:
    """What the secretary reads elsewhere and writes into her documents: Ana's number, and which request is Noah's."""
    known = {}
    if (desk / "fall-list-done.csv").exists():
        known["1000000019"] = answered(desk / "fall-list-done.csv")[0]["SSID"]
    for path in sorted((desk / "inbox").glob("*.record-request")):
        if json.loads(path.read_text())["student"]["local_id"] == "20419":
            known["01942f93-77c2-7b51-a8e0-3c5d9f1b2e46"] = path.name.partition(".")[0]
    return known


def _follow_own_page(stack: ExitStack, canyon: Desk, ssh_key: Path) -> None:
    """What the README.txt in its folder says, with nothing filled in but the key's file and file names."""
    home = canyon.exchange.home
    for notice in [path for path in canyon.exchange.inbox("01") if ".student-record." not in path.name]:
        notice.unlink()  # what is left is the record of Ben, which the secretary has sent
    reader = reader_at(stack, home, "01", canyon.gpg.home)
    (reader.desk / "record.json").write_bytes(as_bytes(record("01", BEN)))
    page = (home / "leas" / "01" / "README.txt").read_text()
    page = page.replace("-i KEY", f"-i {ssh_key}")
    host_key = re.search(r"SHA256:\S+", page)
    assert host_key
    reader.words = lambda: {"HOSTKEY": host_key[0]}
    assert reader.follow("README.txt", page_steps(page)) >= 9
    assert json.loads((reader.desk / "opened.json").read_text())["student"]["legal_name"]["first"] == "Ben"
    assert canyon.receipt("record.pgp", "HELD")["held_for"] == "enrollment"


def test_the_data_manager_can_do_what_the_page_says(tmp_path: Path, stack: ExitStack) -> None:
    exchange = exchange_in(stack, tmp_path)
    make_key(tmp_path / "canyon-ssh")
    canyon = desk_of(stack, exchange, "01", CANYON, ssh_key=tmp_path / "canyon-ssh.pub")
    summit = desk_of(stack, exchange, "6G", "Summit Charter School <records@summit.example>", kind="charter")
    exchange.up()
    ssid = canyon.enroll(ANA)[0]["ssid"]
    summit.enroll(MIA)
    summit.send("mia.pgp", record("6G", MIA))
    summit.receipt("mia.pgp", "HELD")
    exchange.quiet()
    for path in exchange.inbox("01"):
        path.unlink()
    lying = {"lea": "01", "state": "delivered"}
    wait_until(lambda: all(one["receiver"] != "01" for one in exchange.packets(**lying)), "all is collected")
    exchange.quiet()
    for path in exchange.folder("01", "receipts").iterdir():
        path.unlink()
    reader = reader_at(stack, exchange.home, "01", canyon.gpg.home)
    words = reader.words
    reader.words = lambda: {**words(), "1000000019": ssid}
    page = document("district.md")

    def both_parts(reader: Reader) -> None:
        shutil.copy(tmp_path / "canyon-ssh", reader.desk)
        canyon.gpg.import_((exchange.folder("01", "directory") / "all.asc").read_bytes())
        canyon.gpg.run("--quick-lsign-key", fingerprint_of(exchange.home / "exchange.asc"))

    def saved(reader: Reader, name: str) -> str:
        return reader.filled(next(one.text for one in steps(page) if isinstance(one, Save) and one.name == name))

    def arrive(_: Reader) -> None:
        summit.enroll(ANA, date="2026-11-20")

    def export(reader: Reader) -> None:
        ana = saved(reader, "export/record-ana.json")
        (reader.desk / "export" / "record-ana.json").write_text(ana)
        careless = ana.replace('"from": "01"', '"from": "02"').replace("c2a9e871", "c2a9e872")
        (reader.desk / "export" / "record-careless.json").write_text(careless)

    def backpacks(reader: Reader) -> None:
        (reader.desk / "export" / "backpack-mia.json").write_text(saved(reader, "export/backpack-mia.json"))

    def night(reader: Reader) -> None:
        (reader.desk / "night").mkdir()
        mia = json.loads(saved(reader, "export/backpack-mia.json"))
        for name in ("a.json", "b.json"):
            (reader.desk / "night" / name).write_text(json.dumps(mia | {"id": str(uuid.uuid4())}))
        (reader.desk / "night" / "half.json").write_text(json.dumps(mia)[:-20])
        (reader.desk / "canyon-secret.asc").write_bytes(canyon.gpg.export_secret(canyon.fingerprint))

    def graduate(reader: Reader) -> None:
        shutil.copy(reader.desk / "export" / "record-ana.json", reader.desk / "export" / "graduate.json")

    reader.meanwhile = {
        "01 has done both parts that begin with Once": both_parts,
        "6G enrolls Ana": arrive,
        "the SIS exports records": export,
        "the SIS exports backpacks": backpacks,
        "the SIS exports a night": night,
        "the SIS exports a graduate's record": graduate,
    }
    assert reader.follow("docs/district.md", steps(page)) > 15
    assert statuses(reader.desk / "students-answered.csv") == ["matched", "matched"]
    assert json.loads((reader.desk / "mia.json").read_text())["student"]["legal_name"]["first"] == "Mia"
    told = [said_by(path) for path in (reader.desk / "exchange" / "receipts").iterdir()]
    assert "APPLIED" in [one["state"] for one in told if one["packet"].get("file") == "ack.pgp"]


def test_the_operator_can_do_what_the_page_says(tmp_path: Path, stack: ExitStack) -> None:
    home = tmp_path / "home"
    gpg = stack.enter_context(Gpg())
    reader = reader_at(stack, home, "01")

    def begin(reader: Reader) -> None:
        settings = (home / "satchel.toml").read_text()
        for name, value in QUICK.items():
            settings = re.sub(rf"(?m)^{name} = \S+", f"{name} = {value}", settings)
        (home / "satchel.toml").write_text(settings)
        gpg.import_((home / "exchange.asc").read_bytes())
        made = {"canyon": "canyon-public", "summit": "summit-public", "harbor": "harbor-public"}
        titles = {"canyon": "Canyon School District", "harbor": "Harbor Charter School"}
        for name, file in (made | {"summit-new": "summit-new"}).items():
            title = f"{titles.get(name, 'Summit Charter School')} <{name}@leas.example>"
            (reader.desk / f"{file}.asc").write_bytes(gpg.export(gpg.generate(title)))
            make_key(reader.desk / f"{name}-ssh")

    def drop(_: Reader) -> None:
        sealed = gpg.seal(as_bytes(enrollment("01", ANA)), [EXCHANGE], "canyon@leas.example")
        outbox = home / "leas" / "01" / "outbox"
        for name, content, state in (("careless.txt", b"not sealed", "refused"), ("students.pgp", sealed, "applied")):
            (outbox / f".{name}").write_bytes(content)
            (outbox / f".{name}").rename(outbox / name)
            receipts = f"leas/01/receipts/*.{state}.json.asc"
            wait_until(partial(lambda one: [*home.glob(one)], receipts), receipts)

    def drop_in(lea: str, name: str, document: dict[str, Any], signer: str, state: str) -> dict[str, Any]:
        folder = home / "leas" / lea
        (folder / "outbox" / f".{name}").write_bytes(gpg.seal(as_bytes(document), [EXCHANGE], f"{signer}@leas.example"))
        (folder / "outbox" / f".{name}").rename(folder / "outbox" / name)

        def told() -> list[dict[str, Any]]:
            receipts = map(said_by, (folder / "receipts").glob(f"*.{state}.json.asc"))
            return [one for one in receipts if one["packet"].get("file") == name]

        return dict(wait_until(told, f"{name} is {state}")[0])

    def doubt(reader: Reader) -> None:
        doubtful = enrollment("6G", ANA | {"birth_date": "2012-03-14"}, date="2026-11-20")
        waits = drop_in("6G", "ana.pgp", doubtful, "summit-new", "applied")["tracking"]
        words = reader.words
        reader.words = lambda: {**words(), "TRACKING": waits}

    def enroll(reader: Reader) -> None:
        drop_in("01", "mia.pgp", enrollment("01", MIA), "canyon", "applied")
        query = (
            "SELECT s.first, s.ssid FROM students s JOIN enrollments e ON e.ssid = s.ssid"
            " WHERE s.merged_into = '' AND e.lea = '01'"
        )
        with closing(sqlite3.connect(home / "ledger.db")) as ledger:
            found = dict(ledger.execute(query).fetchall())
        known = {"SSID-A": found["Ana"], "SSID-B": found["Mia"]}
        words = reader.words
        reader.words = lambda: {**words(), **known}

    def arrive(_: Reader) -> None:
        drop_in("6G", "mia.pgp", enrollment("6G", MIA, date="2026-11-20"), "summit-new", "applied")

    def store(_: Reader) -> None:
        drop_in("01", "backpack.pgp", documents.backpack(**{"from": "01", "student": MIA}), "canyon", "applied")

    def roster(reader: Reader) -> None:
        lines = "first,middle,last,birth_date\nAna,Lucía,Reyes-Ortiz,2012-03-04\nZed,,Nowhere,2011-01-01\n"
        (reader.desk / "roster.csv").write_text(lines)
        pair = {"a": ANA, "b": ANA | {"birth_date": "2012-04-03"}}
        (reader.desk / "pairs.jsonl").write_text(json.dumps(pair) + "\n")

    def stop(reader: Reader) -> None:
        assert reader.stop() == 0

    reader.meanwhile = {
        "settings for a test, and two LEAs send their public keys": begin,
        "01 enrolls a student, and drops a file that is not sealed": drop,
        "6G enrolls a student of 01, with another birth date": doubt,
        "01 enrolls a second student": enroll,
        "6G enrolls the flagged student": arrive,
        "01 sends a backpack of its second student": store,
        "a roster in roster.csv": roster,
        "satchel up is stopped with Ctrl-C": stop,
    }
    words = reader.words
    late = (date.today() + timedelta(days=120)).isoformat()
    reader.words = lambda: {**words(), "2027-03-15": late}
    assert reader.follow("docs/operator.md", steps(document("operator.md"))) > 40
