"""`satchel lea list`: who is in the directory.

Promises: reads only.
"""

import json

from broker import offline
from broker.cli.acting import operator
from broker.cli.directory.paged import every
from broker.core.days.state_time import StateTime, told_in_utc
from broker.terminal.common import HomeOption, JsonOption, say
from broker.verbs import directory
from broker.verbs.directory import KeyInfo, Listed


def list_leas(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the parties in the directory, with their keys and when these expire."""
    services, actor = offline.build(home), operator()
    found = list(every("", lambda after: directory.list_parties(services, actor=actor, after=after)))
    if as_json:
        say(json.dumps([_data(one) for one in found]))
        return
    for one in found:
        say(f"{one.party.id:<8} {one.party.kind:<10} {one.party.name:<30} {_state(one, services.time)}")


def _data(one: Listed) -> dict[str, object]:
    gone = one.removal and {"at": told_in_utc(one.removal.at), "by": one.removal.by, "why": one.removal.why}
    return {
        "id": one.party.id,
        "name": one.party.name,
        "kind": one.party.kind.value,
        "keys": [_key(info) for info in one.keys],
        "removed": gone,
        "suspended": told_in_utc(one.suspended_at) if one.suspended_at else None,
    }


def _key(info: KeyInfo) -> dict[str, object]:
    expires = info.expires.isoformat() if info.expires else None
    return {"fingerprint": info.fingerprint, "expires": expires, "fault": info.fault}


def _state(one: Listed, state_time: StateTime) -> str:
    if one.removal:
        return f"removed {state_time.day(one.removal.at)} by {one.removal.by}: {one.removal.why}"
    state = ", ".join(f"{info.fingerprint} {info.fault or 'valid'}" for info in one.keys)
    return f"suspended since {state_time.day(one.suspended_at)}; {state}" if one.suspended_at else state
