"""Bytes that are made to cost the exchange far more than they cost their sender, one of each kind.

Owns the kinds. Each is a document to be sealed by an LEA's own key, or a whole message; all are small to send.
"""

import json
import random
import zlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from broker.core.openpgp import frames, message, signatures
from broker.edge.pgp import openpgp
from broker.edge.pgp.secretkey import SecretKey
from tests.support import craft, desk
from tests.support.scale import larger

MIB = 1 << 20


_DICE = random.Random(1)
_LETTERS = str.maketrans("0123456789", "ghijklmnop")


def noise(count: int) -> str:
    """Letters that no compression makes much smaller: what repeats itself too often is refused for that alone."""
    return _DICE.randbytes((count + 1) // 2).hex()[:count].translate(_LETTERS)


def _digits(count: int) -> str:
    return "1" + "".join(_DICE.choices("0123456789", k=count - 1))


def _marks(count: int) -> str:
    """A letter with so many marks on it."""
    return "A" + "".join(_DICE.choices("\u0323\u0307\u0301\u0316", k=count))


def _names(escape: str, count: int = 900_000) -> bytes:
    return ("{" + ",".join(f'"{escape}{number}":0' for number in range(count)) + "}").encode()


def _enrollment(**more: object) -> bytes:
    return json.dumps(desk.enrollment("01", *desk.children(1)) | more).encode()


def _faults() -> bytes:
    """Ten thousand lines of which each is wrong in many places."""
    lines = [{"student": {noise(4): None for _ in range(10)}, noise(2): [], "school": {}} for _ in range(10_000)]
    return _enrollment(students=lines)


def _within(value: str) -> bytes:
    return _enrollment(id="VALUE").replace(b'"VALUE"', value.encode())


def _student(**more: object) -> bytes:
    return json.dumps(desk.enrollment("01", desk.children(1)[0] | more)).encode()


def _csv(header: str, lines: str) -> bytes:
    return (header + "\n" + lines).encode()


_HEADER = "Request Type,School Year,District,School,Student Number,Last Name,First Name,Date of Birth,SSID"
_PESC = '<T:CollegeTranscript xmlns:T="urn:org:pesc:message:CollegeTranscript:v1.6.0"%s>%s</T:CollegeTranscript>'

DOCUMENTS: Mapping[str, Callable[[], bytes]] = {
    "names with escaped colons": lambda: _names("\\u003a"),
    "names": lambda: _names("a"),
    "long names with escaped colons": lambda: (
        "{" + ",".join(f'"\\u003a{noise(40)}{"n" * 1400}":0' for _ in range(15_000)) + "}"
    ).encode(),
    "one object in another": lambda: b'{"a":' * 150 + b"1" + b"}" * 150,
    "very many objects in each other": lambda: (
        "".join(f'{{"{noise(1)}":' for _ in range(400_000)) + "1" + "}" * 400_000
    ).encode(),
    "one list in another": lambda: b'{"a":' + b"[" * 1_000_000 + b"]" * 1_000_000 + b"}",
    "a wide list": lambda: b'{"a":[' + b"0," * 999_000 + b"0]}",
    "many empty objects": lambda: b'{"a":[' + b"{}," * 499_000 + b"{}]}",
    "a string without an end": lambda: b'{"a":"' + b'\\"' * MIB,
    "escapes": lambda: (
        '{"\\u003a":"' + "".join(f"\\u00{_DICE.randrange(64, 90)}" for _ in range(3 * MIB)) + '"}'
    ).encode(),
    "a number beyond a double": lambda: _within("1e999999"),
    "a number of a million digits": lambda: _within(_digits(MIB)),
    "many numbers of 4301 digits": lambda: _within("[" + ",".join(_digits(4301) for _ in range(1000)) + "]"),
    "many faults": _faults,
    "many properties that nobody knows": lambda: _enrollment(**{f"p{number}": 1 for number in range(300_000)}),
    "a student with many aliases": lambda: _student(
        aliases=[{"first": noise(4), "last": noise(4)} for _ in range(200_000)]
    ),
    "a name of combining characters": lambda: _student(
        legal_name={
            "first": "A" + "".join(_DICE.choices("\u0323\u0307\u0301\u0316", k=1_000_000)),
            "last": "B",
            "middle": "",
            "suffix": "",
        }
    ),
    "names that grow when they are normalised": lambda: _student(
        aliases=[{"first": "\ufdfa" * 40 + noise(20), "last": noise(20)} for _ in range(20_000)]
    ),
    "an attachment of no base64": lambda: _enrollment(note=noise(MIB) + "A" * (33 * MIB)),
    "a CSV of a million columns": lambda: _csv(
        _HEADER + "".join(f",{noise(1)}" for _ in range(1_000_000)), "1" + "," * 1_000_008
    ),
    "a CSV of quotation marks": lambda: _csv(_HEADER, '"\n' * 200_000),
    "a CSV of quoted lines": lambda: _csv(_HEADER, '"' + "".join(f"{noise(1)}\n" for _ in range(400_000))),
    "a CSV of cells with line ends": lambda: _csv(
        _HEADER,
        "".join(
            f'New,2027,01,704,{n},"{noise(2)}' + "\n" * 20 + '",x,2012-03-04,\n' for n in range(larger(2_000, 9_000))
        ),
    ),
    "a CSV of ten thousand lines with faults": lambda: _csv(
        _HEADER, "".join(f"New,2027,01,704,{noise(9)},{noise(300)},,3,{noise(3)}\n" for _ in range(9_999))
    ),
    "a CSV of long lines with quotation marks": lambda: _csv(
        _HEADER, "".join('"' + noise(9_000) + "a" * 200_000 + "\n" for _ in range(30))
    ),
    "a CSV of blank lines": lambda: _csv(_HEADER, "\n" * 400_000),
    "XML with many attributes": lambda: (_PESC % ("".join(f' a{n}=""' for n in range(200_000)), "")).encode(),
    "XML with many namespaces": lambda: (
        _PESC % ("".join(f' xmlns:n{n}="urn:{n}"' for n in range(100_000)), "<n1:a/>" * 1000)
    ).encode(),
    "XML with namespaces on each element": lambda: (_PESC % ("", '<a xmlns:b="urn:c"/>' * 150_000)).encode(),
    "XML with a long attribute": lambda: (_PESC % (f' a="{noise(7 * MIB)}"', "")).encode(),
    "XML of many elements": lambda: (_PESC % ("", "".join(f"<{noise(3)}/>" for _ in range(1_000_000)))).encode(),
    "XML of one element in another": lambda: b"<a>" * 1_000_000,
    "XML with entities": lambda: b'<!DOCTYPE a [<!ENTITY b "' + b"b" * 1000 + b'">]><a>' + b"&b;" * 300_000 + b"</a>",
    "XML of comments": lambda: (_PESC % ("", "".join(f"<!--{noise(2)}-->" for _ in range(600_000)))).encode(),
    "XML of character references": lambda: (
        _PESC % ("", "<a>" + "".join(f"&#{_DICE.randrange(65, 90)};" for _ in range(1_000_000)) + "</a>")
    ).encode(),
}


def _message(inner: bytes, certificate: bytes) -> bytes:
    return craft.enclose(inner, certificate)


def _recipients(certificate: bytes, _key: SecretKey) -> bytes:
    """Very many session keys before the body."""
    one = craft.session_packet(certificate, bytes(32))
    return one * 20_000 + frames.packet(frames.SEIPD, craft.encrypted(b"", bytes(32)))


def _one_passes(certificate: bytes, key: SecretKey) -> bytes:
    signature = key.sign(signatures.BINARY, [b"x"], datetime.now(UTC))
    one_pass = frames.packet(frames.ONE_PASS, signatures.one_pass(signature))
    return _message(one_pass * 50_000 + craft.literal(b"x"), certificate)


def _signed(certificate: bytes, key: SecretKey, unhashed: bytes, count: int = 1) -> bytes:
    """A good signature with these further subpackets, which nobody has signed, so many times."""
    content = b'{"a":1}'
    body = key.sign(signatures.BINARY, [content], datetime.now(UTC))
    hashed = int.from_bytes(body[4:6], "big")
    at = 6 + hashed
    size = int.from_bytes(body[at : at + 2], "big")
    more = body[at + 2 : at + 2 + size] + unhashed
    whole = body[:at] + len(more).to_bytes(2, "big") + more + body[at + 2 + size :]
    one_pass = frames.packet(frames.ONE_PASS, signatures.one_pass(body))
    inner = one_pass * count + craft.literal(content) + frames.packet(frames.SIGNATURE, whole) * count
    return _message(craft.compressed(inner, 2), certificate)


def _notations(certificate: bytes, key: SecretKey) -> bytes:
    one = b"\x0b\x14" + b"\x00\x00\x00\x00\x00\x01\x00\x01nv"
    return _signed(certificate, key, one * 4900)


def _embedded(certificate: bytes, key: SecretKey) -> bytes:
    """Signatures within signatures."""
    inner = b""
    for _ in range(60):
        body = b"\x04\x19\x01\x08\x00\x00" + len(inner).to_bytes(2, "big") + inner + b"\x00\x00\x00\x08\x80"
        inner = b"\xff" + (len(body) + 1).to_bytes(4, "big") + b"\x20" + body
    return _signed(certificate, key, inner)


def _tiny_parts(certificate: bytes, _key: SecretKey) -> bytes:
    """A body in parts of one byte each."""
    session = bytes(range(32))
    body = craft.encrypted(craft.literal(b"x" * MIB), session)
    parts = bytes([0xC0 | frames.SEIPD, 0xE9]) + body[:512] + b"".join(b"\xe0" + bytes([one]) for one in body[512:-1])
    return craft.session_packet(certificate, session) + parts + b"\x01" + body[-1:]


def _bomb(certificate: bytes, _key: SecretKey) -> bytes:
    engine = zlib.compressobj(9)
    packed = engine.compress(frames.header(frames.LITERAL, 6 + 500 * MIB) + b"b\x00" + bytes(4))
    packed += b"".join(engine.compress(bytes(MIB)) for _ in range(500)) + engine.flush()
    return _message(frames.packet(frames.COMPRESSED, b"\x02" + packed), certificate)


def _armour(header: bytes) -> bytes:
    return b"-----BEGIN PGP MESSAGE-----\n" + header


def _sealed(content: bytes, certificate: bytes, key: SecretKey) -> bytes:
    return openpgp.seal(content, key, [certificate])


MESSAGES: Mapping[str, Callable[[bytes, SecretKey], bytes]] = {
    "thousands of session keys": _recipients,
    "thousands of one-pass signatures": _one_passes,
    "thousands of notations": _notations,
    "signatures within signatures": _embedded,
    "signatures with all they can hold": lambda certificate, key: _signed(
        certificate, key, b"\xff\x00\x00\xf0\x00\x14" + bytes(0xEFFF), message.MOST_SIGNATURES
    ),
    "a body in tiny parts": _tiny_parts,
    "a compressed bomb": _bomb,
    "armour of blanks": lambda _certificate, _key: _armour(b"A:" + b" " * (8 * MIB)),
    "armour of headers": lambda _certificate, _key: _armour(b"A: b\n" * 1_000_000),
    "armour of padding": lambda _certificate, _key: _armour(
        b"\n" + b"=\n" * 1_000_000 + b"-----END PGP MESSAGE-----\n"
    ),
}


def every_kind(certificate: bytes, key: SecretKey) -> dict[str, Callable[[], bytes]]:
    """Each kind by its name, sealed for the exchange with this certificate by this key where it is a document."""

    def sealed(make: Callable[[], bytes]) -> Callable[[], bytes]:
        return lambda: _sealed(make(), certificate, key)

    def whole(make: Callable[[bytes, SecretKey], bytes]) -> Callable[[], bytes]:
        return lambda: make(certificate, key)

    return {name: sealed(make) for name, make in DOCUMENTS.items()} | {
        name: whole(make) for name, make in MESSAGES.items()
    }
