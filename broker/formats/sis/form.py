"""What a form of export is: how it is told by content, and what it becomes.

Owns the shape of a row of the list (`forms`), and what a reader is given. Promises: plain data; a form is told by the
beginning of its content, or by the JSON in it, and never by the name of a file.
"""

from collections.abc import Callable, Mapping
from datetime import tzinfo
from typing import Any, NamedTuple

from broker.core.model import LeaId
from broker.edge.settings.values import Limits
from broker.formats.made import Made

Document = dict[str, Any]


class Head(NamedTuple):
    """By what a form is told. `root` is the tag of the outermost element of XML, '' for other content; `json` is the
    value that JSON holds, None for other content; `files` are those of an archive, each with the tag of its outermost
    element, '' where it is no XML."""

    root: str = ""
    json: Any = None
    files: Mapping[str, str] = {}


class Around(NamedTuple):
    """What a reader is given beside the content. `check` raises Refused `schema` for a document that does not fit;
    `defaults` has for fields of an enrollment (the names of `enrollment.columns`) what they are where the export does
    not say: an LEA's mapping gives it. With `leaves_ssn`, which only the LEA's own computer may set, codes that are
    social security numbers are left out; else the export is refused for them."""

    lea: LeaId
    limits: Limits
    check: Callable[[Mapping[str, Any]], object]
    made: Made
    state: str
    zone: tzinfo
    defaults: Mapping[str, str] = {}
    leaves_ssn: bool = False


class Form(NamedTuple):
    """One form. `name` is the form in words, `becomes` what is made of it; `read` gives a document: with a `Sheet`
    under `sheet` where its lines are checked one by one, and were; it raises Refused."""

    name: str
    becomes: str
    is_meant: Callable[[Head], bool]
    read: Callable[[bytes, Head, Around], Document]
