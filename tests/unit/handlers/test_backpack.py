"""What the record store notes of a packet, what a request asks for, and what a log of disclosures says."""

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from broker.core.disclosure import Disclosure
from broker.core.errors import Refused
from broker.core.model import Name, PacketType, Student
from broker.edge.settings.rules import TheState
from broker.formats.documents import to_document
from broker.formats.parent import story
from broker.notices import disclosures
from handlers import backpack, record_request
from handlers.backpack import Mode, Slip
from handlers.record_request import Want
from handlers.registry import HANDLERS
from tests.support import documents


def test_a_backpack_is_kept_and_a_request_ends_here() -> None:
    kept = {kind for kind, handler in HANDLERS.items() if handler.is_kept}
    assert kept == {PacketType.BACKPACK}
    assert HANDLERS[PacketType.BACKPACK].needs_student
    assert HANDLERS[PacketType.RECORD_REQUEST].ends_here


@pytest.mark.parametrize(("mode", "year"), [("replace", 2027), ("add", 2026), ("add", None)])
def test_the_slip(mode: str, year: int | None) -> None:
    body = documents.backpack(mode=mode, created="2026-11-23T10:00:00.25-07:00", school_year=year)
    if year is None:
        del body["school_year"]
    created = datetime(2026, 11, 23, 17, 0, 0, 250_000, UTC).timestamp()
    assert backpack.slip_of(to_document(body)) == Slip(Mode(mode), year, created)


@pytest.mark.parametrize("want", [str(one) for one in Want])
def test_a_request(want: str) -> None:
    ask = record_request.ask_of(documents.record_request(want=want))
    assert (ask.want, ask.from_lea, ask.student.ssid) == (want, "", "1000000019")
    assert "Reyes" not in repr(ask)


@pytest.mark.parametrize("want", ["backpack", "parent-copy"])
def test_parts_of_one_lea(want: str) -> None:
    assert record_request.ask_of(documents.record_request(want=want, from_lea="01")).from_lea == "01"


@pytest.mark.parametrize("want", ["record", "disclosures"])
def test_one_lea_where_it_means_nothing(want: str) -> None:
    with pytest.raises(Refused) as refused:
        record_request.ask_of(documents.record_request(want=want, from_lea="01"))
    assert (refused.value.code, refused.value.pointer) == ("schema", "/from_lea")


def line(outcome: str = "allowed", tracking: str = "") -> Disclosure:
    return Disclosure(
        at=1795435200.0,
        ssid="1000000019",
        action="read-backpack",
        outcome=outcome,
        party="6G",
        source="01",
        what="backpack",
        tracking=tracking,
    )


ANA = Student(Name("Ana", "Reyes-Ortiz", "Lucía"), date(2012, 3, 4), gender="F", phone="801-555-0133")
NUMBERS = ["1000000019", "1000000027"]


def test_the_log_says_whose_it_is_and_no_more_of_the_student() -> None:
    body = told([line()])
    name = {"first": "Ana", "middle": "Lucía", "last": "Reyes-Ortiz", "suffix": ""}
    assert body["student"] == {"ssid": "1000000019", "legal_name": name, "birth_date": "2012-03-04"}
    assert (body["ssid"], body["numbers"]) == ("1000000019", NUMBERS)
    assert "Reyes" not in json.dumps(body["disclosures"])


def told(lines: list[Disclosure], is_all: bool = True) -> dict[str, Any]:
    names = {"01": "Alpine", "6G": "Beehive"}
    return disclosures.notice({"packet": "x", "file": ""}, ANA, NUMBERS, lines, names, TheState().time, is_all=is_all)


def test_the_log_as_a_notice() -> None:
    body = told([line(), line(outcome="refused")])
    assert body["about"] == {"packet": "x"}
    assert [one["outcome"] for one in body["disclosures"]] == ["allowed", "refused"]
    first, second = (one["sentence"] for one in story.log_lines(body))
    assert "Beehive received the learner profile (backpack) written by Alpine" in first
    assert "was not given" in second
    assert "your own records" in told([], is_all=False)["means"]


def test_a_long_log_is_cut_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(disclosures, "MOST_LINES", 3)
    body = told([line(tracking=str(number)) for number in range(4)])
    assert [one["tracking"] for one in body["disclosures"]] == ["1", "2", "3"]
    assert "these are the newest" in body["means"]
    assert "these are the newest" not in told([line()] * 3)["means"]
