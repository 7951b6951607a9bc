"""What the database itself refuses: illegal moves, changed history, reassigned numbers.

Owns the triggers, by the migration that made their tables. Promises: those of packets are generated from
`broker.core.flow`, and the one migration that changes that table must make them again. SQLite and PostgreSQL refuse the
same statements.
"""

from broker.core.flow import BORN, MOVES

_Rule = tuple[str, str, str, str]  # name, when and on what, condition under which it refuses, message

_APPEND_ONLY = ("events", "receipts")
# what stays as it was written; the other columns say to whom a row belongs and when it ended
_FIXED = {
    "student_names": ("id", "kind", "first", "middle", "last", "suffix", "lea", "tracking", "added_at"),
    "evidence": ("id", "kind", "value", "lea", "tracking", "added_at"),
    "merges": ("id", "kept", "merged", "at", "who", "why", "moved"),
    "decisions": ("id", "tracking", "line", "verb", "ssid", "who", "why", "at"),
}


def _legal() -> str:
    pairs = [(before, after) for before, afters in MOVES.items() for after in sorted(afters)]
    return " OR ".join(f"(OLD.state = '{before}' AND NEW.state = '{after}')" for before, after in pairs)


def _born() -> str:
    return ", ".join(f"'{state}'" for state in sorted(BORN))


def _first() -> list[_Rule]:
    rules = [
        ("packets_born", "BEFORE INSERT ON packets", f"NEW.state NOT IN ({_born()})", "no packet is born so"),
        (
            "packets_move",
            "BEFORE UPDATE ON packets",
            f"NEW.state <> OLD.state AND NOT ({_legal()})",
            "illegal move of a packet",
        ),
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
    for table in _APPEND_ONLY:
        rules += [
            (f"{table}_{verb.lower()}", f"BEFORE {verb} ON {table}", "1 = 1", f"{table} are append-only")
            for verb in ("UPDATE", "DELETE")
        ]
    return rules


def _identity() -> list[_Rule]:
    rules = [_kept("enrollments", "a location is ended, not deleted")]
    for table, columns in _FIXED.items():
        changed = " OR ".join(f"NEW.{column} <> OLD.{column}" for column in columns)
        rules += [
            (f"{table}_fixed", f"BEFORE UPDATE ON {table}", changed, f"{table} keep what was written"),
            _kept(table, f"{table} are never deleted"),
        ]
    for table in ("merges", "decisions"):
        rules.append((f"{table}_undone", f"BEFORE UPDATE ON {table}", "OLD.undone_at IS NOT NULL", "undone already"))
    return rules


def _kept(table: str, message: str) -> _Rule:
    return (f"{table}_kept", f"BEFORE DELETE ON {table}", "1 = 1", message)


_RULES = {"0001": _first, "0002": _identity}


def statements(dialect: str, revision: str) -> list[str]:
    """The DDL of one migration for one dialect: "sqlite" or "postgresql"."""
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {name} {event} WHEN {condition} BEGIN SELECT RAISE(ABORT, '{message}'); END"
            for name, event, condition, message in _RULES[revision]()
        ]
    ddl = []
    for name, event, condition, message in _RULES[revision]():
        back = "OLD" if "DELETE" in event else "NEW"
        ddl.append(
            f"CREATE FUNCTION satchel_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {condition} THEN RAISE EXCEPTION '{message}'; END IF; RETURN {back}; END $$"
        )
        ddl.append(f"CREATE TRIGGER {name} {event} FOR EACH ROW EXECUTE FUNCTION satchel_{name}()")
    return ddl
