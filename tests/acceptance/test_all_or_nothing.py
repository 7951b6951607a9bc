"""A table that is to be carried out as a whole or not at all: looked at first, and then carried out, in slices too."""

import csv
import io
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from broker.core.flow import Stage
from broker.core.model import LeaId
from broker.edge.ledger import tables
from broker.edge.ledger.engine import reading, writing
from broker.edge.ledger.packets import slices
from broker.edge.ledger.parties import mappings
from broker.packets.batch import run
from broker.stages import admit
from broker.students.many import in_slices
from tests.support import desk, postgres
from tests.support.office import Office
from tests.support.own_commands import alone
from tests.support.slices import A, B, left_of, office_of, stays_of

HEADER = "Stu #,Last Name,First Name,DOB,School,Entry Date,Exit Date"
WHOLE = f"{HEADER},All or Nothing"
GOOD_THEN = "It was good when all lines were looked at, and the others were carried out then."
NAMES = (
    "Abara",
    "Brandt",
    "Castellano",
    "Dahlgren",
    "Eriksson",
    "Fjeld",
    "Granqvist",
    "Holmberg",
    "Iversen",
    "Jansson",
)
GOOD = [f"{n},{name},Kim,2012-03-{n + 10},700,2026-08-17," for n, name in enumerate(NAMES, 1)]
NOBODY = "77,Zwingli,Ulrich,2011-01-02,700,,2026-09-01"  # an exit of a student whom nobody knows
UNREADABLE = "78,Yrsa,Ida,soon,700,2026-08-17,"


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    with postgres.server() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    return str(request.getfixturevalue("postgres_url")) if request.param == "postgresql" else ""


def table(lines: Sequence[str], header: str = WHOLE) -> bytes:
    more = ",Y" if header == WHOLE else ""
    return "\n".join((header, *(f"{line}{more}" for line in lines), "")).encode()


def told(office: Office) -> tuple[dict[str, Any], list[dict[str, str]]]:
    """The answer in JSON, and the rows of the table that came back."""
    contents = [office.opened(one) for one in office.inbox(A, "ssid")]
    (said,) = (json.loads(one) for one in contents if one[:1] == b"{")
    (back,) = (one for one in contents if one[:1] != b"{")
    return said, list(csv.DictReader(io.StringIO(back.decode(), newline="")))


def students_of(office: Office) -> int:
    with reading(office.services.engine) as connection:
        return int(connection.execute(select(func.count()).select_from(tables.students)).scalar_one())


def statuses(office: Office) -> list[str]:
    return [row["status"] for row in told(office)[1]]


def nothing_is_done(office: Office, bad: Sequence[str]) -> None:
    said, rows = told(office)
    assert (students_of(office), stays_of(office), left_of(office)) == (0, 0, 0)
    assert {(row["status"], row["SSID"]) for row in rows} == {("refused", "")}
    at_fault = [row["Stu #"] for row in rows if row["what is wrong"] != "all or nothing"]
    assert sorted(at_fault) == sorted(bad)
    assert "mend the others" in next(row["what to do"] for row in rows if row["Stu #"] not in bad)
    count = "1 line is" if len(bad) == 1 else f"{len(bad)} lines are"
    sentence = f"Nothing of the table was carried out, because {count} at fault, and all or nothing was asked for."
    assert sentence in said["table"]


@pytest.mark.parametrize("per", [100, 3])
@pytest.mark.parametrize("bad", [(NOBODY,), (UNREADABLE,), (NOBODY, UNREADABLE)])
def test_a_line_at_fault_keeps_all_others_back_and_they_go_when_it_is_mended(
    tmp_path: Path, url: str, per: int, bad: Sequence[str]
) -> None:
    office = office_of(tmp_path, per=per, url=url)
    assert office.send(A, table([*GOOD[:5], *bad, *GOOD[5:]])).state == "APPLIED"
    nothing_is_done(office, [line[:2] for line in bad])
    office.collect(A)
    assert office.send(A, table(GOOD)).state == "APPLIED"
    assert statuses(office) == ["assigned"] * len(GOOD)
    assert (students_of(office), stays_of(office), left_of(office)) == (len(GOOD), len(GOOD), 0)


def test_without_the_switch_the_good_lines_go(tmp_path: Path) -> None:
    office = office_of(tmp_path, per=3)
    office.send(A, table([*GOOD, NOBODY], HEADER))
    assert statuses(office) == ["assigned"] * len(GOOD) + ["refused"]
    office.collect(A)
    office.send(A, table([*GOOD, NOBODY]).replace(b",Y\n", b",N\n"))
    assert statuses(office) == ["matched"] * len(GOOD) + ["refused"]


def test_the_mapping_asks_for_it_and_a_column_goes_before_it(tmp_path: Path) -> None:
    office = office_of(tmp_path, per=3)
    with writing(office.services.engine) as connection:
        mappings.put(connection, LeaId(A), 1.0, "mapping = 1\nall_or_nothing = true\n")
    office.send(A, table([*GOOD, NOBODY], HEADER))
    nothing_is_done(office, ["77"])
    office.collect(A)
    office.send(A, table([*GOOD, NOBODY]).replace(b",Y\n", b",N\n"))
    assert statuses(office) == ["assigned"] * len(GOOD) + ["refused"]


def test_what_cannot_be_read_in_the_column_is_at_fault_and_counts(tmp_path: Path) -> None:
    office = office_of(tmp_path)
    office.send(
        A,
        table(GOOD)
        .replace(b",Y\n", b",\n")
        .replace(b"Abara,Kim,2012-03-11,700,2026-08-17,,", b"Abara,Kim,2012-03-11,700,2026-08-17,,perhaps"),
    )
    nothing_is_done(office, ["1"])
    assert "column H must be Y or N" in told(office)[1][0]["what is wrong"]


def test_lines_that_rest_on_each_other_are_looked_at_together(tmp_path: Path, url: str) -> None:
    office = office_of(tmp_path, per=3, url=url)
    leaves = "1,Abara,Kim,2012-03-11,700,,2026-09-01"
    office.send(A, table([*GOOD, leaves]))
    assert statuses(office) == ["assigned"] * len(GOOD) + ["matched"]
    assert stays_of(office) == len(GOOD)


class Killed(BaseException):
    """Stands where `kill -9` stands: nothing catches it."""


def dies_at(call: int) -> Callable[..., Any]:
    """`slices.put`, until this call of it."""
    real, left = slices.put, iter(range(call))

    def put(*args: Any) -> None:
        if next(left, None) is None:
            raise Killed
        real(*args)

    return put


@pytest.mark.parametrize("bad", [(), (NOBODY,)])
def test_killed_at_any_moment_it_goes_on_rightly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str, bad: Sequence[str]
) -> None:
    lines = [*GOOD, *bad]
    # what is written: 4 slices that look, then 4 that carry out (or the one that ends it)
    for call in range(9 if not bad else 5):
        office = office_of(tmp_path / str(call), per=3, url=url)
        tracking = office.drop(A, table(lines))
        with monkeypatch.context() as patched:
            patched.setattr(slices, "put", dies_at(call))
            if call < (8 if not bad else 5):
                with pytest.raises(Killed):
                    office.work(Stage.ADMIT)
                assert left_of(office) == call
                assert stays_of(office) == min(max(call - 4, 0) * 3, 10) * (not bad)
        office.ahead_of_leases()
        office.work()
        assert office.row(tracking).state == "APPLIED"
        if bad:
            nothing_is_done(office, ["77"])
        else:
            assert statuses(office) == ["assigned"] * len(GOOD)
            assert (stays_of(office), left_of(office)) == (len(GOOD), 0)


def test_a_turn_of_few_lines_goes_on_behind_what_was_looked_at(tmp_path: Path) -> None:
    office = office_of(tmp_path, per=3, turn=4)
    office.send(A, table(GOOD))
    assert statuses(office) == ["assigned"] * len(GOOD)


def test_what_changed_between_looking_and_carrying_out_is_told_of_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = office_of(tmp_path, per=3)
    tracking = office.drop(A, table(GOOD))
    other = office.drop(B, desk.enrollment(B, desk.child("Kim", "Janson", "2012-03-20"), date="2026-11-20"))
    real, seen = in_slices.give_way, list[int]()

    def between() -> None:
        real()
        seen.append(stays_of(office))
        if len(seen) == 4:  # all lines are looked at, and none is carried out
            run(office.services, [admit.PLAN], [other])

    monkeypatch.setattr(in_slices, "give_way", between)
    office.work()
    assert seen[:5] == [0, 0, 0, 0, 4]
    assert office.row(tracking).state == "APPLIED"
    *rest, last = told(office)[1]
    assert {row["status"] for row in rest} == {"assigned"}
    assert {row["what is wrong"] for row in rest} == {""}
    assert last["status"] == "review"
    assert last["what is wrong"].endswith(GOOD_THEN)


def test_nothing_is_learnt_of_others_children_by_a_table_that_cannot_come_true(tmp_path: Path) -> None:
    office = office_of(tmp_path, per=3)
    office.enroll(B, *[desk.child("Kim", name, f"2012-03-{n + 10}") for n, name in enumerate(NAMES[:2], 1)])
    header = "Request Type,Last Name,First Name,DOB,School,All or Nothing"
    asks = [f"Retrieve,{name},Kim,2012-03-{n + 10},700,Y" for n, name in enumerate(NAMES[:2], 1)]
    asks += ["New,Nobody,Ever,2013-04-05,700,Y", "Retrieve,Zwingli,Ulrich,2011-01-02,700,Y"]
    office.send(A, "\n".join((header, *asks, "")).encode())
    (answer,) = (office.opened(one).decode() for one in office.inbox(A, "ssid"))
    rows = list(csv.reader(io.StringIO(answer, newline="")))
    assert [(row[1], row[6], row[7]) for row in rows[:3]] == [("", "refused", "all-or-nothing")] * 3
    assert (rows[3][1], rows[3][6], rows[3][7]) == ("", "refused", "unknown-student")
    with reading(office.services.engine) as connection:
        found = connection.execute(select(tables.guesses)).mappings().all()
    every = [one for one in found if one["child"] == ""]
    assert sum(one["count"] for one in every) == 3  # two children found in vain, and the vain question


def test_a_check_says_that_nothing_would_be_carried_out(tmp_path: Path) -> None:
    (tmp_path / "list.csv").write_bytes(table([*GOOD, UNREADABLE]))
    ended = alone("check", "--json", "list.csv", at=tmp_path)
    report = json.loads(ended.stdout)
    facts = (report["verdict"], report["students"], report["good"], report["faulty"], report["is_whole"])
    assert facts == ("refused", 11, 0, 1, True)
    assert "All or nothing is asked for" in alone("check", "list.csv", at=tmp_path).stdout
    (tmp_path / "list.csv").write_bytes(table(GOOD))
    assert alone("check", "list.csv", at=tmp_path).returncode == 0
