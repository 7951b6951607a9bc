"""XML: strict bytes in, plain elements out, and back.

Owns the outside library `lxml`. Promises: UTF-8 only (`xml_text` makes it of other encodings); a document type
definition, and with it every entity, is refused before the parser sees it; no stylesheet, schema or include passes as a
record; nothing outside the document is ever read, not even for a schema location in it; size, depth, elements,
attributes and text are bounded while they are read. No refusal contains a piece of the document: the parser's own
messages quote it, and are dropped here.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from lxml import etree

from broker.core.errors import OperatorError, Refused

_BOM = b"\xef\xbb\xbf"
_DOCTYPE = b"<!DOCTYPE"
_ENCODING = re.compile(rb"""\A<\?xml[^>]{0,200}?\bencoding[ \t\r\n]*=[ \t\r\n]*["']([^"']*)["']""")
_UTF8 = frozenset({b"utf-8", b"utf8", b"us-ascii", b"ascii"})
# Elements of these namespaces are instructions to a program, not data.
_ORDERS = (
    "{http://www.w3.org/1999/XSL/Transform}",
    "{http://www.w3.org/2001/XMLSchema}",
    "{http://www.w3.org/2001/XInclude}",
)
_NO_CHARACTER = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # XML 1.0 section 2.2
_SLICE = 16 * 1024
_MOST_FAULTS = 20


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one document: bytes, levels, elements, attributes of an element, characters of a text or value."""

    size: int = 8 * 1024 * 1024
    depth: int = 40
    elements: int = 200_000
    attributes: int = 32
    text: int = 100_000


@dataclass(frozen=True, slots=True, repr=False)
class Element:
    """One element. `tag` and the names of attributes have the form `{namespace}name`; `text` is all text directly in
    it, joined; `line` counts from 1, and is 0 where the element was never in a file. Repr hidden: it may contain a
    student."""

    tag: str
    text: str = ""
    children: tuple["Element", ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict)
    line: int = 0

    def named(self, tag: str) -> tuple["Element", ...]:
        """The children with this tag, in order."""
        return tuple(child for child in self.children if child.tag == tag)


@dataclass(frozen=True, slots=True)
class Fault:
    """Where a document does not fit an XSD: its line, and the rule, such as `enumeration` or `maxlength`."""

    line: int
    rule: str


LIMITS = Limits()


def parse(content: bytes, limits: Limits = LIMITS) -> Element:
    """The outermost element of `content`, without comments and processing instructions.

    Raises Refused: `not-utf8`, `xml-unsafe`, `not-xml`, `too-deep`, `inflates-too-much`. The place is a line.
    """
    return _taken(_tree(_checked(content, limits), limits))


def outermost(head: bytes) -> str:
    """The tag of the outermost element, of which `head` holds the begin tag; '' where nobody can tell, or where a
    document type stands before it."""
    parser = _puller(("start",))
    if _DOCTYPE in head:
        return ""
    with suppress(etree.XMLSyntaxError):  # the head may end anywhere, also within a letter
        parser.feed(head.removeprefix(_BOM))
    return next((str(node.tag) for _, node in parser.read_events()), "")


def items(content: bytes, limits: Limits = LIMITS) -> Iterator[Element]:
    """The children of the outermost element, one after the other; each is let go before the next is built, so that a
    long document needs no more memory than its bytes.

    Raises Refused as `parse` does, as soon as that is found: what was given before may be part of a refused document.
    """
    checked = _checked(content, limits)
    parser = _puller(("start", "end"))
    meter = _Meter(limits)
    try:
        for at in range(0, len(checked), _SLICE):
            parser.feed(checked[at : at + _SLICE])
            yield from _items(parser.read_events(), meter)
        parser.close()
    except etree.XMLSyntaxError as error:
        fault, (line, column) = error.code, error.position
    else:
        yield from _items(parser.read_events(), meter)
        return
    yield from _items(parser.read_events(), meter)
    raise _refused(fault, line, column)


def _items(events: "Iterable[tuple[str, etree._Element]]", meter: "_Meter") -> Iterator[Element]:
    for event, node in events:
        meter.run([(event, node)])
        if event == "end" and meter.depth == 1:
            for before in list(node.itersiblings(preceding=True)):  # this one's tail may still be read
                before.getparent().remove(before)
            yield _taken(node)


def write(root: Element, prefixes: Mapping[str, str]) -> bytes:
    """`root` as XML in UTF-8, indented; it declares the namespaces in `prefixes`.

    Raises ValueError for characters that XML cannot contain (see `carries`) and for invalid names.
    """
    made = etree.Element(root.tag, dict(root.attributes), nsmap=dict(prefixes))
    _fill(made, root)
    etree.indent(made)
    return bytes(etree.tostring(made, encoding="UTF-8", xml_declaration=True))


def carries(text: str) -> bool:
    """Whether XML 1.0 can represent `text`."""
    return _NO_CHARACTER.search(text) is None


class Schema:
    """An XSD with the files that it names, compiled once. Threads must not share it."""

    def __init__(self, path: Path) -> None:
        """Raises OperatorError where it cannot be read or compiled; nothing is fetched from a network."""
        try:
            self._schema = etree.XMLSchema(etree.parse(str(path), _parser()))
        except (OSError, etree.XMLSyntaxError, etree.XMLSchemaParseError):
            raise OperatorError(f"The XML schema {path} or one that it needs cannot be read.") from None

    def faults(self, content: bytes, limits: Limits = LIMITS) -> tuple[Fault, ...]:
        """The faults of `content`, at most 20; none means valid. Raises Refused like `parse`."""
        tree = _tree(_checked(content, limits), limits)
        if self._schema.validate(tree):
            return ()
        entries = list(self._schema.error_log)[:_MOST_FAULTS]
        return tuple(Fault(entry.line, _rule(entry.type_name)) for entry in entries)


def _rule(name: str) -> str:
    return name.removeprefix("SCHEMAV_").removeprefix("CVC_").removesuffix("_VALID").lower().replace("_", "-")


def _checked(content: bytes, limits: Limits) -> bytes:
    """Check everything that can be checked before a parser runs."""
    if len(content) > limits.size:
        raise Refused("inflates-too-much", "", f"At most {limits.size >> 20} MiB of XML are read.")
    content = content.removeprefix(_BOM)
    unreadable = _first_not_utf8(content)
    if unreadable is not None:
        raise Refused("not-utf8", _line(content, unreadable))
    declared = _ENCODING.match(content)
    if b"\0" in content or (declared is not None and declared[1].lower() not in _UTF8):
        raise Refused("not-utf8", "line 1", "It is, or says that it is, in another encoding.")
    at = content.find(_DOCTYPE)
    if at >= 0:
        raise Refused("xml-unsafe", _line(content, at), "It has a document type (`<!DOCTYPE`).")
    return content


def _first_not_utf8(content: bytes) -> int | None:
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:  # it contains the whole document, so no other exception may chain it
        return error.start
    return None


def _line(content: bytes, offset: int) -> str:
    number = content.count(b"\n", 0, offset) + 1
    return f"line {number}"


def _parser() -> "etree.XMLParser":
    return etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)


def _puller(events: tuple[str, ...]) -> "etree.XMLPullParser":
    return etree.XMLPullParser(
        events=events,
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
        collect_ids=False,
    )


def _tree(content: bytes, limits: Limits) -> "etree._Element":
    """The parser's own tree; the limits are checked slice by slice, so that nothing large is built first."""
    parser = _puller(("start", "end"))
    meter = _Meter(limits)
    try:
        for at in range(0, len(content), _SLICE):
            parser.feed(content[at : at + _SLICE])
            meter.run(parser.read_events())
        root = parser.close()
        meter.run(parser.read_events())
    except etree.XMLSyntaxError as error:
        fault, (line, column) = error.code, error.position
    else:
        return root
    meter.run(parser.read_events())  # a limit that was exceeded says more than the error that followed
    raise _refused(fault, line, column)


def _refused(fault: int, line: int, column: int) -> Refused:
    if fault == etree.ErrorTypes.ERR_RESOURCE_LIMIT:
        return Refused("inflates-too-much", f"line {line}")
    return Refused("not-xml", f"line {line} column {column}" if line else "")


class _Meter:
    """Counts what has been read of one document. Raises Refused as soon as a limit is exceeded."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.depth = self._elements = 0

    def run(self, events: "Iterable[tuple[str, etree._Element]]") -> None:
        for event, node in events:
            if event == "start":
                self._begin(node)
            else:
                self._end(node)

    def _begin(self, node: "etree._Element") -> None:
        limits = self._limits
        self.depth += 1
        self._elements += 1
        if self.depth > limits.depth:
            raise Refused("too-deep", f"line {node.sourceline}", f"At most {limits.depth} levels are read.")
        if self._elements > limits.elements:
            raise Refused("inflates-too-much", "", f"It has more than {limits.elements} elements.")
        if len(node.attrib) > limits.attributes or any(len(value) > limits.text for value in node.attrib.values()):
            raise Refused(
                "inflates-too-much", f"line {node.sourceline}", "An element has too many attributes, or too long."
            )
        if str(node.tag).startswith(_ORDERS):
            raise Refused("xml-unsafe", f"line {node.sourceline}", "It is a stylesheet, a schema or an include.")

    def _end(self, node: "etree._Element") -> None:
        self.depth -= 1
        if len(node.text or "") + sum(len(child.tail or "") for child in node) > self._limits.text:
            raise Refused("inflates-too-much", f"line {node.sourceline}", "A text in it is too long.")


def _taken(node: "etree._Element") -> Element:
    children = tuple(_taken(child) for child in node)
    text = "".join([node.text or "", *(child.tail or "" for child in node)])
    attributes = {str(name): str(value) for name, value in node.attrib.items()}
    return Element(str(node.tag), text, children, attributes, node.sourceline or 0)


def _fill(made: "etree._Element", element: Element) -> None:
    made.text = element.text or None
    for child in element.children:
        _fill(etree.SubElement(made, child.tag, dict(child.attributes)), child)
