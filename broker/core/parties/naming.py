"""Which party a text names: the user id of a key, or the name under which a new party is entered.

Owns the one rule. A user id names a party if it begins with the party's name, or with `LEA` and its id, in whole words
(or is only the id), and names no other party. Its address, if it has one, stands last, in angle brackets, and nowhere
else; any other text in brackets is text like the rest. Promises: pure; capital letters, accents, punctuation and the
spaces between words make no difference. Another party's name is found by how it looks, also with signs and digits for
letters, spaced out or run together with other words. A letter that only looks like a plain one is never taken for it:
names are in Latin letters, and a user id has only plain letters, or letters of the party's own name. Former names of a
party stay its own while its keys show them.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate

_LONGEST = 250  # characters of a user id
_MOST_WORDS = 24  # of a name
_LONG = 12  # a name with so many letters is found even where it is run together with other words
_BETWEEN = re.compile(r"[\s<>()\[\],;:\"]+")
_IN_ANGLES = re.compile(r"<([^<>]*)>\s*\Z")
_ADDRESS = re.compile(r"[\w.+%&/=#~'-]+@[\w-]+(\.[\w-]+)*\.?")
_ENDS = re.compile(r"\A[\W_]+|[\W_]+\Z")
_SILENT = dict.fromkeys(map(ord, "'\u2019\u2018\u02bc\u02bb`\u00b4"))
# characters that look alike are mapped to the same letters
_LOOKS_LIKE = str.maketrans(
    {"0": "o", "1": "l", "i": "l", "2": "z", "5": "s", "8": "b", "9": "g", "m": "rn", "w": "vv", "d": "cl"}
)
_FOR_LETTERS = str.maketrans({"|": "l", "!": "l", "$": "s"})
_LATIN_TOO = frozenset("\u00df\u00e6\u00f0\u00fe\u0153")  # they look like no other letter
_LATIN = re.compile(r"LATIN (?:SMALL|CAPITAL) LETTER (?:DOTLESS )?([A-Z])(?: WITH .+)?")
_SIGNS = "\u2018\u2019\u201c\u201d\u2013\u2014\u02bb\u02bc\u00b7"  # quotes, dashes and other signs in honest names


@dataclass(frozen=True, slots=True)
class Known:
    """A party as others know it: its id, its name, and its former names."""

    id: str
    name: str
    former: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All names, the current one first."""
        return (self.name, *self.former)


def words(text: str) -> tuple[str, ...]:
    """The words of a text, in the form in which they are compared."""
    plain = _unaccented(unicodedata.normalize("NFKC", text).translate(_SILENT)).casefold()
    kept = "".join(one if one.isalnum() else " " for one in plain if not unicodedata.combining(one))
    return tuple(kept.split())


def addresses(text: str) -> frozenset[str]:
    """The mail addresses in a text, in the form in which they are compared."""
    found = [one.strip(".") for one in _BETWEEN.split(unicodedata.normalize("NFKC", text).casefold())]
    return frozenset(one for one in found if all(one.partition("@")))


@lru_cache(maxsize=8192)
def seen_address(address: str) -> str:
    """A form of an address that is equal for addresses that look alike."""
    local, _, host = _unaccented(address.translate(_SILENT)).casefold().rpartition("@")
    return f"{_seen(_ENDS.sub('', local))}@{_seen(host.strip('.'))}"


def is_address(text: str) -> bool:
    """Whether a text is one address, without any part that another program would read differently."""
    return bool(_ADDRESS.fullmatch(text))


def is_latin(name: str) -> bool:
    """Whether all letters of a name are Latin, with any accent or stroke: other letters only look like them."""
    letters = (one for one in unicodedata.normalize("NFC", name) if one.isalpha())
    return all(one in _SIGNS or one.lower() in _LATIN_TOO or _base(one).isascii() for one in letters)


@lru_cache(maxsize=4096)
def _base(letter: str) -> str:
    """The plain letter that a Latin letter is based on; the letter itself where there is none."""
    plain = unicodedata.normalize("NFKD", letter)[0]
    found = None if plain.isascii() else _LATIN.fullmatch(unicodedata.name(plain, ""))
    return found[1].lower() if found else plain


def _unaccented(text: str) -> str:
    plain = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text))
    return "".join(one for one in plain if not unicodedata.combining(one))


def _seen(some: Iterable[str]) -> str:
    """The words run together, in a form that is equal for words that look alike."""
    return "".join(map(_base, "".join(some))).translate(_LOOKS_LIKE)


def _is_plain(letter: str, own: str) -> bool:
    """Whether a letter (without its accent) or a sign is on every keyboard, or in the party's own name."""
    if not letter.isprintable():
        return False
    is_latin = letter.isalnum() and unicodedata.normalize("NFKD", letter)[0].isascii()
    return letter.isascii() or letter in own or letter in _SIGNS or is_latin


@dataclass(frozen=True)
class Parties:
    """All parties that can be named, the exchange included."""

    all: tuple[Known, ...]

    @cached_property
    def _by_id(self) -> dict[str, Known]:
        return {one.id: one for one in self.all}

    @cached_property
    def _owners(self) -> dict[str, set[str]]:
        """The ids of the parties that a text names, by the look of the text."""
        return self._by(_seen)

    @cached_property
    def _ids(self) -> dict[str, set[str]]:
        """The ids by their look: an id by itself is a name, too."""
        found: dict[str, set[str]] = {}
        for one in self.all:
            found.setdefault(_seen(words(one.id)), set()).add(one.id)
        return found

    @cached_property
    def _exactly(self) -> dict[str, set[str]]:
        """The ids of the parties that a text names, to the letter."""
        return self._by("".join)

    def _by(self, form: Callable[[tuple[str, ...]], str]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for one in self.all:
            for name in (*one.names, f"LEA {one.id}"):
                for read in _readings(name):
                    found.setdefault(form(read), set()).add(one.id)
        found.pop("", None)
        return found

    def taken_by(self, name: str, lea: str) -> str:
        """The other party whose name or id this name is, or looks like; '' for none."""
        found = [_seen(one) for one in _readings(name)]
        others = set().union(*(some.get(one, set()) for one in found for some in (self._owners, self._ids)))
        return min(others - {lea}, default="")

    def fault_of(self, user_id: str, lea: str) -> str:
        """Why this user id does not fit the party, as the end of a sentence; '' where it fits."""
        party, text = self._by_id[lea], unicodedata.normalize("NFC", user_id)
        if len(text) > _LONGEST or not all(_is_plain(one, "".join(party.names)) for one in text):
            return "has letters or signs that are not plain ones"
        whole = _named(text)
        if whole != words(lea) and not any(_begins(whole, name) for name in (*party.names, f"LEA {lea}")):
            return "does not begin with the party's name"
        if "@" in _without_address(text):
            return "has an address elsewhere than at its end, in angle brackets"
        other = self.other_in(text, lea)
        return f"names {other}" if other else ""

    def other_in(self, text: str, lea: str) -> str:
        """The other party that a text names, or seems to name; '' for none. Another's name inside the party's own name
        does not count."""
        found = (self._other_in(whole, lea) for whole in _readings(_without_address(text)))
        return next(filter(None, found), "")

    def _other_in(self, whole: Sequence[str], lea: str) -> str:
        spans = list(self._spans(whole))
        own = [(start, end) for start, end, owners in spans if lea in owners]
        for start, end, owners in spans:
            within = any(a <= start and end <= b and (a, b) != (start, end) for a, b in own)
            if owners - {lea} and not within:
                return min(owners - {lea})
        return ""

    def _spans(self, whole: Sequence[str]) -> Iterator[tuple[int, int, set[str]]]:
        """Where names stand in the look of a text, and which parties have them. Where a name is a party's to the
        letter, parties with similar names do not count."""
        parts = [_seen([one]) for one in whole]
        text = "".join(parts)
        edges = {at: place for place, at in enumerate(accumulate(map(len, parts), initial=0))}
        for name, owners in self._owners.items():
            start = text.find(name)
            while start >= 0:
                end = start + len(name)
                if start in edges and end in edges:
                    yield start, end, self._exactly.get("".join(whole[edges[start] : edges[end]]), owners)
                elif len(name) >= _LONG:
                    yield start, end, owners
                start = text.find(name, start + 1)


def _readings(text: str) -> tuple[tuple[str, ...], ...]:
    """The words of a text, and its words with signs read as letters where that makes a difference."""
    plain, other = words(text), words(text.translate(_FOR_LETTERS))
    return (plain,) if plain == other else (plain, other)


def begins_with(user_id: str, name: str) -> bool:
    """Whether a user id begins with this name, in whole words."""
    return _begins(_named(user_id), name)


def _begins(whole: tuple[str, ...], name: str) -> bool:
    wanted = "".join(words(name))
    begins = ("".join(whole[:end]) for end in range(1, min(len(whole), _MOST_WORDS) + 1))
    return bool(wanted) and any(one == wanted for one in begins)


def _named(user_id: str) -> tuple[str, ...]:
    """The words of a user id before its last angle brackets."""
    return words(_IN_ANGLES.sub("", user_id))


def _without_address(user_id: str) -> str:
    """A user id without its address; text in brackets that is no address stays."""
    found = _IN_ANGLES.search(user_id)
    return user_id[: found.start()] if found and is_address(found[1].strip()) else user_id
