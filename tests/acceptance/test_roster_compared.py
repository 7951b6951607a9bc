"""How a district finds wrong stays: it asks for its list, compares it with its system, and sends back what mends it."""

import csv
import io
import json
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench import load
from tests.support.desk import Desk, Town, town
from tests.support.exchange import satchel, wait_until
from tests.support.school_tables import send

TWELVE = [(str(20401 + n), load.name_of(n)["last"], load.name_of(n)["first"], load.birth_of(n)) for n in range(12)]
SIS = "Student Number,State Student ID,Last_Name,First_Name,DOB,School,Entry Date"
TAKEN, FORGOTTEN, WRONG = 2, 5, 8


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    with town(tmp_path_factory.mktemp("roster"), {"01": ("district", "cv25519"), "6G": ("charter", "cv25519")}) as made:
        yield made
        assert made.bugs() == []


def enrolled(desk: Desk) -> list[str]:
    """The numbers of twelve students, whom the LEA has enrolled; of one it wrote the wrong school."""
    lines = [f"{n},{last},{first},{born},704,2026-08-17" for n, last, first, born in TWELVE]
    back = send(desk, "fall.csv.pgp", "\n".join(["Stu #,Last Name,First Name,DOB,School,Enter Date", *lines]))
    numbers = [back.of(n)["SSID"] for n, *_ in TWELVE]
    assert len(set(numbers)) == 12
    return numbers


def roster(desk: Desk, folder: Path, name: str) -> Path:
    """Ask for the list with two cells, and open it with gpg."""
    desk.send(f"{name}.pgp", b"want,form\nroster,csv\n")
    assert desk.receipt(f"{name}.pgp", "APPLIED", "REFUSED", "DUPLICATE")["state"] == "APPLIED"
    (path,) = wait_until(
        lambda: [one for one in desk.exchange.inbox(desk.lea) if ".roster." in one.name], "the list in the inbox"
    )
    content, _ = desk.read(path.name.partition(".")[0])
    path.unlink()
    (folder / f"{name}.csv").write_bytes(content)
    return folder / f"{name}.csv"


def test_the_three_wrong_stays_are_found_and_mended_by_what_was_found(here: Town, tmp_path: Path) -> None:
    desk = here["01"]
    numbers = enrolled(desk)
    _, last, first, born = TWELVE[TAKEN]
    line = f"Last Name,First Name,DOB,School,Entry Date\n{last},{first},{born},700,2026-10-05\n"
    moved = send(here["6G"], "moved.csv.pgp", line)
    assert moved.of(last)["SSID"] == numbers[TAKEN]

    # its system has the child that went still, the one that left no more, and another school of one
    own = [
        f"{n},{numbers[at]},{last.upper()},{first},{born},{'705' if at == WRONG else '704'},8/17/2026"
        for at, (n, last, first, born) in enumerate(TWELVE)
        if at != FORGOTTEN
    ]
    sis, out = tmp_path / "sis.csv", tmp_path / "differences.csv"
    sis.write_text("\n".join([SIS, *own]))
    found = roster(desk, tmp_path, "list")
    done = satchel("check", str(sis), "--against", str(found), "--json", check=False)
    told = json.loads(done.stdout)
    assert (done.returncode, told["verdict"], told["lines"], told["of_list"], told["same"]) == (
        1,
        "different",
        11,
        11,
        9,
    )
    there = {line["local_number"]: n for n, line in enumerate(csv.DictReader(io.StringIO(text(found))), 2)}
    places = [(one["kind"], one["line"], one["column"], one["of_list"]) for one in told["differences"]]
    assert places == [
        ("not-there", 4, "", 0),
        ("other-school", 9, "F", there[TWELVE[WRONG][0]]),
        ("not-in-file", 0, "", there[TWELVE[FORGOTTEN][0]]),
    ]
    done = satchel("check", str(sis), "--against", str(found), "--out", str(out), check=False)
    assert done.returncode == 1
    assert not [one for line in TWELVE for one in line if one in done.stdout]
    assert stat.S_IMODE(out.stat().st_mode) == 0o600

    # she looks through the table: the child that went is not to be sent, the day of the exit is filled in
    header, *rows = csv.reader(io.StringIO(text(out)))
    at = {name: header.index(name) for name in ("difference", "exit_date")}
    rows = [row for row in rows if row[at["difference"]] != "not-there"]
    for row in rows:
        if row[at["difference"]] == "not-in-file":
            row[at["exit_date"]] = "2026-11-20"
    mended = io.StringIO(newline="")
    csv.writer(mended).writerows([header, *rows])
    back = send(desk, "mended.csv.pgp", mended.getvalue())
    statuses = [row[-4:] for row in back.rows("utf-8-sig")[1:]]
    assert [one[0] for one in statuses] == ["matched"] * 3, statuses

    # and now both say the same
    sis.write_text("\n".join([SIS, *(one for one in own if numbers[TAKEN] not in one)]))
    again = roster(desk, tmp_path, "again")
    done = satchel("check", str(sis), "--against", str(again))
    assert "Nothing differs" in done.stdout


@pytest.mark.parametrize("form", ["csv", "xlsx", "json"])
def test_a_command_asks_in_each_form_and_the_list_is_compared_as_it_is(here: Town, tmp_path: Path, form: str) -> None:
    desk = here["6G"]
    (tmp_path / "secret.asc").write_bytes(desk.gpg.export_secret(desk.fingerprint))
    keys = "--key", str(tmp_path / "secret.asc"), "--to", str(desk.exchange.home / "exchange.asc")
    request = tmp_path / f"ask-{form}.pgp"
    said = json.loads(satchel("request-roster", *keys, "--form", form, "--out", str(request), "--json").stdout)
    assert (said["file"], said["signer"], stat.S_IMODE(request.stat().st_mode)) == (
        str(request),
        desk.fingerprint,
        0o600,
    )
    desk.drop(request.name, request.read_bytes())
    assert desk.receipt(request.name, "APPLIED", "REFUSED")["state"] == "APPLIED"
    (path,) = wait_until(
        lambda: [one for one in desk.exchange.inbox(desk.lea) if ".roster." in one.name], "the list in the inbox"
    )
    opened = tmp_path / f"list.{form}"
    known = "--directory", str(desk.exchange.folder(desk.lea, "directory"))
    satchel("open", str(path), *keys[:2], *known, "--out", str(opened))
    path.unlink()
    (tmp_path / "own.csv").write_text("Last Name,First Name,DOB\nNobody,Nora,3/4/2012\n")
    done = satchel("check", str(tmp_path / "own.csv"), "--against", str(opened), "--json", check=False)
    kinds = [one["kind"] for one in json.loads(done.stdout)["differences"]]
    assert (done.returncode, kinds) == (1, ["not-there", *["not-in-file"] * (len(kinds) - 1)])


@pytest.mark.parametrize(
    ("more", "code", "says"),
    [
        (["--against", "no-such.csv"], 2, "no-such.csv"),
        (["--against", "own.csv"], 2, "[roster]"),
        (["--against", "own.csv", "own.csv"], 2, "Name one file"),
        (["--against", "own.csv", "--lea", "01"], 2, "--lea"),
        (["--against", "own.csv", "--out", "x.pdf"], 2, ".csv or .xlsx"),
        (["--against", "own.csv", "--out", "own.csv"], 1, "already there"),
        (["--out", "x.csv"], 2, "--against"),
    ],
)
def test_what_is_given_wrongly_is_told(tmp_path: Path, more: list[str], code: int, says: str) -> None:
    (tmp_path / "own.csv").write_text("Last Name,First Name,DOB\nNobody,Nora,3/4/2012\n")
    words = [str(tmp_path / one) if one.endswith((".csv", ".pdf")) else one for one in more]
    done = satchel("check", str(tmp_path / "own.csv"), *words, check=False)
    assert (done.returncode, says in done.stdout + done.stderr) == (code, True)
    assert "Nobody" not in done.stdout + done.stderr


def text(path: Path) -> str:
    return path.read_text("utf-8-sig")
