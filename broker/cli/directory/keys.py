"""`satchel lea keys` and `end-key`: lists the keys that parties have and had, and ends one by the state's decision.

Promises: every OpenPGP and SSH key that was ever a party's is listed, with the time in which it was in use, and why it
is not in use; ending one needs its fingerprint, as others read it out, and a reason.
"""

import json
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from broker import offline
from broker.cli.acting import operator
from broker.cli.directory.keys_text import told_of_use, until
from broker.cli.directory.paged import every
from broker.core.days.state_time import StateTime, told_in_utc
from broker.terminal.common import HomeOption, JsonOption, say
from broker.terminal.given import WhoOrAccountOption, WhyOption
from broker.verbs import keys
from broker.verbs.keys import Ended, KeysOf, KnownKey


def show(
    lea: Annotated[str, typer.Argument(metavar="[ID]", help="Only this party's.")] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the keys of all parties, or of one: since when, until when, and their state."""
    services, actor = offline.build(home), operator()
    parties = every("", lambda after: keys.list_keys(services, lea, actor=actor, after=after))
    found = sorted(((party, one) for party in parties for one in party.keys), key=lambda each: each[1].kind == "ssh")
    if as_json:
        say(json.dumps([_data(party.lea, one) for party, one in found]))
        return
    for party, one in found:
        for line in _lines(party, one, services.time):
            say(line)


def _lines(party: KeysOf, one: KnownKey, state: StateTime) -> Iterator[str]:
    yield f"{party.lea:<8} {one.kind:<8} {one.fingerprint}"
    yield f"         since {state.day(one.since)}, {_until(one, state)}: {_now(party, one)}"
    if one.user_id:
        yield f"         published as {one.user_id}"
    elif one.kind == "openpgp" and one.ended_at is None:
        yield "         published without a name, so gpg does not import it; ask for a key with its name, for `lea key`"
    yield from (f"         {part}" for part in _parts(one))


def _data(lea: str, one: KnownKey) -> dict[str, Any]:
    last = one.until.isoformat() if one.until else None
    ended = told_in_utc(one.ended_at) if one.ended_at is not None else None
    found: dict[str, Any] = {
        "lea": lea,
        "kind": one.kind,
        "fingerprint": one.fingerprint,
        "since": told_in_utc(one.since),
    }
    found |= {"until": last, "ended": ended, "state": _state(one)}
    return found | {"user_id": one.user_id, "parts": _parts(one)}


def _parts(one: KnownKey) -> list[str]:
    return [f"{part.fingerprint} {told_of_use(part)}" for part in one.parts]


def _until(one: KnownKey, state: StateTime) -> str:
    return f"ended {state.day(one.ended_at)}" if one.ended_at is not None else until(one.until)


def _now(party: KeysOf, one: KnownKey) -> str:
    if one.ended_at is not None:
        return _state(one)
    if party.is_removed:
        return "its party was removed"
    return f"{_state(one)}; its party is suspended" if party.is_suspended else _state(one)


def _state(one: KnownKey) -> str:
    if one.ended_at is None:
        return one.fault or "in use"
    if one.ended_why:
        return f"ended by {one.ended_by}: {one.ended_why}"
    return f"ended by {one.ended_by}" if one.ended_by else "out of use"


def end(
    fingerprint: Annotated[
        str, typer.Argument(metavar="FINGERPRINT", help="40 letters and digits, or SHA256:… of an SSH key.")
    ],
    why: WhyOption,
    who: WhoOrAccountOption = "",
    home: HomeOption = None,
) -> None:
    """End a key, by its fingerprint: the exchange accepts nothing that it signs, and seals nothing to it."""
    say(_told_of_end(keys.end_key(offline.build(home), fingerprint, why, actor=operator(who))))


def _told_of_end(done: Ended) -> str:
    leas = ", ".join(done.leas)
    if done.is_ssh:
        return f"{leas}: SSH key {done.fingerprint} is ended; it lets nobody in any more."
    said = (
        f"{leas}: key {done.fingerprint} is ended. The exchange accepts nothing that it signs, and seals nothing to it."
    )
    return said if done.is_one_left else f"{said} {leas} has no key in use now: packets for it wait."
