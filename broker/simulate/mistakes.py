"""One function for each error: how it changes a block.

Owns how each error is made. Promises: a function changes the given block, and returns whether it could: True means that
the block differs now.
"""

import re
from collections.abc import Callable
from datetime import date, timedelta
from random import Random

from anyascii import anyascii

from broker.simulate import places, spelling
from broker.simulate.blocks import Block, copied
from broker.simulate.names import default

Apply = Callable[[Block, Random], bool]
_PARTICLES = frozenset(
    {"de", "del", "la", "las", "los", "da", "do", "dos", "van", "von", "der", "den", "st", "al", "el"}
)
_LONGEST = 100  # characters of a name part in `student.v1`; one letter may become several
_FAR_YEARS = 12  # a wrong digit in the year must not move the child far out of school age


def surnames(last: str) -> tuple[str, str] | None:
    """The two surnames in a last name that has two, separated by a blank or a hyphen; None for any other."""
    parts = re.split(r"[ -]", last)
    if len(parts) != 2 or not all(parts) or parts[0].casefold() in _PARTICLES:
        return None
    return parts[0], parts[1]


def without_accents(text: str) -> str:
    """The text as a system keeps it that knows only English letters."""
    return anyascii(text.replace("ʻ", "")) or text


# names


def nickname(block: Block, random: Random) -> bool:
    """The child's nickname in place of the first name."""
    short = spelling.nickname(block["legal_name"]["first"], random)
    return short is not None and _set(block, first=short)


def alias_used(block: Block, _random: Random) -> bool:
    """The preferred name in place of the first name; no alias is left."""
    if not block.get("aliases"):
        return False
    return _set(block, first=block.pop("aliases")[0]["first"])


def surname_changed(block: Block, random: Random) -> bool:
    """A guardian's other name, as after a marriage or a divorce, or a new one."""
    old = block["legal_name"]["last"]
    others = [one["last"] for one in block.get("guardians", ()) if one["last"] != old]
    new = others[0] if others and random.random() < 0.5 else default().origin(random).last.draw(random)
    return _set(block, last=new)


def two_surnames(arrange: Callable[[str, str, str, Random], str]) -> Apply:
    """An error that makes the last name from the two surnames and the mark between them."""

    def apply(block: Block, random: Random) -> bool:
        last = block["legal_name"]["last"]
        two = surnames(last)
        return two is not None and _set(block, last=arrange(*two, last[len(two[0])], random))

    return apply


def swapped(one: str, two: str) -> Apply:
    """An error that exchanges two parts of the name."""

    def apply(block: Block, _random: Random) -> bool:
        name = block["legal_name"]
        if not name.get(one) or not name.get(two):
            return False
        return _set(block, **{one: name[two], two: name[one]})

    return apply


def middle_in_first(block: Block, _random: Random) -> bool:
    """Both given names in the field of the first name."""
    name = block["legal_name"]
    return bool(name.get("middle")) and _set(block, first=f"{name['first']} {name['middle']}", middle="")


def last_in_middle(block: Block, _random: Random) -> bool:
    """The first of two surnames used as a middle name."""
    name = block["legal_name"]
    two = surnames(name["last"])
    return two is not None and _set(block, middle=f"{name.get('middle', '')} {two[0]}".strip(), last=two[1])


def middle_initial(block: Block, random: Random) -> bool:
    """Only a letter is left of the middle name, with or without a full stop."""
    middle = block["legal_name"].get("middle", "")
    return len(middle) > 1 and _set(block, middle=middle[0] + ("." if random.random() < 0.3 else ""))


def suffix_in_last(block: Block, _random: Random) -> bool:
    """The suffix in the field of the last name."""
    name = block["legal_name"]
    return bool(name.get("suffix")) and _set(block, last=f"{name['last']} {name['suffix']}", suffix="")


def emptied(part: str) -> Apply:
    """An error that leaves out a part of the name."""

    def apply(block: Block, _random: Random) -> bool:
        return bool(block["legal_name"].get(part)) and _set(block, **{part: ""})

    return apply


def typo(part: str) -> Apply:
    """An error that misspells a part of the name."""

    def apply(block: Block, random: Random) -> bool:
        old = block["legal_name"].get(part)
        return bool(old) and _set(block, **{part: spelling.misspelt(old, random)})

    return apply


def everywhere(change: Callable[[str], str]) -> Apply:
    """An error of the whole system from which the record comes: in every name and in the address."""

    def apply(block: Block, _random: Random) -> bool:
        before = copied(block)
        for part in (
            block["legal_name"],
            *block.get("aliases", ()),
            *block.get("guardians", ()),
            block.get("address", {}),
        ):
            part.update({key: change(value)[:_LONGEST] for key, value in part.items()})
        return block != before

    return apply


def _set(block: Block, **parts: str) -> bool:
    """Write these parts of the legal name, and leave out empty ones; False where nothing differs."""
    name = block["legal_name"]
    new = {key: value for key, value in {**name, **parts}.items() if value or key in ("first", "last")}
    changed = bool(new["last"]) and new != name
    if changed:
        block["legal_name"] = new
    return changed


# the birth date


def day_month(block: Block, _random: Random) -> bool:
    """Exchange day and month, where that gives another date."""
    year, month, day = block["birth_date"].split("-")
    if int(day) > 12 or day == month:
        return False
    block["birth_date"] = f"{year}-{day}-{month}"
    return True


def birth_digit(block: Block, random: Random) -> bool:
    """Change one digit, so that the result is a day on which a child at school can have been born."""
    old = block["birth_date"]
    fitting = [new for new in _one_digit_away(old) if abs(int(new[:4]) - int(old[:4])) <= _FAR_YEARS]
    block["birth_date"] = fitting[int(random.random() * len(fitting))]
    return True


def _one_digit_away(day: str) -> tuple[str, ...]:
    written = [f"{day[:at]}{digit}{day[at + 1 :]}" for at in (2, 3, 5, 6, 8, 9) for digit in "0123456789"]
    return tuple(one for one in written if one != day and _is_date(one))


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def off_by_one(block: Block, random: Random) -> bool:
    """The day before or the day after."""
    day = date.fromisoformat(block["birth_date"])
    block["birth_date"] = (day + timedelta(1 if random.random() < 0.5 else -1)).isoformat()
    return True


# the rest


def missing(part: str) -> Apply:
    """An error that leaves out a whole field."""

    def apply(block: Block, _random: Random) -> bool:
        return bool(block.pop(part, None))

    return apply


def gender_wrong(block: Block, _random: Random) -> bool:
    """F for M, or M for F."""
    other = {"F": "M", "M": "F"}.get(block.get("gender", ""))
    if other is not None:
        block["gender"] = other
    return other is not None


def guardian_dropped(block: Block, random: Random) -> bool:
    """Leave out one of several guardians."""
    guardians = block.get("guardians", [])
    if len(guardians) < 2:
        return False
    del guardians[int(random.random() * len(guardians))]
    return True


def guardian_typo(block: Block, random: Random) -> bool:
    """Misspell a guardian's first or last name."""
    if not block.get("guardians"):
        return False
    guardian = block["guardians"][int(random.random() * len(block["guardians"]))]
    part = "first" if random.random() < 0.5 and guardian["first"] else "last"
    guardian[part] = spelling.misspelt(guardian[part], random)
    return True


def phone_changed(block: Block, random: Random) -> bool:
    """Another telephone number."""
    if not block.get("phone"):
        return False
    block["phone"] = places.phone(random)
    return True


def address_changed(block: Block, random: Random) -> bool:
    """Another home in the same town."""
    if not block.get("address"):
        return False
    old = block["address"]
    block["address"] = places.address(random, places.Town(old.get("city", ""), old.get("postal_code", "")))
    return True
