"""Children who are not one, in their thousands: twins, siblings, triplets, and namesakes born on one day.

Prints JSON lines: how many pairs the model matches, leaves to a person, and tells apart, where both records have what a
school asks for (`everything`, with the errors of every day) and where they have names, birth date and gender only. In
half of the pairs of twins and of triplets one of the two has a typo in the first or the last name. What is matched with
everything there must be nobody. Names and birth date alone cannot tell namesakes apart, and nobody could by them.
"""

import argparse
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import combinations, islice
from random import Random
from typing import Any

from broker.identity import features, lenient, models
from broker.identity.compare import answer_of
from broker.simulate import pairs as simulated
from broker.simulate.blocks import Block, copied
from broker.simulate.errors import spoil
from broker.simulate.rates import DEFAULT
from broker.simulate.spelling import misspelt
from tests.bench import kinds
from tests.bench.corrupted import EVERYDAY, letters, names_only
from tests.bench.kinds import Source

SEEDS = range(8)
PAIRS: Mapping[str, int] = {"twins": 10_000, "siblings": 10_000, "triplets": 3000, "namesakes": 1000}
_TYPO, _IN_FIRST = 0.5, 0.75  # of pairs: one has a typo; of typos: in the first name
_TRIPLETS = DEFAULT.changed({"twins": 0.0, "triplets": 1.0})


def _twins(seed: int, _random: Random) -> Iterator[tuple[Block, Block]]:
    return simulated.twins(PAIRS["twins"], seed)


def _siblings(seed: int, random: Random) -> Iterator[tuple[Block, Block]]:
    return ((a, spoil(b, random)[0]) for a, b in kinds.siblings(seed, random))


def _triplets(seed: int, random: Random) -> Iterator[tuple[Block, Block]]:
    """The three pairs of each three."""
    for family in kinds.families(seed, _TRIPLETS):
        born = [one.block for one in family if family[0].id in (one.id, one.twin_of)]
        for a, b in combinations(born, 2):
            one, other = copied(a), spoil(b, random, EVERYDAY)[0]
            if _mistyped(one, other, random):
                yield one, other


def _mistyped(one: Block, other: Block, random: Random) -> bool:
    """Perhaps with a typo; False where their first names are the same letters, with it or without."""
    if random.random() < _TYPO:
        part = "first" if random.random() < _IN_FIRST else "last"
        name = (one if random.random() < 0.5 else other)["legal_name"]
        name[part] = misspelt(name[part], random)
    return letters(one["legal_name"]["first"]) != letters(other["legal_name"]["first"])


def _namesakes(seed: int, random: Random) -> Iterator[tuple[Block, Block]]:
    return ((a, spoil(b, random, EVERYDAY)[0]) for a, b in kinds.namesakes(seed, random))


SOURCES: Mapping[str, Source] = {
    "twins": _twins,
    "siblings": _siblings,
    "triplets": _triplets,
    "namesakes": _namesakes,
}


def pairs(kind: str, count: int, seeds: range = SEEDS) -> Iterator[tuple[Block, Block]]:
    """`count` pairs of a kind, of each seed an equal part."""
    for seed in seeds:
        yield from islice(SOURCES[kind](seed, Random(f"{seed}/{kind}")), count // len(seeds))


def measure(share: float = 1.0) -> Iterator[dict[str, Any]]:
    """One line for each kind; `share` of the pairs (0 to 1)."""
    model = models.load()
    for kind, count in PAIRS.items():
        counts = {"everything": Counter[str](), "names": Counter[str]()}
        for both in pairs(kind, int(count * share)):
            for data, found in counts.items():
                said = both if data == "everything" else [names_only(one, Random(0)) for one in both]
                one, other = (features.of(lenient.student(block)) for block in said)
                found[str(answer_of(model, one, other)[0])] += 1
        for data, found in counts.items():
            figures = {answer: found[answer] for answer in ("match", "review", "none")}
            yield {"measure": "identity_alike", "kind": kind, "data": data, "pairs": found.total()} | figures


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--share", type=float, default=1.0, help="of the pairs, 0 to 1")
    for line in measure(parser.parse_args().share):
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
