"""How keys are shown on a screen.

Promises: everything that two people need to compare a key is shown: whole fingerprints, each one's use and last day.
"""

from collections.abc import Sequence
from datetime import datetime

from broker.core.days.state_time import told_in_utc
from broker.verbs.keys import KeyInfo, PartInfo


def told_of_key(info: KeyInfo, user_id: str, ssh_keys: Sequence[str]) -> list[str]:
    """Lines about a key that was accepted, and about SSH keys by their fingerprints."""
    shown = [f"  Published as: {user_id}"] if user_id else []
    return [*shown, *map(_told_of_part, info.parts), *(f"  SSH key {one}" for one in ssh_keys)]


def _told_of_part(one: PartInfo) -> str:
    size = f"{one.algorithm} {one.bits}" if one.algorithm == "RSA" else one.algorithm
    return f"  {one.fingerprint} {size}, {told_of_use(one)}"


def told_of_use(one: PartInfo) -> str:
    """The use of a key, its last day, and its fault, in words."""
    fault = f" [{one.fault}]" if one.fault else ""
    return f"for {duties(one)}, {until(one.expires)}{fault}"


def duties(one: PartInfo) -> str:
    """The use of a key, in words."""
    return " and ".join(one.duties) or "nothing here"


def until(expires: datetime | None) -> str:
    """The last day of a key, in words."""
    return f"until {last_day(expires)}" if expires else "without an end"


def last_day(expires: datetime) -> str:
    """The last day of a key, in UTC: gpg shows it like that, and the operator compares with gpg."""
    return told_in_utc(expires)[:10]
