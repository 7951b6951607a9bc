"""How the home `before-stays.tar.xz` was made: by the program of 1 December 2026, with its own commands and stages.

That was the last program before one account of stays (ledger form 0004). This page is kept to read what is in the home;
it does not run on a later program. It was run in a checkout of that one:

    PYTHONPATH=. python before_stays.py before-stays.tar.xz

The archive has `home/`, as `satchel up` had left it; `keys/`, the secret keys of its LEAs; `facts.json`, what this
script calls by name; `said.json`, what the program's own commands then said of the home. See README.md beside it.
"""

import io
import json
import shutil
import sqlite3
import sys
import tarfile
import tempfile
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from broker.cli import main as cli
from broker.core.flow import Stage
from broker.core.model import LeaId
from broker.edge.home.outbox import Odd
from broker.edge.ledger.engine import writing
from broker.edge.ledger.parties import directory
from broker.edge.pgp import keyring, openpgp
from broker.formats.transcript.record import Facts, from_record
from broker.oversight import claims, harvest, overdue
from broker.stages import intake
from broker.stages.sweep.collected import notice_collected
from broker.stages.sweep.receipts import publish_receipts
from tests.support import desk, documents
from tests.support import office as offices
from tests.support.desk import child
from tests.support.exchange import satchel
from tests.support.office import Office
from tests.support.ssh import make_key

offices._KEY_DAYS = 36_500  # a test that is run in years still seals with these keys

KINDS = {"UT": "state", "U1": "higher-ed", "6G": "charter", "7K": "charter"}
LEAS = ("01", "02", "6G", "7K", "9L", "UT", "U1")
AUTUMN, MOVED = "2026-08-17", "2026-11-16"
WHO = ("--who", "Jo Larsen", "--why", "as the story goes")
LINE = {
    "school_year": 2026,
    "term": "S1",
    "title": "Biology",
    "course_code": "3010",
    "credits_earned": 0.5,
    "mark": "A",
}


class Maker:
    """The office, and what the stories call by name: numbers of students, tracking ids of packets."""

    def __init__(self, root: Path) -> None:
        self.office = Office(root, *LEAS, kinds=KINDS)
        self.facts: dict[str, str] = {}
        self.students: dict[str, Any] = {}

    @property
    def home(self) -> Path:
        return self.office.exchange.home

    def satchel(self, *words: str) -> str:
        return satchel(*words, "--home", str(self.home)).stdout

    def enroll(self, lea: str, name: str, day: str, **line: Any) -> str:
        """Report an entry, or with `event` an exit; the student's number, '' while it is in doubt."""
        event = line.pop("event", "entry")
        document = desk.enrollment(lea, self.students[name] | {"local_id": f"{lea}-{name}"}, event=event, date=day)
        document["students"][0] |= line
        assert self.office.send(lea, document).state == "APPLIED"
        (told,) = self.office.newest_notice(lea, "ssid")["students"]
        assert told["answer"] in ("assigned", "matched", "review"), told
        return str(told["ssid"] or "")

    def at(self, lea: str, name: str, last: str, born: str, **line: Any) -> str:
        """A new student, at this LEA since the autumn."""
        self.students[name] = child(name.split("-")[0].capitalize(), last, born, gender="F")
        self.facts[name] = self.enroll(lea, name, line.pop("day", AUTUMN), **line)
        return self.facts[name]

    def record(self, lea: str, name: str, called: str, **more: Any) -> Any:
        """Send the student's record; its packet then."""
        row = self.office.send(lea, desk.record(lea, self.students[name] | {"local_id": f"{lea}-{name}"}, **more))
        self.facts[called] = row.tracking
        return row

    def backpack(self, lea: str, name: str, mode: str = "replace") -> Any:
        about = {"from": lea, "student": self.students[name] | {"local_id": f"{lea}-{name}"}, "mode": mode}
        return self.office.send(lea, documents.backpack(**about))

    def acknowledge(self, lea: str, tracking: str, status: str, **code: str) -> None:
        said = {"from": lea, "tracking": tracking, "status": status} | code
        assert self.office.send(lea, documents.acknowledgement(**said)).state == "APPLIED"

    def take(self, lea: str, *trackings: str) -> None:
        """The LEA takes these out of its inbox."""
        for path in self.office.exchange.inbox(lea):
            if path.name.split(".")[0] in trackings:
                path.unlink()
        notice_collected(self.office.services, LeaId(lea))

    def transfer_of(self, name: str) -> str:
        found = json.loads(self.satchel("transfers", "--state", "all", "--json"))
        return next(str(one["transfer"]) for one in found["transfers"] if one["ssid"] == self.facts[name])


def moves(make: Maker) -> None:
    """A transfer in every state, and how each of them came to be."""
    make.at("01", "waited", "Abbott", "2012-01-05")
    make.enroll("6G", "waited", MOVED)  # requested, and 01 has reported no exit
    make.at("01", "left", "Acker", "2012-02-06")
    make.enroll("01", "left", "2026-11-13", event="exit", code="TR")
    make.enroll("6G", "left", MOVED)  # requested
    make.at("01", "answered", "Baird", "2012-03-07")
    make.enroll("6G", "answered", MOVED)
    make.record("01", "answered", "delivered-record")
    make.at("02", "closed", "Calder", "2012-04-08")
    make.enroll("7K", "closed", MOVED)
    sent = make.record("02", "closed", "collected-record")
    make.take("7K", sent.tracking)
    make.acknowledge("7K", sent.tracking, "received")
    make.at("01", "onward", "Dalton", "2012-05-09")
    make.enroll("02", "onward", "2026-10-05")  # cancelled, for the student moved on
    make.enroll("7K", "onward", MOVED)
    make.at("01", "returned", "Eames", "2012-06-10")
    make.enroll("6G", "returned", "2026-10-05")
    make.enroll("6G", "returned", "2026-11-06", event="exit", code="TS")
    make.enroll("01", "returned", "2026-11-09")
    make.at("02", "ended", "Faulk", "2012-07-11")
    make.enroll("6G", "ended", MOVED)
    make.satchel("transfers", "cancel", make.transfer_of("ended"), *WHO)
    make.at("02", "declined", "Gable", "2012-08-12")
    make.enroll("6G", "declined", MOVED)
    make.acknowledge("02", make.office.inbox("02", "record-request")[-1], "rejected", code="not-our-student")
    make.at("01", "soldiers", "Hale", "2012-09-13")
    make.enroll("7K", "soldiers", MOVED, military=True)
    make.at("01", "contested", "Ingram", "2012-10-14")
    make.enroll("7K", "contested", "2026-11-30")
    make.acknowledge("01", make.office.inbox("01", "record-request")[-1], "rejected", code="still-enrolled")
    make.at("01", "leaving", "Joyce", "2012-11-15")
    make.enroll("01", "leaving", "2027-01-15", event="exit", code="TO")  # reported ahead


def stays(make: Maker) -> None:
    """Stays without exit, year after year; two LEAs that claim one student."""
    make.at("01", "staying", "Keller", "2014-01-16", day="2024-08-19", grade="04")
    make.enroll("01", "staying", "2025-08-18", grade="05")
    make.enroll("01", "staying", AUTUMN, grade="06")
    make.at("02", "both", "Lowell", "2013-02-17", grade="07")
    make.enroll("6G", "both", "2026-09-21", grade="07")
    make.enroll("02", "both", "2026-10-16", event="exit")
    make.at("01", "kinder", "Mercer", "2021-03-18", grade="KG")
    make.enroll("7K", "kinder", "2026-10-05", grade="KG", programme="year-round")
    make.at("02", "shared", "Norris", "2011-04-19")
    make.enroll("01", "shared", "2026-09-08")


def store(make: Maker) -> None:
    """Backpacks: replaced, added to, forwarded; asked for, and the log of disclosures."""
    make.at("01", "packed", "Osborn", "2012-12-20")
    make.backpack("01", "packed")
    make.backpack("01", "packed")
    make.backpack("01", "packed", "add")
    make.at("02", "carried", "Paxton", "2013-01-21")
    make.backpack("02", "carried")
    make.enroll("01", "carried", MOVED)  # the backpack goes with the student
    for want in ("backpack", "disclosures", "parent-copy", "record"):
        asked = {"from": "01", "student": make.students["carried"] | {"local_id": "01-carried"}, "want": want}
        make.facts[f"asked-{want}"] = make.office.send("01", documents.record_request(**asked)).tracking
    make.at("7K", "graduate", "Quigley", "2008-05-22")
    student = make.students["graduate"] | {"ssid": make.facts["graduate"], "local_id": "7K-graduate"}
    header = {"id": "0d6a7f52-4b7c-4d0e-9a35-8a4d1c1f7e21", "to": "U1", "created": documents.CREATED}
    asked = {"request": {"by": "student", "on": "2026-11-20"}}
    record = documents.record() | {"from": "7K", "student": student, "record": {"course_history": [LINE]}}
    sent = make.office.send("7K", from_record(record, header | asked, Facts(terms={"S1": 1})).document)
    assert sent.state == "DELIVERED", sent.code
    make.take("U1", sent.tracking)
    make.facts["transcript"] = sent.tracking


def waiting(make: Maker) -> None:
    """A packet held for each reason, and some that came to an end."""
    office = make.office
    make.at("01", "expected", "Radley", "2013-03-23")
    assert make.record("01", "expected", "held-enrollment").held_for == "enrollment"
    make.at("01", "keyless", "Sawyer", "2013-04-24")
    make.enroll("9L", "keyless", MOVED)
    key = keyring.inspect(office.leas["9L"].certificate, office.services.clock())
    with writing(office.services.engine) as connection:
        assert directory.retire(connection, "9L", key.fingerprint, office.services.clock().timestamp())
    assert make.record("01", "keyless", "held-receiver-key").held_for == "receiver-key"
    make.at("01", "missing", "Tanner", "2013-05-25")
    make.backpack("01", "missing")
    make.satchel("student", "flag", make.facts["missing"], *WHO)
    make.enroll("02", "missing", MOVED)  # blocked, with an alert
    assert make.record("01", "missing", "held-blocked").held_for == "blocked"
    make.at("01", "found", "Upton", "2013-06-26")
    make.satchel("student", "flag", make.facts["found"], *WHO)
    make.enroll("02", "found", MOVED)
    make.satchel("student", "unflag", make.facts["found"], *WHO)
    make.satchel("alerts", "seen", "1", "--who", "Jo Larsen")
    make.at("01", "recalled", "Vance", "2013-07-27")
    make.enroll("02", "recalled", MOVED)
    sent = make.record("01", "recalled", "recalled-record")
    office.send("01", documents.recall(**{"from": "01", "tracking": sent.tracking}))
    make.record("01", "recalled", "replaced-record")
    make.record("01", "recalled", "replacing-record")
    make.facts["refused-schema"] = office.send(
        "01", desk.record("01", make.students["found"], school_year="x")
    ).tracking
    assert make.record("7K", "found", "refused-stranger").code == "not-your-student"
    assert make.record("9L", "found", "refused-signer").code == "wrong-signer"
    make.facts["refused-unsealed"] = dropped(make, "01", "careless.txt", b"not sealed")
    sealed = openpgp.seal(
        json.dumps(desk.record("01", make.students["shared"] | {"local_id": "01-shared"})).encode(),
        openpgp.load_secret(office.leas["01"].secret),
        [office.exchange.certificate],
    )
    make.facts["first"] = dropped(make, "01", "first.pgp", sealed)
    make.facts["duplicate"] = dropped(make, "01", "again.pgp", sealed)


def dropped(make: Maker, lea: str, name: str, content: bytes) -> str:
    """A file as it is, taken in and worked; its tracking id."""
    make.office.exchange.drop(lea, name, content)
    found = [one for one in make.office.services.outboxes.scan(LeaId(lea)) if not isinstance(one, Odd)]
    (tracking,) = intake.run(make.office.services, LeaId(lea), found)
    make.office.work()
    return tracking


def doubts(make: Maker) -> None:
    """Questions: open ones of a line and a packet, decided ones, one taken back; numbers merged, and parted again."""
    office = make.office

    def doubtful(name: str, last: str, born: str, told: str) -> str:
        make.at("01", name, last, born)
        make.students[f"{name}-twin"] = make.students[name] | {"birth_date": told}
        row = office.send("02", desk.enrollment("02", make.students[f"{name}-twin"], date=MOVED))
        make.facts[f"{name}-question"] = row.tracking
        return row.tracking

    doubtful("asked", "Whitlock", "2013-08-08", "2013-08-18")  # open
    tracking = doubtful("same", "Yardley", "2013-09-09", "2013-09-19")
    make.satchel("review", "decide", tracking, "--same", "A", *WHO)
    tracking = doubtful("other", "Zeller", "2013-10-01", "2013-10-11")
    make.satchel("review", "decide", tracking, "--new", *WHO)
    tracking = doubtful("undone", "Ashby", "2013-11-02", "2013-11-12")
    make.satchel("review", "decide", tracking, "--new", *WHO)
    make.satchel("review", "undo", tracking, *WHO)
    tracking = doubtful("named", "Birch", "2013-12-03", "2013-12-13")
    office.answer("02", tracking, 0, "same", candidate="A")  # decided by the LEA's own file
    make.at("01", "katharine", "Abernathy", "2012-03-14")
    make.enroll("02", "katharine", MOVED)
    sent = make.students["katharine"] | {
        "legal_name": {"first": "Katherine", "middle": "", "last": "Abernathy", "suffix": ""}
    }
    del sent["local_id"]
    make.students["katherine"] = sent | {"local_id": "7", "birth_date": "2012-03-24"}
    row = office.send("01", desk.record("01", make.students["katherine"]))
    assert row.held_for == "review", row
    make.facts["held-review"] = row.tracking
    office.work()
    make.at("01", "kept", "Corwin", "2010-01-11")
    make.at("02", "merged", "Corwin-Day", "2010-02-12")
    make.satchel("student", "merge", make.facts["merged"], make.facts["kept"], "--sure", *WHO)
    make.at("01", "one", "Drake", "2010-03-13")
    make.at("02", "another", "Drakeman", "2010-04-14")
    make.satchel("student", "merge", make.facts["another"], make.facts["one"], "--sure", *WHO)
    make.satchel("student", "unmerge", make.facts["another"], make.facts["one"], *WHO)
    rows = (
        "Request Type,School Year,District,School,Student Number,Last Name,First Name,Date of Birth,SSID",
        "New,2027,02,704,77,Ewing,Iris,2015-05-15,",
        "Retrieve,2027,02,704,78,Nowhere,Zed,2015-06-16,",
        f"Verify,2027,02,704,79,Abbott,Waited,2012-01-05,{make.facts['waited']}",
    )
    content = openpgp.seal(
        "\r\n".join(rows).encode(), openpgp.load_secret(office.leas["02"].secret), [office.exchange.certificate]
    )
    make.facts["ssid-request"] = dropped(make, "02", "REQ_02_20261201_1.csv.pgp", content)


def house(make: Maker) -> None:
    """What the operator does: exceptions, school days, keys, the lists of the night."""
    make.satchel("exception", "add", "school.example.mil", "--law", "section 1 of a made-up law", *WHO)
    make.satchel("exception", "add", "other.example.mil", "--law", "section 2 of a made-up law", *WHO)
    make.satchel("exception", "end", "other.example.mil", *WHO)
    make.satchel("calendar", "close", "2026-12-21", "--to", "2027-01-01", "--lea", "01", "--why", "Winter break")
    make.satchel("calendar", "close", "2027-02-12", "--all", "--why", "Snow")
    make.satchel("calendar", "open", "2027-02-12", "--lea", "6G", "--why", "No snow here")
    make_key(make.home.parent / "ssh")
    make.satchel("lea", "key", "01", "--ssh-key", str(make.home.parent / "ssh.pub"))
    second = keyring.generate("Second key of 02 <02@leas.invalid>", "cv25519", make.office.services.clock(), 36_500)
    (make.home.parent / "second.asc").write_bytes(keyring.public(second))
    make.satchel("lea", "key", "02", "--cert", str(make.home.parent / "second.asc"))
    today = date.today()
    for night in (claims, overdue, harvest):
        list(night.write(make.office.services, today))
        make.office.work()


def unfinished(make: Maker) -> None:
    """What the parts had in hand when they were stopped: students who still wait for their transfers, a packet that was
    taken in and not yet worked, a file that was not taken in."""
    office = make.office
    for name, last, born in (("large-1", "Easton", "2015-07-01"), ("large-2", "Fenton", "2015-08-02")):
        make.at("01", name, last, born)
    make.at("01", "late", "Garner", "2015-09-03")
    make.enroll("02", "late", MOVED)
    small = make.home / "satchel.toml"
    usual = small.read_text()
    small.write_text(usual.replace("cases_per_transaction = 100", "cases_per_transaction = 1"))
    again = Office.__new__(Office)
    again.__dict__ |= office.__dict__
    again.services = offices.replace(offices.wiring.build(make.home, "worker"), queues=office.told)
    tracking = again.drop("6G", desk.enrollment("6G", make.students["large-1"], make.students["large-2"], date=MOVED))
    again.work(Stage.ADMIT)
    again.services.engine.dispose()
    small.write_text(usual)
    make.facts["large"] = tracking
    make.facts["received"] = office.drop("01", desk.record("01", make.students["late"] | {"local_id": "01-late"}))
    outside = desk.record("01", make.students["left"] | {"local_id": "01-left"})
    sealed = openpgp.seal(
        json.dumps(outside).encode(), openpgp.load_secret(office.leas["01"].secret), [office.exchange.certificate]
    )
    office.exchange.drop("01", "outside.pgp", sealed)
    while publish_receipts(office.services):
        pass


STORIES: Sequence[Callable[[Maker], None]] = (moves, stays, store, waiting, doubts, house, unfinished)


def asked(make: Maker) -> list[list[str]]:
    """The commands whose words are kept. Looks are logged, so that the log of disclosures comes first."""
    students = [ssid for name, ssid in make.facts.items() if name in make.students and ssid]
    packets = [one["tracking"] for one in json.loads(make.satchel("packets", "--json", "--limit", "1000"))]
    transfers = json.loads(make.satchel("transfers", "--state", "all", "--json"))["transfers"]
    questions = [one["tracking"] for one in json.loads(make.satchel("review", "list", "--json"))]
    on = ("--on", "2027-03-15")
    return [
        ["disclosures", "--all", "--json"],
        ["status", "--json"],
        ["packets", "--json", "--limit", "1000"],
        *(["packet", tracking, "--json"] for tracking in packets),
        ["lea", "list", "--json"],
        ["exception", "list", "--json"],
        *(
            ["calendar", "show", "--school-year", "2027", "--json", *whose]
            for whose in ([], ["--lea", "01"], ["--lea", "6G"])
        ),
        ["codes", "--json"],
        ["transfers", "--state", "all", *on, "--json"],
        ["transfers", "--overdue", *on, "--json"],
        *(["transfers", "show", str(one["transfer"]), "--json"] for one in transfers),
        ["transfers", "report", "--from", "2026-07-01", "--to", "2026-12-01", "--json"],
        ["review", "list", "--json"],
        *(["review", "show", tracking, "--json"] for tracking in questions),
        ["alerts", "--json"],
        ["student", "flags", "--json"],
        *(["student", "show", ssid, "--json"] for ssid in students),
        ["backpack", "list", "--json"],
        *(["backpack", "show", make.facts[name], "--json"] for name in ("packed", "carried", "missing")),
        ["claims", "--school-year", "2027", "--json"],
        ["claims", "--school-year", "2027", "--lea", "01", "--json"],
    ]


def say(home: Path, commands: list[list[str]]) -> list[dict[str, Any]]:
    """What the commands say of a copy of the home, for a look at a student leaves a line in the ledger."""
    copy = home.parent / "copy"
    shutil.copytree(home, copy, symlinks=True)
    told = []
    for words in commands:
        ended = CliRunner().invoke(cli.build(words), [*words, "--home", str(copy)])
        assert ended.exit_code == 0, (words, ended.output)
        told.append({"command": words, "says": json.loads(ended.stdout)})
    shutil.rmtree(copy)
    return told


def pack(make: Maker, out: Path) -> None:
    """Everything that a backup keeps, small; the ledger as one file."""
    make.office.services.engine.dispose()
    ledger = sqlite3.connect(make.home / "ledger.db", isolation_level=None)
    ledger.execute("VACUUM")
    ledger.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    ledger.close()
    for beside in make.home.glob("ledger.db-*"):
        beside.unlink()
    for left in (make.home / "run").iterdir():
        left.unlink()
    commands = asked(make)
    files = {
        "facts.json": json.dumps(make.facts | {"made": date.today().isoformat()}, indent=1),
        "students.json": json.dumps(make.students, indent=1),
        "said.json": json.dumps(say(make.home, commands), indent=1),
        **{f"keys/{lea}.key": one.secret for lea, one in make.office.leas.items()},
        **{f"keys/{lea}.asc": one.certificate for lea, one in make.office.leas.items()},
    }
    for beside in make.home.glob("ledger.db-*"):
        beside.unlink()
    with tarfile.open(out, "w:xz", preset=9) as archive:
        archive.add(make.home, "home", filter=_nobody)
        for name, content in sorted(files.items()):
            whole = content if isinstance(content, bytes) else content.encode()
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(whole), 0o600
            archive.addfile(entry, io.BytesIO(whole))


def _nobody(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def main() -> None:
    with tempfile.TemporaryDirectory() as root:
        make = Maker(Path(root))
        for story in STORIES:
            story(make)
        pack(make, Path(sys.argv[1]))


if __name__ == "__main__":
    main()
