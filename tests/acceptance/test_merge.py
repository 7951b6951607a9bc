"""One child, two numbers: the state's operator merges them, and takes it back, from the command line."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from broker.core.transfer import TransferState
from broker.edge.ledger import tables
from broker.edge.ledger.cases import transfers
from broker.edge.ledger.engine import connect, reading, writing
from broker.edge.ledger.people import blocks
from broker.edge.settings.file import load as read_settings
from tests.support import ledgers, postgres
from tests.support.desk import Town, child, record, town
from tests.support.exchange import satchel
from tests.support.ledgers import Dump

PARTIES = {"01": ("district", "cv25519"), "6G": ("charter", "cv25519")}
BECAUSE = ("--who", "Jo Field", "--why", "the school has seen one birth certificate")
# The log of what was done stays, and when a packet was last touched; the epoch counts changes, also one taken back.
LOGGED = {"merges": (), "acts": (), "events": (), "packets": ("updated_at", "enqueued_at"), "registry_epoch": ()}
# The operator's reading is logged, and where locations at two LEAs meet, a transfer opens: both are looked at apart.
APART = {"disclosures": (), "transfers": (), "transfer_events": ()}
TOLD = {"transfer", "record-request"}  # the notices of a transfer
LEFT, CAME = "2026-06-05", "2026-08-17"


# what a merge does to each table has its contract on both databases
@pytest.fixture(scope="module", params=["sqlite", pytest.param("postgresql", marks=pytest.mark.long)])
def ledger_url(request: pytest.FixtureRequest) -> Iterator[str]:
    if request.param == "sqlite":
        yield ""
        return
    with postgres.server() as url:
        yield url


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory, ledger_url: str) -> Iterator[Town]:
    """A child was Nora Lind at 01, left, and is Eleanor Bergstrom, with another birth date, at 6G: two numbers. Her
    record from 01 waits for an enrollment. The exchange is down."""
    with town(tmp_path_factory.mktemp("merge"), PARTIES, ledger_url=ledger_url) as made:
        made["01"].enroll(NORA, date="2025-08-18")
        made["01"].enroll(NORA, event="exit", date=LEFT)
        made["6G"].enroll(ELEANOR, date=CAME)
        made["01"].send("record.pgp", record("01", NORA))
        assert made["01"].receipt("record.pgp", "HELD", "DELIVERED", "REFUSED")["held_for"] == "enrollment"
        made.exchange.down()
        yield made


NORA = child("Nora", "Lind", "2012-05-06", gender="F", guardians=[{"first": "Marta", "last": "Lind"}])
ELEANOR = child("Eleanor", "Bergstrom", "2011-11-28", gender="F", phone="801-555-0133")


def numbers(here: Town) -> tuple[str, str]:
    """Nora's, then Eleanor's."""
    found = {one["local_id"]: one["ssid"] for one in students(here)}
    return found["Nora-1"], found["Eleanor-1"]


def students(here: Town) -> list[dict[str, Any]]:
    engine = connect(read_settings(here.exchange.home))
    rows = ledgers.dump(engine, dict.fromkeys(ledgers.tables.metadata.tables.keys() - {"enrollments"}, ()))
    engine.dispose()
    return [{"ssid": row[1], "local_id": row[4]} for row in rows["enrollments"]]  # id, ssid, lea, school, local id


def everything(here: Town) -> Dump:
    engine = connect(read_settings(here.exchange.home))
    try:
        found = ledgers.dump(engine, LOGGED | APART)
    finally:
        engine.dispose()
    columns = [column.name for column in tables.packets.columns if column.name not in LOGGED["packets"]]
    kind = columns.index("type")
    return {**found, "packets": [row for row in found["packets"] if row[kind] not in TOLD]}


def cases(here: Town) -> list[tuple[str, ...]]:
    """Every transfer: whose, from, to, where it stands and why."""
    engine = connect(read_settings(here.exchange.home))
    try:
        with reading(engine) as connection:
            found = transfers.listing(connection, TransferState)
            return [(one.ssid, one.source, one.destination, one.state, one.reason) for one in found]
    finally:
        engine.dispose()


def state_of(here: Town) -> tuple[str, str]:
    row = next(one for one in here.exchange.packets() if one["type"] == "student-record")
    return row["state"], row["held_for"]


def test_a_number_mistyped_is_noticed(here: Town) -> None:
    nora, eleanor = numbers(here)
    before = everything(here)
    ended = satchel("student", "merge", nora, eleanor, *BECAUSE, *here.exchange.at, check=False)
    assert ended.returncode == 1
    assert "do not look like one student" in ended.stderr
    assert "--sure" in ended.stderr
    for wrong in ((nora, nora), (nora, "404")):
        failed = satchel("student", "merge", *wrong, *BECAUSE, "--sure", *here.exchange.at, check=False)
        assert (failed.returncode, failed.stdout, len(failed.stderr.splitlines())) == (1, "", 1)
    blank = satchel("student", "merge", nora, eleanor, "--who", "Jo", "--why", " ", *here.exchange.at, check=False)
    assert blank.returncode == 1
    assert everything(here) == before


def test_merged_and_parted_the_ledger_is_as_it_was(here: Town) -> None:
    nora, eleanor = numbers(here)
    before = everything(here)
    assert cases(here) == []
    papers = {path.name: path.read_bytes() for path in here.exchange.folder("01", "receipts").iterdir()}
    said = satchel("student", "merge", nora, eleanor, *BECAUSE, "--sure", "--json", *here.exchange.at)
    merged = json.loads(said.stdout)
    assert (merged["locations"], len(merged["released"])) == (1, 1)
    assert cases(here) == [(nora, "01", "6G", "requested", "")]
    assert state_of(here) == ("ADMITTED", "")
    shown = json.loads(satchel("student", "show", eleanor, "--json", *here.exchange.at).stdout)
    assert (shown["stands_for"], [spot["lea"] for spot in shown["locations"]]) == (nora, ["01", "6G"])
    parted = satchel("student", "unmerge", nora, eleanor, *BECAUSE, *here.exchange.at).stdout
    assert merged["released"][0] in parted
    assert state_of(here) == ("HELD", "enrollment")
    assert everything(here) == before
    assert cases(here) == [(nora, "01", "6G", "cancelled", "undone")]
    assert papers == {path.name: path.read_bytes() for path in here.exchange.folder("01", "receipts").iterdir()}


def test_the_operator_reads_what_is_known_and_what_was_done(here: Town) -> None:
    nora, eleanor = numbers(here)
    text = satchel("student", "show", nora, *here.exchange.at).stdout
    for words in (
        "Nora Lind, born 2012-05-06, F",
        "guardian Marta Lind",
        "by 01",
        f"to {LEFT}",
        "Jo Field",
        "undone on",
    ):
        assert words in text
    assert "No student has the SSID 404" in satchel("student", "show", "404", *here.exchange.at, check=False).stderr
    assert "Lind" not in satchel("packets", "--json", *here.exchange.at).stdout
    assert eleanor in text


def test_the_index_is_made_again(here: Town) -> None:
    before = everything(here)
    assert json.loads(satchel("identity", "reindex", "--json", *here.exchange.at).stdout) == {"students": 2}
    assert everything(here) == before
    (act,) = json.loads(satchel("audit", "--verb", "make_index", "--json", *here.exchange.at).stdout)["acts"]
    assert (act["result"], act["told"]) == ("done", {"students": 2})


def test_a_record_goes_on_after_the_merge_and_is_not_called_back(here: Town) -> None:
    """Last, for the exchange runs again: what was delivered stays delivered, and the operator is told."""
    nora, eleanor = numbers(here)
    satchel("student", "merge", nora, eleanor, *BECAUSE, "--sure", *here.exchange.at)
    engine = connect(read_settings(here.exchange.home))
    with writing(engine) as connection:
        blocks.mark(connection, "another model's")
    engine.dispose()
    here.exchange.up()  # which makes the index for its own model first
    refused = satchel("identity", "reindex", *here.exchange.at, check=False)
    assert (refused.returncode, "stop it first" in refused.stderr) == (1, True)
    tracking = str(here["01"].receipt("record.pgp", "DELIVERED")["tracking"])
    content, signer = here["6G"].read(tracking)
    assert json.loads(content)["student"]["legal_name"]["first"] == "Nora"
    assert signer == here["01"].fingerprint
    again = here["6G"].enroll(NORA | {"ssid": eleanor}, date="2026-09-01")
    assert (again[0]["answer"], again[0]["ssid"]) == ("matched", nora)
    said = satchel("student", "unmerge", nora, eleanor, *BECAUSE, *here.exchange.at).stdout
    assert "cannot be taken back" in said
    assert tracking in said
    assert state_of(here)[0] == "DELIVERED"
    assert here.bugs() == []
