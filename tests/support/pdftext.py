"""Reads back the text of a PDF that ReportLab wrote: enough for tests, where no PDF reader is installed.

Promises: by ISO 32000-1 alone: streams, fonts with their ToUnicode maps, text operators, forms; what it does not know
fails a test rather than passing it over.
"""

import base64
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

_OBJECT = re.compile(rb"(?s)(?<![0-9])(\d+) 0 obj\s(.*?)endobj")
_STREAM = re.compile(rb"(?s)(<<.*?>>)\s*stream\r?\n(.*?)endstream")
_TOKEN = re.compile(rb"(?s)\((?:\\.|[^\\()])*\)|/[^\s/<>\[\]()]+|[^\s/<>\[\]()]+")
_ESCAPE = re.compile(rb"(?s)\\(?:([0-7]{1,3})|(\r\n|.))")
_PLAIN = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


@dataclass(frozen=True)
class Run:
    """Text that was drawn at once, the size of its font in points, and its place: `y` from the sheet's foot."""

    text: str
    size: float
    y: float


class Pdf:
    """One document."""

    def __init__(self, content: bytes) -> None:
        assert content.startswith(b"%PDF-")
        assert content.rstrip().endswith(b"%%EOF")
        self.objects = {int(number): body for number, body in _OBJECT.findall(content)}
        self._fonts = self._maps()
        self._forms = dict(re.findall(rb"/(FormXob\.\w+) (\d+) 0 R", content))

    def find(self, kind: bytes) -> list[bytes]:
        """Every object of a /Type."""
        return [body for body in self.objects.values() if re.search(rb"/Type\s*/" + kind + rb"\b", body)]

    def stream(self, number: int) -> bytes:
        """What an object's stream holds, its filters undone."""
        found = _STREAM.search(self.objects[number])
        assert found, number
        data, head = found[2], found[1]
        if b"/ASCII85Decode" in head:
            data = base64.a85decode(data.strip().removesuffix(b"~>"))
        return zlib.decompress(data) if b"/FlateDecode" in head else data

    def pages(self) -> list[list[Run]]:
        """What is drawn on each sheet, in the order of drawing."""
        (tree,) = self.find(b"Pages")
        kids = re.search(rb"(?s)/Kids \[(.*?)\]", tree)
        assert kids
        return [list(self._page(int(number))) for number in re.findall(rb"(\d+) 0 R", kids[1])]

    def texts(self) -> list[str]:
        """The text of each sheet."""
        return [" ".join(run.text for run in page) for page in self.pages()]

    def _page(self, number: int) -> Iterator[Run]:
        contents = re.search(rb"/Contents (\d+) 0 R", self.objects[number])
        assert contents
        yield from self._runs(self.stream(int(contents[1])))

    def _runs(self, code: bytes, shift: float = 0.0) -> Iterator[Run]:
        """Only what ReportLab writes: Tf, TL, Tm, T*, Tj, Do; a shift of the whole (cm) counts for `y`."""
        font, size, leading, y = b"", 0.0, 0.0, 0.0
        shifts: list[float] = []
        operands: list[bytes] = []
        for token in _TOKEN.findall(code):
            if token == b"Tf":
                font, size = operands[-2][1:], float(operands[-1])
            elif token == b"Tm":
                y = float(operands[-1])
            elif token == b"TL":
                leading = float(operands[-1])
            elif token == b"T*":
                y -= leading
            elif token == b"cm":
                shift += float(operands[-1])
            elif token == b"q":
                shifts.append(shift)
            elif token == b"Q":
                shift = shifts.pop()
            elif token == b"Tj":
                yield Run(self._text(font, operands[-1]), size, shift + y)
            elif token == b"Do":
                yield from self._runs(self.stream(int(self._forms[operands[-1][1:]])), shift)
            else:
                operands.append(token)
                continue
            operands = []

    def _text(self, font: bytes, string: bytes) -> str:
        raw = _ESCAPE.sub(_unescaped, string[1:-1])
        return "".join(self._fonts[font][code] for code in raw)

    def _maps(self) -> dict[bytes, dict[int, str]]:
        fonts = {}
        for body in self.find(b"Font"):
            name, to = re.search(rb"/Name /([^\s/]+)", body), re.search(rb"/ToUnicode (\d+) 0 R", body)
            if name and to:
                fonts[name[1]] = self._map(self.stream(int(to[1])).decode())
        return fonts

    @staticmethod
    def _map(text: str) -> dict[int, str]:
        found: dict[int, str] = {}
        for block in re.findall(r"(?s)beginbfrange(.*?)endbfrange", text):
            for first, last, inner in re.findall(r"(?s)<(\w+)>\s*<(\w+)>\s*\[(.*?)\]", block):
                points = re.findall(r"<(\w+)>", inner)
                codes = range(int(first, 16), int(last, 16) + 1)
                found |= {code: bytes.fromhex(one).decode("utf-16-be") for code, one in zip(codes, points, strict=True)}
        for block in re.findall(r"(?s)beginbfchar(.*?)endbfchar", text):
            for code, point in re.findall(r"<(\w+)>\s*<(\w+)>", block):
                found[int(code, 16)] = bytes.fromhex(point).decode("utf-16-be")
        return found


def _unescaped(found: "re.Match[bytes]") -> bytes:
    return bytes([int(found[1], 8)]) if found[1] else _PLAIN.get(found[2], found[2])
