"""`satchel lea list`: who is in the directory.

Promises: reads only.
"""

import json

from broker import offline
from broker.core.days.state_time import told_in_utc
from broker.core.model import Party
from broker.edge.ledger.engine import reading
from broker.edge.ledger.parties import directory, removals, suspensions
from broker.edge.ledger.parties.removals import Removal
from broker.edge.pgp import keyring
from broker.terminal.common import HomeOption, JsonOption, say


def _row(
    services: offline.Offline, party: Party, certificates: list[bytes], removal: Removal | None, suspended: float | None
) -> dict[str, object]:
    infos = [keyring.inspect(one, services.clock()) for one in certificates]
    found = [
        {
            "fingerprint": info.fingerprint,
            "expires": info.expires.isoformat() if info.expires else None,
            "fault": info.fault,
        }
        for info in infos
    ]
    gone = {"at": told_in_utc(removal.at), "by": removal.by, "why": removal.why} if removal else None
    known: dict[str, object] = {
        "id": party.id,
        "name": party.name,
        "kind": party.kind.value,
        "keys": found,
        "removed": gone,
    }
    return known | {"suspended": told_in_utc(suspended) if suspended else None}


def list_leas(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Who is in the directory, with keys and when they expire."""
    services = offline.build(home)
    with reading(services.engine) as connection:
        parties = directory.all_parties(connection)
        certificates = {party.id: directory.certificates_of(connection, party.id) for party in parties}
        gone, away = removals.standing(connection), suspensions.standing(connection)
    if as_json:
        rows = ((party, certificates[party.id], gone.get(party.id), away.get(party.id)) for party in parties)
        say(json.dumps([_row(services, *row) for row in rows]))
        return
    for party in parties:
        infos = [keyring.inspect(one, services.clock()) for one in certificates[party.id]]
        state = ", ".join(f"{info.fingerprint} {info.fault or 'valid'}" for info in infos)
        if since := away.get(party.id):
            state = f"suspended since {services.time.day(since)}; {state}"
        if removal := gone.get(party.id):
            state = f"removed {services.time.day(removal.at)} by {removal.by}: {removal.why}"
        say(f"{party.id:<8} {party.kind:<10} {party.name:<30} {state}")
