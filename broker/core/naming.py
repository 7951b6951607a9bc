"""Which party a text names: the user id of a key, or the name under which somebody is to be entered.

Owns the one rule. A user id names a party if it begins with the party's name, or with `LEA` and its id, in whole words
(or is the id and nothing else), whatever stands before its address; and names no other party. Promises: pure; capital
letters, accents, punctuation and the spaces between words make no difference; a letter that only looks like a plain one
is never taken for it, as the letters of a user id are plain ones, or such as stand in the party's own name. Names that
a party had before stay its own while its keys are shown with them.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

_LONGEST = 250  # characters of a user id
_MOST_WORDS = 24  # of a name
_BETWEEN = re.compile(r"[\s<>()\[\],;:\"]+")
_IN_ANGLES = re.compile(r"<[^<>]*>\s*\Z")
_SILENT = dict.fromkeys(map(ord, "'\u2019\u2018\u02bc\u02bb`\u00b4"))
_LOOKS_LIKE = str.maketrans({"0": "o", "1": "l", "i": "l"})
_SIGNS = "\u2018\u2019\u201c\u201d\u2013\u2014\u02bb\u02bc\u00b7"  # quotes, dashes and the like that honest names have


@dataclass(frozen=True, slots=True)
class Known:
    """A party as others know it: its id, its name, and the names that it had before."""

    id: str
    name: str
    former: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All names, the one of today first."""
        return (self.name, *self.former)


def words(text: str) -> tuple[str, ...]:
    """The words of a text as they are compared."""
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).translate(_SILENT)).casefold()
    kept = "".join(" " if not one.isalnum() else one for one in plain if not unicodedata.combining(one))
    return tuple(kept.split())


def addresses(text: str) -> frozenset[str]:
    """The mail addresses in a text, as they are compared."""
    found = [one.strip(".") for one in _BETWEEN.split(unicodedata.normalize("NFKC", text).casefold())]
    return frozenset(one for one in found if all(one.partition("@")))


def _seen(some: Iterable[str]) -> str:
    """How words look, run together."""
    return "".join(some).translate(_LOOKS_LIKE)


def _is_plain(letter: str, own: str) -> bool:
    """Whether a letter, but for its accent, or a sign is what everybody has on the keyboard, or in the party's name."""
    if not letter.isprintable():
        return False
    is_latin = letter.isalnum() and unicodedata.normalize("NFKD", letter)[0].isascii()
    return letter.isascii() or letter in own or letter in _SIGNS or is_latin


@dataclass(frozen=True)
class Parties:
    """Everybody who can be named, the exchange included."""

    all: tuple[Known, ...]

    @cached_property
    def _by_id(self) -> dict[str, Known]:
        return {one.id: one for one in self.all}

    @cached_property
    def _owners(self) -> dict[str, set[str]]:
        """Who is named by a text, by how it looks."""
        return self._by(_seen)

    @cached_property
    def _exactly(self) -> dict[str, set[str]]:
        """Who is named by a text, to the letter."""
        return self._by("".join)

    def _by(self, form: Callable[[tuple[str, ...]], str]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for one in self.all:
            for name in (*one.names, f"LEA {one.id}"):
                found.setdefault(form(words(name)), set()).add(one.id)
        found.pop("", None)
        return found

    def taken_by(self, name: str, lea: str) -> str:
        """The other party whose name, or id, this name is or looks like; '' for none."""
        others = self._owners.get(_seen(words(name)), set()) - {lea}
        return min(others, default="")

    def fault_of(self, user_id: str, lea: str) -> str:
        """Why this user id does not do for a party, as the end of a sentence; '' where it does."""
        party, text = self._by_id[lea], unicodedata.normalize("NFC", user_id)
        if len(text) > _LONGEST or not all(_is_plain(one, "".join(party.names)) for one in text):
            return "has letters or signs that are not plain ones"
        whole = _named(text)
        if whole != words(lea) and not any(_begins(whole, name) for name in (*party.names, f"LEA {lea}")):
            return "does not begin with the party's name"
        other = self.other_in(text, lea)
        return f"names {other}" if other else ""

    def other_in(self, text: str, lea: str) -> str:
        """The other party that a text names, or seems to; '' for none. A name that is a part of the party's own, where
        that stands, is none."""
        spans = list(self._spans(_named(text)))
        own = [(start, end) for start, end, owners in spans if lea in owners]
        for start, end, owners in spans:
            within = any(a <= start and end <= b and (a, b) != (start, end) for a, b in own)
            if owners - {lea} and not within:
                return min(owners - {lea})
        return ""

    def _spans(self, whole: tuple[str, ...]) -> Iterator[tuple[int, int, set[str]]]:
        """Where names stand in a text, and whose they are; what is somebody's to the letter is nobody else's who is
        only called similarly."""
        for start in range(len(whole)):
            for end in range(start + 1, min(start + _MOST_WORDS, len(whole)) + 1):
                exactly = self._exactly.get("".join(whole[start:end]))
                if owners := exactly or self._owners.get(_seen(whole[start:end])):
                    yield start, end, owners


def begins_with(user_id: str, name: str) -> bool:
    """Whether a user id begins with this name, in whole words."""
    return _begins(_named(user_id), name)


def _begins(whole: tuple[str, ...], name: str) -> bool:
    wanted = "".join(words(name))
    begins = ("".join(whole[:end]) for end in range(1, min(len(whole), _MOST_WORDS) + 1))
    return bool(wanted) and any(one == wanted for one in begins)


def _named(user_id: str) -> tuple[str, ...]:
    """The words of a user id before its address."""
    return words(_IN_ANGLES.sub("", user_id))
