"""One student of the registry in words, for the state's operator.

Owns the lines of `satchel student show`. Promises: everything that the registry has, with who sent it and when; ended
facts are marked as ended; nothing is stored.
"""

from collections.abc import Iterator
from typing import Any

from broker.core.days.state_time import StateTime


def tell(found: dict[str, Any], state: StateTime) -> Iterator[str]:
    """The lines, with days in the state's zone; `found` is the student's JSON (`StudentView.to_json`)."""
    yield f"{found['ssid']}: {_spoken(found['legal_name'])}, born {found['birth_date']}{_more(found['gender'])}"
    if found["stands_for"] is None:
        yield "This number was given by mistake and is withdrawn; it stands for nobody."
    elif found["stands_for"] != found["ssid"]:
        yield f"This number was merged: {found['stands_for']} stands for it."
    for one in found["names"]:
        yield f"  {one['kind']} name {_spoken(one['value'])}; {_brought(one, state)}"
    for one in found["evidence"]:
        yield f"  {one['kind'].replace('_', ' ')} {_shown(one)}; {_brought(one, state)}"
    for one in found["decided"]:
        yield f"  {_deciding(one, state)}"
    yield f"  {_where(found)}"
    for one in found["locations"]:
        yield f"  {_place(one)}"
    for one in found["corrections"]:
        fact, told = one["fact"].replace("_", " "), f"by {one['tracking'] or 'the state'} on {state.day(one['at'])}"
        yield f"  corrected {told}: {fact} {one['before'] or 'none'} to {one['after'] or 'none'}"
    for one in found["opt_outs"]:
        yield f"  {_opting(one, state)}"
    for one in found["merges"]:
        yield f"  {_merging(one, state)}"


def _spoken(name: dict[str, str]) -> str:
    return " ".join(part for part in (name["first"], name["middle"], name["last"], name["suffix"]) if part)


def _more(text: str) -> str:
    return f", {text}" if text else ""


def _shown(one: dict[str, Any]) -> str:
    value = one["value"]
    if not isinstance(value, dict):
        return str(value)
    return _spoken(value) if one["kind"] == "guardian" else ", ".join(part for part in value.values() if part)


def _brought(one: dict[str, Any], state: StateTime) -> str:
    who = f"by {one['lea']} in {one['tracking']}" if one["tracking"] else f"by {one['lea'] or 'the state'}"
    if one["ended_at"] is None:
        return f"since {state.day(one['added_at'])}, {who}"
    if one["ended_at"] == one["added_at"]:
        return f"taken back; came {state.day(one['added_at'])}, {who}"
    return f"until {state.day(one['ended_at'])}, {who}"


def _deciding(one: dict[str, Any], state: StateTime) -> str:
    if "name" in one:
        what = f"may be written {_spoken(one['name'])}, born {one['birth_date']}"
    else:
        what = f"is not {one['other']}"
    only = f", at {one['only_at']} only" if one["only_at"] else ""
    ended = f"; ended on {state.day(one['ended_at'])}" if one["ended_at"] is not None else ""
    who = one["lea"] or "the state"
    return f"{what}{only}: decided on {state.day(one['at'])} by {who} on {one['tracking']}{ended}"


def _where(found: dict[str, Any]) -> str:
    beside = [lea for lea in found["has"] if lea != found["here"]]
    words = [f"at {found['here']} now" if found["here"] else "at no LEA now to which records go"]
    words += [f"also at {', '.join(beside)} (dual)"] if beside else []
    words += [f"announced by {', '.join(found['announced'])}"] if found["announced"] else []
    return ", ".join(words)


def _place(one: dict[str, Any]) -> str:
    until = f" to {one['exit_date']}" if one["exit_date"] else ", no exit told"
    until += f", over since {one['over_on']}" if one["over_on"] not in ("", one["exit_date"]) else ""
    facts = [("local id", one["local_id"]), ("grade", one["grade"]), ("programme", one["programme"])]
    facts += [("entry code", one["entry_code"]), ("exit code", one["exit_code"])]
    facts += [("part of the day", one["day_part"]), ("dual", one["dual"] and "yes")]
    facts += [("military", one["military"] and "yes")]
    said = "".join(f", {name} {value}" for name, value in facts if value)
    return f"{one['lea']} school {one['school'] or 'not named'}: from {one['entry_date']}{until}{said}"


def _opting(one: dict[str, Any], state: StateTime) -> str:
    told = f"opted out of {one['purpose']}, as {one['lea']} told on {state.day(one['at'])} in {one['tracking']}"
    return told if one["ended_at"] is None else f"{told}; ended on {state.day(one['ended_at'])} by {one['ended_by']}"


def _merging(one: dict[str, Any], state: StateTime) -> str:
    done = f"{one['merged']} merged into {one['kept']} on {state.day(one['at'])} by {one['who']}: {one['why']}"
    if one["undone_at"] is None:
        return done
    return f"{done}; undone on {state.day(one['undone_at'])} by {one['undone_by']}: {one['undone_why']}"
