"""Gate and explainer beside the official tests of draft 2020-12: each gives the verdict that is written there, but in
the cases that are listed here, each with its reason. A case that is listed and no longer differs fails, too.

Of the optional tests all are asked that our schemas could need: the keywords, and the formats that are checked.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
from referencing.exceptions import Unresolvable

from broker.edge.schemas.contracts import BASE
from broker.edge.schemas.explain import FORMATS, Explainer
from tests.support.tools import corpora

UNRESOLVED, NO_PATTERN = "cannot be resolved", "is no pattern"
Answer = bool | str
Case = tuple[str, str]  # the file and the group

# Each group refers to a schema on a server of the suite's own. Nothing is ever fetched; a schema of ours that refers
# outside its folder is a ContractError.
NETWORK = {
    "dynamicRef.json": """strict-tree schema, guards against misspelled properties
tests for implementation dynamic anchor and reference link
$ref and $dynamicAnchor are independent of order - $defs first
$ref and $dynamicAnchor are independent of order - $ref first
$ref to $dynamicRef finds detached $dynamicAnchor""",
    "optional/cross-draft.json": "refs to historic drafts are processed as historic drafts",
    "refRemote.json": """remote ref
fragment within remote ref
anchor within remote ref
ref within remote ref
base URI change
base URI change - change folder
base URI change - change folder in subschema
root ref in remote ref
remote ref with ref to defs
Location-independent identifier in remote ref
retrieved nested refs resolve relative to their URI not $id
remote HTTP ref with different $id
remote HTTP ref with different URN $id
remote HTTP ref with nested absolute ref
$ref to $ref finds detached $anchor""",
}

# Where the gate is wrong. A dialect of its own could be named in `$schema`; ours must be 2020-12 itself.
GATE = {("vocabulary.json", "schema that uses custom metaschema with with no validation vocabulary")}

# Where the explainer is wrong, by what cannot be written in our schemas: `test_schemas` refuses these escapes and every
# keyword that the explainer has no words for, and `contracts.load` another `$schema` than 2020-12 itself.
NO_SUCH_ESCAPE = {  # Python has no \p and no \c
    "pattern.json": "pattern with Unicode property escape requires unicode mode",
    "patternProperties.json": "patternProperties with Unicode property escape",
    "optional/ecmascript-regex.json": r"""ECMA 262 regex escapes control codes with \c and upper letter
ECMA 262 regex escapes control codes with \c and lower letter
patterns always use unicode semantics with pattern
pattern with non-ASCII digits
patterns always use unicode semantics with patternProperties
patternProperties with non-ASCII digits""",
}
EXPLAINER = {
    # Python's \d, \w and \s know digits, letters and blanks of all languages, but for the blank U+FEFF
    "optional/ecmascript-regex.json": r"""ECMA 262 \d matches ascii digits only
ECMA 262 \D matches everything but ascii digits
ECMA 262 \w matches ascii letters only
ECMA 262 \W matches everything but ascii letters
ECMA 262 \s matches whitespace
ECMA 262 \S matches everything but whitespace
\w in patterns matches [A-Za-z0-9_], not unicode letters
\d in pattern matches [0-9], not unicode digits
\w in patternProperties matches [A-Za-z0-9_], not unicode letters
\d in patternProperties matches [0-9], not unicode digits""",
    # `dependencies` is a keyword of older drafts
    "optional/dependencies-compatibility.json": """single dependency
multiple dependents required
dependencies with escaped characters
single schema dependency
boolean subschemas
schema dependencies with escaped characters""",
    # a dialect of its own that asserts formats
    "optional/format-assertion.json": """schema that uses custom metaschema with format-assertion: false
schema that uses custom metaschema with format-assertion: true""",
    "vocabulary.json": "schema that uses custom metaschema with with no validation vocabulary",
    # only the leap second: the pattern beside every date-time of ours has none
    "optional/format/date-time.json": "validation of date-time strings",
}
LEAP_SECOND = "a valid date-time with a leap second"


def listed(groups: dict[str, str]) -> set[Case]:
    return {(file, group) for file, names in groups.items() for group in names.splitlines()}


def suite() -> Iterator[tuple[str, dict[str, Any]]]:
    folder = corpora("hostile", "json-schema", "draft2020-12")
    formats = [folder / "optional" / "format" / f"{name}.json" for name in FORMATS]
    for path in (*sorted(folder.glob("*.json")), *sorted((folder / "optional").glob("*.json")), *formats):
        for group in json.loads(path.read_text("utf-8")):
            yield path.relative_to(folder).as_posix(), group


def of_gate(schema: Any, value: Any, *, asserted: bool) -> Answer:
    try:
        return jsonschema_rs.Draft202012Validator(schema, validate_formats=asserted, offline=True).is_valid(value)
    except jsonschema_rs.ValidationError as error:
        if "is not present in a registry" not in str(error):
            raise
        return UNRESOLVED


def of_explainer(schema: Any, value: Any, *, asserted: bool) -> Answer:
    own = schema if isinstance(schema, dict) else {"allOf": [schema]}
    if not asserted:
        own = {key: part for key, part in own.items() if key != "format"}
    uri = str(own.get("$id", f"{BASE}x"))
    try:
        return Explainer({uri: own}, uri).is_valid(value)
    except Unresolvable:
        return UNRESOLVED
    except re.error:
        return NO_PATTERN


def test_both_give_the_official_verdict_but_where_it_is_listed() -> None:
    wrong: dict[str, set[Case]] = {"network": set(), "gate": set(), "explainer": set(), "escape": set()}
    asked = 0
    for file, group in suite():
        case = file, group["description"]
        for one in group["tests"]:
            asked += 1
            asserted = "format" in Path(file).parts or file == "optional/format-assertion.json"
            gate, explainer = (
                answer(group["schema"], one["data"], asserted=asserted) for answer in (of_gate, of_explainer)
            )
            if UNRESOLVED in (gate, explainer):
                assert gate == explainer
                assert "localhost:1234" in json.dumps(group)
                wrong["network"].add(case)
                continue
            if gate != one["valid"]:
                wrong["gate"].add(case)
            if explainer == NO_PATTERN:
                wrong["escape"].add(case)
            elif explainer != one["valid"]:
                assert "date-time" not in file or one["description"].startswith(LEAP_SECOND)
                wrong["explainer"].add(case)
    assert wrong == {
        "network": listed(NETWORK),
        "gate": GATE,
        "explainer": listed(EXPLAINER),
        "escape": listed(NO_SUCH_ESCAPE),
    }
    assert asked > 1500
