"""A piece of an export, the same whether it came as XML or as JSON.

Owns the names: those of XML, without namespace and prefix, and with a capital first letter. Promises: each piece knows
its place in the file, as a path of elements (`Student[3]/Name/LastSurname`) or as a JSON pointer
(`/students/2/lastSurname`); an empty element, one that is nil, and null are as if they were not there; a place holds no
value, and no name that is not plain.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from broker.edge.xml import Element

_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_BLANKS = re.compile(r"\s+")
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,80}")
_EXTENDED = ("EXTENSION-", "Extension")


@dataclass(frozen=True, slots=True, repr=False)
class Node:
    """One piece. `text` is what stands in it, without blanks around; `parts` are the pieces in it, those of a list one
    by one. Repr hidden: it may contain a student."""

    name: str
    place: str
    text: str = field(default="", repr=False)
    parts: tuple["Node", ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)

    def all(self, *names: str) -> list["Node"]:
        """The parts with one of these names, in their order, that are not empty."""
        return [one for one in self.parts if one.name in names and (one.text or one.parts or one.attributes)]

    def one(self, *names: str) -> "Node | None":
        """The first of them."""
        return next(iter(self.all(*names)), None)

    def said(self, *names: str) -> "Node | None":
        """The first part with one of these names and a text, however deep."""
        return next((one for one in self.within() if one.name in names and one.text), None)

    def within(self) -> Iterator["Node"]:
        """All pieces in this one; the bounds of the parser bound how deep that goes."""
        for one in self.parts:
            yield one
            yield from one.within()

    def at(self, name: str) -> str:
        """The place of a part with this name, whether it is there or not."""
        found = self.one(name)
        if found is not None:
            return found.place
        return f"{self.place}/{name[:1].lower()}{name[1:]}" if self.is_json else f"{self.place}/{name}"

    @property
    def is_json(self) -> bool:
        """Whether it came as JSON."""
        return self.place.startswith("/")


@lru_cache(maxsize=4096)
def local(tag: str) -> str:
    """The plain name of an element: without its namespace, and what extensions put around it."""
    name = tag.rpartition("}")[2]
    begins, ends = _EXTENDED
    return name.removeprefix(begins).removesuffix(ends).removesuffix("-") or name


def of_element(element: Element, place: str) -> Node:
    """The piece that an element is."""
    if element.attributes.get(_NIL, "").strip() in ("true", "1"):
        return Node(local(element.tag), place)
    names = [local(one.tag) for one in element.children]
    several = Counter(names)
    seen: dict[str, int] = {}
    parts = []
    for name, one in zip(names, element.children, strict=True):
        seen[name] = seen.get(name, 0) + 1
        number = f"[{seen[name]}]" if several[name] > 1 else ""
        parts.append(of_element(one, f"{place}/{shown(name)}{number}"))
    text = _BLANKS.sub(" ", element.text.strip())
    return Node(local(element.tag), place, text, tuple(parts), element.attributes)


def of_json(name: str, value: object, place: str) -> Node:
    """The piece that a value of JSON is; a list is the list's pieces, each under the list's name."""
    if isinstance(value, Mapping):
        return Node(_capital(name), place, "", tuple(_members(value, place)))
    return Node(_capital(name), place, _text(value))


def _members(value: Mapping[str, Any], place: str) -> Iterator[Node]:
    for key, inner in value.items():
        at = f"{place}/{shown(key)}"
        if isinstance(inner, list):
            yield from (of_json(key, one, f"{at}/{number}") for number, one in enumerate(inner))
        elif inner is not None:
            yield of_json(key, inner, at)


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


@lru_cache(maxsize=4096)
def shown(name: str) -> str:
    """A name as a place shows it: one that is not plain could be anything."""
    return name if _PLAIN.fullmatch(name) else "*"


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return _BLANKS.sub(" ", str(value).strip()) if isinstance(value, str | int | float) else ""
