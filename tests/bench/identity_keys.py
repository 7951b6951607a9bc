"""What each key costs that students are looked for by, and whom it alone finds.

Prints JSON lines, one for each blocking rule of the model: `met`, how many students it brings up for each one in a
state of 656,000, themselves among them (measured on a smaller state: who meets by chance grows with the number of
students, and a family does not); `alone`, how many of 10,000 students whose records are spoilt at the usual rates no
other key brings up; `alone_of_kinds`, the same of 10,000 pairs of one child of every kind (`kinds`), which the model
would match or ask about; and `alone_of_febrl`, the same of 10,000 copies of FEBRL 1 and 2, where those are there. The
last line has the whole: everybody met, the keys asked and kept for a student, and the pairs that no key brings up.
"""

import argparse
import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from broker.formats.documents import to_student
from broker.identity import index, lenient, models
from broker.identity.answer import Answer
from broker.identity.compare import answer_of
from broker.identity.features import Features
from broker.identity.model import Model
from broker.simulate.errors import spoil
from broker.simulate.people import Person, persons
from tests.bench import identity_febrl
from tests.bench.identity_one import STATE
from tests.bench.identity_pairs import variants
from tests.bench.kinds import KINDS, pairs

SEED = 23
_SHARE = 10_000  # what comes alone is told of so many
_ASKED = 5000
_PAIRS = 50  # of a kind and a measure of data
_FEBRL = ("febrl1", "febrl2")

Key = tuple[int, Any]  # the first rule that keeps students so, and the values


@dataclass(slots=True)
class Counts:
    """By rule: students met, and those whom it alone brings up; of `asked` look-ups."""

    asked: int = 0
    keys: int = 0
    missed: int = 0
    everybody: float = 0.0
    met: Counter[int] = field(default_factory=Counter)
    alone: Counter[int] = field(default_factory=Counter)


def ways(model: Model, one: Sequence[Features]) -> Iterator[tuple[int, Key]]:
    """Each rule with the keys under which it looks for this student."""
    for at, block in enumerate(model.blocks):
        for key in {block.asked(each) for each in one} - {None}:
            yield at, (model.places[at], key)


def kept(model: Model, one: Sequence[Features]) -> set[Key]:
    """The keys under which a student is found."""
    return {(at, key) for at in model.places for each in one if (key := model.blocks[at].kept(each)) is not None}


def in_state(model: Model, people: Sequence[Person]) -> Counts:
    """Spoilt records of some of these students, looked for among all."""
    table: Mapping[Key, list[int]] = defaultdict(list)
    for place, person in enumerate(people):
        for key in kept(model, index.variants_of(person.student)):
            table[key].append(place)
    dice, found, share = Random(SEED), Counts(), STATE / len(people)
    for own in range(0, len(people), max(1, len(people) // _ASKED)):
        student = to_student(spoil(people[own].block, dice)[0])
        by: dict[int, set[int]] = defaultdict(set)
        for at, key in ways(model, index.variants_of(student)):
            found.keys += 1
            for other in table.get(key, ()):
                by[other].add(at)
        for other, rules in by.items():
            worth = 1.0 if people[other].family == people[own].family else share
            found.everybody += worth
            found.met.update(dict.fromkeys(rules, worth))
        _count(found, by.get(own, set()))
    return found


def of_kinds(model: Model, count: int) -> Counts:
    """Pairs of one child, each kind and measure of data alike, as far as the model would match or ask."""
    found = Counts()
    for kind in KINDS:
        for data in kind.data if kind.same and not kind.number else ():
            for pair in pairs(kind, data, count, SEED):
                _look(found, model, variants(pair.b), variants(pair.a))
    return found


def of_febrl(model: Model) -> Counts:
    """The same of FEBRL's copies; nobody where the sets are not there."""
    found = Counts()
    for name in _FEBRL:
        if all((identity_febrl.FEBRL / one).is_file() for one in identity_febrl.SETS[name]):
            originals, copies = identity_febrl.rows(identity_febrl.SETS[name])
            known = {identity_febrl.person(row): _columns(row) for row in originals}
            for row in copies:
                _look(found, model, _columns(row), known[identity_febrl.person(row)])
    return found


def _columns(row: identity_febrl.Row) -> Sequence[Features]:
    return lenient.reading(identity_febrl.block(row), is_born=False).variants()


def _look(found: Counts, model: Model, one: Sequence[Features], other: Sequence[Features]) -> None:
    if answer_of(model, one, other)[0] is not Answer.NONE:
        under = kept(model, other)
        _count(found, {at for at, key in ways(model, one) if key in under})


def _count(found: Counts, rules: set[int]) -> None:
    found.asked += 1
    found.missed += not rules
    if len(rules) == 1:
        found.alone.update(rules)


def measure(students: int, count: int = _PAIRS) -> Iterator[dict[str, Any]]:
    """A line for each rule, then the whole."""
    model = models.load()
    state, kinds, febrl = in_state(model, list(persons(students, SEED))), of_kinds(model, count), of_febrl(model)
    for at, block in enumerate(model.blocks):
        alone = {name: _of(one.alone[at], one) for name, one in _named(state, kinds, febrl, "alone")}
        yield {"measure": "identity_key", "rule": block.rule, "met": round(state.met[at] / state.asked, 2)} | alone
    yield {
        "measure": "identity_keys",
        "students": students,
        "met": round(state.everybody / state.asked, 2),
        "keys_asked": round(state.keys / state.asked, 1),
        "ways_kept": len(set(model.places)),
        **{name: _of(one.missed, one) for name, one in _named(state, kinds, febrl, "missed")},
    }


def _named(state: Counts, kinds: Counts, febrl: Counts, name: str) -> list[tuple[str, Counts]]:
    found = [(name, state), (f"{name}_of_kinds", kinds)]
    return [*found, (f"{name}_of_febrl", febrl)] if febrl.asked else found


def _of(count: float, among: Counts) -> float:
    return round(_SHARE * count / among.asked, 1)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--students", type=int, default=60_000)
    for line in measure(parser.parse_args().students):
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
