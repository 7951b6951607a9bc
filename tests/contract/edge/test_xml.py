"""The edge to XML: what is read, what is refused and within which bounds, and that no refusal quotes the document."""

import socket
import tracemalloc
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.errors import OperatorError, Refused
from broker.edge import xml
from broker.edge.xml import Element, Fault, Limits, Schema
from tests.support.scale import examples
from tests.support.tools import corpora

DOCTYPE = '<!DOCTYPE a [<!ENTITY x "Reyes">]>'
BOMB = (
    '<!DOCTYPE a [<!ENTITY a "1234567890">'
    + "".join(f'<!ENTITY {one} "{f"&{before};" * 10}">' for before, one in zip("abcdefgh", "bcdefghi", strict=True))
    + "]><a>&i;</a>"
)
XSD = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:element name="name"><xs:simpleType><xs:restriction base="xs:string"><xs:maxLength value="3"/></xs:restriction>
  </xs:simpleType></xs:element></xs:schema>"""


def refusal(content: bytes, limits: Limits = xml.LIMITS) -> Refused:
    with pytest.raises(Refused) as caught:
        xml.parse(content, limits)
    return caught.value


def test_elements_texts_attributes_and_lines() -> None:
    root = xml.parse(b"<?xml version='1.0' encoding='UTF-8'?>\n<a x='1'>\n<b>1 &amp; <![CDATA[<2>]]></b>tail<b/></a>")
    assert (root.tag, root.text, root.attributes, root.line) == ("a", "\ntail", {"x": "1"}, 2)
    assert [(child.tag, child.text, child.line) for child in root.children] == [("b", "1 & <2>", 3), ("b", "", 3)]
    assert root.named("b") == root.children
    assert root.named("c") == ()


def test_comments_and_instructions_are_passed_over_and_part_no_text() -> None:
    root = xml.parse(b"\xef\xbb\xbf<!-- <b/> --><?go on?><p:a xmlns:p='urn:x'>on<!-- -->e<?p?> text</p:a><!-- z -->")
    assert (root.tag, root.text, root.children) == ("{urn:x}a", "one text", ())


@pytest.mark.parametrize(
    ("content", "code", "place"),
    [
        (b"", "not-xml", ""),
        (b"Reyes", "not-xml", "line 1 column 1"),
        (b"<a>\n<b></a>", "not-xml", "line 2 column 8"),
        (b"<a>\n", "not-xml", "line 2 column 1"),
        (b"<a/><a/>", "not-xml", "line 1 column 5"),
        (b"<a x='1' x='2'/>", "not-xml", "line 1 column 15"),
        (b"<p:a/>", "not-xml", "line 1 column 5"),
        (b"<a>&Reyes;</a>", "not-xml", ""),
        (b"<a>\x01</a>", "not-xml", "line 1 column 4"),
        (b"<a>\n\xff</a>", "not-utf8", "line 2"),
        (b"<a>\x00</a>", "not-utf8", "line 1"),
        ("<a>\u00e9</a>".encode("utf-16"), "not-utf8", "line 1"),
        (b"<?xml version='1.0' encoding='ISO-8859-1'?><a/>", "not-utf8", "line 1"),
        (b"<?xml version='1.0' encoding='UTF-7'?><a/>", "not-utf8", "line 1"),
        (f"\n{DOCTYPE}<a>&x;</a>".encode(), "xml-unsafe", "line 2"),
        (b"<!DOCTYPE a SYSTEM 'http://127.0.0.1/a.dtd'><a/>", "xml-unsafe", "line 1"),
        (b"<!DOCTYPE a [<!ENTITY % x SYSTEM 'file:///etc/passwd'> %x;]><a/>", "xml-unsafe", "line 1"),
        (BOMB.encode(), "xml-unsafe", "line 1"),
        (b"<a>\n<i:include xmlns:i='http://www.w3.org/2001/XInclude' href='/etc/passwd'/></a>", "xml-unsafe", "line 2"),
        (b"<s:stylesheet xmlns:s='http://www.w3.org/1999/XSL/Transform'/>", "xml-unsafe", "line 1"),
        (b"<s:schema xmlns:s='http://www.w3.org/2001/XMLSchema'/>", "xml-unsafe", "line 1"),
    ],
)
def test_what_is_refused(content: bytes, code: str, place: str) -> None:
    refused = refusal(content)
    assert (refused.code, refused.pointer) == (code, place)
    assert "Reyes" not in str(refused)
    assert refused.__context__ is None  # it would hold the document


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"<a>" * 5 + b"</a>" * 5, "too-deep"),
        (b"<a>" * 400 + b"</a>" * 400, "too-deep"),
        (b"<a>" + b"<b/>" * 20 + b"</a>", "inflates-too-much"),
        (b"<a>" + b"x" * 101 + b"</a>", "inflates-too-much"),
        (b"<a>" + b"<b/>".join([b"x" * 40] * 3) + b"</a>", "inflates-too-much"),
        (b"<a x='" + b"y" * 101 + b"'/>", "inflates-too-much"),
        (b"<a x='1' y='2' z='3'/>", "inflates-too-much"),
        (b"<a>" + b" " * 6000 + b"</a>", "inflates-too-much"),
        (b"<" + b"n" * 70_000 + b"/>", "inflates-too-much"),
    ],
)
def test_the_bounds(content: bytes, code: str) -> None:
    limits = Limits(size=5000, depth=4, elements=20, attributes=2, text=100)
    assert refusal(content, limits).code == code


def test_just_within_the_bounds() -> None:
    limits = Limits(size=5000, depth=4, elements=20, attributes=2, text=100)
    assert xml.parse(b"<a>" * 4 + b"</a>" * 4, limits).tag == "a"
    assert len(xml.parse(b"<a>" + b"<b/>" * 19 + b"</a>", limits).children) == 19
    assert len(xml.parse(b"<a x='1' y='2'>" + b"x" * 100 + b"</a>", limits).text) == 100


def test_too_many_elements_are_refused_before_they_are_all_built() -> None:
    content = b"<a>" + b"<b/>" * 1_000_000 + b"</a>"
    tracemalloc.start()
    assert refusal(content, Limits(elements=1000)).code == "inflates-too-much"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * len(content)


def test_every_hostile_document_is_refused() -> None:
    codes = {}
    for path in sorted(corpora("hostile", "xml").iterdir()):
        if path.name.startswith("simple"):
            assert xml.parse(path.read_bytes()).children
        elif path.suffix in (".xml", ".xsd", ".xsl"):
            codes[path.name] = refusal(path.read_bytes()).code
    assert len(codes) >= 11
    assert set(codes.values()) == {"xml-unsafe"}


NAMES = st.sampled_from(["a", "b", "{urn:one}c", "d-1"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]).filter(lambda sign: xml.carries(sign) and sign != "\r"))
LEAVES = st.builds(Element, NAMES, TEXTS)
TREES = st.recursive(
    LEAVES, lambda inner: st.builds(Element, NAMES, st.just(""), st.lists(inner, min_size=1, max_size=4).map(tuple))
)


def plain(element: Element) -> object:
    return (element.tag, "" if element.children else element.text, [plain(child) for child in element.children])


@settings(deadline=None)
@given(TREES)
def test_what_is_written_is_read_again(root: Element) -> None:
    assert plain(xml.parse(xml.write(root, {"one": "urn:one"}))) == plain(root)


@given(st.text(st.characters(), min_size=1, max_size=3))
def test_what_xml_carries_and_what_it_does_not(text: str) -> None:
    if xml.carries(text):
        assert b"<a>" in xml.write(Element("a", text), {})
    else:
        with pytest.raises(ValueError, match=r"XML|surrogates"):
            xml.write(Element("a", text), {})


@settings(deadline=None, max_examples=examples(300))
@given(st.binary(max_size=60), st.integers(0, 80), st.integers(0, 20))
def test_any_bytes_are_read_or_refused(noise: bytes, at: int, cut: int) -> None:
    whole = b"<?xml version='1.0'?><a x='1'><b>text</b>&amp;<!-- c --><![CDATA[ ]]><c/></a>"
    for content in (noise, whole[:at] + noise + whole[at + cut :]):
        assert outcome(content) in {"read", "not-xml", "not-utf8", "xml-unsafe"}


def outcome(content: bytes) -> str:
    try:
        return "read" if isinstance(xml.parse(content), Element) else "nothing"
    except Refused as refused:
        return refused.code


def test_a_schema_says_line_and_rule_and_no_value(tmp_path: Path) -> None:
    (tmp_path / "name.xsd").write_text(XSD)
    schema = Schema(tmp_path / "name.xsd")
    assert schema.faults(b"<name>Ana</name>") == ()
    assert schema.faults(b"\n<name>Reyes</name>") == (Fault(2, "maxlength"),)
    assert [fault.rule for fault in schema.faults(b"<Reyes/>")] == ["elt-1"]
    with pytest.raises(Refused, match="xml-unsafe"):
        schema.faults(DOCTYPE.encode() + b"<name/>")


@pytest.fixture
def ear() -> Iterator[socket.socket]:
    """A port of this machine that hears whether anybody calls."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        yield server


def test_nothing_is_fetched(ear: socket.socket, tmp_path: Path) -> None:
    away = f"http://127.0.0.1:{ear.getsockname()[1]}/x.xsd"
    instance = 'xmlns:i="http://www.w3.org/2001/XMLSchema-instance"'
    assert xml.parse(f'<a {instance} i:schemaLocation="urn:x {away}" i:noNamespaceSchemaLocation="{away}"/>'.encode())
    imported = XSD.replace("<xs:element", f'<xs:import namespace="urn:x" schemaLocation="{away}"/><xs:element', 1)
    (tmp_path / "name.xsd").write_text(imported)
    hinted = f'<name {instance} i:noNamespaceSchemaLocation="{away}">Ana</name>'.encode()
    assert Schema(tmp_path / "name.xsd").faults(hinted) == ()
    with pytest.raises(TimeoutError):
        ear.accept()


def test_a_schema_that_cannot_be_read_is_the_operators_matter(tmp_path: Path) -> None:
    (tmp_path / "torn.xsd").write_text(XSD[:50])
    (tmp_path / "other.xsd").write_text("<a/>")
    (tmp_path / "parts.xsd").write_text(
        XSD.replace("<xs:element", '<xs:include schemaLocation="b.xsd"/><xs:element', 1)
    )
    for name in ("torn", "other", "parts", "missing"):
        with pytest.raises(OperatorError, match=f"{name}.xsd"):
            Schema(tmp_path / f"{name}.xsd")
