"""The files that secretaries send by mistake: what `satchel check` and the exchange's own reading say of each is what
the table of them has, and holds no cell of the list.
"""

import json
from pathlib import Path

import pytest

from broker.checking.report import Report
from broker.core.errors import Refused
from broker.core.model import LeaId
from broker.edge.settings.values import Limits
from broker.formats import reading, whatisit
from broker.formats.ssid.lines import SHEET
from tests.support.answers_of_files import Wrong, result_of, said, wrong_files
from tests.support.enrollment_tables import CONTRACTS, MADE
from tests.support.own_commands import alone
from tests.support.wrong_files import CELLS, made_in

WRONG = wrong_files()
LEAST = 20


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All of the files, made."""
    made = made_in(tmp_path_factory.mktemp("office"))
    here = tmp_path_factory.mktemp("wrong")
    for name, content in made.items():
        (here / name).write_bytes(content)
    return here


def test_the_table_has_each_file_once(folder: Path) -> None:
    names = [one.name for one in WRONG]
    assert sorted(names) == sorted(path.name for path in folder.iterdir())
    assert len(names) == len(set(names)) >= LEAST
    assert len({one.did for one in WRONG}) == len(WRONG)


def test_check_says_of_each_what_the_table_has(folder: Path) -> None:
    ended = alone("check", "--json", "--lea", "6G", *(one.name for one in WRONG), at=folder)
    assert (ended.returncode, ended.stderr) == (1, "")
    found = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [one.pop("file") for one in found] == [one.name for one in WRONG]
    reports = [Report.from_json(one) for one in found]
    wanted = {one.name: (one.result, one.answer) for one in WRONG}
    assert {one.name: (result_of(told), said(told)) for one, told in zip(WRONG, reports, strict=True)} == wanted


@pytest.mark.parametrize("wrong", WRONG, ids=lambda one: one.name)
def test_the_exchange_reads_it_with_the_same_result(folder: Path, wrong: Wrong) -> None:
    assert _read((folder / wrong.name).read_bytes(), wrong.name) == wrong.result


def _read(content: bytes, name: str) -> str:
    try:
        found = reading.read(content, name, LeaId("6G"), Limits(), CONTRACTS, made=MADE)
    except Refused as refused:
        return whatisit.when_opened(content, refused).code
    return "some" if found[SHEET].unread else "good"


def test_no_answer_holds_a_cell_of_the_list() -> None:
    assert [(one.name, cell) for one in WRONG for cell in CELLS if cell in one.answer] == []


def test_what_is_refused_or_comes_back_says_what_to_do() -> None:
    assert [one.name for one in WRONG if (one.result == "good") == ("To do: " in one.answer)] == []
