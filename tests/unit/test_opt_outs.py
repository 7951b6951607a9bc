"""What an opt-out stops, and what it does not (Utah SB 152, 2026)."""

import json

import pytest

from broker.core.grounds import Ground
from broker.core.opt_outs import OPT_OUTS, Purpose, is_stopped
from broker.edge import resources

HIGHER = Purpose.HIGHER_EDUCATION_DATA


@pytest.mark.parametrize("ground", [None, *(one for one in Ground if one is not Ground.STUDENT_REQUEST)])
def test_what_is_given_for_a_purpose_is_stopped_where_the_parent_opted_out_of_it(ground: Ground | None) -> None:
    assert is_stopped(HIGHER, [HIGHER], ground)
    assert is_stopped(HIGHER, ["higher-education-data"], ground)
    assert not is_stopped(HIGHER, [], ground)
    assert not is_stopped(HIGHER, ["a purpose of another version"], ground)


def test_what_the_student_asks_for_is_not_stopped() -> None:
    assert not is_stopped(HIGHER, [HIGHER], Ground.STUDENT_REQUEST)


def test_the_list_is_that_of_the_schema_and_each_purpose_is_in_words() -> None:
    schema = json.loads((resources.folder("schemas") / "enrollment.v1.schema.json").read_text())
    assert schema["$defs"]["purpose"]["enum"] == [*Purpose] == [*OPT_OUTS]
    assert all(one.law and one.what and one.means.endswith(".") for one in OPT_OUTS.values())
