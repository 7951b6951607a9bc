"""What a parent may opt out of (Utah SB 152, 2026)."""

import json

from broker.core.opt_outs import OPT_OUTS, Purpose
from broker.edge.settings import resources


def test_the_list_is_that_of_the_schema_and_each_purpose_is_in_words() -> None:
    schema = json.loads((resources.folder("schemas") / "enrollment.v1.schema.json").read_text())
    assert schema["$defs"]["purpose"]["enum"] == [*Purpose] == [*OPT_OUTS]
    assert all(one.law and one.what and one.means.endswith(".") for one in OPT_OUTS.values())
