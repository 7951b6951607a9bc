"""`satchel send FOLDER --mapping`: a night's tables are read by the LEA's mapping, and sent anew by a new one."""

from pathlib import Path

import pytest

from tests.support.exchange import Exchange, satchel
from tests.support.night import Manager

MAPPING = """mapping = 1
[columns]
Fam = "last_name"
Giv = "first_name"
Came = "birth_date"
[codes.grade]
K = "KG"
[defaults]
school = "704"
entry_date = 2026-11-23
"""
TABLE = b"Fam,Giv,Came,Grade\nSundqvist,Ida,9/15/2020,K\nVestergaard,Bo,9/16/2020,K5\n"


def test_a_table_goes_by_the_mapping_and_goes_again_by_a_new_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    exchange = Exchange(tmp_path / "home")
    try:
        manager, own = Manager(exchange, tmp_path / "manager"), tmp_path / "mapping.toml"
        exchange.up()
        manager.put("list.csv", TABLE)
        manager.put("1.json", manager.enrollment(1))
        assert manager.told(code=1)["list.csv"]["result"] == "not sent"

        def sent(text: str, code: int) -> dict[str, object]:
            own.write_text(text)
            satchel("lea", "mapping", "01", str(own), "--home", str(exchange.home))
            return again(code)

        def again(code: int) -> dict[str, object]:
            return manager.told("--mapping", str(own), code=code)["list.csv"]

        def applied() -> int:
            return sum(one["type"] == "enrollment" and one["state"] == "APPLIED" for one in exchange.packets())

        first = sent(MAPPING, 1)
        assert [one["line"] for one in first["faults"]] == [3]  # type: ignore[attr-defined]
        assert applied() == 2
        assert again(1)["faults"] == first["faults"]
        assert applied() == 2
        assert sent(MAPPING.replace('K = "KG"', 'K = "KG"\nK5 = "KG"'), 0)["faults"] == []
        assert applied() == 3
        assert again(0)["faults"] == []
        assert applied() == 3
    finally:
        exchange.close()
