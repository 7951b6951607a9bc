"""The state has one day and one hour, whatever the zone of the machine: the same instants give the same answers."""

import json
import re

import pytest

from tests.support import zones
from tests.support.child import day

DIFFERENT = [zone for zone in zones.ZONES if zone != "America/Denver"]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """By the machine's zone, what everybody reads."""
    root = tmp_path_factory.mktemp("zones")
    office = zones.opened(root)
    office.services.engine.dispose()
    return {zone: zones.told_on(zone, office, root / zone.replace("/", "-")) for zone in zones.ZONES}


@pytest.mark.parametrize("zone", DIFFERENT)
def test_a_machine_elsewhere_says_the_same(told: dict[str, dict[str, str]], zone: str) -> None:
    here, there = told["America/Denver"], told[zone]
    assert list(here) == list(there)
    for what, text in here.items():
        assert there[what] == text, what


@pytest.mark.parametrize("zone", zones.ZONES)
def test_the_day_is_that_of_the_state(told: dict[str, dict[str, str]], zone: str) -> None:
    said = told[zone]
    evening = json.loads(said["cases in the evening"])["transfers"]
    assert {(one["opened_on"], one["asked_on"]) for one in evening} == {(day("11-19"), day("11-19"))}
    night = json.loads(said["cases at night"])["transfers"]
    assert [one["entered_on"] for one in night if one not in evening] == [day("11-20")]  # Leo's counts from its day on
    assert [one["opened_on"] for one in night if one not in evening] == [day("11-20")]
    assert f"claims-{day('11-20')}" not in said[f"reports at {zones.BEFORE_TWO}"]
    assert f"claims-{day('11-20')}.json" in said[f"reports at {zones.TWO}"]
    assert f"transfers-{day('11-20')}.json" not in said[f"reports at {zones.TWO}"]
    assert f"transfers-{day('11-20')}.json" in said[f"reports at {zones.NIGHT}"]
    assert re.search(rf"{day('11-19')}T19:30:00[.0]*-07:00", said["transfers show 1"])
    assert all("On 19 November " in said[what] for what in ("in the evening", "disclosures #2 --who"))
