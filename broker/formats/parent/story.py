"""The disclosure log of one student as a story that a parent understands (34 CFR 99.32).

Owns the sentences, and the form of the `disclosures` notice that carries them. Promises: pure; one sentence for each
line, in the given order, with the day, who, what, and the ground with its law; also for refusals; no student's name; a
line of an older or newer version is told in general words, not left out.
"""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from broker.core.days.state_time import StateTime, told_in_utc
from broker.core.disclosure import Disclosure
from broker.core.errors import Refused
from broker.core.grounds import law_of
from broker.core.opt_outs import OptOut, words_of

_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)
_OPERATOR = "the state's operator"
_THINGS: Mapping[str, str] = {
    "student-record": "the school record",
    "transcript": "the transcript",
    "backpack": "the learner profile (backpack)",
    "parent-copy": "a copy of the records for the parent",
    "registry": "the student's names, birth date and schools",
    "find": "the student's name, birth date and school, in a list of those who were looked for",
    "opt-outs": "the list of what parents opted out of",
    "review": "the question of which student was meant",
    "disclosures": "the list of who was given the student's records",
    "roster": "the list of its own students",
    "claims": "the report of days that two schools claim",
    "alert": "the report of a request concerning a flagged student",
    "warning": "the report that a school contests an enrollment of the student",
    "flag": "the flag of a missing child",
    "flags": "the list of the students who are flagged as missing",
    "record-request": "the request for the school record",
    "certificate": "a key",
    "ssh-key": "a key for logging in",
    "name": "a name",
}
_RECORDS = "the records"

# for each action: the words where it was allowed, and where it was refused; `of`, `sent` and `written` name the source,
# and are empty without one
_SAID: Mapping[str, tuple[str, str]] = {
    "join": ("{party} was let into the exchange with {what}", "{party} was not let into the exchange with {what}"),
    "report-enrollment": (
        "{party} reported the student's enrollment",
        "{party} was not allowed to report the student's enrollment",
    ),
    "send-record": ("{party} sent {what}", "{what} of {party} was not sent on"),
    "receive-record": ("{party} received {what}{sent}", "{party} was not given {what}{of}"),
    "request-record": ("{party} asked for {what}{of}", "{party} asked for {what}{of} and did not get it"),
    "correct-record": ("{party} corrected {what}", "{party} was not allowed to correct {what}{of}"),
    "recall": ("{party} called back {what}", "{party} was not allowed to call back {what}{of}"),
    "store-backpack": ("{party} put {what} into the record store", "{what} of {party} was not taken into the store"),
    "read-backpack": ("{party} received {what}{written}", "{party} was not given {what}{of}"),
    "read-own-time": (
        "{party} received {what}{written}, of the time when the student was there",
        "{party} was not given {what}{of}, of the time when the student was there",
    ),
    "send-transcript": ("{party} sent {what}", "{what} of {party} was not sent on"),
    "receive-transcript": ("{party} received {what}{sent}", "{party} was not given {what}{of}"),
    "export-for-parent": (
        "{party} received {what}{written}, to hand to the parent",
        "{party} was not given {what}{of}, to hand to the parent",
    ),
    "read-disclosures": ("{party} read {what}", "{party} was not shown {what}"),
    "read-roster": ("{party} received {what}", "{party} was not given {what}"),
    "receive-claims": ("{party} received {what}", "{party} was not given {what}"),
    "look-up": (
        "{party} looked for a student in the registry",
        "{party} looked for a student of another LEA in the registry, and was told nothing",
    ),
    "read-registry": ("{party} read {what}", "{party} was not shown {what}"),
    "read-review": ("{party} read {what}", "{party} was not shown {what}"),
    "decide-review": (
        "{party} decided which student was meant",
        "{party} was not allowed to decide which student was meant",
    ),
    "merge": (
        "{party} joined two numbers of the student into one",
        "{party} was not allowed to join numbers of the student",
    ),
    "cancel-transfer": (
        "{party} cancelled the transfer of {what}",
        "{party} was not allowed to cancel the transfer of {what}",
    ),
    "read-reports": ("{party} read a report", "{party} was not shown a report"),
    "set-flag": ("{party} set {what}", "{party} was not allowed to set {what}"),
    "lift-flag": ("{party} lifted {what}", "{party} was not allowed to lift {what}"),
    "receive-alert": ("{party} received {what}", "{party} was not given {what}"),
    "receive-warning": ("{party} received {what}", "{party} was not given {what}"),
    "record-exception": (
        "{party} recorded a legal exception for {what}",
        "{party} was not allowed to record a legal exception for {what}",
    ),
    "end-exception": (
        "{party} ended the legal exception for {what}",
        "{party} was not allowed to end the legal exception for {what}",
    ),
}
_DEFAULT_THING: Mapping[str, str] = {
    "join": "name",
    "record-exception": "name",
    "end-exception": "name",
    "receive-record": "student-record",
    "send-record": "student-record",
    "request-record": "student-record",
    "cancel-transfer": "student-record",
    "correct-record": "student-record",
    "store-backpack": "backpack",
    "read-backpack": "backpack",
    "read-own-time": "backpack",
    "send-transcript": "transcript",
    "receive-transcript": "transcript",
    "read-disclosures": "disclosures",
    "read-roster": "roster",
    "receive-claims": "claims",
    "read-registry": "registry",
    "read-review": "review",
    "set-flag": "flag",
    "lift-flag": "flag",
    "receive-alert": "alert",
    "receive-warning": "warning",
}

# the words before the `purpose` of a line
_PURPOSE: Mapping[str, str] = {
    "join": "It names",
    "record-exception": "The law, and why:",
    "end-exception": "Why:",
    "set-flag": "Why:",
    "lift-flag": "Why:",
    "cancel-transfer": "Why:",
}


def lines(disclosures: "Iterable[Disclosure]", names: Mapping[str, str], state: StateTime) -> list[str]:
    """One sentence for each line; `names` are the parties' names by id, and days are the state's."""
    return [sentence(one, names, state) for one in disclosures]


def sentence(one: "Disclosure", names: Mapping[str, str], state: StateTime) -> str:
    """One line of the log in words."""
    day = state.day(one.at)
    source = names.get(one.source, one.source)
    words = {
        "party": _party(one.party, one.actor, names),
        "of": f" of {source}" if source else "",
        "sent": f" sent by {source}" if source else "",
        "written": f" written by {source}" if source else "",
        "what": _thing(one.action, one.what),
    }
    said = _SAID.get(one.action)
    if said is None:
        done = f"{words['party']} {'did' if one.outcome == 'allowed' else 'was refused'}: {one.action} {words['what']}"
    else:
        done = said[one.outcome != "allowed"].format(**words)
    purpose = f" {_PURPOSE.get(one.action, 'Purpose:')} {one.purpose.rstrip('.')}." if one.purpose else ""
    return _plain(f"On {day.day} {_MONTHS[day.month - 1]} {day.year} {done}{_because(one.ground)}.{purpose}")


def _party(party: str, actor: str, names: Mapping[str, str]) -> str:
    name = names.get(party, party) or _OPERATOR
    return f"{name} ({actor})" if actor else name


def _thing(action: str, what: str) -> str:
    if what:
        kind, _, which = what.partition(" ")
        return f"{_THINGS.get(kind, kind)} {which}".rstrip()
    return _THINGS.get(_DEFAULT_THING.get(action, ""), _RECORDS)


def _because(word: str) -> str:
    law = law_of(word)
    if law is None:
        return f" (ground: {word})" if word else ""
    return f", because {law.because} ({law.law})"


def _plain(text: str) -> str:
    """The text without characters that a terminal or a page would obey."""
    return "".join(one if one.isprintable() else "?" for one in text)


def notice(
    ssid: str, disclosures: "Iterable[Disclosure]", names: Mapping[str, str], state: StateTime
) -> dict[str, Any]:
    """The body of the `disclosures` notice: each line as data (`at` in ISO 8601) with its `sentence`, and the names of
    the parties in the lines."""
    told = [as_data(one) | {"sentence": sentence(one, names, state)} for one in disclosures]
    named = {lea for one in told for lea in (one["party"], one["source"]) if lea in names}
    return {"ssid": ssid, "parties": {lea: names[lea] for lea in sorted(named)}, "disclosures": told}


def opt_out(one: "OptOut", names: Mapping[str, str], state: StateTime) -> str:
    """One opt-out in words: its purpose, the LEA that recorded it, and the day."""
    day = state.day(one.at)
    known = words_of(one.purpose)
    what = f"{known.what} ({known.law})" if known else one.purpose
    told = f"On {day.day} {_MONTHS[day.month - 1]} {day.year} {names.get(one.lea, one.lea)} recorded that the parent,"
    return _plain(f"{told} or the student of age, opted out of {what}.")


def as_data(one: "Disclosure") -> dict[str, Any]:
    """A line ready for JSON: `at` in ISO 8601, UTC."""
    return asdict(one) | {"at": told_in_utc(one.at)}


def log_lines(body: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The lines of a `disclosures` notice, each with its `sentence`. Raises Refused("schema") for another form: no
    schema has checked the exchange's own notices."""
    told = body.get("disclosures")
    if not isinstance(told, list):
        raise Refused("schema", "/disclosures")
    for place, one in enumerate(told):
        if not isinstance(one, dict) or not isinstance(one.get("sentence"), str):
            raise Refused("schema", f"/disclosures/{place}/sentence")
    return told


def opt_out_sentences(body: Mapping[str, Any]) -> list[str] | None:
    """The sentences about opt-outs in a `disclosures` notice; None where the notice has no such list. Raises
    Refused("schema") for another form."""
    told = body.get("opt_outs")
    if told is None:
        return None
    if not isinstance(told, list):
        raise Refused("schema", "/opt_outs")
    for place, one in enumerate(told):
        if not isinstance(one, dict) or not isinstance(one.get("sentence"), str):
            raise Refused("schema", f"/opt_outs/{place}/sentence")
    return [one["sentence"] for one in told]
