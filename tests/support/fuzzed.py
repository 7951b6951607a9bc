"""Every reader of bytes that come from outside, with the files from which a fuzzer starts and what it does with one.

Each `read` raises Refused, or nothing: every other exception is a fault of the reader.
"""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path

from broker.core.codes import CODES
from broker.core.errors import Refused
from broker.core.files import kinds, outgoing
from broker.core.files.extent import Extent, extent
from broker.core.openpgp import armor, armor_damage, certificates, frames, message, signatures
from broker.core.openpgp.message import Bounds
from broker.edge.pgp import keyring, openpgp
from broker.edge.schemas.contracts import BASE, load
from broker.edge.settings.resources import folder
from broker.edge.settings.values import Limits, Settings
from broker.formats import canonical, dates, key_block, reading, roster, table, whatisit
from broker.formats.sis import forms
from tests.support import contents, documents, edfi, hostile, pesc, sheets

LIMITS = Limits()
TODAY = dates.Today(Settings(Path("home")).frame(date(2026, 11, 24)), 1, 30)
BOUNDS = Bounds(LIMITS.content_bytes, LIMITS.inflate_ratio, LIMITS.inflate_floor_bytes, LIMITS.openpgp_packets)
NOW = datetime(2026, 11, 24, tzinfo=UTC)


@dataclass(frozen=True)
class Reader:
    """`patterns` are those of the optional real input, `own` are seeds that are always there, `words` pieces that mean
    something to it."""

    patterns: Sequence[str]
    own: Callable[[], Sequence[bytes]]
    words: Sequence[bytes]
    read: Callable[[bytes], object]


def _document(content: bytes, file: str) -> None:
    document = reading.read(content, file, sheets.LEA, LIMITS, sheets.CONTRACTS, today=TODAY)
    canonical.serialise({name: part for name, part in document.items() if name != "sheet"})


def _table(content: bytes) -> None:
    with suppress(Refused):
        found = table.read(content, 5_000)
        numbers = [found.header.number, *(row.number for row in found.rows)]
        assert numbers == sorted(set(numbers))
    with suppress(Refused):
        table.first_lines(content)
    with suppress(Refused):
        list(roster.read(io.BytesIO(content)))
    _document(content, sheets.NAME)


def _sheets() -> list[bytes]:
    both = "\n".join([sheets.HEADER, sheets.ANA, sheets.BEN, ""])
    return [both.encode(), both.replace(",", ";").encode("utf-16"), f"sep=;\r\n{contents.CSV}".encode("cp1252")]


def _samples() -> list[bytes]:
    schemas = load(folder("schemas"))
    made = [
        documents.sample(schemas, uri) for uri in schemas if uri.removeprefix(BASE)[:-12] in sheets.CONTRACTS.accepted
    ]
    small = [documents.record(3), documents.enrollment(2), documents.review_answer(), documents.record_request()]
    return [json.dumps(one, ensure_ascii=False).encode() for one in (*map(documents.slim, made), *small)]


def _transcripts() -> list[bytes]:
    return [pesc.shown(pesc.packet()).encode(), *(make() for make in _small(hostile.DOCUMENTS, "XML"))]


def _small(made: Mapping[str, Callable[[], bytes]], word: str) -> list[Callable[[], bytes]]:
    return [lambda make=make: make()[:4096] for name, make in made.items() if word in name]  # type: ignore[misc]


@cache
def _keys() -> tuple[openpgp.SecretKey, openpgp.SecretKey]:
    return tuple(openpgp.load_secret(keyring.generate(name, "cv25519", NOW, None)) for name in "AB")  # type: ignore[return-value]


@cache
def _messages() -> tuple[bytes, ...]:
    ours, sender = _keys()
    sealed = openpgp.seal(json.dumps(documents.enrollment(1)).encode(), sender, [ours.certificate])
    signed = openpgp.clearsign("a\n- b\n", sender, NOW).encode()
    return (
        sealed,
        armor.enarmor("MESSAGE", sealed).encode(),
        signed,
        ours.certificate,
        frames.packet(11, b"b\0\0\0\0\0x"),
    )


def _openpgp(content: bytes) -> None:
    ours, sender = _keys()
    view = memoryview(content)
    assert extent(io.BytesIO(content)) in set(Extent)
    outgoing.recognise(content)
    armor_damage.damage(content)
    for one in (
        lambda: [signatures.parse(bytes(frame.body(view))) for frame in frames.walk(view, 1024, frozenset({8, 9}))],
        lambda: message.envelope(view, 64, 16),
        lambda: message.letter(view, BOUNDS),
        lambda: message.content_of(view, BOUNDS),
        lambda: armor.cleartext(content),
        lambda: openpgp.verify_clear(content, [sender.certificate]),
        lambda: openpgp.relock(content, ours, sender.certificate, NOW),
        lambda: openpgp.open_packet(content, ours, [sender.certificate], LIMITS, NOW, lambda _: False),
        lambda: message.letter(memoryview(armor.dearmor(content)[1]), BOUNDS),
    ):
        with suppress(Refused):
            one()


def _key(content: bytes) -> None:
    ours, _ = _keys()
    assert key_block.is_key(content) in (True, False)
    for one in (
        lambda: key_block.read(content, sheets.LEA, LIMITS.handed_in_bytes),
        lambda: certificates.parse(content),
        lambda: certificates.without_secrets(content),
        lambda: keyring.check(content, NOW),
        lambda: keyring.merge(ours.certificate, content),
        lambda: keyring.is_bare(content),
        lambda: openpgp.load_secret(content, "a passphrase"),
        lambda: _document(content, "x.asc.pgp"),
    ):
        with suppress(Refused):
            one()


def _what_is_it(content: bytes) -> None:
    kinds.kind_of(content)
    for code in ("not-openpgp", "not-sealed", "bad-structure", "bad-armor", "key-secret", "truncated"):
        assert whatisit.in_outbox(content, Refused(code), LIMITS).code in CODES
    for code in ("not-utf8", "not-json", "request-name", "csv-form", "not-xml", "key-unreadable"):
        assert whatisit.when_opened(content, Refused(code)).code in CODES
    whatisit.is_receipt(content)


def _of_all_kinds() -> list[bytes]:
    return [*_messages(), *_sheets(), *_samples()[:3], contents.workbook(), b"<html><table>", b"From: a@b.c\nTo: d\n\n"]


PGP = [
    b"\xc1\x0f\x03",
    b"\x99\x01\x0d\x04",
    b"\xd2\xff\0\0\0\x20\x01",
    b"\xa3\x01",
    b"\xe0",
    b"\xff\xff\xff\xff\xff",
    b"\n\n",
]
PGP += [b"-----BEGIN PGP MESSAGE-----\n\n", b"-----END PGP MESSAGE-----\n", b"-----BEGIN PGP SIGNED MESSAGE-----\n"]
PGP += [b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n", b"=AAAA\n", b"- ", b"Hash: SHA512\n", b"\x04\x00\x16\x0a", b"\0"]
CSV = [
    b'"',
    b'""',
    b",",
    b";",
    b"\t",
    b"\n",
    b"\r",
    b"\r\n",
    b"sep=;\n",
    b"\xef\xbb\xbf",
    b"\0",
    b"\xff",
    b"=1+1",
    b" ",
]
CSV += [
    b"SSID",
    b"Last Name",
    b"2012-03-04",
    b"529-12-3456",
    b"New",
    b"\xe2\x80\xa8",
    b"\x85",
    "é".encode(),
    b"3/4/2012",
]
JSON = [
    b"{",
    b"}",
    b"[",
    b"]",
    b":",
    b",",
    b'"',
    b"\\",
    b"\\u0000",
    b"\\ud800",
    b"1e999",
    b"-0",
    b"null",
    b"true",
    b"NaN",
]
JSON += [
    b"\xef\xbb\xbf",
    b'"packet":',
    b'"ssid":',
    b"9" * 400,
    b"\0",
    b"\xff",
    b"2012-03-04",
    b"0001-01-01",
    b'{"a":' * 40,
]
XML = [
    b"<",
    b">",
    b"/>",
    b"&",
    b"&amp;",
    b"&#0;",
    b"&#x10FFFF;",
    b"<!--",
    b"-->",
    b"<![CDATA[",
    b"]]>",
    b"<?x ?>",
    b"<!DOCTYPE a>",
]
EXPORTS = [b"<Student>", b"</Student>", b"<SchoolReference ref='a'/>", b" id='a'", b" xsi:nil='1'", b"<CodeValue>"]
EXPORTS += [b"Association>", b"uri://a#B", b"<ExitWithdrawDate>2026-08-18</ExitWithdrawDate>", b'"studentReference":']
XML += [
    b"<BirthDate>",
    b"</BirthDate>",
    b"9999-12-31",
    b"-1",
    b"1e9",
    b" xmlns='x'",
    b" a='b'",
    b"\0",
    b"\xff",
    b"<a>" * 300,
]


def _exports() -> list[bytes]:
    """Of each piece that is read one, in XML, in JSON and in an archive."""
    pieces = edfi.of_every_kind()
    return [
        edfi.whole(*pieces).encode(),
        edfi.whole(*pieces).encode("utf-16"),
        edfi.whole(edfi.student(), edfi.course(), edfi.health()).encode(),
        edfi.packed({"a.xml": edfi.whole(pieces[0]), "b.xml": edfi.whole(*pieces[1:])}),
        json.dumps(edfi.of_api()).encode("utf-8-sig"),
    ]


def _export(content: bytes) -> None:
    for inner in (content, edfi.packed({"Student.xml": content})):
        with suppress(Refused):
            _document(inner, "x.pgp")
    told = forms.told(content, LIMITS)
    if told is not None and told[0].name.startswith(("Ed-Fi", "a ZIP")):
        with suppress(Refused):
            edfi.at_home(content, edfi.HOME)


READERS: Mapping[str, Reader] = {
    "exports": Reader(
        ["formats/edfi-*/*.xml", "formats/edfi-*/*.json", "hostile/xml/*"], _exports, XML + JSON + EXPORTS, _export
    ),
    "tables": Reader(["hostile/csv/csvs/*", "formats/*/*.csv", "identity/*/*.csv"], _sheets, CSV, _table),
    "JSON": Reader(
        ["hostile/json/test_parsing/*", "formats/*/*.json"],
        _samples,
        JSON,
        lambda content: _document(content, "x.json.pgp"),
    ),
    "XML": Reader(
        ["formats/pesc-*/*.xml", "formats/*/*.xml", "hostile/xml/*"],
        _transcripts,
        XML,
        lambda content: _document(content, "x.xml.pgp"),
    ),
    "OpenPGP": Reader(["openpgp/**/*"], _messages, PGP, _openpgp),
    "keys": Reader(["openpgp/**/*key*", "openpgp/pgpy/keys/*"], _messages, PGP, _key),
    "what is it": Reader(
        ["openpgp/pgpy/blocks/*", "formats/*/*", "hostile/*/*"], _of_all_kinds, PGP + CSV + XML, _what_is_it
    ),
}
