"""What the database itself refuses: illegal moves, changed history, reassigned numbers.

Owns the triggers, by the migration that made their tables. Promises: the triggers of packets are generated from
`broker.core.flow`, and a migration that changes that table of moves must create them again. SQLite and PostgreSQL
refuse the same statements.
"""

from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import TypeVar

from broker.core import transfer
from broker.core.flow import BORN, MOVES

_Rule = tuple[str, str, str, str]  # name, when and on what, condition under which it refuses, message

_S = TypeVar("_S", bound=StrEnum)

_APPEND_ONLY = ("events", "receipts")
# columns that never change once written; the other columns say to whom a row belongs and when it ended
_FIXED = {
    "student_names": ("id", "kind", "first", "middle", "last", "suffix", "lea", "tracking", "added_at"),
    "evidence": ("id", "kind", "value", "lea", "tracking", "added_at"),
    "merges": ("id", "kept", "merged", "at", "who", "why", "moved"),
    "decisions": ("id", "tracking", "line", "verb", "ssid", "who", "why", "at"),
}


_TOLD = ("transfer_events", "disclosures", "acknowledgements")
_LATER_FIXED = {
    "transfers": ("id", "ssid", "source", "destination", "opened_at", "cause"),
    "flags": ("id", "ssid", "set_at", "set_by", "set_why"),
    "alerts": ("id", "at", "kind", "ssid", "lea", "tracking"),
    "backpacks": ("id", "lea", "tracking", "mode", "sha256", "size", "signer", "at"),
    "exceptions": ("id", "domain", "law", "why", "who", "at"),
}


def _legal(moves: Mapping[_S, frozenset[_S]]) -> str:
    pairs = [(before, after) for before, afters in moves.items() for after in sorted(afters)]
    return " OR ".join(f"(OLD.state = '{before}' AND NEW.state = '{after}')" for before, after in pairs)


def _born(states: Iterable[StrEnum]) -> str:
    return ", ".join(f"'{state}'" for state in sorted(states))


def _first() -> list[_Rule]:
    rules = [
        ("packets_born", "BEFORE INSERT ON packets", f"NEW.state NOT IN ({_born(BORN)})", "no packet is born so"),
        _packets_move(),
        (
            "packets_identity",
            "BEFORE UPDATE ON packets",
            "NEW.tracking <> OLD.tracking OR NEW.sha256 <> OLD.sha256 OR NEW.origin <> OLD.origin",
            "a packet never changes its bytes or its origin",
        ),
        _kept("packets", "packets are never deleted"),
        _kept("students", "an SSID is never given up"),
        ("students_number", "BEFORE UPDATE ON students", "NEW.ssid <> OLD.ssid", "an SSID is never reassigned"),
    ]
    return rules + _append_only(_APPEND_ONLY)


def _packets_move() -> _Rule:
    condition = f"NEW.state <> OLD.state AND NOT ({_legal(MOVES)})"
    return ("packets_move", "BEFORE UPDATE ON packets", condition, "illegal move of a packet")


def _append_only(tables: Iterable[str]) -> list[_Rule]:
    return [
        (f"{table}_{verb.lower()}", f"BEFORE {verb} ON {table}", "1 = 1", f"{table} are append-only")
        for table in tables
        for verb in ("UPDATE", "DELETE")
    ]


def _identity() -> list[_Rule]:
    rules = [_kept("enrollments", "a location is ended, not deleted")]
    rules += _fixed(_FIXED)
    for table in ("merges", "decisions"):
        rules.append((f"{table}_undone", f"BEFORE UPDATE ON {table}", "OLD.undone_at IS NOT NULL", "undone already"))
    return rules


def _fixed(tables: Mapping[str, tuple[str, ...]]) -> list[_Rule]:
    rules = []
    for table, columns in tables.items():
        changed = " OR ".join(f"NEW.{column} <> OLD.{column}" for column in columns)
        rules += [
            (f"{table}_fixed", f"BEFORE UPDATE ON {table}", changed, f"{table} keep what was written"),
            _kept(table, f"{table} are never deleted"),
        ]
    return rules


def _transfers() -> list[_Rule]:
    born, legal = _born(transfer.BORN), _legal(transfer.MOVES)
    return [
        _packets_move(),
        ("transfers_born", "BEFORE INSERT ON transfers", f"NEW.state NOT IN ({born})", "no transfer is born so"),
        (
            "transfers_move",
            "BEFORE UPDATE ON transfers",
            f"NEW.state <> OLD.state AND NOT ({legal})",
            "illegal move of a transfer",
        ),
        *_append_only(_TOLD),
        *_fixed(_LATER_FIXED),
        ("flags_lifted", "BEFORE UPDATE ON flags", "OLD.lifted_at IS NOT NULL", "lifted already"),
        ("exceptions_ended", "BEFORE UPDATE ON exceptions", "OLD.ended_at IS NOT NULL", "ended already"),
    ]


def _kept(table: str, message: str) -> _Rule:
    return (f"{table}_kept", f"BEFORE DELETE ON {table}", "1 = 1", message)


def _stays() -> list[_Rule]:
    return [
        _packets_move(),
        *(rule for rule in _fixed(_LATER_FIXED) if rule[0] == "transfers_fixed"),
        *_append_only(("enrollment_changes",)),
        *_fixed({"opt_outs": ("id", "ssid", "purpose", "lea", "tracking", "at")}),
    ]


def _trust() -> list[_Rule]:
    return _append_only(("directory_changes",))


def _taught() -> list[_Rule]:
    decided = ("lea", "decider", "tracking", "line", "at")
    return _fixed(
        {
            "spellings": ("id", "ssid", "first", "middle", "last", "suffix", "birth_date", *decided),
            "told_apart": ("id", "ssid", "other", *decided),
        }
    )


def _acts() -> list[_Rule]:
    return _append_only(("acts",))


def _mappings() -> list[_Rule]:
    return _append_only(("mappings",))


_RULES = {
    **{"0001": _first, "0002": _identity, "0003": _transfers, "0005": _stays, "0008": _trust},
    **{"0009": _taught, "0011": _acts, "0013": _mappings},
}
# Triggers of an earlier migration, with their table, that this migration creates again.
_REMADE = {
    "0003": (("packets_move", "packets"),),
    "0005": (("packets_move", "packets"), ("transfers_fixed", "transfers")),
}


def statements(dialect: str, revision: str) -> list[str]:
    """The DDL of one migration for one dialect: "sqlite" or "postgresql"."""
    remade = _REMADE.get(revision, ())
    if dialect == "sqlite":
        return [f"DROP TRIGGER {name}" for name, _ in remade] + [
            f"CREATE TRIGGER {name} {event} WHEN {condition} BEGIN SELECT RAISE(ABORT, '{message}'); END"
            for name, event, condition, message in _RULES[revision]()
        ]
    ddl = []
    for name, table in remade:
        ddl += [f"DROP TRIGGER {name} ON {table}", f"DROP FUNCTION satchel_{name}()"]
    for name, event, condition, message in _RULES[revision]():
        back = "OLD" if "DELETE" in event else "NEW"
        ddl.append(
            f"CREATE FUNCTION satchel_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {condition} THEN RAISE EXCEPTION '{message}'; END IF; RETURN {back}; END $$"
        )
        ddl.append(f"CREATE TRIGGER {name} {event} FOR EACH ROW EXECUTE FUNCTION satchel_{name}()")
    return ddl
