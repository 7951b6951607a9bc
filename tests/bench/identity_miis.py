"""The identity model on published pairs of children's records (MIIS-E3): how many of each label get each answer.

Prints JSON lines. The half with odd pair numbers is the one that limits and rules were looked at with; the other half
is the report. The pairs' social security, medicaid and medical record numbers are never read. A second surname
(`nameLastHyph`) stands in the last name, or in an alias, or is left out: each is measured, for an LEA may send each.
"""

import json
import re
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from broker.identity import features
from broker.identity.compare import answer_of
from broker.identity.lenient import student
from broker.identity.models import load

FILE = Path(__file__).resolve().parents[3] / "shared" / "corpora" / "identity" / "miis" / "MIIS-E3.txt"
SURNAMES = ("joined", "alias", "left out")
_FIELD = re.compile(r"(\w+)=(.*?),(?=\w+=|$)")


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records, what someone thought of them, and what was done to make them."""

    number: int
    scenario: str
    label: str
    left: Mapping[str, str]
    right: Mapping[str, str]


def pairs(path: Path = FILE) -> Iterator[Pair]:
    """The pairs of a file in this form: four lines each, `TEST`, `EXPECT`, `PATIENT A`, `PATIENT B`."""
    found: dict[str, str] = {}
    for line in path.read_text("utf-8").splitlines():
        name, _, value = line.partition(": ")
        found[name] = value
        if name == "PATIENT B":
            number, scenario, _ = found["TEST"].split(":")
            records = [dict(_FIELD.findall(found[f"PATIENT {one}"])) for one in "AB"]
            yield Pair(int(number.partition("-")[2]), scenario, found["EXPECT"], *records)


def block(record: Mapping[str, str], surname: str = "joined") -> dict[str, Any]:
    """A record as a student block."""
    field = {name: value.strip() for name, value in record.items()}.get
    first, last, second = field("nameFirst", ""), field("nameLast", ""), field("nameLastHyph", "")
    aliases = [{"first": field("nameAlias"), "last": last}] if field("nameAlias") else []
    if second and second not in last:
        if surname == "joined":
            last = f"{last}-{second}"
        elif surname == "alias":
            aliases.append({"first": first, "last": second})
    guardian = {"first": field("guardianNameFirst", ""), "last": field("guardianNameLast", "")}
    maiden = {"first": "", "last": field("motherMaidenName", "")}
    order = field("birthOrder", "")
    return {
        "legal_name": {
            "first": first, "middle": field("nameMiddle", ""), "last": last, "suffix": field("nameSuffix", ""),
        },
        "aliases": aliases,
        "birth_date": datetime.strptime(record["birthDate"], "%Y%m%d").date().isoformat(),
        "gender": field("gender", ""),
        "birth_order": int(order) if order.isdigit() else None,
        "guardians": [one for one in (guardian, maiden) if any(one.values())],
        "phone": field("phone", ""),
        "address": {
            "street": f"{field('addressStreet1', '')} {field('addressStreet2', '')}".strip(),
            "city": field("addressCity", ""), "state": field("addressState", ""),
            "postal_code": field("addressZip", ""),
        },
    }  # fmt: skip


def measure() -> Iterator[dict[str, Any]]:
    """A confusion table for each half and each way to write a second surname, and the time for a pair."""
    if not FILE.is_file():
        yield {"measure": "identity_miis_e3", "skipped": "optional input ../shared/corpora is not here"}
        return
    model = load()
    every = list(pairs())
    for surname in SURNAMES:
        for half, is_odd in (("tuned on", 1), ("held out", 0)):
            chosen = [pair for pair in every if pair.number % 2 == is_odd]
            students = [[student(block(one, surname)) for one in (pair.left, pair.right)] for pair in chosen]
            began = time.perf_counter()
            answers = [answer_of(model, features.of(left), features.of(right))[0] for left, right in students]
            seconds = time.perf_counter() - began
            counts = Counter((pair.label, str(answer)) for pair, answer in zip(chosen, answers, strict=True))
            line = {"measure": "identity_miis_e3", "half": half, "second_surname": surname}
            yield line | figures(counts) | {"microseconds_a_pair": round(1e6 * seconds / len(chosen))}


def figures(counts: Counter[tuple[str, str]]) -> dict[str, Any]:
    """The table, and the four figures that are asked for, in per cent."""

    def share(label: str, *answers: str) -> float:
        total = sum(count for (one, _), count in counts.items() if one == label)
        return round(100 * sum(counts[label, answer] for answer in answers) / total, 2)

    return {
        "table": {
            label: {answer: counts[label, answer] for answer in ("match", "review", "none")}
            for label in ("Match", "Possible Match", "Not a Match")
        },
        "match_of_true": share("Match", "match"),
        "match_or_review_of_true": share("Match", "match", "review"),
        "match_of_false": share("Not a Match", "match"),
        "review_of_false": share("Not a Match", "review"),
    }


if __name__ == "__main__":
    for found in measure():
        print(json.dumps(found), flush=True)
