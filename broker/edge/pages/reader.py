"""The page that opens a document in a browser: one HTML file of ours with a script of ours.

Owns its making. Promises: the same words make the same bytes; the file needs no network and forbids it to the browser
(Content Security Policy), and allows one script only, its own; markup cannot be made from texts (trusted types).
"""

import base64
import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from broker.edge.pages.html import COLOURS, DARK

_SCRIPTS = ("reader_values.js", "reader.js", "reader_screen.js")


def render(words: Mapping[str, Any]) -> str:
    """The page. `words` is all that it says, ready for JSON; `words["text"]` has its own sentences."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    style = environment.from_string(_read("page.css")).render(colours=COLOURS, dark=DARK) + "\n" + _read("reader.css")
    data = json.dumps(words, ensure_ascii=True, sort_keys=False).replace("<", "\\u003c")
    script = "\n".join((f"const WORDS = {data};", *map(_read, _SCRIPTS)))
    return environment.from_string(_read("reader.html")).render(
        text=words["text"],
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _read(name: str) -> str:
    return (files("broker.edge.pages") / name).read_text("utf-8")
