"""The parent's copy as a parent has it: opened from disk in a browser, on a screen, a phone and paper, and by a program
that checks it for people who cannot see it well. No network, and also without scripts."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from broker.edge.schemas.contracts import BASE, load
from broker.edge.settings.resources import folder
from tests.support import documents, exchange
from tests.support.tools import require_tool

AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
DESK, PHONE = (1280, 900), (320, 640)  # CSS pixels; WCAG 2.1, 1.4.10 asks for 320
ENDLESS = "Prüfungsvorbereitungsgemeinschaft" * 5

WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
# text that hangs out of the screen, in whatever box: nobody could see it without scrolling sideways
HANGING = """() => [...document.querySelectorAll("h1, h2, h3, h4, p, li, dt, dd, caption:not(.same), tbody th, td, a")]
    .filter(one => one.getClientRects().length && !one.classList.contains("skip"))
    .filter(one => one.getBoundingClientRect().right > innerWidth || one.scrollWidth > one.clientWidth + 1
        && getComputedStyle(one).display !== "inline")
    .map(one => one.outerHTML.slice(0, 80))"""
SQUEEZED = """() => [...document.querySelectorAll("tbody th, td, dd")]
    .filter(one => one.textContent.length > 20 && one.getBoundingClientRect().width < 90)
    .map(one => one.outerHTML.slice(0, 80))"""


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a copy: a record that uses every property, one of a middle-school child, and a list."""
    root = tmp_path_factory.mktemp("parent")
    full = documents.sample(load(folder("schemas")), f"{BASE}student-record.v1.schema.json")
    full["student"] = documents.student()
    full["record"]["writing_samples"][0]["text"] = f"{ENDLESS}\n\nA second line."
    told = "On 4 November 2026 Canyon Charter received the school record sent by Alpine School District."
    given = {
        "packet": "disclosures.v1",
        "id": "018f2c6e-7d5b-7c3a-9b1e-2f4a6c8e0d12",
        "from": "exchange",
        "to": "6G",
        "created": "2026-11-23T10:00:00+00:00",
        "ssid": documents.STUDENT["ssid"],
        "disclosures": [{"at": "2026-11-04T10:00:00+00:00", "action": "receive-record", "sentence": told}],
    }
    names = ("full.json", "courses.json", "given.json")
    for name, document in zip(names, (full, documents.record(30), given), strict=True):
        (root / name).write_text(json.dumps(document))
    words = ("backpack", "export", *(str(root / name) for name in names))
    exchange.satchel(*words, "--for-parent", "--out", str(root / "copy"))
    return root / "copy"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = require_tool("chromium")
    with sync_playwright() as playwright:
        # as root Chromium has no sandbox; it opens nothing here but the page
        made = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture(params=[True, False], ids=["scripts", "no-scripts"])
def opened(request: pytest.FixtureRequest, browser: Browser, copy: Path) -> Iterator[Page]:
    """The page, opened from disk; whatever it asks for, and whatever the browser has against it, fails the test."""
    asked: list[str] = []
    said: list[str] = []
    context = browser.new_context(offline=True, java_script_enabled=request.param)
    context.on("request", lambda one: asked.append(one.url))
    page = context.new_page()
    page.on("console", lambda one: said.append(one.text))
    page.on("pageerror", lambda one: said.append(str(one)))
    page.goto((copy / "record.html").as_uri())
    yield page
    context.close()
    assert asked == [(copy / "record.html").as_uri()]
    assert said == []


@pytest.fixture
def screen(opened: Page) -> Any:
    """Shows the page on a screen of that size."""

    def show(size: tuple[int, int]) -> Page:
        opened.set_viewport_size({"width": size[0], "height": size[1]})
        return opened

    return show


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_a_checker_finds_nothing_against_wcag_2_1_aa(size: tuple[int, int], browser: Browser, copy: Path) -> None:
    page = browser.new_page(viewport={"width": size[0], "height": size[1]}, offline=True)
    page.goto((copy / "record.html").as_uri())
    found = Axe().run(page, options={"runOnly": {"type": "tag", "values": AA}})
    assert found.generate_report() == "Found 0 accessibility violations:\n"
    rules = {one["id"] for one in found.response["passes"]}
    assert rules >= {"color-contrast", "document-title", "html-has-lang", "link-name", "list", "definition-list"}
    assert [one["id"] for one in found.response["incomplete"]] == []
    page.close()


def test_it_has_title_language_landmarks_and_headings(opened: Page) -> None:
    assert opened.title() == "School record of Ana Lucía Reyes-Ortiz"
    assert opened.locator("html").get_attribute("lang") == "en"
    for landmark in ("banner", "navigation", "main", "contentinfo"):
        assert opened.get_by_role(landmark).count() == 1  # type: ignore[arg-type]
    assert opened.get_by_role("heading", level=1).all_inner_texts() == ["School record of Ana Lucía Reyes-Ortiz"]
    sections = opened.get_by_role("main").get_by_role("heading", level=2).all_inner_texts()
    assert opened.get_by_role("navigation").get_by_role("link").all_inner_texts() == sections
    assert len(sections) > 20


def test_the_keyboard_leads_to_the_record_and_to_each_part(opened: Page) -> None:
    opened.keyboard.press("Tab")
    skip = opened.locator(".skip")
    assert skip.evaluate("one => one === document.activeElement")
    assert skip.bounding_box()["x"] >= 0  # type: ignore[index]
    opened.keyboard.press("Enter")
    assert opened.url.endswith("#content")
    opened.get_by_role("link", name="What the words mean").press("Enter")
    heading = opened.get_by_role("heading", name="What the words mean", level=2)
    assert heading.evaluate("one => one.getBoundingClientRect().top < innerHeight")


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_all_of_it_can_be_read_without_scrolling_sideways(screen: Any, size: tuple[int, int]) -> None:
    page = screen(size)
    assert page.evaluate(WIDER) == 0
    assert page.evaluate(HANGING) == []
    assert page.evaluate(SQUEEZED) == []


def test_on_a_phone_a_table_is_still_a_table_to_those_who_have_it_read_to_them(screen: Any) -> None:
    page = screen(PHONE)
    table = page.get_by_role("table", name="Papers that this copy is made of")
    columns = table.get_by_role("columnheader").all_inner_texts()
    assert columns == ["Written by", "On", "School year", "What it is", "Signature", "In this copy"]
    row = table.get_by_role("row").nth(1)
    assert (row.get_by_role("rowheader").count(), row.get_by_role("cell").count()) == (1, 5)
    seen = row.get_by_role("cell").evaluate_all("all => all.map(one => getComputedStyle(one, '::before').content)")
    assert seen == [f'"{column}"' for column in columns[1:]]


def test_text_twice_as_large_still_fits(screen: Any) -> None:
    """WCAG 2.1, 1.4.4."""
    page = screen(DESK)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate(WIDER) == 0
    assert page.evaluate(HANGING) == []


def test_its_print_has_every_heading_and_none_alone_at_a_sheets_end(opened: Page) -> None:
    program = require_tool("pdftotext")
    headings = plain(opened.locator("header h1, main h2, main h3"))
    above = {*headings, *plain(opened.locator("h2 + p, caption, thead th"))}
    printed = opened.pdf(prefer_css_page_size=True)
    ended = subprocess.run([program, "-layout", "-", "-"], input=printed, capture_output=True, timeout=60, check=True)
    sheets = [sheet.splitlines() for sheet in ended.stdout.decode().split("\f")[:-1]]
    lines = [[" ".join(line.split()) for line in sheet if line.strip()] for sheet in sheets]
    assert len(headings) > 40
    assert len(lines) > 5
    whole = " ".join(" ".join(sheet) for sheet in lines)
    assert [one for one in headings if one not in whole] == []
    assert "Contents" not in whole
    assert [sheet[-1] for sheet in lines if sheet[-1] in above] == []


def plain(found: Locator) -> list[str]:
    return [" ".join(one.split()) for one in found.all_text_contents()]
