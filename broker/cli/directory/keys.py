"""`satchel lea keys` and `end-key`: which keys parties have and had, and the state's own end of one.

Promises: every OpenPGP and SSH key that was ever a party's is listed, with since when and until when it was in use, and
why it is not; ending one takes its fingerprint, as others read it out, and a reason.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer
from sqlalchemy import Connection, Row

from broker import offline
from broker.cli.directory.federal_gate import ssh_print
from broker.cli.directory.keys_text import told_of_use, until
from broker.cli.students.disclosures import account
from broker.core.days.state_time import StateTime, told_in_utc
from broker.core.model import LeaId
from broker.core.review import By
from broker.edge.ledger.again import committed
from broker.edge.ledger.engine import reading
from broker.edge.ledger.parties import directory, directory_changes, removals, suspensions
from broker.edge.pgp import keyring
from broker.parties.pages import write_pages
from broker.terminal.common import HomeOption, JsonOption, fail, say
from broker.terminal.given import WhoOrAccountOption, WhyOption


def show(
    lea: Annotated[str, typer.Argument(metavar="[ID]", help="Only this party's.")] = "",
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the keys of all parties, or of one: since when, until when, and their state."""
    services = offline.build(home)
    with reading(services.engine) as connection:
        if lea and directory.party(connection, lea) is None:
            fail(f"{lea} is not in the directory; `satchel lea list` shows who is.")
        found = list(_keys(connection, lea, services.clock()))
        away, gone = suspensions.standing(connection), removals.standing(connection)
    if as_json:
        say(json.dumps(found))
        return
    for one in found:
        state = one["state"] if one["ended"] else _now(one, away, gone)
        say(f"{one['lea']:<8} {one['kind']:<8} {one['fingerprint']}")
        say(f"         since {_day(one['since'], services.time)}, {_until(one, services.time)}: {state}")
        if one["user_id"]:
            say(f"         published as {one['user_id']}")
        elif one["kind"] == "openpgp" and not one["ended"]:
            say("         published without a name: gpg does not take it in; ask for one with its name, for `lea key`")
        for part in one["parts"]:
            say(f"         {part}")


def _day(told: str, state: StateTime) -> date:
    return state.day(datetime.fromisoformat(told))


def _until(one: dict[str, Any], state: StateTime) -> str:
    if one["ended"]:
        return f"ended {_day(one['ended'], state)}"
    return until(datetime.fromisoformat(one["until"]) if one["until"] else None)


def _now(one: dict[str, Any], away: dict[str, float], gone: dict[str, Any]) -> str:
    if one["lea"] in gone:
        return "its party was removed"
    return f"{one['state']}; its party is suspended" if one["lea"] in away else str(one["state"])


def _keys(connection: Connection, lea: str, now: datetime) -> Iterator[dict[str, Any]]:
    reasons = directory_changes.reasons(connection, directory_changes.END)
    for row in directory.every_certificate(connection, lea):
        yield _certificate(row, reasons, now)
    for row in directory.every_ssh_key(connection, lea):
        mark = ssh_print(row.line)
        yield _entry(row, "ssh", mark, _ended(row.ended_at, reasons.get(row.line)) or "in use")


def _certificate(row: Row[Any], reasons: dict[str, tuple[str, str]], now: datetime) -> dict[str, Any]:
    info = keyring.inspect(row.armored.encode(), now)
    state = info.fault or "in use"
    if row.retired_at is not None:
        state = _ended(row.retired_at, reasons.get(row.fingerprint) if row.ended_at is not None else None)
    told = [f"{one.fingerprint} {told_of_use(one)}" for one in info.parts]
    more = {"until": info.expires.isoformat() if info.expires else None, "user_id": row.user_id, "parts": told}
    return _entry(row, "openpgp", row.fingerprint, state, row.retired_at) | more


def _entry(row: Row[Any], kind: str, mark: str, state: str, ended: float | None = None) -> dict[str, Any]:
    ended = row.ended_at if kind == "ssh" else ended
    found: dict[str, Any] = {"lea": row.party, "kind": kind, "fingerprint": mark, "since": told_in_utc(row.added_at)}
    return found | {
        "until": None,
        "ended": told_in_utc(ended) if ended is not None else None,
        "state": state,
        "user_id": "",
        "parts": [],
    }


def _ended(at: float | None, reason: tuple[str, str] | None) -> str:
    if at is None:
        return ""
    who, why = reason or ("", "")
    return f"ended by {who}: {why}" if why else f"ended by {who}" if who else "out of use"


def end(
    fingerprint: Annotated[
        str, typer.Argument(metavar="FINGERPRINT", help="40 letters and digits, or SHA256:… of an SSH key.")
    ],
    why: WhyOption,
    who: WhoOrAccountOption = "",
    home: HomeOption = None,
) -> None:
    """End a key, by its fingerprint: nothing that it signs is believed, and nothing is sealed to it."""
    by = By(who or account(), why)
    services = offline.build(home)
    now = services.clock().timestamp()

    def let_end(connection: Connection) -> str:
        if fingerprint.upper().startswith("SHA256:"):
            return _end_ssh(connection, fingerprint, now, by)
        return _end_openpgp(connection, fingerprint, now, by)

    said = committed(services.engine, let_end)
    write_pages(services)
    say(said)


def _end_openpgp(connection: Connection, given: str, now: float, by: By) -> str:
    wanted = "".join(given.split()).upper().removeprefix("0X")
    if len(wanted) != 40 or set(wanted) - set("0123456789ABCDEF"):
        fail("Give the whole fingerprint: 40 letters and digits, as `satchel lea keys` shows it; or SHA256:….", 2)
    owner = directory.end(connection, wanted, now, by.who, by.why)
    if owner is None:
        within = directory.with_part(connection, wanted)
        more = f" It is a part of {within}, which can only end as a whole." if within else ""
        fail(f"{wanted} is no key in use; `satchel lea keys` shows them.{more}")
    left = [one for one in directory.certificates_of(connection, owner) if _is_good(one, now)]
    said = f"{owner}: key {wanted} is ended. Nothing that it has signed goes on, and nothing is sealed to it."
    return said if left else f"{said} {owner} has no key in use now: what is for it waits."


def _is_good(certificate: bytes, now: float) -> bool:
    return keyring.inspect(certificate, datetime.fromtimestamp(now, UTC)).fault is None


def _end_ssh(connection: Connection, given: str, now: float, by: By) -> str:
    wanted = "SHA256:" + given.strip()[7:].rstrip("=")
    found: Sequence[Row[Any]] = [
        row for row in directory.every_ssh_key(connection) if row.ended_at is None and ssh_print(row.line) == wanted
    ]
    for row in found:
        directory.remove_ssh_key(connection, LeaId(row.party), row.line, now, by.who, by.why)
    if not found:
        fail(f"{wanted} is no SSH key in use; `satchel lea keys` shows them.")
    return f"{', '.join(row.party for row in found)}: SSH key {wanted} is ended; it lets nobody in any more."
