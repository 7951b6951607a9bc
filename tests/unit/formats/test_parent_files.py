"""A parent's copy: its files, and the data that lies beside it."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from broker.core.page import Table
from broker.formats.parent import attached
from broker.formats.parent import page as parent
from broker.formats.parent.sources import SourceDocument
from broker.formats.parent.terms import PARTS
from tests.support import documents
from tests.support.parents import CONTRACTS, TODAY, about, backpack, disclosures, section, shown


@given(st.text(max_size=300))
def test_a_file_gets_a_name_that_cannot_harm(name: str) -> None:
    safe = attached.safe_name(name)
    assert re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,59}\.[a-z0-9]{2,4}", safe)
    assert safe.rpartition(".")[2] in attached.PASSIVE | {"bin"}


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Plan für Ana.PDF", "Plan-fur-Ana.pdf"),
        ("run.exe", "run.bin"),
        ("page.html", "page.bin"),
        ("x.pdf.js", "x-pdf.bin"),
        ("李.txt", "file.txt"),
        ("README", "README.bin"),
        ("..", "file.bin"),
    ],
)
def test_names_of_files(name: str, safe: str) -> None:
    assert attached.safe_name(name) == safe


def attachment(name: str, content: str) -> dict[str, str]:
    return {"name": name, "media_type": "text/plain", "content": content}


def test_files_lie_beside_the_copy_once_and_what_is_damaged_is_told() -> None:
    parts = [
        attachment("a.txt", "QQ=="),
        attachment("a.txt", "QQ=="),
        attachment("a.txt", "Qg=="),
        attachment("b.txt", "Q"),
    ]
    record = {"attachments": parts, "special_education": {"status": "eligible", "attachments": ["a.txt", "c.txt"]}}
    document = documents.record(record=record)
    CONTRACTS.check(document, 20)
    files = attached.attached([document])
    paths = ["attachments/01-a.txt", "attachments/01-a.txt", "attachments/02-a.txt", ""]
    assert [one.path for one in files] == paths
    assert [one.content for one in files] == [b"A", b"A", b"B", None]
    paper = SourceDocument(document, "Alpine", True)
    page = parent.page([paper], files, TODAY)
    table = section(page, PARTS["attachments"].heading).pieces[0].blocks[0]
    assert isinstance(table, Table)
    assert [row[0] for row in table.rows] == paths
    assert "damaged" in table.rows[3][3]
    plan = shown(section(page, PARTS["special_education"].heading))
    assert "a.txt (attachments/01-a.txt, attachments/02-a.txt)\nc.txt (not in this copy)" in plan
    data = parent.as_data([paper], files, TODAY)
    listed = data["papers"][0]["document"]["record"].pop("attachments")
    assert [one.get("file", one.get("content")) for one in listed] == [*paths[:3], "Q"]
    record.pop("attachments")
    assert data["papers"][0]["document"] == document


def test_the_data_holds_every_document_as_it_was_sealed() -> None:
    papers = [backpack(1, "replace"), backpack(3, "replace"), about(), disclosures("1000000019", "One.")]
    data = parent.as_data(papers, [], TODAY)
    assert [one["document"] for one in data["papers"]] == [papers[2].document, papers[1].document]
    assert data["disclosures"][0]["document"] == papers[3].document
    assert data["left_out"][0]["id"] == papers[0].document["id"]
