"""How keys are told of on a screen.

Promises: everything by which two people can compare a key is there: fingerprints whole, what each is for, until when.
"""

from collections.abc import Sequence
from datetime import datetime

from broker.core.days.state_time import told_in_utc
from broker.verbs.keys import KeyInfo, PartInfo


def told_of_key(info: KeyInfo, user_id: str, ssh_keys: Sequence[str]) -> list[str]:
    """Lines about a key that was taken in, and about SSH keys by their fingerprints."""
    shown = [f"  Published as: {user_id}"] if user_id else []
    return [*shown, *map(_told_of_part, info.parts), *(f"  SSH key {one}" for one in ssh_keys)]


def _told_of_part(one: PartInfo) -> str:
    size = f"{one.algorithm} {one.bits}" if one.algorithm == "RSA" else one.algorithm
    return f"  {one.fingerprint} {size}, {told_of_use(one)}"


def told_of_use(one: PartInfo) -> str:
    """What a key is for, until when, and what stands against it, in words."""
    fault = f" [{one.fault}]" if one.fault else ""
    return f"for {duties(one)}, {until(one.expires)}{fault}"


def duties(one: PartInfo) -> str:
    """What a key is for, in words."""
    return " and ".join(one.duties) or "nothing here"


def until(expires: datetime | None) -> str:
    """Until when a key is good, in words."""
    return f"until {last_day(expires)}" if expires else "without an end"


def last_day(expires: datetime) -> str:
    """The day on which a key ends, in UTC: as gpg shows it, with whose words the operator compares."""
    return told_in_utc(expires)[:10]
