"""A page for people as one HTML file.

Owns the outside library Jinja and the template's folder. Promises: every text is escaped; the file needs nothing but
itself, contains no script, and forbids scripts and other files to the browser (Content Security Policy); WCAG 2.1 AA:
language, title, headings in order, table headers with their scope, contrast; prints well.
"""

import base64
import hashlib
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from broker.core.page import Page

# All colours, for light and for dark screens. Text, quiet text and links are on paper, text also on shade; WCAG 2.1,
# 1.4.3 asks for 4.5 : 1.
COLOURS = {
    "text": "#1a1a1a",
    "quiet": "#444c55",
    "link": "#0a4a94",
    "paper": "#ffffff",
    "shade": "#e9edf2",
    "line": "#8a939d",
}
DARK = {
    "text": "#e8e8e8",
    "quiet": "#b4bcc5",
    "link": "#8cc2ff",
    "paper": "#14181d",
    "shade": "#252c35",
    "line": "#66707b",
}


def render(page: Page) -> bytes:
    """The page as UTF-8. Raises jinja2.UndefinedError, a bug, for a template that uses a missing value."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    style = environment.from_string(_read("page.css")).render(colours=COLOURS, dark=DARK)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    text = environment.from_string(_read("page.html")).render(
        page=page,
        style=style,
        style_hash=f"sha256-{digest}",
        kind=lambda block: type(block).__name__,
    )
    return text.encode()


def _read(name: str) -> str:
    return (files("broker.edge.pages") / name).read_text("utf-8")
