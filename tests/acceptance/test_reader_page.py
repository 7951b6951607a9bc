"""The page for those with gpg alone, as they have it: opened from disk, without network; the decrypted file chosen or
dropped; it shows what `satchel open --as html` shows, and runs nothing of it."""

import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, sync_playwright

from broker.core import page as pages
from broker.edge.pages import reader
from broker.formats.readable import page
from broker.formats.readable.reader_words import LEAD, words
from tests.support import readable
from tests.support.any_transcript import Anything
from tests.support.tools import require_tool

AA = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]
WIDER = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
PARTS = ("h1", "header p", "main h2", "main h3", "main p", "dt", "dd", "caption", "main th", "main td", "footer p")
SEEN = f"""() => [...document.querySelectorAll("{", ".join(f"#record {part}" for part in PARTS)}")]
    .map(one => one.textContent)"""
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "</script></style><svg onload=alert(1)>",
    "javascript:alert(1)",
    "{{constructor.constructor('alert(1)')()}}",
]
DROP = """([name, text]) => {
    const data = new DataTransfer();
    data.items.add(new File([text], name));
    window.dispatchEvent(new DragEvent("drop", {dataTransfer: data, cancelable: true}));
}"""
Open = Callable[[Any, str], Page]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = require_tool("chromium")
    with sync_playwright() as playwright:
        # as root Chromium has no sandbox; it opens nothing here but the page
        made = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture
def screen(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """The page on a screen; whatever it asks for, and whatever the browser has against it, fails the test."""
    (tmp_path / "read.html").write_text(reader.render(words()), "utf-8")
    asked: list[str] = []
    said: list[str] = []
    context = browser.new_context(offline=True, color_scheme="light")
    context.on("request", lambda one: asked.append(one.url))
    shown = context.new_page()
    shown.on("console", lambda one: said.append(one.text))
    shown.on("pageerror", lambda one: said.append(str(one)))
    shown.on("dialog", lambda one: said.append(one.message))
    shown.goto((tmp_path / "read.html").as_uri())
    yield shown
    context.close()
    assert {one for one in asked if not one.startswith("blob:")} == {(tmp_path / "read.html").as_uri()}
    assert said == []


@pytest.fixture
def opened(screen: Page, tmp_path: Path) -> Open:
    def choose(document: Any, name: str = "record.json") -> Page:
        content = document if isinstance(document, bytes) else json.dumps(document, ensure_ascii=False).encode()
        (tmp_path / name).write_bytes(content)
        screen.reload()
        screen.locator("#file").set_input_files(tmp_path / name)
        screen.wait_for_function(
            "() => document.querySelector('#record h1') || document.querySelector('#told').textContent"
        )
        return screen

    return choose


def wanted(document: Any) -> list[str]:
    """All that `--as html` shows, in order."""
    made = page.page(document, page.files_of(document, "record-files"), "", LEAD)
    found = [made.title, *made.lead]
    for section in made.sections:
        found += [section.heading, *([section.about] if section.about else [])]
        for block in (block for piece in section.pieces for block in piece.blocks):
            if isinstance(block, pages.Facts):
                found += [block.title] if block.title else []
                found += [text for fact in block.facts for text in (fact.label, fact.value)]
            elif isinstance(block, pages.Table):
                rows = [(row[0] or "none", *row[1:]) for row in block.rows]
                found += [block.caption, *block.columns, *(cell for row in rows for cell in row)]
            else:
                found.append(block.text)
    return [*found, made.running]


@pytest.mark.parametrize("kind", ["record", "transcript", "request", "answer"])
def test_it_shows_what_the_page_of_the_command_shows(kind: str, opened: Open) -> None:
    document = getattr(readable, kind)()
    assert opened(document, "record.json").evaluate(SEEN) == wanted(document)


def test_it_shows_any_transcript_as_the_command_does(opened: Open) -> None:
    for number in range(8):
        document = Anything(readable.SCHEMAS, random.Random(number), 0.6).packet()
        assert opened(document, "record.json").evaluate(SEEN) == wanted(document)


ODD = [
    {},
    {
        "packet": "student-record.v1",
        "from": 5,
        "created": None,
        "student": {"legal_name": "x"},
        "record": {"teachers": 3},
    },
    {
        "packet": "student-record.v2",
        "record": {"course_grades": [{"title": "x", "new": 1}], "attachments": [{"name": "a"}]},
    },
    {"packet": "transcript.v1", "transcript": {"academic_records": [{"sessions": [5]}]}, "request": []},
    {
        "packet": "x.v1",
        "constructor": {"__proto__": [1, -0.0, 1e21, 1.5e-7, 12345678901234567890, 0.1]},
        "toString": [[]],
    },
    {"packet": "ssid.v1", "means": ["a"], "note": "b\u2028c", "at": "2026-02-30", "due_on": "2026-02-28T10:00:00Z"},
    {"packet": "backpack.v1", "mode": "odd", "school_year": 2027.0, "record": {"demographics": {}, "discipline": []}},
    {"x": [{"a": 1, "b": {"c": None}}, {"d": [{"e": "\u202e\ufeff\t z"}]}], "name": {"first": "A", "last": ""}},
]


@pytest.mark.parametrize("number", range(len(ODD)))
def test_it_shows_odd_documents_as_the_command_does(number: int, opened: Open) -> None:
    assert opened(ODD[number], "record.json").evaluate(SEEN) == wanted(ODD[number])


def test_hostile_json_runs_no_script_and_makes_no_markup(opened: Open) -> None:
    plain = json.dumps(readable.record()).replace("A1bc", "x")
    tags = "() => [...document.querySelectorAll('*')].map(one => one.tagName).join()"
    before = opened(plain.encode(), "record.json").evaluate(tags)
    for text in HOSTILE:
        hostile = plain.replace('"x"', json.dumps(text))
        shown = opened(hostile.encode(), "record.json")
        assert shown.evaluate(tags) == before
        assert text in shown.locator("#record").inner_text()
    names = opened({one: {one: [{one: one}]} for one in HOSTILE}, "record.json")
    assert names.locator("#record script, #record img, #record svg").count() == 0


def test_a_file_can_be_dropped_on_it(screen: Page) -> None:
    screen.evaluate(DROP, ["record.json", json.dumps(readable.request())])
    screen.wait_for_selector("#record h1")
    assert screen.title() == "Request for a record: Ana Reyes"


def test_it_works_by_keyboard_alone(screen: Page, opened: Open) -> None:
    screen.keyboard.press("Tab")
    assert screen.evaluate("() => document.activeElement.id") == "file"
    shown = opened(readable.record(), "record.json")
    assert shown.evaluate("() => document.activeElement.id") == "content"
    shown.keyboard.press("Shift+Tab")
    assert shown.evaluate("() => document.activeElement.textContent") == page.WORDS
    shown.keyboard.press("Enter")
    heading = shown.get_by_role("heading", name=page.WORDS, level=2)
    assert heading.evaluate("one => one.getBoundingClientRect().top < innerHeight")


def test_files_of_a_record_can_be_saved(opened: Open) -> None:
    shown = opened(readable.record(), "record.json")
    with shown.expect_download() as saving:
        shown.get_by_role("button", name="record-files/03-run-me.bin").press("Enter")
    assert saving.value.suggested_filename == "03-run-me.bin"
    assert saving.value.path().read_bytes() == b"run me.exe"


@pytest.mark.parametrize("size", [(1280, 900), (320, 640)])
def test_a_checker_finds_nothing_and_nothing_hangs_out(size: tuple[int, int], browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "read.html").write_text(reader.render(words()), "utf-8")
    (tmp_path / "record.json").write_text(json.dumps(readable.record()))
    for scheme in ("light", "dark"):
        context = browser.new_context(
            offline=True,
            bypass_csp=True,
            color_scheme=scheme,
            viewport={"width": size[0], "height": size[1]},  # type: ignore[arg-type]
        )
        shown = context.new_page()
        shown.goto((tmp_path / "read.html").as_uri())
        for is_read in (False, True):
            if is_read:
                shown.locator("#file").set_input_files(tmp_path / "record.json")
                shown.wait_for_selector("#record h1")
            found = Axe().run(shown, options={"runOnly": {"type": "tag", "values": AA}})
            assert found.generate_report() == "Found 0 accessibility violations:\n"
            assert shown.evaluate(WIDER) == 0
        context.close()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"-----BEGIN PGP MESSAGE-----\n", "still sealed"),
        (b"\x85\x01\x0c\x03", "still sealed"),
        (b"<?xml version='1.0'?><a/>", "This is XML"),
        (b"Row,SSID\r\n1,2\r\n", "no document of the exchange"),
        (b"%PDF-1.4\n\xff", "no document of the exchange"),
        (b'{"a": 1', "damaged"),
        (b"", "no document of the exchange"),
    ],
)
def test_what_it_cannot_read_is_told(content: bytes, told: str, opened: Open) -> None:
    shown = opened(content, "x.json")
    assert told in shown.get_by_role("alert").inner_text()
    assert shown.locator("#record *").count() == 0


def test_without_scripts_it_says_so(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "read.html").write_text(reader.render(words()), "utf-8")
    context = browser.new_context(java_script_enabled=False, offline=True)
    shown = context.new_page()
    shown.goto((tmp_path / "read.html").as_uri())
    assert "needs scripts" in shown.locator("body").inner_text()
    context.close()


def test_the_page_is_the_same_every_time() -> None:
    assert reader.render(words()) == reader.render(words())
