"""What an LEA's own list says otherwise than the exchange's list of its students.

Owns who is taken for whom, and what counts as a difference. Promises: pure; a student is found by the SSID, else by the
local number with the birth date, else by name and birth date, and never by less; names are compared without case,
accents and signs (`identity.normalise`), numbers without leading zeros, which spreadsheets drop; where several students
could be meant, none is taken. A line with an exit by the day of the list says that the student has left.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from broker.formats.own_students.listed import Stay
from broker.identity import normalise

COMPARED = ("school", "entry_date", "exit_date", "birth_date", "last_name", "first_name", "local_number", "ssid")
NAMES = ("last_name", "first_name")
_NUMBERS = ("school", "local_number")

NOT_THERE, NOT_IN_FILE, LEFT, STAY = "not-there", "not-in-file", "left-in-file", "other-stay"
TWICE, SEVERAL, UNREAD = "twice", "several", "unreadable"
OTHER = {
    "school": "other-school",
    "entry_date": "other-entry-date",
    "exit_date": "other-exit-date",
    "birth_date": "other-birth-date",
    "last_name": "other-name",
    "first_name": "other-name",
    "local_number": "other-local-number",
    "ssid": "other-ssid",
}


@dataclass(frozen=True, slots=True, repr=False)
class Listing:
    """The exchange's list: which file each line is in (its number among the files), and the day of the list, ISO
    8601. Repr hidden."""

    stays: Sequence[tuple[int, Stay]] = field(repr=False)
    day: str


@dataclass(frozen=True, slots=True, repr=False)
class Difference:
    """One line of either list, and in what it differs: `kinds` maps what is different to the fields at fault. `mine` is
    the LEA's line, `theirs` the exchange's, None where there is none; `file` is the exchange's file. Repr hidden."""

    kinds: Mapping[str, tuple[str, ...]]
    mine: Stay | None = field(default=None, repr=False)
    theirs: Stay | None = field(default=None, repr=False)
    file: int = 0


@dataclass(frozen=True, slots=True, repr=False)
class Compared:
    """What was found: the differences, by the lines of the LEA's list, then by those of the exchange's; how many lines
    say the same, and how many begin only after the day of the list, and were not compared. Repr hidden."""

    differences: tuple[Difference, ...]
    same: int
    ahead: int


@dataclass(slots=True, repr=False, eq=False)
class _Student:
    """A student of the exchange's list, with the stays that no line has been found for. Repr hidden."""

    left: list[tuple[int, Stay]] = field(repr=False)
    done: list[tuple[int, Stay]] = field(default_factory=list, repr=False)

    @property
    def first(self) -> Stay:
        """Any of the stays: they have one number, name and birth date."""
        return (self.left or self.done)[0][1]


def compare(listing: Listing, mine: Sequence[Stay], fields: Iterable[str]) -> Compared:
    """Compare the LEA's lines with the exchange's list in these fields of `COMPARED`."""
    return _Comparison(listing, [name for name in COMPARED if name in set(fields)]).run(mine)


class _Comparison:
    def __init__(self, listing: Listing, fields: Sequence[str]) -> None:
        self._day = listing.day
        self._fields = fields
        self._students: dict[str, _Student] = {}
        for place in listing.stays:
            self._students.setdefault(place[1].of("ssid"), _Student([])).left.append(place)
        self._by_number: dict[tuple[str, ...], list[_Student]] = {}
        self._by_name: dict[tuple[str, ...], list[_Student]] = {}
        for student in self._students.values():
            for key in {_number_key(stay) for _, stay in student.left} - {()}:
                self._by_number.setdefault(key, []).append(student)
            if key := _name_key(student.first):
                self._by_name.setdefault(key, []).append(student)
        self._found: list[Difference] = []
        self._same = self._ahead = 0

    def run(self, mine: Sequence[Stay]) -> Compared:
        """All lines: first those of today, so that an earlier stay of the student is not taken for one of them."""
        self._found += [Difference({UNREAD: tuple(one.faults)}, one) for one in mine if one.faults]
        good = [one for one in mine if not one.faults]
        gone = [one for one in good if one.of("exit_date") and one.of("exit_date") <= self._day]
        here = [one for one in good if not (one.of("exit_date") and one.of("exit_date") <= self._day)]
        self._settle(here)
        for one in gone:
            self._leave(one)
        rest = [place for student in self._students.values() for place in student.left]
        others = [Difference({NOT_IN_FILE: ()}, None, stay, file) for file, stay in rest]
        own = sorted(self._found, key=lambda one: one.mine.line if one.mine else 0)
        others.sort(key=lambda one: (one.file, one.theirs.line if one.theirs else 0))
        return Compared((*own, *others), self._same, self._ahead)

    def _settle(self, here: Sequence[Stay]) -> None:
        """The lines of students who are there: first those at the school that the exchange has, so that a student at
        two schools is compared school by school; those that are still to begin come last."""
        waiting: list[tuple[Stay, _Student]] = []
        ahead: list[_Student] = []
        for one in here:
            student = self._meant(one)
            if student is None:
                continue
            same = next((place for place in student.left if _is_like("school", one, place[1])), None)
            if one.of("entry_date") > self._day and not (same and _is_like("entry_date", one, same[1])):
                ahead.append(student)
            elif same is None:
                waiting.append((one, student))
            else:
                self._pair(one, student, same)
        for one, student in waiting:
            self._pair_other(one, student)
        for student in ahead:  # both know the student, and the list cannot have the entry yet
            self._ahead += 1
            student.done += [student.left.pop()] if student.left else []

    def _pair_other(self, one: Stay, student: _Student) -> None:
        """A line at a school of which no stay is left."""
        again = next((place for place in student.done if _is_like("school", one, place[1])), None)
        if again is None and student.left:
            self._pair(one, student, student.left[0])
            return
        file, stay = again or student.done[-1]
        self._found.append(Difference({TWICE if again else STAY: ()}, one, stay, file))

    def _pair(self, one: Stay, student: _Student, place: tuple[int, Stay]) -> None:
        student.left.remove(place)
        student.done.append(place)
        kinds: dict[str, tuple[str, ...]] = {}
        for name in self._fields:
            if not _is_like(name, one, place[1]):
                kinds[OTHER[name]] = (*kinds.get(OTHER[name], ()), name)
        if kinds:
            self._found.append(Difference(kinds, one, place[1], place[0]))
        else:
            self._same += 1

    def _leave(self, one: Stay) -> None:
        """A line of a student who has left by the LEA's own list."""
        student = self._meant(one, is_gone=True)
        if student is None or not student.left:
            self._same += 1
            return
        at_school = (place for place in student.left if _is_like("school", one, place[1]))
        begun = [place for place in at_school if place[1].of("entry_date") <= one.of("exit_date")]
        if not begun:
            self._same += 1
            return
        student.left.remove(begun[-1])
        student.done.append(begun[-1])
        self._found.append(Difference({LEFT: ("exit_date",)}, one, begun[-1][1], begun[-1][0]))

    def _meant(self, one: Stay, *, is_gone: bool = False) -> _Student | None:
        """Whom a line means; where that is nobody, or could be several, this is noted."""
        found = next((some for some in self._candidates(one) if some), [])
        if len(found) > 1:
            named = self._by_name.get(_name_key(one), [])
            found = [some for some in found if some in named] or found
        if len(found) == 1:
            return found[0]
        if is_gone:
            return None
        if found:
            self._found.append(Difference({SEVERAL: ()}, one))
        elif one.of("entry_date") > self._day:
            self._ahead += 1
        else:
            self._found.append(Difference({NOT_THERE: ()}, one))
        return None

    def _candidates(self, one: Stay) -> Iterator[list[_Student]]:
        """Those who could be meant, by each way to find them, the surest first."""
        ssid = one.of("ssid")
        yield [self._students[ssid]] if ssid in self._students and ssid else []
        yield self._by_number.get(_number_key(one), [])
        yield self._by_name.get(_name_key(one), [])


def _number_key(one: Stay) -> tuple[str, ...]:
    number, born = _bare(one.of("local_number")), one.of("birth_date")
    return (number, born) if number and born else ()


def _name_key(one: Stay) -> tuple[str, ...]:
    last, first, born = normalise.key(one.of("last_name")), normalise.key(one.of("first_name")), one.of("birth_date")
    return (last, first, born) if last and born else ()


def _bare(number: str) -> str:
    return number.casefold().lstrip("0") or number[:1]


def _is_like(name: str, one: Stay, other: Stay) -> bool:
    """Whether both lines say the same; what one of them leaves empty is not compared, but for an exit."""
    mine, theirs = one.of(name), other.of(name)
    if name != "exit_date" and not (mine and theirs):
        return True
    if name in NAMES:
        return normalise.key(mine) == normalise.key(theirs)
    return _bare(mine) == _bare(theirs) if name in _NUMBERS else mine == theirs
