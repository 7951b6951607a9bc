"""A record that settles an earlier question of its sender takes its locks in the one order of all writers."""

from pathlib import Path

from tests.support import order, postgres
from tests.support.desk import child, record
from tests.support.office import Office

KATHARINE = child("Katharine", "Quintero", "2011-04-17", local_id="S-1")


def test_a_record_in_doubt_is_sent_again(tmp_path: Path) -> None:
    with postgres.server() as url:
        office = Office(tmp_path, "01", "6G", "02", ledger_url=url)
        order.watch(office.services.engine)
        ssid = office.enroll("01", KATHARINE | {"local_id": "K-1"}, date="2025-08-18")[0]["ssid"]
        office.enroll("6G", KATHARINE, date="2026-08-17")
        office.enroll("02", KATHARINE | {"local_id": "Z"}, date="2026-10-05")
        elsewhere = child("Katherine", "Quintero", "2011-04-17", local_id="T")
        first = office.send("6G", record("6G", elsewhere))
        assert (first.state, first.held_for) == ("HELD", "review")
        second = office.send("6G", record("6G", elsewhere | {"ssid": ssid}))
        assert (office.row(first.tracking).state, office.row(first.tracking).code) == ("REFUSED", "replaced")
        assert (second.state, second.receiver) == ("DELIVERED", "02")
        office.services.engine.dispose()
