"""Strict JSON: what is read, what is refused, and at which place."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.errors import Refused
from broker.formats import canonical
from broker.formats.canonical import parse, serialise
from tests.support import documents
from tests.support.scale import examples
from tests.support.tools import ROOT, corpora

DEPTH = 32
CODES = {"not-utf8", "not-json", "duplicate-key", "too-deep"}


def refusal(content: bytes, depth: int = DEPTH) -> Refused:
    with pytest.raises(Refused) as caught:
        parse(content, depth)
    return caught.value


def outcome(content: bytes, depth: int = DEPTH) -> str:
    try:
        parse(content, depth)
    except Refused as refused:
        return refused.code
    return "ok"


def inputs(prefix: str) -> Iterator[Path]:
    found = sorted(corpora("hostile", "json", "test_parsing").glob(f"{prefix}_*.json"))
    assert found
    yield from found


def exactly(value: Any) -> str:
    """A value in which 1, 1.0 and true differ, -0.0 and 0, and the order of names counts."""
    return repr(value)


def test_documents_that_must_be_read() -> None:
    objects = 0
    for path in inputs("y"):
        content = path.read_bytes()
        value = json.loads(content)
        if "duplicated_key" in path.name:
            assert outcome(content) == "duplicate-key", path.name
        elif isinstance(value, dict):
            objects += 1
            assert exactly(parse(content, DEPTH)) == exactly(value), path.name
        else:
            assert outcome(content) == "not-json", path.name
            assert exactly(parse(b'{"a":' + content + b"}", DEPTH)) == exactly({"a": value}), path.name
    assert objects > 5


def test_documents_that_must_not_be_read() -> None:
    for path in inputs("n"):
        assert outcome(path.read_bytes()) in CODES, path.name
        if path.name not in ("n_single_space.json", "n_structure_no_data.json"):
            assert outcome(b'{"a":' + path.read_bytes() + b"}") in CODES, path.name


def test_documents_that_may_be_read_do_not_crash() -> None:
    for path in inputs("i"):
        for content in (path.read_bytes(), b'{"a":' + path.read_bytes() + b"}"):
            assert outcome(content) in CODES | {"ok"}, path.name


@pytest.mark.parametrize(
    ("content", "code", "place"),
    [
        (b"", "not-json", "line 1 column 1"),
        (b"\xef\xbb\xbf{}", "not-utf8", "line 1 column 1"),
        ('{"a":\n "ä\xff"}'.encode("latin-1"), "not-utf8", "line 2 column 3"),
        ('{"a":1,\n "é" "b"}'.encode(), "not-json", "line 2 column 6"),
        (b"[]", "not-json", "line 1 column 1"),
        (b'"text"', "not-json", "line 1 column 1"),
        (b'{"a":NaN}', "not-json", "line 1 column 6"),
        (b'{"a":-Infinity}', "not-json", None),
        (b'{"a":1e400}', "not-json", "line 1 column 6"),
        (b'{"a":"\\ud800"}', "not-json", None),
        (b'{"\\udc00":1}', "not-json", None),
        (b'{"a":1} {"b":2}', "not-json", "line 1 column 9"),
        (b'{"a":1,}', "not-json", None),
        (b'{"a":1,\n"b":[{"c":1,\n  "c":1}]}', "duplicate-key", "line 3 column 3"),
        (b'{"a":1,"\\u0061":2}', "duplicate-key", "line 1 column 8"),
        (b'{"a:":1,"a\\u003a":2}', "duplicate-key", "line 1 column 9"),
        (b'{"a":"\\u003a\\u003A","b":1,"b":2}', "duplicate-key", "line 1 column 27"),
        (b'{"a":{"b":{"b":{"b":{}}}}}', "too-deep", "line 1 column 21"),
        (b'{"a":[\n[[[[[[', "too-deep", "line 2 column 3"),
    ],
)
def test_places(content: bytes, code: str, place: str | None) -> None:
    refused = refusal(content, 4)
    assert refused.code == code
    assert place is None or refused.pointer == place


def test_depth_counts_levels() -> None:
    for depth in (4, 32, 200, 1000):
        deepest = min(depth, canonical.DEEPEST)
        assert outcome(b'{"a":' * deepest + b"1" + b"}" * deepest, depth) == "ok"
        assert outcome(b'{"a":' * deepest + b"{}" + b"}" * deepest, depth) == "too-deep"
    for opened in (b"[", b'{"a":', b'[{"a":'):
        assert outcome(opened * 500_000) in ("too-deep", "inflates-too-much")
    assert outcome(b'{"a":' + b"[" * 900 + b"]" * 900 + b"}") == "too-deep"


def test_numbers_are_bounded() -> None:
    assert refusal(b'{"a":' + b"1" * 100_000 + b"}").code == "not-json"
    assert parse(b'{"a":12345678901234567890123}', DEPTH) == {"a": 1.2345678901234568e22}
    assert parse(b'{"a":1e-400}', DEPTH) == {"a": 0.0}


def test_millions_of_tiny_values_are_refused_before_they_are_built() -> None:
    assert refusal(b'{"a":[' + b"0," * 1_100_000 + b"0]}").code == "inflates-too-much"
    assert refusal(b'{"a":[' + b"[]," * 1_100_000 + b"0]}").code == "inflates-too-much"


def test_text_outside_attachments_is_bounded() -> None:
    plain = canonical.PLAIN_BYTES
    assert refusal(b'{"a":"' + b"a " * (plain // 2 + 10) + b'"}').code == "inflates-too-much"
    assert refusal('{{"a":"{}🙂\\"{}"}}'.format("A" * plain, "A").encode()).code == "inflates-too-much"
    assert len(parse(b'{"a":"' + b"A" * (plain + 10) + b'=="}', DEPTH)["a"]) == plain + 12


SECRET = "Xq7Zebra"


@pytest.mark.parametrize(
    "content",
    [
        f'{{"a": {SECRET}}}',
        f'{{"{SECRET}": 1, "{SECRET}": 2}}',
        f'{{"a": "{SECRET}" "{SECRET}"}}',
        f'"{SECRET}"',
        f'{{"{SECRET}": {{"{SECRET}": [[[[["{SECRET}"]]]]]}}}}',
        f'{{"a": "\udcff{SECRET}"}}',
        f'{{"a": "{SECRET}\\ud800"}}',
    ],
)
def test_no_refusal_quotes_the_input(content: str) -> None:
    refused = refusal(content.encode("utf-8", "surrogateescape"), 5)
    assert SECRET not in f"{refused!r} {refused} {refused.pointer} {refused.sentence} {refused.args}"
    assert refused.__context__ is None
    assert refused.__cause__ is None


NAMES = st.sampled_from(["a", "b", "c", ":", 'a"', "\\", "a\\", "é", ' ": ', "{", "]"])
VALUES = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), NAMES, st.text(max_size=4))


class Pairs(list[Any]):
    """An object whose names may repeat."""


TREES = st.recursive(
    VALUES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.lists(st.tuples(NAMES, inner), max_size=4).map(lambda pairs: Pairs(pairs))
    ),
    max_leaves=12,
)


def has_repeated_name(tree: Any) -> bool:
    if isinstance(tree, Pairs):
        names = [name for name, _ in tree]
        return len(set(names)) < len(names) or any(has_repeated_name(value) for _, value in tree)
    return isinstance(tree, list) and any(has_repeated_name(value) for value in tree)


def depth_of(tree: Any) -> int:
    if isinstance(tree, Pairs):
        return 1 + max((depth_of(value) for _, value in tree), default=0)
    return 1 + max(map(depth_of, tree), default=0) if isinstance(tree, list) else 0


def written(tree: Any, draw: Any) -> str:
    """`tree` as JSON, with white space and escapes as chance will have it."""
    space = draw(st.sampled_from(["", "", " ", "\n", "\t "]))
    if isinstance(tree, Pairs):
        inner = f",{space}".join(f"{written(n, draw)}{space}:{space}{written(v, draw)}" for n, v in tree)
        return f"{{{space}{inner}{space}}}"
    if isinstance(tree, list):
        return f"[{space}{','.join(written(value, draw) for value in tree)}{space}]"
    if isinstance(tree, str) and draw(st.booleans()):
        escaped = "".join(f"\\u{unit:04x}" for unit in memoryview(tree.encode("utf-16-le")).cast("H"))
        return f'"{escaped}"'
    return json.dumps(tree, ensure_ascii=draw(st.booleans()))


@settings(max_examples=examples(400), deadline=None)
@given(st.data(), st.lists(st.tuples(NAMES, TREES), max_size=4))
def test_repeated_names_and_depth_are_found(data: st.DataObject, members: list[Any]) -> None:
    tree = Pairs(members)
    content = written(tree, data.draw).encode()
    wrong = {"too-deep"} if depth_of(tree) > 3 else set()
    wrong |= {"duplicate-key"} if has_repeated_name(tree) else set()
    if wrong:
        assert outcome(content, 3) in wrong
    else:
        assert parse(content, 3) == json.loads(content)


@settings(max_examples=examples(300), deadline=None)
@given(st.binary(max_size=60) | st.text('{}[]":,\\u0aé1eE-+. \n', max_size=40).map(str.encode))
def test_any_bytes_end_as_a_document_or_a_refusal(content: bytes) -> None:
    assert outcome(content) in CODES | {"ok"}


@settings(max_examples=examples(100), deadline=None)
@given(st.dictionaries(st.text(max_size=5), VALUES, max_size=5))
def test_serialise_is_canonical_and_is_read_back(document: dict[str, Any]) -> None:
    backwards = dict(reversed(document.items()))
    assert serialise(document) == serialise(backwards)
    assert parse(serialise(document), DEPTH) == document


def test_serialise_sorts_names_at_every_level() -> None:
    assert serialise({"b": {"d": 1, "c": "é"}, "a": []}) == '{"a":[],"b":{"c":"é","d":1}}'.encode()


def test_a_record_is_read_as_it_was_written() -> None:
    record = documents.record(courses=150)
    assert parse(json.dumps(record, indent=2).encode(), DEPTH) == record


MEASURE = """
import resource
from broker.formats.canonical import parse
def most(): return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10
content = bytearray(b'{"record":{"attachments":[{"content":"')
content += b"A" * (100 << 20)
content += b'"}]}}'
content = bytes(content)
before = most()
assert len(parse(content, 32)["record"]["attachments"][0]["content"]) == 100 << 20
print(most() - before)
"""


def test_a_100_mb_document_takes_about_twice_its_size() -> None:
    done = subprocess.run([sys.executable, "-c", MEASURE], cwd=ROOT, capture_output=True, text=True, check=True)
    assert int(done.stdout) < 220
