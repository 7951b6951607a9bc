"""Records of one child with more than one error, or with a part missing, and one thing in common that finds it.

Owns these kinds, beside those of one error (`kinds`). The common thing is the home alone, or the telephone alone; names
and birth date are all else that is known. Prints JSON lines, in per cent: `match`, `review` and `none` as the model has
it, and `unfound` where it would ask or match, and no key brings the child up.
"""

import argparse
import json
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any
from zlib import crc32

from rapidfuzz.distance import Levenshtein

from broker.identity import lenient, models
from broker.identity.answer import Answer
from broker.identity.compare import answer_of
from broker.identity.features import Features
from broker.identity.model import Model
from broker.simulate.blocks import Block, copied
from tests.bench import corrupted, identity_keys
from tests.bench.corrupted import Change, exchanged_with_typo, typo
from tests.bench.identity_pairs import shares
from tests.bench.kinds import families

PAIRS = 100
SEED = 8081
_NAMES = ("Fenwick", "Okafor", "Birchby", "Donaldson", "Garza", "Whitlock")  # of nobody's family here
COMMON: Mapping[str, str] = {"home": "address", "telephone": "phone"}


def _both(*changes: Change) -> Change:
    return lambda a, b, random: all(change(a, b, random) for change in changes)


def _without(part: str) -> Change:
    def change(_a: Block, b: Block, _random: Random) -> bool:
        (b if part == "birth_date" else b["legal_name"])[part] = ""
        return True

    return change


def _half_exchanged(a: Block, b: Block, random: Random) -> bool:
    """The last name as first name, and another last name behind it."""
    b["legal_name"] |= {"first": a["legal_name"]["last"], "last": random.choice(_NAMES)}
    return True


def _another_last(a: Block, b: Block, random: Random) -> bool:
    b["legal_name"]["last"] = random.choice(_NAMES)
    return bool(b["legal_name"]["last"] != a["legal_name"]["last"])


def _house_number(_a: Block, b: Block, random: Random) -> bool:
    """Another house in the same street."""
    number, _, street = b["address"]["street"].partition(" ")
    b["address"]["street"] = f"{random.choice([one for one in range(2, 2000) if str(one) != number])} {street}"
    return number.isdigit()


def _postal_code(_a: Block, b: Block, random: Random) -> bool:
    """Another digit in the postal code: the next town's, or nobody's."""
    place, code = random.randrange(5), b["address"]["postal_code"]
    other = random.choice([one for one in "0123456789" if one != code[place]])
    b["address"]["postal_code"] = f"{code[:place]}{other}{code[place + 1 :]}"
    return True


def _another_birth_date(_a: Block, b: Block, random: Random) -> bool:
    """A day out of another file."""
    born = f"{random.randrange(2008, 2020)}-{random.randrange(1, 13):02}-{random.randrange(1, 29):02}"
    is_other = Levenshtein.distance(born, b["birth_date"]) > 2
    b["birth_date"] = born
    return is_other


def _in_one_field(_a: Block, b: Block, random: Random) -> bool:
    """First and last name in one field, and nothing in the other."""
    whole = f"{b['legal_name']['first']} {b['legal_name']['last']}"
    field, other = random.sample(("first", "last"), 2)
    b["legal_name"] |= {field: whole, other: ""}
    return True


KINDS: Mapping[str, Change] = {
    "names exchanged, typo in first, a digit": _both(exchanged_with_typo("first"), corrupted.digit),
    "names exchanged, typo in last, a digit": _both(exchanged_with_typo("last"), corrupted.digit),
    "names exchanged, day and month": _both(corrupted.exchanged, corrupted.day_and_month),
    "names exchanged, impossible date": _both(corrupted.exchanged, corrupted.impossible),
    "typo in first name, a digit": _both(typo("first"), corrupted.digit),
    "typo in first name, day and month": _both(typo("first"), corrupted.day_and_month),
    "typo in first name, New Year": _both(typo("first"), corrupted.new_year),
    "typo in first name, impossible date": _both(typo("first"), corrupted.impossible),
    "typo in last name, a digit": _both(typo("last"), corrupted.digit),
    "typo in last name, New Year": _both(typo("last"), corrupted.new_year),
    "typos in both names": _both(typo("first"), typo("last")),
    "half a surname, a digit": _both(corrupted.half_surname, corrupted.digit),
    "half a surname, typo in first": _both(corrupted.half_surname, typo("first")),
    "half exchanged": _half_exchanged,
    "another last name": _another_last,
    "names in one field": _in_one_field,
    "first name missing": _without("first"),
    "first name missing, a digit": _both(_without("first"), corrupted.digit),
    "last name missing": _without("last"),
    "birth date missing": _without("birth_date"),
    "birth date missing, typo in first name": _both(_without("birth_date"), typo("first")),
    "birth date missing, typo in last name": _both(_without("birth_date"), typo("last")),
    "birth date missing, names exchanged": _both(_without("birth_date"), corrupted.exchanged),
    "birth date missing, half exchanged": _both(_without("birth_date"), _half_exchanged),
    "birth date missing, another last name": _both(_without("birth_date"), _another_last),
    "birth date missing, another house number": _both(_without("birth_date"), _house_number),
    "birth date missing, another postal code": _both(_without("birth_date"), _postal_code),
    "another last name, a digit": _both(_another_last, corrupted.digit),
    "another birth date, another house number": _both(_another_birth_date, _house_number),
    "another birth date, another postal code": _both(_another_birth_date, _postal_code),
    "typos in both names, another house number": _both(typo("first"), typo("last"), _house_number),
    "first name missing, another house number": _both(_without("first"), _house_number),
    "last name missing, another house number": _both(_without("last"), _house_number),
}


def pairs(kind: str, common: str, count: int, seed: int) -> Iterator[tuple[Block, Block]]:
    """So many pairs of a kind, with nothing in common but this beside name, birth date and gender."""
    random, made = Random(crc32(f"{seed}/{kind}/{common}".encode())), 0
    for family in families(seed):
        a, b = copied(family[0].block), copied(family[0].block)
        if made < count and KINDS[kind](a, b, random):
            made += 1
            yield a, corrupted.only(b, COMMON[common])
        elif made >= count:
            return


def outcome(model: Model, a: Block, b: Block) -> str:
    """The answer on a pair, or `unfound`."""
    known, asked = _variants(a), _variants(b)
    answer, _ = answer_of(model, asked, known)
    under = identity_keys.kept(model, known)
    is_found = any(key in under for _, key in identity_keys.ways(model, asked))
    return str(answer) if is_found or answer is Answer.NONE else "unfound"


def _variants(block: Block) -> tuple[Features, ...]:
    return lenient.reading(block, is_born=False).variants()


def measure(count: int = PAIRS, seed: int = SEED) -> Iterator[dict[str, Any]]:
    """A line for each kind and common thing."""
    model = models.load()
    for kind in KINDS:
        for common in COMMON:
            found = shares([outcome(model, a, b) for a, b in pairs(kind, common, count, seed)])
            yield {"measure": "identity_two_errors", "kind": kind, "common": common, "pairs": count} | found


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--pairs", type=int, default=PAIRS, help="of each kind and common thing")
    parser.add_argument("--seed", type=int, default=SEED)
    chosen = parser.parse_args()
    for line in measure(chosen.pairs, chosen.seed):
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
