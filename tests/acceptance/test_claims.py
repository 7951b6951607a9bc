"""Two LEAs that claim one student: seen by the state at once, and told to each of them, with nothing of the other's."""

import csv
import io
import json
import stat
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, text

from broker import wiring
from broker.core.errors import Deferred
from broker.core.model import Ssid
from broker.edge.ledger.engine import writing
from broker.oversight import claims
from broker.packets.services import Services
from tests.support.desk import Desk, Town, child, town
from tests.support.exchange import satchel, wait_until

PARTIES = {"01": ("district", "cv25519"), "02": ("district", "cv25519"), "6G": ("charter", "cv25519")}
YEAR = ("--school-year", "2027")
NIGHT = datetime(2026, 11, 24, 12, tzinfo=UTC)  # after the report's hour wherever this runs


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("claims"), PARTIES, report_hour=24, digest_hour=24, pattern_hour=24) as made:
        yield made
        assert made.bugs() == []


def report(here: Town, *options: str) -> dict[str, Any]:
    """`satchel claims --json`."""
    said: dict[str, Any] = json.loads(satchel("claims", "--json", *options, *here.exchange.at).stdout)
    return said


def about(here: Town, ssid: str, *options: str) -> dict[str, Any] | None:
    return next((one for one in report(here, *options)["students"] if one["ssid"] == ssid), None)


def double(here: Town, first: str, last: str, born: str) -> str:
    """A student who is at 01 since August and at 6G since November; the SSID."""
    student = child(first, last, born, local_id="mine-1")
    ssid = here["01"].enroll(student)[0]["ssid"]
    assert ssid
    assert here["6G"].enroll(student | {"local_id": "=2+2"}, date="2026-11-20")[0]["ssid"] == ssid
    return str(ssid)


@pytest.fixture(scope="module")
def ana(here: Town) -> str:
    return double(here, "Ana", "Reyes", "2012-03-04")


def test_it_shows_the_moment_the_second_enrollment_is_applied(here: Town, ana: str) -> None:
    one = about(here, ana)
    assert one is not None
    assert [lea["lea"] for lea in one["leas"]] == ["01", "6G"]
    exact = about(here, ana, *YEAR)
    assert exact is not None
    assert [(both["from"], both["to"], both["days"]) for both in exact["overlaps"]] == [
        ("2026-11-20", "2027-06-05", 198)
    ]
    assert (exact["legal"], exact["rule"]) == (True, "R277-419-5(1)")
    assert (exact["limit_days"], exact["limit_rule"]) == (180, "R277-419-6(2)(a)")
    assert sum(lea["proposed_days"] for lea in exact["leas"]) == 180
    assert exact["claimed_by_all"] == sum(lea["claimed_days"] for lea in exact["leas"]) == 180 + exact["days_above"]


def test_an_exit_ends_it(here: Town) -> None:
    student = child("Bo", "Ito", "2011-05-06")
    ssid = here["01"].enroll(student)[0]["ssid"]
    assert about(here, ssid, *YEAR) is None
    here["6G"].enroll(student, date="2026-11-20")
    here["01"].enroll(student | {"ssid": ssid}, date="2026-11-20", event="exit")
    one = about(here, ssid, *YEAR)
    assert one is not None
    assert [both["days"] for both in one["overlaps"]] == [1]
    assert (one["limit_days"], one["limit_rule"], one["days_above"]) == (190, "R277-419-6(2)(d)", 0)
    here["6G"].enroll(student | {"ssid": ssid}, date="2026-11-20", event="exit")
    here["6G"].enroll(student | {"ssid": ssid}, date="2026-11-21")
    assert about(here, ssid, *YEAR) is None


def test_the_forms(here: Town, ana: str, tmp_path: Path) -> None:
    at = [*YEAR, *here.exchange.at]
    whole = satchel("claims", "--format", "csv", *at).stdout
    rows = [row for row in csv.DictReader(io.StringIO(whole)) if row["ssid"] == ana]
    assert [(row["lea"], row["schools"], row["local_ids"]) for row in rows] == [
        ("01", "704", "mine-1"),
        ("6G", "704", "'=2+2"),
    ]
    text = satchel("claims", *at).stdout
    assert ana in text
    assert "R277-419-6(3)" in text
    for name in ("report.csv", "report.json"):
        path = tmp_path / name
        path.write_text("older")
        said = satchel("claims", "--out", str(path), *at).stdout
        assert "student" in said
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (tmp_path / "report.csv").read_text() == whole.replace("\r\n", "\n")
    assert json.loads((tmp_path / "report.json").read_text())["students"] == report(here, *YEAR)["students"]
    assert {path.name for path in tmp_path.iterdir()} == {"report.csv", "report.json"}
    assert "Reyes" not in whole + text + (tmp_path / "report.json").read_text()


def test_what_one_lea_may_be_told(here: Town, ana: str) -> None:
    one = about(here, ana, *YEAR, "--lea", "01")
    assert one is not None
    assert [lea["lea"] for lea in one["leas"]] == ["01"]
    assert one["leas"][0]["other_leas"] == ["6G"]
    assert "=2+2" not in json.dumps(report(here, "--lea", "01"))
    assert report(here, "--lea", "02")["students"] == []
    assert "No student" in satchel("claims", "--lea", "02", *here.exchange.at).stdout


def test_days(here: Town, ana: str) -> None:
    assert about(here, ana, "--from", "2026-11-01", "--to", "2026-11-19") is None
    assert about(here, ana, "--from", "2026-11-20", "--to", "2026-11-20") is not None


def test_mistakes(here: Town) -> None:
    wrong = (
        ["--from", "2026-11-20"],
        ["--from", "0001-01-01", "--to", "9999-12-31"],
        ["--from", "2026-11-20", "--to", "2026-11-21", "--school-year", "2027"],
        ["--json", "--format", "csv"],
    )
    failed = (["--lea", "77"], ["--out", "/no/such/folder/claims.csv"])
    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(lambda words: satchel("claims", *words, *here.exchange.at, check=False), wrong + failed))
    assert [one.returncode for one in ended] == [2] * len(wrong) + [1] * len(failed)
    assert [one.stdout for one in ended] == [""] * len(ended)
    assert [one.stderr for one in ended if len(one.stderr.splitlines()) != 1 or "should not" in one.stderr] == []


def test_a_calendar_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "satchel.toml").write_text('[claims]\nyear_begins = "31-12"\n')
    ended = satchel("claims", "--home", str(tmp_path), check=False)
    assert ended.returncode == 1
    assert "claims.year_begins must be a month and a day" in ended.stderr


# what the LEAs are told


@pytest.fixture
def services(here: Town) -> Iterator[Services]:
    made = replace(wiring.build(here.exchange.home, "test"), clock=lambda: NIGHT)
    made = replace(made, settings=replace(made.settings, claims=replace(made.settings.claims, report_hour=2)))
    yield made
    made.engine.dispose()


def notices(desk: Desk, occasion: str) -> list[dict[str, Any]]:
    """The claims notices in an inbox, opened with plain gpg."""
    found = [
        json.loads(desk.gpg.decrypt(path.read_bytes())[0])
        for path in desk.exchange.inbox(desk.lea)
        if ".claims." in path.name
    ]
    return [one for one in found if one["occasion"] == occasion]


def told(desk: Desk, occasion: str, ssid: str, count: int = 1) -> list[dict[str, Any]]:
    """What the notices say about a student, once there are so many."""

    def look() -> list[dict[str, Any]] | None:
        lines = [line for one in notices(desk, occasion) for line in one["students"] if line["ssid"] == ssid]
        return lines if len(lines) >= count else None

    found: list[dict[str, Any]] = wait_until(look, f"{count} {occasion} notices about a student for {desk.lea}")
    return found


def night(services: Services, later: timedelta = timedelta()) -> list[Path]:
    """Let a night's report be written; the files of reports there are then."""
    nightly = claims.Nightly(replace(services, clock=lambda: NIGHT + later))
    folder = services.home.root / "reports"
    for _ in range(50):
        nightly.look()
        if (folder / claims.names(services.time.day(NIGHT + later))[1]).exists():
            return sorted(path for path in folder.iterdir() if path.name[0] != ".")
    raise AssertionError("a night that does not end")


def kindergarten(connection: Connection, ssid: str, grade: str) -> None:
    connection.execute(text("UPDATE enrollments SET grade = :grade WHERE ssid = :ssid"), {"grade": grade, "ssid": ssid})


def test_what_is_legal_is_not_told_at_once(ana: str, services: Services) -> None:
    with writing(services.engine) as connection:
        before = connection.execute(text("SELECT count(*) FROM packets")).scalar()
        claims.notice(services, connection, [Ssid(ana)])
        assert connection.execute(text("SELECT count(*) FROM packets")).scalar() == before


def test_both_leas_are_told_in_the_transaction_that_enrolls(here: Town, ana: str, services: Services) -> None:
    with writing(services.engine) as connection:
        kindergarten(connection, ana, "K")
        claims.notice(services, connection, [Ssid(ana), Ssid("none")])
        kindergarten(connection, ana, "")
    for lea, other, secret in (("01", "6G", "=2+2"), ("6G", "01", "mine-1")):
        one = told(here[lea], "enrollment", ana)[0]
        assert [(mine["lea"], mine["other_leas"]) for mine in one["leas"]] == [(lea, [other])]
        whole = notices(here[lea], "enrollment")[0]
        assert whole["packet"] == "claims.v1"
        assert "send an enrollment with the exit" in whole["means"]
        assert secret not in json.dumps(whole)
        assert "Reyes" not in json.dumps(whole)
    assert notices(here["02"], "enrollment") == []


def test_nobody_is_told_of_what_was_undone(here: Town, ana: str, services: Services) -> None:
    before = len(here.exchange.packets())

    def undone() -> None:
        with writing(services.engine) as connection:
            kindergarten(connection, ana, "K")
            claims.notice(services, connection, [Ssid(ana)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        undone()
    assert len(here.exchange.packets()) == before


def test_the_night(here: Town, ana: str, services: Services) -> None:
    folder = here.exchange.home / "reports"
    (folder / ".work").mkdir(parents=True)  # a crash of last night
    (folder / ".work" / "01.jsonl").write_text("{}\n")
    for name in ("claims-2026-01-01.csv", "claims-2026-11-01.json", "other-2026-01-01.csv"):
        (folder / name).write_text("")
    kept = ["claims-2026-11-01.json", "other-2026-01-01.csv"]
    paths = night(services)
    day = services.time.day(NIGHT)
    assert [path.name for path in paths] == sorted([*kept, f"claims-{day}.csv", f"claims-{day}.json"])
    as_csv, as_json = (folder / name for name in claims.names(day))
    assert {stat.S_IMODE(path.stat().st_mode) for path in (as_csv, as_json)} == {0o600}
    said = json.loads(as_json.read_text())
    assert said["students"] == report(here)["students"]
    assert [row["ssid"] for row in csv.DictReader(as_csv.open(newline=""))].count(ana) == 2
    assert "Reyes" not in as_csv.read_text() + as_json.read_text()
    assert told(here["01"], "night", ana)[0]["leas"][0]["other_leas"] == ["6G"]
    assert "mine-1" not in json.dumps([told(here["6G"], "night", ana), notices(here["6G"], "night")])

    # the same again is not told again, something new is
    night(services, timedelta(days=1))
    cleo = double(here, "Cleo", "Quist", "2013-12-11")
    night(services, timedelta(days=2))
    for lea in ("01", "6G"):
        assert len(told(here[lea], "night", cleo)) == 1
        assert len(told(here[lea], "night", ana, 2)) == 2
    assert notices(here["02"], "night") == []


def test_a_night_that_cannot_be_written_ends_no_process(services: Services, tmp_path: Path) -> None:
    home = replace(services.home, root=tmp_path)
    (tmp_path / "reports").write_text("a file where the folder should be")
    now = [NIGHT]
    nightly = claims.Nightly(replace(services, home=home, clock=lambda: now[0]))
    nightly.look()
    with pytest.raises(Deferred):
        nightly.look()
    for _ in range(3):
        nightly.look()  # not at once again
    (tmp_path / "reports").unlink()
    now[0] += timedelta(hours=1)
    for _ in range(20):
        nightly.look()
    assert [path.name[-4:] for path in sorted((tmp_path / "reports").glob("claims-*"))] == [".csv", "json"]


@pytest.mark.parametrize(("hour", "due"), [(24, False), (0, True)])
def test_when_it_is_due(services: Services, tmp_path: Path, hour: int, due: bool) -> None:
    settings = replace(services.settings, claims=replace(services.settings.claims, report_hour=hour))
    nightly = claims.Nightly(replace(services, settings=settings, home=replace(services.home, root=tmp_path)))
    for _ in range(20):
        nightly.look()
    assert (tmp_path / "reports").exists() == due
