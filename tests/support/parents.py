"""A parent's copy of made-up papers, and its sections."""

from datetime import date
from typing import Any

from broker.core.page import Facts, Page, Section, Table
from broker.edge.schemas.contracts import Contracts, load
from broker.edge.settings.resources import folder
from broker.formats.parent import attached
from broker.formats.parent import page as parent
from broker.formats.parent.sources import SourceDocument, standing
from tests.support import documents

TODAY = date(2026, 11, 23)
SCHEMAS = load(folder("schemas"))
CONTRACTS = Contracts(folder("schemas"))


def shown(section: Section) -> str:
    """All that stands in a section, a line for each text."""
    blocks = [block for piece in section.pieces for block in piece.blocks]
    found = []
    for block in blocks:
        if isinstance(block, Facts):
            found += [block.title, *(f"{fact.label}\t{fact.value}" for fact in block.facts)]
        elif isinstance(block, Table):
            found += [block.caption, *block.columns, *(cell for row in block.rows for cell in row)]
        else:
            found.append(block.text)
    return "\n".join(found)


def made(*papers: SourceDocument) -> Page:
    records = [one.document for one in standing(papers) if "record" in one.document]
    return parent.page(papers, attached.attached(records), TODAY)


def section(page: Page, heading: str) -> Section:
    return next(one for one in page.sections if one.heading == heading)


def words(page: Page) -> tuple[tuple[str, ...], ...]:
    block = section(page, "What the words mean").pieces[0].blocks[0]
    assert isinstance(block, Table)
    return block.rows


def backpack(day: int, mode: str, sender: str = "01", **changes: Any) -> SourceDocument:
    created = {"packet": "backpack.v1", "from": sender, "created": f"2026-10-{day:02}T10:00:00-06:00", "mode": mode}
    document = documents.record(1, **(created | changes))
    del document["to"]
    CONTRACTS.check(document, 20)
    return SourceDocument(document, sender, True)


def student(**changes: Any) -> dict[str, Any]:
    return documents.student() | changes


def about(**changes: Any) -> SourceDocument:
    return SourceDocument(documents.record(student=student(**changes)), "Alpine", True)


def disclosures(ssid: str | None = "1000000019", *sentences: str, day: int = 1) -> SourceDocument:
    lines = [{"at": "2026-03-04T10:00:00+00:00", "sentence": one} for one in sentences]
    header = {"packet": "disclosures.v1", "id": "x", "from": "exchange", "created": f"2026-11-{day:02}T10:00:00+00:00"}
    return SourceDocument(header | {"ssid": ssid, "disclosures": lines}, "Exchange", True)
