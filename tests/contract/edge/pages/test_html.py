"""The page for people as HTML: nothing runs, nothing is fetched, everything is escaped, everyone can read it."""

import base64
import hashlib
import re
from datetime import date
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, cast

import pytest
from hatchling.builders.wheel import WheelBuilder
from jinja2 import UndefinedError
from lxml import html as reader

from broker.core.page import Fact, Facts, Page, Piece, Section, Table, Text
from broker.edge.pages import html
from broker.edge.schemas.contracts import BASE, load
from broker.edge.settings.resources import folder
from broker.formats.parent import attached
from broker.formats.parent import page as parent
from broker.formats.parent.sources import SourceDocument
from tests.support import documents
from tests.support.tools import ROOT

HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "</style></title><svg onload=alert(1)>",
    "&lt;b&gt; &amp; {{ 7 * 7 }} {% raw %}",
    "javascript:alert(1)",
]


@cache
def sample() -> bytes:
    """A parent's copy of a record that uses every property."""
    document = documents.sample(load(folder("schemas")), f"{BASE}student-record.v1.schema.json")
    sources = [
        SourceDocument(document, "Alpine School District", True),
        SourceDocument(documents.record(9), "Canyon", False),
    ]
    return html.render(parent.page(sources, attached.attached([document]), date(2026, 11, 23)))


def tree(content: bytes) -> Any:
    return reader.document_fromstring(content.decode())


def page(*blocks: Any, title: str = "T") -> bytes:
    section = Section(title, title, (Piece(title, tuple(blocks)),))
    return html.render(Page(title, title, (title,), (section,)))


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_in_a_record_is_text_and_nothing_else(text: str) -> None:
    table = Table(text, (text, text), ((text, text),), are_files=True)
    made = page(Text(text), Facts((Fact(text, text),), text), table, title=text)
    plain = page(
        Text("x"), Facts((Fact("x", "x"),), "x"), Table("x", ("x", "x"), (("x", "x"),), are_files=True), title="x"
    )
    assert [one.tag for one in tree(made).iter()] == [one.tag for one in tree(plain).iter()]
    found = tree(made)
    assert found.findtext(".//title") == text
    for tag in ("h1", "h2", "h3", "h4", "dt", "dd", "caption"):
        assert text in [one.text_content() for one in found.iter(tag)]
    assert {one.get("href") for one in found.iter("a")} <= {"#content", "#s1", found.xpath("//th/a/@href")[0]}
    assert not re.search(r"[:<>\"' ]", found.xpath("//th/a/@href")[0])


def test_nothing_runs_and_nothing_is_fetched() -> None:
    found = tree(sample())
    allowed = {"html", "head", "meta", "title", "style", "body", "a", "header", "nav", "main", "section", "footer"}
    allowed |= {"h1", "h2", "h3", "h4", "p", "ol", "li", "dl", "dt", "dd", "div"}
    allowed |= {"table", "caption", "thead", "tbody", "tr", "th", "td"}
    assert {one.tag for one in found.iter()} <= allowed
    names = {name for one in found.iter() for name in one.attrib}
    assert names <= {
        *("lang", "charset", "http-equiv", "content", "name", "href", "class", "id", "tabindex", "scope", "role"),
        *("aria-labelledby", "aria-label", "data-column", "dir"),
    }
    assert all(re.fullmatch(r"#\w+|attachments/[\w.-]+", one.get("href")) for one in found.iter("a"))
    style = found.findtext(".//style")
    assert not re.search(r"url\(|@import|@font-face|expression", style)
    policy = found.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}';")


def test_it_says_its_language_and_what_it_is() -> None:
    found = tree(sample())
    assert found.get("lang") == "en"
    assert found.findtext(".//title") == found.findtext(".//h1") != ""
    assert sample().startswith(b'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">')
    assert [one.tag for one in found.find("body")] == ["a", "header", "nav", "main", "footer"]


def test_headings_are_in_order_and_links_lead_somewhere() -> None:
    found = tree(sample())
    levels = [int(one.tag[1]) for one in found.iter("h1", "h2", "h3", "h4", "h5", "h6")]
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert all(one.text_content().strip() for one in found.iter("h1", "h2", "h3", "h4"))
    ids = found.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert {one[1:] for one in found.xpath("//a/@href") if one.startswith("#")} <= set(ids)
    assert set(found.xpath("//@aria-labelledby")) <= set(ids)
    assert len(found.xpath("//nav//a")) == len(found.xpath("//main/section"))


def test_a_section_without_a_heading_of_its_own_skips_no_level() -> None:
    section = Section("S", "", (Piece("", (Facts((Fact("a", "b"),), "F"),)),))
    found = tree(html.render(Page("T", "T", (), (section,))))
    assert [one.tag for one in found.iter("h1", "h2", "h3", "h4")] == ["h1", "h2", "h2", "h3"]


def test_tables_say_what_their_cells_are() -> None:
    found = tree(sample())
    tables = list(found.iter("table"))
    assert len(tables) > 10
    for table in tables:
        assert table[0].tag == "caption"
        assert table[0].text_content().strip()
        assert {one.get("scope") for one in table.find("thead").iter("th")} == {"col"}
        assert all(one.text_content().strip() for one in table.iter("th"))
        for row in table.find("tbody"):
            assert [cell.tag for cell in row] == ["th"] + ["td"] * (len(table.find("thead")[0]) - 1)
            assert row[0].get("scope") == "row"
        region = table.getparent()
        assert (region.get("role"), region.get("tabindex")) == ("region", "0")
        assert region.get("aria-label") == table[0].text_content()


def test_on_a_phone_each_cell_says_its_column() -> None:
    """There a row is a list; the roles keep it a table for those who have it read to them."""
    for table in tree(sample()).iter("table"):
        columns = [one.text_content() for one in table.find("thead")[0]]
        assert {one.get("role") for one in table.find("thead")[0]} == {"columnheader"}
        for row in table.find("tbody"):
            assert [one.get("role") for one in row] == ["rowheader"] + ["cell"] * (len(columns) - 1)
            assert [one.get("data-column") for one in row[1:]] == columns[1:]
        assert [one.get("role") for one in (table, *table[1:], *table.iter("tr"))] == [
            *("table", "rowgroup", "rowgroup"),
            *["row"] * len(list(table.iter("tr"))),
        ]


def luminance(colour: str) -> float:
    """WCAG 2.1, relative luminance."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_colours_can_be_told_apart() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    for colours in (html.COLOURS, html.DARK):
        for front in ("text", "quiet", "link"):
            for back in ("paper", "shade"):
                assert contrast(colours[front], colours[back]) >= 4.5
        assert contrast(colours["line"], colours["paper"]) >= 3  # WCAG 2.1, 1.4.11
    style = tree(sample()).findtext(".//style")
    given = {*html.COLOURS.values(), *html.DARK.values()}
    assert html.COLOURS.keys() == html.DARK.keys()
    assert set(re.findall(r"#[0-9a-fA-F]{3,8}\b", style)) == given
    named = {f"var(--{name})" for name in html.COLOURS}
    assert set(re.findall(r"[^-](?:color|background): (\S+);", style)) <= named


def test_it_prints_well() -> None:
    style = tree(sample()).findtext(".//style")
    printed = style[style.index("@media print") :]
    assert "table-header-group" in printed
    assert re.search(r"h2, h3, h4, caption \{ break-after: avoid", printed)
    assert re.search(r"tr[^{]*\{ break-inside: avoid", printed)
    assert "font-size: 10pt" in printed


def test_lines_of_a_text_stay_apart() -> None:
    found = tree(page(Facts((Fact("Text", "one\n\ntwo"),))))
    assert found.findtext(".//dd") == "one\n\ntwo"
    assert re.search(r"dd \{[^}]*white-space: pre-line", found.findtext(".//style"))


def test_a_template_that_asks_for_what_is_not_there_fails() -> None:
    with pytest.raises(UndefinedError):
        html.render(cast(Page, object()))


def test_the_template_is_in_a_checkout_and_in_a_wheel() -> None:
    names = {path.name for path in files("broker.edge.pages").iterdir() if path.suffix in {".css", ".html", ".js"}}
    assert names == {
        "page.css",
        "page.html",
        "reader.css",
        "reader.html",
        "reader.js",
        "reader_screen.js",
        "reader_values.js",
    }
    packed = {one.distribution_path for one in WheelBuilder(str(ROOT)).recurse_included_files()}
    assert {f"broker/edge/pages/{name}" for name in names} <= packed
