"""The index that the model searches: each student's normalised columns, and the keys (blocks) to find them by.

Owns `student_features`, `student_blocks` and `registry_index`. Promises: candidates come by index in one statement, and
never more than a person could look through, however common a key is; everything here can be made again from the
registry, and records for which model it was made.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    ColumnElement,
    Dialect,
    Label,
    Select,
    Subquery,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal_column,
    or_,
    select,
    text,
    true,
    union_all,
)

from broker.edge.ledger import prepared
from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.people.stays import counts
from broker.edge.ledger.tables import (
    enrollment_changes,
    enrollments,
    registry_index,
    student_blocks,
    student_features,
    students,
)

MOST_CANDIDATES = 50
MOST_IN_BLOCK = 200
MOST_VARIANTS = 16
_MOST_OWN = 10  # numbers of one student at one LEA's schools


class Scope(NamedTuple):
    """Where a name counts. A name reported by an LEA counts there, and everywhere once that LEA has or had the child; a
    name that counts at one LEA only never counts elsewhere. '' means no limit."""

    told_by: str = ""
    only_at: str = ""


EVERYWHERE = Scope()


@dataclass(frozen=True, slots=True, repr=False)
class Indexed:
    """What is kept about one student: the columns under each name, the blocks, and where each name counts (everywhere,
    where `scopes` is empty). Repr hidden: it holds names."""

    variants: tuple[Mapping[str, Any], ...]
    blocks: frozenset[int]
    scopes: tuple[Scope, ...] = ()


class Found(IntEnum):
    """How a candidate was found; of two ways, the greater value counts."""

    BY_BLOCK = 0
    BY_LOCAL_ID = 1  # the asking LEA gave this number to this student and to no other
    BY_SSID = 2  # the packet claims this SSID


@dataclass(frozen=True, slots=True, repr=False)
class Hit:
    """A candidate, with the columns to compare under each name. Repr hidden."""

    ssid: str
    found: Found
    variants: tuple[Mapping[str, Any], ...]


_FOUND = tuple(Found)
_OLD_BLOCKS = delete(student_blocks).where(
    student_blocks.c.block == bindparam("b_block"), student_blocks.c.ssid == bindparam("b_ssid")
)
_NUMBERS = (
    select(enrollments.c.local_id)
    .where(enrollments.c.ssid == bindparam("ssid"), enrollments.c.lea == bindparam("lea"))
    .where(enrollments.c.exit_date == "")
    .limit(_MOST_OWN)
)
_DATA = (
    select(student_features.c.data)
    .where(student_features.c.ssid == bindparam("ssid"))
    .order_by(student_features.c.variant)
)


def counts_at(features: Any, lea: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether a row of `student_features` (or an alias) has a name that counts at this LEA; with '', one that counts
    everywhere."""
    own = (enrollments.c.ssid == features.ssid) & (enrollments.c.lea == features.told_by) & counts(enrollments.c)
    has_had = exists(select(enrollments.c.id).where(own))
    return and_(
        or_(features.told_by == "", features.told_by == lea, has_had),
        or_(features.only_at == "", features.only_at == lea),
    )


def variants(connection: Reading, ssid: str) -> tuple[Mapping[str, Any], ...]:
    """The columns kept for a student, under each name."""
    return tuple(orjson.loads(row[0]) for row in connection.execute(_DATA, {"ssid": ssid}))


def variants_at(connection: Reading, ssid: str, lea: str) -> tuple[Mapping[str, Any], ...]:
    """The columns kept for a student, under each name that counts at this LEA."""
    return tuple(orjson.loads(row[0]) for row in connection.execute(_DATA_AT, {"ssid": ssid, "lea": lea}))


_DATA_AT = _DATA.where(counts_at(student_features.c, bindparam("lea")))


def put(connection: Writing, ssid: str, new: Indexed, old: frozenset[int] = frozenset()) -> None:
    """Keep this for a student, in place of what was kept before; `old` are the blocks kept before."""
    connection.execute(delete(student_features).where(student_features.c.ssid == ssid))
    gone, fresh = old - new.blocks, new.blocks - old
    if gone:
        connection.execute(_OLD_BLOCKS, [{"b_block": block, "b_ssid": ssid} for block in gone])
    add(connection, [(ssid, Indexed(new.variants, frozenset(fresh), new.scopes))])


def add(connection: Writing, students: Iterable[tuple[str, Indexed]]) -> None:
    """Keep this for students for whom nothing is kept yet."""
    features, keys = [], []
    for ssid, one in students:
        for number, columns in enumerate(one.variants):
            scope = one.scopes[number] if one.scopes else EVERYWHERE
            data = orjson.dumps(columns).decode()
            features.append({"ssid": ssid, "variant": number, "data": data} | scope._asdict())
        keys += [{"block": block, "ssid": ssid} for block in one.blocks]
    if features:
        connection.execute(insert(student_features), features)
    if keys:
        connection.execute(insert(student_blocks), keys)


def clear(connection: Writing) -> None:
    """Delete all of it, to make it again."""
    connection.execute(delete(student_features))
    connection.execute(delete(student_blocks))


def made_for(connection: Reading) -> str | None:
    """The mark of the model that this was made for; None where none is recorded, '' when it was made without a
    model."""
    return connection.execute(select(registry_index.c.model)).scalar()


def mark(connection: Writing, model: str) -> None:
    """Record which model this was made for."""
    connection.execute(delete(registry_index))
    connection.execute(insert(registry_index), {"id": 1, "model": model})


def candidates(
    connection: Reading,
    blocks: Sequence[int],
    own: tuple[str, str] | None = None,
    claimed: str = "",
    lea: str = "",
) -> list[Hit]:
    """The students in any of these blocks, the one to whom `own` (an LEA and its number) belongs, if it is or was one
    student's alone, and the one for whom the number `claimed` stands: at most 50, first those found by a number, then
    those in most blocks. Each comes with the names that count at `lea`."""
    if not (blocks or own or claimed):
        return []
    statement = _prepared(len(blocks), own is not None, bool(claimed), connection.dialect)
    lea, local_id = own or (lea, "")
    values: dict[str, Any] = {f"block{number}": block for number, block in enumerate(blocks)}
    rows = prepared.run(connection, statement, values | {"lea": lea, "local_id": local_id, "claimed": claimed})
    gathered: dict[str, tuple[int, list[Mapping[str, Any]]]] = {}
    for ssid, found, data in rows:
        gathered.setdefault(ssid, (found, []))[1].append(orjson.loads(data))
    return [Hit(ssid, _FOUND[found], tuple(columns)) for ssid, (found, columns) in gathered.items()]


def numbers_at(connection: Reading, ssid: str, lea: str) -> list[str]:
    """The LEA's own numbers under which the student is enrolled there now."""
    return [row[0] for row in prepared.rows(connection, _NUMBERS, {"ssid": ssid, "lea": lea}) if row[0]]


@lru_cache(maxsize=512)
def _prepared(blocks: int, has_own: bool, has_claim: bool, dialect: Dialect) -> prepared.Prepared:
    return prepared.made(_statement(blocks, has_own, has_claim, dialect.name == "postgresql"), dialect)


def _statement(blocks: int, has_own: bool, has_claim: bool, is_lateral: bool) -> Select[Any]:
    every = union_all(*(select(way.subquery()) for way in _ways(blocks, has_own, has_claim))).subquery()
    found, shared = func.max(every.c.found).label("found"), func.count().label("shared")
    best = (
        select(every.c.ssid, found, shared)
        .group_by(every.c.ssid)
        .order_by(found.desc(), shared.desc(), every.c.ssid)
        .limit(MOST_CANDIDATES)
        .subquery()
    )
    if is_lateral:  # without statistics PostgreSQL would otherwise read the whole table
        each = select(student_features).where(student_features.c.ssid == best.c.ssid).limit(MOST_VARIANTS).lateral()
        joined, features = best.join(each, true()), each.c
    else:
        joined, features = best.join(student_features, student_features.c.ssid == best.c.ssid), student_features.c
    return (
        select(features.ssid, best.c.found, features.data)
        .select_from(joined)
        .where(counts_at(features, bindparam("lea")))
        .order_by(best.c.found.desc(), best.c.shared.desc(), features.ssid, features.variant)
    )


def _ways(blocks: int, has_own: bool, has_claim: bool) -> Iterator[Select[Any]]:
    """The queries that find candidates. Each block is read by the primary key, and only up to its limit."""
    for number in range(blocks):
        block = student_blocks.c.block == bindparam(f"block{number}")
        yield select(student_blocks.c.ssid, _by(Found.BY_BLOCK)).where(block).limit(MOST_IN_BLOCK)
    if has_own:
        who = func.min(_OWNERS.c.ssid)
        only = select(who.label("ssid"), _by(Found.BY_LOCAL_ID)).group_by(_OWNERS.c.one)
        yield only.having(who == func.max(_OWNERS.c.ssid))
    if has_claim:
        number_kept = func.coalesce(func.nullif(students.c.merged_into, literal_column("''")), students.c.ssid)
        claim = students.c.ssid == bindparam("claimed")
        yield select(number_kept.label("ssid"), _by(Found.BY_SSID)).where(claim)


def _owners() -> Subquery:
    """The students of the LEA who have the number, or had it before it was corrected; at most two are read."""
    has = (enrollments.c.lea == bindparam("lea")) & (enrollments.c.local_id == bindparam("local_id"))
    lea = func.coalesce(enrollments.c.lea, literal_column("''"))  # so that no index of all the LEA's students is used
    had = select(enrollment_changes.c.enrollment).where(enrollment_changes.c.before == bindparam("local_id"))
    before = enrollments.c.id.in_(had.where(text("fact = 'local_id'"))) & (lea == bindparam("lea"))
    ways = (select(enrollments.c.ssid).where(one, counts(enrollments.c)) for one in (has, before))
    every = union_all(*ways).subquery()
    return select(every.c.ssid, literal_column("1").label("one")).distinct().limit(2).subquery("owners")


_OWNERS = _owners()


def _by(way: Found) -> Label[Any]:
    return literal_column(str(int(way))).label("found")
