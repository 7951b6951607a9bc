"""What needs a person, in words: the list at the end of `satchel status`.

Owns the sentences, each with the command that shows more. Promises: every code of `broker.oversight.needs` has its
words here (a test compares them); no student data.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from broker.verbs.installation.status import Need


class Said(NamedTuple):
    """What needs a person, as a part of a sentence, and the command that shows it."""

    what: str
    see: str


WORDS: Mapping[str, Said] = {
    "disk": Said(
        "the disk is nearly full ({free} free, {reserve} are the reserve), and nothing is taken in", "df -h {vault}"
    ),
    "alerts": Said("{count:,} alert{s} that nobody has seen (missing children, harvesting)", "satchel alerts"),
    "answered": Said("{count:,} question{s} that only the state may decide", "satchel review list"),
    "late-packet": Said("a packet has waited for {minutes:,.0f} minutes", "satchel packet {tracking}"),
    "own-key-unusable": Said("the exchange's own key cannot be used ({fault})", "gpg --show-keys {path}"),
    "own-key-ends": Said("the exchange's own key ends on {on}", "gpg --show-keys {path}"),
    "no-valid-key": Said("LEA {lea} has no valid key", "satchel lea list"),
    "key-ends": Said("the key of LEA {lea} ends on {on}", "satchel lea list"),
    "parts": Said("not working: {names}", "the last lines of the log of satchel up"),
    "queue": Said("Redis does not answer", "tail {run}/redis.log"),
    "queue-elsewhere": Said("Redis does not answer", "redis.url in satchel.toml"),
    "inbox-lost": Said(
        "the inbox of LEA {lea} is missing, or is another folder than before; nothing is delivered"
        " there, and nothing counts as collected",
        "satchel lea inbox {lea} (or mount it)",
    ),
    "silent": Said("the folder of LEA {lea} does not answer; check that its mount is up", "mount"),
    "full": Said(
        "{files} files of LEA {lea} have not ended; its outbox waits until there are fewer",
        "satchel packets --lea {lea}",
    ),
    "password": Said("{sentence}", "ls -l {settings}"),
}


def said(need: Need) -> Said:
    """One need in words."""
    facts, words = _shown(need.facts), WORDS[need.code]
    return Said(words.what.format(**facts), words.see.format(**facts))


def _shown(facts: Mapping[str, Any]) -> dict[str, Any]:
    """The facts, in the form that the sentences need."""
    more = {name.removesuffix("_bytes"): _mib(value) for name, value in facts.items() if name.endswith("_bytes")}
    if "count" in facts:
        more["s"] = "s" * (facts["count"] != 1)
    if "seconds" in facts:
        more["minutes"] = facts["seconds"] / 60
    if "sentence" in facts:
        more["sentence"] = facts["sentence"].removesuffix(".")
    return {**facts, **more}


def _mib(count: int) -> str:
    return f"{count / 1024**2:,.0f} MiB"
