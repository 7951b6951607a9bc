"""The work of every regular expression grows with its input, and no faster, whatever the input is."""

import re

import pytest

from tests.support import growth, patterns

# expressions that are known at run time only: the schemas' own (tested from the schemas), and the words of a typist
_MADE_AT_RUN_TIME = {
    "broker.edge.schemas.explain: re.search(ecma, instance)",
    "broker.simulate.spelling: re.finditer(re.escape(said), small)",
}

# a text that is too short for it costs nothing, a longer one its length: that is no growth
LINEAR_BLOCK = (
    rb"-----BEGIN PGP PUBLIC KEY BLOCK-----(?:[^-]++|-(?!----(?:BEGIN|END) PGP ))*+-----END PGP PUBLIC KEY BLOCK-----"
)


def test_every_expression_of_the_code_is_linear() -> None:
    uses, unknown = patterns.of_the_code()
    assert unknown == _MADE_AT_RUN_TIME
    found = {f"{use.where} {use.method}": growth.superlinear(use.pattern, use.method) for use in uses}
    assert {where: filling for where, filling in found.items() if filling is not None} == {}


def test_expressions_of_every_kind_are_found() -> None:
    where = {use.where.split(":")[0] + " " + use.method for use in patterns.of_the_code()[0]}
    assert where >= {
        "broker.core.openpgp.armor._HEADER match",  # an attribute
        "broker.formats.cells._DATES fullmatch",  # in a table, used by another name
        "broker.edge.home.inbox._STAGED fullmatch",  # given to a function
        "broker.edge.home.durable match",  # in a call
        "broker.edge.home.folders fullmatch",  # in a call, by the name of another module's text
        "schemas/common.v1.schema.json search",
    }


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (rb"[A-Za-z][A-Za-z0-9-]{0,60}:(?: [^\r\n]{0,4000})?[ \t]*\r?\n", "match"),
        (
            rb'("[^"\\]*+(?:\\.[^"\\]*+)*+")(\s*:)?|[\[\]{}]',
            "finditer",
        ),
        (r"\s*<[^<>]*>\s*$", "sub"),
        (r"(a+)+b", "match"),
        (r"(?:ab|[a-c])*0", "fullmatch"),
        (r"<b>.*?</b>", "findall"),
        (r"[a-z]+@", "search"),
        (r"[a-z]{5000,}@", "search"),
        (r"\d*\d*\d*x", "fullmatch"),
    ],
)
def test_what_is_not_linear_is_seen(pattern: str | bytes, method: str) -> None:
    assert growth.superlinear(re.compile(pattern), method) is not None


@pytest.mark.parametrize(
    ("pattern", "method"),
    [
        (r"[a-z]++@", "match"),
        (r"[^a-z]+", "sub"),
        (r"(?:a|b)*c", "fullmatch"),
        (r"a{1,40}b", "search"),
        (LINEAR_BLOCK, "findall"),
    ],
)
def test_what_is_linear_is_not_blamed(pattern: str | bytes, method: str) -> None:
    assert growth.superlinear(re.compile(pattern), method) is None
