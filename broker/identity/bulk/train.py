"""Training of a state's own model: Splink learns m, u, prior and common names from the state's students.

Owns what is learnt, and from which records. Promises: comparisons, levels, labels and blocking rules stay as they are,
and so does the m or u of a level that too few pairs of students reach; too few students are refused. Names that few
students share are not learnt: the model names no student.

m says how often the records of one student agree. Where records have SSIDs, m is learnt from those, because SSIDs leave
no doubt. Otherwise Splink looks for students who are there twice (expectation maximisation); it would take twins for
one student, so possible twins are left out of the session that learns names. m cannot be learnt from a registry in
which every student is there once.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass
from string import Template
from typing import Any

import duckdb
import pyarrow as pa
from splink import Linker
from splink.backends.duckdb import DuckDBAPI

from broker.core.errors import OperatorError
from broker.identity.bulk import linker, matching
from broker.identity.model import Model, Terms

Told = Callable[[str], None]  # called with the name of the next step

FEWEST_STUDENTS = 1_000
FEWEST_PAIRS = 100  # pairs of records of one student, by SSID, or by the same name and birth date
FEWEST_NAMESAKES = 10  # so many students must share a name before it counts as common, as in schools' published figures
MOST_RECORDS = 50  # records with one SSID; a number in more records is no SSID
RANDOM_PAIRS = 1_000_000  # for u: the rarest levels hold for one pair in 100,000
BLOCKED_PAIRS = 2_000_000  # pairs in one session of expectation maximisation, about
FEWEST_OF_LEVEL = 10  # so many pairs must reach a level before its former m or u is replaced
# Each session learns the comparisons that it does not block on; together the sessions learn all of them.
SESSIONS = ("l.first = r.first AND l.last = r.last", "l.birth_date = r.birth_date AND l.alone AND r.alone")
_SEED = 1
_SAME = ("first_l = first_r", "last_l = last_r", "birth_date_l = birth_date_r")  # every model has these levels
_PRIOR = "probability_two_random_records_match"
# A student may be a twin with a birth order, or where another student has the same last name and birth date but another
# first name.
_PEOPLE = Template("""
    CREATE TABLE people AS
    SELECT *, NOT EXISTS (
        SELECT 1 FROM entries AS twin WHERE twin.last = one.last AND twin.birth_date = one.birth_date AND twin.legal
        AND jaro_winkler_similarity(twin.first, one.first) < 0.8
    ) AND $single AS alone
    FROM entries AS one LEFT JOIN labels USING (person) WHERE legal
""")
_SAMPLE = Template("""
    CREATE TABLE sample AS SELECT $columns
    FROM (SELECT * FROM people ORDER BY hash(entry) LIMIT 50000) AS l
    POSITIONAL JOIN (SELECT * FROM people ORDER BY hash(-entry) LIMIT 50000) AS r
""")
_LABELLED = """
    SELECT coalesce(sum(records), 0), coalesce(sum(records * (records - 1) / 2), 0)::BIGINT
    FROM (SELECT count(*) AS records FROM people WHERE label IS NOT NULL GROUP BY label)
"""
_SURE = """
    SELECT coalesce(sum(records * (records - 1) / 2), 0)::BIGINT, coalesce(max(singles), 0)
    FROM (SELECT count(*) AS records, count(*) FILTER (alone) AS singles FROM people
          WHERE first IS NOT NULL AND last IS NOT NULL AND birth_date IS NOT NULL GROUP BY first, last, birth_date)
"""


@dataclass(frozen=True, slots=True)
class Trained:
    """The result of training on `students` records. m was learnt from about `pairs` pairs of records of one student, 0
    where it stayed as it was; `is_known` says that SSIDs showed these pairs. `charts` are Splink's HTML documents by
    title."""

    settings: Mapping[str, Any]
    terms: Terms
    students: int
    pairs: int
    is_known: bool
    charts: Mapping[str, str]


def train(
    model: Model,
    tables: Iterable[pa.Table],
    labels: Callable[[], Mapping[int, str]] | None,
    told: Told = lambda _what: None,
) -> Trained:
    """Learn from students in the form of `linker.tables`.

    `labels` is called when all students are read, and gives the known SSIDs by the number of the student. None says
    that every student is there once. Raises OperatorError for too few students, or too few who are there twice.
    """
    with matching.database() as connection, linker.quiet():
        form = linker.schema(model)
        matching.load(connection, "entries", form, tables)
        _label(connection, labels() if labels else {}, "birth_order IS NULL" if "birth_order" in form.names else "true")
        students = int(_one(connection, "SELECT count(*) FROM people")[0])
        if students < FEWEST_STUDENTS:
            raise OperatorError(f"A model is learnt from {FEWEST_STUDENTS} students or more; there are {students}.")
        told("Common names")
        own = Model(model.settings, _terms(connection, model), model.limits)
        work = linker.linked(DuckDBAPI(connection=connection), own, "people", linker.settings(own))
        told("What students share by chance")
        work.training.estimate_u_using_random_sampling(RANDOM_PAIRS, seed=_SEED, min_count_per_level=None)
        shares, pairs, is_known, prior = _shares(connection, own), 0, False, 1 / students
        if labels:
            told("How the records of one student differ")
            pairs, is_known, prior = _learn_m(connection, work, students, shares)
        told("Charts")
        random_pairs = min(RANDOM_PAIRS, students * (students - 1) // 2)
        settings = _settled(own, work.misc.save_model_to_json(), shares, pairs, random_pairs)
        settings[_PRIOR] = prior
        return Trained(settings, own.terms, students, pairs, is_known, _charts(work, pairs > 0))


def careful(trained: Trained, former: Model) -> dict[str, Any]:
    """The settings for use against any registry. A prior above the former one is not used: a roster is smaller than the
    state, and the limits were set for a large registry."""
    return {**trained.settings, _PRIOR: min(trained.settings[_PRIOR], former.settings[_PRIOR])}


def _label(connection: duckdb.DuckDBPyConnection, labels: Mapping[int, str], single: str) -> None:
    table = pa.table([pa.array(labels, pa.int64()), pa.array(labels.values(), pa.string())], ["person", "label"])
    connection.from_arrow(table).create("told")
    connection.execute(
        "CREATE TABLE labels AS FROM told WHERE label IN (SELECT label FROM told GROUP BY label HAVING count(*) <= $1)",
        [MOST_RECORDS],
    )
    connection.execute(_PEOPLE.substitute(single=single))
    connection.execute("DROP TABLE entries; DROP TABLE told; DROP TABLE labels")


def _terms(connection: duckdb.DuckDBPyConnection, model: Model) -> dict[str, dict[str, float]]:
    """The common values of each column with term frequencies, as shares of the students who have a value there."""
    found: dict[str, dict[str, float]] = {}
    for name in linker.term_columns(model):
        column = duckdb.ColumnExpression(name)
        counts = connection.table("people").filter(column.isnotnull()).aggregate([column, _COUNT])
        total = sum(count for _, count in counts.fetchall())
        common = counts.filter(duckdb.ColumnExpression("n") >= duckdb.ConstantExpression(FEWEST_NAMESAKES))
        found[name] = {value: count / total for value, count in sorted(common.fetchall())}
    return found


def _learn_m(
    connection: duckdb.DuckDBPyConnection, work: Linker, students: int, shares: Mapping[str, float]
) -> tuple[int, bool, float]:
    """Learn m. Returns the number of pairs, whether SSIDs showed them, and the probability that two random records are
    of one student."""
    labelled, known = _one(connection, _LABELLED)
    if known >= FEWEST_PAIRS:
        work.training.estimate_m_from_label_column("label")
        return int(known), True, 2 * known / (labelled * (labelled - 1))
    sure, singles = _one(connection, _SURE)
    if sure < FEWEST_PAIRS or singles < 2:  # each session must find students
        raise OperatorError(
            f"How the records of one student differ is learnt from {FEWEST_PAIRS} students or more who are there twice "
            f"with one name and birth date; there are {sure}. Take rosters of several LEAs or years, with SSIDs where "
            "there are any."
        )
    for rule in SESSIONS:
        work.training.estimate_parameters_using_expectation_maximisation(
            rule, estimate_without_term_frequencies=True, max_pairs=BLOCKED_PAIRS
        )
    pairs = round(sure / _how_sure(work.misc.save_model_to_json(), shares))
    return pairs, False, 2 * pairs / (students * (students - 1))


def _how_sure(learnt: Mapping[str, Any], shares: Mapping[str, float]) -> float:
    """Among students who are there twice, the share whose two records have the same first name, last name and birth
    date: the product of the three m, taken as independent. It turns the number of sure pairs into that of all pairs."""
    share = 1.0
    for one in learnt["comparisons"]:
        for level in one["comparison_levels"]:
            if level["sql_condition"] in _SAME:
                share *= level["m_probability"] * _both_have(shares[one["output_column_name"]])
    return share


def _both_have(share: float) -> float:
    """The share of pairs of one student in which both records have a value. `share` is that of random pairs; a value
    that one record has, the other record mostly has, too."""
    return math.sqrt(share)


def _one(connection: duckdb.DuckDBPyConnection, query: str) -> Any:
    return connection.execute(query).fetchall()[0]


def _settled(model: Model, learnt: Mapping[str, Any], shares: Mapping[str, float], m: int, u: int) -> dict[str, Any]:
    """The former settings, with the values learnt from `m` pairs of one student and from `u` random pairs. `shares` is
    the share of random pairs in which a comparison has both values. Raises OperatorError for impossible values."""
    settings: dict[str, Any] = deepcopy(dict(model.settings))
    for mine, new in zip(settings["comparisons"], learnt["comparisons"], strict=True):
        share = shares[mine["output_column_name"]]
        both = [
            (level, other)
            for level, other in zip(mine["comparison_levels"], new["comparison_levels"], strict=True)
            if not level.get("is_null_level")
        ]
        for name, pairs in (("m_probability", m * _both_have(share)), ("u_probability", u * share)):
            values = _blended([level[name] for level, _ in both], [other.get(name) for _, other in both], pairs)
            for (level, _), value in zip(both, values, strict=True):
                level[name] = value
        _check(mine["output_column_name"], [level for level, _ in both])
    return settings


def _blended(former: Sequence[float], learnt: Sequence[float | None], pairs: float) -> list[float]:
    """The values learnt from `pairs` pairs, which add up to 1. A level that too few pairs reach keeps its former value,
    or gets the largest value that so few pairs allow."""
    if pairs < FEWEST_PAIRS:
        return list(former)
    least = FEWEST_OF_LEVEL / pairs
    # where Splink saw no pair of a level, it leaves the value that it began with
    values = [
        new if new and new != old and new >= least else min(old, least) for old, new in zip(former, learnt, strict=True)
    ]
    return [value / sum(values) for value in values]


def _shares(connection: duckdb.DuckDBPyConnection, model: Model) -> dict[str, float]:
    """For each comparison, the share of random pairs in which both students have a value."""
    names = [one for one in linker.schema(model).names if one not in (linker.PERSON, linker.LEGAL)]
    columns = ", ".join(f"l.{one} AS {one}_l, r.{one} AS {one}_r" for one in names)
    connection.execute(_SAMPLE.substitute(columns=columns))
    found = {}
    for one in model.settings["comparisons"]:
        nulls = [level["sql_condition"] for level in one["comparison_levels"] if level.get("is_null_level")]
        said = connection.table("sample").aggregate(
            f"avg(((({') OR ('.join(nulls)})) IS NOT TRUE)::INT)" if nulls else "1.0"
        )
        found[str(one["output_column_name"])] = float(said.fetchall()[0][0])
    return found


def _check(name: str, levels: Sequence[Mapping[str, Any]]) -> None:
    """Check one comparison: its last level must speak against one child, and one level for it. Raises OperatorError."""
    ratios = [level["m_probability"] / level["u_probability"] for level in levels]
    if ratios[-1] >= 1 or max(ratios) <= 1:
        raise OperatorError(
            f"What these students tell of {name} cannot be: agreement would speak against them. "
            "Take rosters of several LEAs or years, with SSIDs where there are any."
        )


def _charts(work: Linker, is_m: bool) -> dict[str, str]:
    """Splink's charts of the model. Its charts of common names show names, and are left out."""
    made: dict[str, Any] = {
        "Weights: what each level speaks for or against": work.visualisations.match_weights_chart(),
        "m and u: how often each level holds, of one student and by chance": work.visualisations.m_u_parameters_chart(),
        "Students of whom too little is known to be found again": work.evaluation.unlinkables_chart(),
    }
    if is_m:
        made["What the sessions of training found"] = work.visualisations.parameter_estimate_comparisons_chart()
    return {title: chart.to_html(inline=True) for title, chart in made.items()}


_COUNT = duckdb.FunctionExpression("count", duckdb.StarExpression()).alias("n")
