"""`satchel calendar` from outside, and what follows for open transfers."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from broker.core.transfer import TransferState
from broker.edge.ledger.cases import transfers
from broker.edge.ledger.cases.transfers import TransferRow
from broker.edge.ledger.engine import reading, writing
from tests.support.calendars import run, said
from tests.support.desk import child
from tests.support.exchange import satchel as alone
from tests.support.office import Office

YEAR = ("--school-year", "2027")
ASKED = 1_795_197_600.0  # 2026-11-20 18:00 UTC


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(tmp_path_factory.mktemp("calendar"), "01", "6G")
    yield made
    made.services.engine.dispose()


def shown(office: Office, lea: str = "") -> dict[str, Any]:
    return said(office, "calendar", "show", *YEAR, *(["--lea", lea] if lea else []))


def days(office: Office, lea: str) -> dict[str, tuple[str, str, str]]:
    """What is entered of an LEA's days."""
    told = shown(office, lea)["days"]
    return {one["day"]: (one["kind"], one["by"], one["why"]) for one in told if one["by"] != "holiday"}


@pytest.fixture(autouse=True)
def blank(office: Office) -> Iterator[None]:
    """Every test begins with the rule alone."""
    yield
    for whose in (("--lea", "01"), ("--lea", "6G"), ("--all",)):
        said(office, "calendar", "reset", "2026-07-01", "--to", "2027-06-30", *whose)


def test_a_year_as_the_rule_has_it(office: Office) -> None:
    found = shown(office)
    assert (found["lea"], found["year_round"]) == (None, False)
    assert (found["first"], found["last"], found["school_days"]) == ("2026-08-17", "2027-06-04", 201)
    assert found["months"]["2026-11"] == 19  # 21 weekdays, two holidays
    assert found["school_days"] == sum(found["months"].values())
    assert {"day": "2026-11-26", "kind": "closed", "by": "holiday", "why": "Thanksgiving Day"} in found["days"]
    assert "2027-06-19" not in {one["day"] for one in found["days"]}  # a Saturday, on which nobody teaches anyway


def test_a_break_is_closed_and_its_weekend_is_left_alone(office: Office) -> None:
    code, out, _ = run(
        office, "calendar", "close", "2026-12-21", "--to", "2027-01-01", "--lea", "01", "--why", "Winter break"
    )
    assert (code, out) == (0, "10 days are closed for 01.\n")
    assert set(days(office, "01").values()) == {("closed", "lea", "Winter break")}
    assert len(days(office, "01")) == 10
    assert shown(office, "01")["school_days"] == 201 - 8  # Christmas and New Year are free anyway
    assert shown(office, "6G")["school_days"] == 201


def test_days_for_all_but_who_says_otherwise(office: Office) -> None:
    said(office, "calendar", "close", "2026-10-15", "--all", "--why", "Fall break")
    said(office, "calendar", "open", "2026-10-15", "--lea", "6G", "--why", "We teach")
    assert days(office, "01") == {"2026-10-15": ("closed", "state", "Fall break")}
    assert days(office, "6G") == {"2026-10-15": ("open", "lea", "We teach")}
    assert (shown(office, "01")["school_days"], shown(office, "6G")["school_days"]) == (200, 201)
    assert said(office, "calendar", "reset", "2026-10-15", "--lea", "6G")["days"] == 1
    assert shown(office, "6G")["school_days"] == 200


def test_a_range_opens_no_weekend_and_no_holiday_but_a_day_named_alone_is_opened(office: Office) -> None:
    made = said(office, "calendar", "open", "2027-05-28", "--to", "2027-06-08", "--lea", "6G", "--why", "Make up")
    assert made == {"lea": "6G", "days": 7, "as": "open", "deadlines_moved": 0}
    assert "2027-05-31" not in days(office, "6G")
    said(office, "calendar", "open", "2027-05-31", "--lea", "6G", "--why", "Snow days made up for")
    said(office, "calendar", "open", "2027-06-05", "--lea", "6G", "--why", "A Saturday")
    assert shown(office, "6G")["school_days"] == 201 + 2 + 2
    assert run(office, "calendar", "open", "2027-05-29", "--to", "2027-05-31", "--lea", "6G", "--why", "x")[0] == 1


def test_a_file_as_a_spreadsheet_writes_it(office: Office, tmp_path: Path) -> None:
    path = tmp_path / "days.csv"
    path.write_bytes("\ufeffDay;To;Why\r\n12/21/2026;1/1/2027;Winter break\r\n2027-03-29;;\r\n;;\r\n".encode())
    code, out, errors = run(office, "calendar", "close", "--file", path, "--lea", "01", "--why", "Other")
    assert (code, errors, out) == (0, "", "11 days are closed for 01.\n")
    assert days(office, "01")["2026-12-31"] == ("closed", "lea", "Winter break")
    assert days(office, "01")["2027-03-29"] == ("closed", "lea", "Other")


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        ("day,why\n2026-12-21,Break\n2026-13-01,Break\n", 2, "line 3 must be a day"),
        ("day,why\n2026-12-21,Break\n,Break\n", 2, "line 3 must be a day"),
        ("day,why\n2026-12-21,\n", 2, "line 2: say why"),
        ("day,to,why\n2026-12-21,2026-12-20,Break\n", 2, "line 2: the last day must not be before"),
        ("day,to,why\n2026-12-21,2028-12-20,Break\n", 2, "line 2: the last day must not be before"),
        ("day,why\n2026-12-21,Break,more\n", 2, "line 2: it has more cells"),
        ('day,why\n2026-12-21,"Break\n', 2, "line 2: the quotation marks"),
        ("day,lea\n2026-12-21,01\n", 2, "must name the columns day, to, why"),
        ("to,why\n2026-12-21,Break\n", 2, "must name the columns day, to, why"),
        ("day,day\n2026-12-21,2026-12-22\n", 2, "must name the columns day, to, why"),
        ("", 2, "line 1"),
        ("day,why\n", 1, "None of these days"),
        ("day,why\n" + "2026-12-21,Break\n" * 501, 2, "line 502"),
        ("day,why\n" + "x" * (1 << 20), 2, "is too large"),
    ],
)
def test_a_file_with_one_bad_line_changes_nothing(
    office: Office, tmp_path: Path, content: str, code: int, says: str
) -> None:
    path = tmp_path / "days.csv"
    path.write_text(content)
    ended = run(office, "calendar", "close", "--file", path, "--lea", "01")
    assert (ended[0], ended[1]) == (code, "")
    assert says in ended[2]
    assert ended[2].count("\n") == 1
    assert days(office, "01") == {}


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["close", "2026-12-21", "--why", "x"], 2, "Say whose days"),
        (["close", "2026-12-21", "--why", "x", "--lea", "01", "--all"], 2, "Say whose days"),
        (["reset", "2026-12-21"], 2, "Say whose days"),
        (["close", "2026-12-21", "--lea", "99", "--why", "x"], 1, "99 is not in the directory"),
        (["show", "--lea", "99"], 1, "99 is not in the directory"),
        (["reset", "2026-12-21", "--lea", "99"], 1, "99 is not in the directory"),
        (["close", "--lea", "01", "--why", "x"], 2, "Give a day, or --file"),
        (["close", "2026-12-21", "--lea", "01", "--file", "days.csv"], 2, "Give a day, or --file"),
        (["close", "--to", "2026-12-21", "--lea", "01", "--file", "days.csv"], 2, "Give a day, or --file"),
        (["close", "--lea", "01", "--file", "none.csv"], 1, "none.csv cannot be read"),
        (["close", "2026-12-21", "--lea", "01"], 2, "--why: say why"),
        (["close", "2026-12-21", "--lea", "01", "--why", "a\nb"], 2, "--why: say why"),
        (["close", "soon", "--lea", "01", "--why", "x"], 2, "DAY must be a day such as"),
        (["close", "1999-12-31", "--lea", "01", "--why", "x"], 2, "DAY must be a day from 2000"),
        (["close", "2026-12-21", "--to", "soon", "--lea", "01", "--why", "x"], 2, "--to must be a day such as"),
        (["close", "2026-12-21", "--to", "2026-12-20", "--lea", "01", "--why", "x"], 2, "must not be before the first"),
        (["close", "2026-12-26", "--to", "2026-12-27", "--lea", "01", "--why", "x"], 1, "None of these days"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(office: Office, words: list[str], code: int, says: str) -> None:
    ended = run(office, "calendar", *words)
    assert (ended[0], ended[1]) == (code, "")
    assert says in ended[2]
    assert ended[2].count("\n") == 1
    assert days(office, "01") == {}


def test_open_transfers_get_their_new_deadline(office: Office) -> None:
    ssid = office.enroll("01", child("Kai", "Moss", "2013-02-03"))[0]["ssid"]
    row = TransferRow(
        ssid=ssid,
        source="01",
        destination="6G",
        entered_on="2026-11-20",
        opened_at=ASKED,
        cause="",
        state=TransferState.REQUESTED,
        requested_at=ASKED,
        due_on="2027-01-06",
        rule="answer",
    )
    with writing(office.services.engine) as connection:
        new = transfers.add(connection, row)
    _, out, _ = run(office, "calendar", "close", "2026-12-21", "--lea", "01", "--why", "Snow")
    assert out == "1 day is closed for 01.\n1 open transfer has a new deadline.\n"
    assert _due(office, new.id) == "2027-01-07"
    assert said(office, "calendar", "reset", "2026-12-21", "--lea", "01")["deadlines_moved"] == 1
    assert _due(office, new.id) == "2027-01-06"


def _due(office: Office, number: int) -> str:
    with reading(office.services.engine) as connection:
        row = transfers.get(connection, number)
    assert row is not None
    return row.due_on


def test_a_year_on_the_screen(office: Office) -> None:
    said(office, "calendar", "close", "2026-12-21", "--lea", "01", "--why", "[bold]Snow")
    code, out, _ = run(office, "calendar", "show", "--lea", "01", *YEAR)
    assert code == 0
    assert out.startswith("01, school year 2026-27: 200 school days, 2026-08-17 to 2027-06-04.\n2026-08 11  2026-09 21")
    line = next(line for line in out.splitlines() if "2026-12-21" in line)
    assert all(word in line for word in ("Mon", "closed", "lea", "[bold]Snow"))


def test_a_year_round_lea(office: Office) -> None:
    path = office.exchange.home / "satchel.toml"
    before = path.read_text()
    try:
        office.exchange.configure(year_round="6G")
        found = shown(office, "6G")
    finally:
        path.write_text(before)
    assert (found["year_round"], found["first"], found["last"]) == (True, "2026-07-01", "2027-06-30")
    assert found["school_days"] > 201


def test_a_region_without_known_holidays_is_one_sentence(office: Office) -> None:
    path = office.exchange.home / "satchel.toml"
    before = path.read_text()
    try:
        office.exchange.configure(holidays="XX-UT")
        ended = alone("calendar", "show", *office.exchange.at, check=False)
    finally:
        path.write_text(before)
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.startswith("satchel.toml: no public holidays are known for transfers.holidays = XX-UT;")
    assert ended.stderr.count("\n") == 1
