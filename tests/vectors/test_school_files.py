"""Files of other programs, out of ../shared/corpora: each becomes what docs/formats.md says, or says what it lacks."""

import json

from broker.checking.report import Report
from tests.docs import region
from tests.support.answers_of_files import result_of, said, school_files
from tests.support.own_commands import alone
from tests.support.tools import ROOT, corpora

FILES = school_files()


def test_each_file_becomes_what_the_page_says() -> None:
    folder = corpora("formats")
    ended = alone("check", "--json", "--lea", "6G", *(one.path for one in FILES), at=folder)
    assert (ended.returncode, ended.stderr) == (1, "")
    found = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [one.pop("file") for one in found] == [one.path for one in FILES]
    reports = [Report.from_json(one) for one in found]
    told = [(one.packet, result_of(one), said(one)) for one in reports]
    assert told == [(one.packet, one.result, one.answer) for one in FILES]


def test_the_page_has_each_file() -> None:
    page = region((ROOT / "docs" / "formats.md").read_text("utf-8"), "school-files")
    rows = [[cell.strip() for cell in line.split(" | ")] for line in page.splitlines()[2:]]
    assert [(row[0].removeprefix("| "), row[-1].removesuffix(" |")) for row in rows] == [
        (one.what, one.answer) for one in FILES
    ]


def test_the_page_leaves_out_no_file_that_is_there() -> None:
    folder = corpora("formats")
    named = {one.path for one in FILES}
    there = {str(path.relative_to(folder)) for path in folder.rglob("*.*") if path.is_file()}
    assert {one for one in there - named if not one.endswith((".xsd", ".md"))} == set()
