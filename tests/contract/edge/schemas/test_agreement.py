"""The gate and the explainer find the same documents valid."""

import copy
import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from broker.core.errors import Refused
from broker.edge.schemas.contracts import BASE, Contracts, load
from broker.edge.schemas.explain import Explainer
from broker.edge.settings import resources
from tests.support import documents
from tests.support.documents import at, paths
from tests.support.scale import examples

FOLDER = resources.folder("schemas")
SCHEMAS = load(FOLDER)
CONTRACTS = Contracts(FOLDER)
TYPES = (
    "acknowledgement.v1",
    "backpack.v1",
    "enrollment.v1",
    "recall.v1",
    "record-request.v1",
    "student-record.v1",
)
PURE = {name: Explainer(SCHEMAS, f"{BASE}{name}.schema.json") for name in TYPES}
SAMPLES = {name: documents.sample(SCHEMAS, f"{BASE}{name}.schema.json") for name in TYPES}


def refusal(document: dict[str, Any]) -> Refused | None:
    try:
        CONTRACTS.check(document, 5)
    except Refused as refused:
        return refused
    return None


def test_a_document_that_uses_every_property_is_valid_to_both() -> None:
    for name, sample in SAMPLES.items():
        assert not list(PURE[name].places(sample))
        assert PURE[name].is_valid(sample)
        assert refusal(sample) is None


PATHS = {name: [path for path in paths(sample) if path not in ((), ("packet",))] for name, sample in SAMPLES.items()}
DIGITS = st.integers(0, 99).map(lambda number: f"{number:02}")
NEAR = st.one_of(
    st.builds("{}{}-{}-{}".format, st.sampled_from(["19", "20", "21", "00", "18"]), DIGITS, DIGITS, DIGITS),
    st.builds("2026-11-{}T{}:{}:{}{}".format, DIGITS, DIGITS, DIGITS, DIGITS, st.sampled_from(["Z", "z", "", "+0700"])),
    st.builds("2026-11-23T10:00:00{}{}:{}".format, st.sampled_from("+- "), DIGITS, DIGITS),
    st.from_regex(r"[0-9a-fA-F]{8}-?[0-9a-fA-F]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-fg]{12}\n?", fullmatch=True),
    st.sampled_from(
        ["1000000019", "1000000019\n", "１０００００００１９", "2012-03-04", "2012-03-04\n", "２０12-03-04", "20120304"]
    ),
    st.sampled_from(
        ["2026-11-23T23:59:60Z", "2026-11-23T24:00:00Z", "2026-11-23t10:00:00Z", "2026-W47-1", "123-45-6789"]
    ),
    st.sampled_from(
        ["QQ==", "QQ===", "Q Q", "a/b", "a/b\n", "../x", ".x", "x\u0000", "\u202e", "\ufeff", " ", "", "a\nb"]
    ),
)
MARK = "longer than any text within the lists and objects of ANYTHING"
ANYTHING = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**6), 10**6),
    st.sampled_from([2027, 2027.0, 1.0, 1.5, -0.0, 1e300, -1e300, 2**53, 2**63, 200, 200.0000001]),
    st.floats(allow_nan=False, allow_infinity=False),
    NEAR,
    st.text(max_size=12),
    st.integers(1, 210).map(lambda length: "é" * length),
    st.builds(list),
    st.builds(dict),
    st.builds(dict, first=st.just("A"), last=st.just("B")),
    st.lists(st.text(max_size=3), max_size=3),
)


def put(document: dict[str, Any], path: tuple[Any, ...], value: Any) -> None:
    """The value at its place, or nothing where an earlier change has left no such place."""
    place = at(document, path[:-1])
    if isinstance(place, dict) is isinstance(path[-1], str):
        place[path[-1]] = value


@st.composite
def mutated(draw: st.DrawFn) -> dict[str, Any]:
    name = draw(st.sampled_from(TYPES))
    document: dict[str, Any] = copy.deepcopy(SAMPLES[name])
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(PATHS[name]))
        try:
            place = at(document, path[:-1])
            if isinstance(place, dict) and draw(st.integers(0, 4)) == 0:
                del place[path[-1]]
            elif isinstance(place, dict) and draw(st.integers(0, 9)) == 0:
                place[draw(st.text(max_size=5))] = draw(ANYTHING)
            else:
                put(document, path, draw(ANYTHING))
        except (KeyError, IndexError, TypeError):
            continue
    return document


def is_json(document: dict[str, Any]) -> bool:
    """Whether it is what a reader can make of a packet: the gate is asked about nothing else."""
    return bool(json.loads(json.dumps(document)) == document)


def test_a_changed_document_is_a_document() -> None:
    after_lists = 0
    for name, ways in PATHS.items():
        for path in (way for way in ways if isinstance(way[-1], int)):
            document = copy.deepcopy(SAMPLES[name])
            put(document, path[:-1], {})
            put(document, path, "x")
            after_lists += 1
            assert is_json(document)
    assert after_lists > 50


@given(st.lists(ANYTHING, min_size=9))
def test_what_is_put_into_one_value_is_in_no_other_one(values: list[Any]) -> None:
    """Else an example is another one when it is run again."""
    for value in values:
        if isinstance(value, list | dict):
            assert MARK not in value
            value.append(MARK) if isinstance(value, list) else value.update({MARK: 0})


@settings(max_examples=examples(400), deadline=None)
@given(mutated())
def test_gate_and_explainer_agree(document: dict[str, Any]) -> None:
    assert is_json(document)
    refused = refusal(document)
    assert PURE[document["packet"]].is_valid(document) == (refused is None)
    if refused is not None:
        assert refused.code == "schema"
        assert 1 <= len(refused.hint.split("\n")) <= 6
