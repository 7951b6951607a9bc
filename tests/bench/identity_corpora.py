"""FEBRL 3 and fake_1000: Satchel's bulk matcher side by side with Splink, in one run, without social security numbers.

Prints JSON lines. These are not students: adults, with other columns and other errors, so neither side's model fits as
it is, and each is trained on the very data by its own recipe: Splink's by its published demos of these sets (`febrl3`,
and for fake_1000 the tutorial, with the birth date compared as in its README, which does better), Satchel's by what
`satchel identity train` does. Which pairs are looked at is a matter of the data's size, and the same for both here: one
rule a column, and first and last name changed about. Splink's tutorial itself looks at fewer pairs of fake_1000, which
is shown as `splink_tutorial`. An email is no column of a student: Satchel gets it as one more comparison in its
settings, as a state could add one.
"""

import csv
import json
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import splink.comparison_library as cl
from splink import Linker, SettingsCreator, block_on
from splink.backends.duckdb import DuckDBAPI

from broker.core.model import Address, Name, Student
from broker.identity import index, models
from broker.identity.bulk import linker, train
from broker.identity.bulk import matching as bulk
from broker.identity.bulk.linker import Entry
from broker.identity.evidence import Limits
from broker.identity.features import UNKNOWN_DAY
from broker.identity.model import Model
from tests.bench.measures import Pair, swept, truth

CORPORA = Path(__file__).resolve().parents[3] / "shared" / "corpora" / "identity"
_ALL = Limits(match=0.0, review=-1000.0, rules=())  # every pair that is looked at, by its weight alone


@dataclass(frozen=True, slots=True)
class Recipe:
    """How Splink is set up and trained for a set, by its documentation."""

    comparisons: Sequence[Any]
    blocked: Sequence[Any]
    sure: Sequence[Any]
    recall: float
    sessions: Sequence[Any]


FEBRL = Recipe(
    comparisons=(
        cl.NameComparison("given_name"),
        cl.NameComparison("surname"),
        cl.DateOfBirthComparison("date_of_birth", input_is_string=True, datetime_format="%Y%m%d"),
        cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
        cl.ExactMatch("postcode").configure(term_frequency_adjustments=True),
    ),
    blocked=[
        *(block_on(name) for name in ("given_name", "surname", "date_of_birth", "postcode")),
        "l.given_name = r.surname",
        "l.surname = r.given_name",
    ],
    sure=(
        block_on("given_name", "surname", "date_of_birth"),
        "l.given_name = r.surname and l.surname = r.given_name and l.date_of_birth = r.date_of_birth",
    ),
    recall=0.6,  # 0.9 in the demo, where the number is one of the rules
    sessions=(block_on("date_of_birth"), block_on("postcode")),
)
FAKE = Recipe(
    comparisons=(
        cl.NameComparison("first_name"),
        cl.NameComparison("surname"),
        cl.DateOfBirthComparison("dob", input_is_string=True),
        cl.ExactMatch("city").configure(term_frequency_adjustments=True),
        cl.EmailComparison("email"),
    ),
    blocked=[
        *(block_on(name) for name in ("first_name", "surname", "dob", "email")),
        "l.first_name = r.surname",
        "l.surname = r.first_name",
    ],
    sure=(
        block_on("first_name", "dob"),
        "l.first_name = r.first_name and levenshtein(r.surname, l.surname) <= 2",
        block_on("email"),
    ),
    recall=0.7,
    sessions=(block_on("first_name", "surname"), block_on("dob")),
)
TUTORIAL = (block_on("first_name", "city"), block_on("surname"), block_on("dob"))
_BOTH = ("l.first = r.first", "l.last = r.last", "l.birth_date = r.birth_date", "l.first = r.last", "l.last = r.first")
BLOCKED = {"febrl3": (*_BOTH, "l.postal_code = r.postal_code"), "fake_1000": (*_BOTH, "l.email = r.email")}
_EMAIL: tuple[tuple[str, str, float, float], ...] = (
    ("email_l = email_r", "the same", 0.6, 0.001),
    ("email_name_l = email_name_r", "the same name in it", 0.1, 0.001),
    ("jaro_winkler_similarity(email_l, email_r) >= 0.88", "nearly the same", 0.1, 0.001),
    ("jaro_winkler_similarity(email_name_l, email_name_r) >= 0.88", "nearly the same name in it", 0.1, 0.003),
    ("ELSE", "different", 0.1, 0.994),
)


def rows(path: Path) -> list[dict[str, str | None]]:
    """The rows of a CSV: blanks cut off, nothing for an empty cell, and no social security number."""
    with path.open(encoding="utf-8", newline="") as file:
        found = [{name.strip(): value.strip() or None for name, value in row.items()} for row in csv.DictReader(file)]
    return [{name: value for name, value in row.items() if name != "soc_sec_id"} for row in found]


def by_splink(table: Sequence[Mapping[str, str | None]], recipe: Recipe, blocked: Sequence[Any]) -> dict[Pair, float]:
    """The weights of Splink's own model."""
    api: Any = DuckDBAPI()
    people = api.register(pa.Table.from_pylist([dict(row) | {"unique_id": place} for place, row in enumerate(table)]))
    chosen = SettingsCreator(
        link_type="dedupe_only",
        comparisons=list(recipe.comparisons),
        blocking_rules_to_generate_predictions=list(blocked),
    )
    work = Linker(people, chosen, log_level=None)
    work.training.estimate_probability_two_random_records_match(list(recipe.sure), recall=recipe.recall)
    work.training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    for session in recipe.sessions:
        work.training.estimate_parameters_using_expectation_maximisation(session)
    found = work.inference.predict().as_duckdbpyrelation()
    return {
        (min(one, other), max(one, other)): weight
        for one, other, weight in found.project("unique_id_l, unique_id_r, match_weight").fetchall()
    }


def by_satchel(model: Model, entries: Sequence[Entry], blocked: Sequence[str]) -> dict[Pair, float]:
    """The weights of Satchel's model, trained on these people."""
    trained = train.train(model, linker.tables(model, entries), lambda: {})
    settings = {
        **trained.settings,
        "blocking_rules_to_generate_predictions": [{"blocking_rule": rule} for rule in blocked],
    }
    own, found = Model(settings, trained.terms, _ALL), dict[Pair, float]()
    with bulk.opened(own) as matching:
        matching.roster(linker.tables(own, entries))
        matching.within()
        matching.judge()
        for one in matching.verdicts():
            pair = min(one.person, one.other), max(one.person, one.other)
            found[pair] = max(one.weight, found.get(pair, one.weight))
    return found


def febrl(table: Sequence[Mapping[str, str | None]]) -> Iterator[Entry]:
    """FEBRL's people as students."""
    for place, row in enumerate(table):
        cell = {name: value or "" for name, value in row.items()}
        home = Address(
            f"{cell['street_number']} {cell['address_1']} {cell['address_2']}",
            cell["suburb"],
            cell["state"],
            cell["postcode"],
        )
        born = _day(cell["date_of_birth"], "%Y%m%d")
        yield place, index.variants_of(Student(Name(cell["given_name"], cell["surname"]), born, address=home))


def fake(table: Sequence[Mapping[str, str | None]]) -> Iterator[Entry]:
    """The people of fake_1000 as students, with two columns more."""
    for place, row in enumerate(table):
        cell = {name: value or "" for name, value in row.items()}
        student = Student(
            Name(cell["first_name"], cell["surname"]), _day(cell["dob"], "%Y-%m-%d"), address=Address(city=cell["city"])
        )
        more = {"email": cell["email"] or None, "email_name": cell["email"].partition("@")[0] or None}
        yield place, [{**one, **more} for one in index.variants_of(student)]


def with_email(model: Model) -> Model:
    """The model with one comparison more."""
    levels: list[dict[str, Any]] = [
        {
            "sql_condition": "email_l is null or email_r is null",
            "label_for_charts": "missing on one side",
            "is_null_level": True,
        }
    ]
    levels += [
        {"sql_condition": condition, "label_for_charts": label, "m_probability": m, "u_probability": u}
        for condition, label, m, u in _EMAIL
    ]
    more = {"output_column_name": "email", "comparison_levels": levels}
    return Model({**model.settings, "comparisons": [*model.settings["comparisons"], more]}, model.terms, model.limits)


def _day(text: str, form: str) -> date:
    year, month, day = (text[:4], text[4:6], text[6:]) if form == "%Y%m%d" else (text[:4], text[5:7], text[8:])
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return UNKNOWN_DAY


def measure() -> Iterator[dict[str, Any]]:
    """One line for each set; nothing where the sets are not there."""
    logging.getLogger("splink").setLevel(logging.CRITICAL)
    model = models.load()
    path = CORPORA / "febrl" / "dataset3.csv"
    if path.exists():
        table = rows(path)
        true = truth(str(row["rec_id"]).rpartition("-")[0].removesuffix("-dup") for row in table)
        yield {
            "measure": "febrl3",
            "records": len(table),
            "true_pairs": len(true),
            "satchel": swept(by_satchel(model, list(febrl(table)), BLOCKED["febrl3"]), true),
            "splink": swept(by_splink(table, FEBRL, FEBRL.blocked), true),
        }
    else:
        yield {"measure": "febrl3", "skipped": "optional input ../shared/corpora/identity/febrl is not here"}
    path = CORPORA / "splink" / "fake_1000.csv"
    if path.exists():
        table = rows(path)
        true = truth(row["cluster"] for row in table)
        people = [{name: value for name, value in row.items() if name not in ("cluster", "unique_id")} for row in table]
        yield {
            "measure": "fake_1000",
            "records": len(table),
            "true_pairs": len(true),
            "satchel": swept(by_satchel(with_email(model), list(fake(people)), BLOCKED["fake_1000"]), true),
            "splink": swept(by_splink(people, FAKE, FAKE.blocked), true),
            "splink_tutorial": swept(by_splink(people, FAKE, TUTORIAL), true),
        }
    else:
        yield {"measure": "fake_1000", "skipped": "optional input ../shared/corpora/identity/splink is not here"}


if __name__ == "__main__":
    for line in measure():
        print(json.dumps(line), flush=True)
