"""What the database itself refuses: illegal moves, changed history, reassigned numbers.

Owns the triggers. Promises: they are generated from `broker.core.flow`, and the one migration that changes that table
must call `install` again. SQLite and PostgreSQL refuse the same statements.
"""

from broker.core.flow import BORN, MOVES

_APPEND_ONLY = ("events", "receipts")


def _legal() -> str:
    pairs = [(before, after) for before, afters in MOVES.items() for after in sorted(afters)]
    return " OR ".join(f"(OLD.state = '{before}' AND NEW.state = '{after}')" for before, after in pairs)


def _born() -> str:
    return ", ".join(f"'{state}'" for state in sorted(BORN))


def _rules() -> list[tuple[str, str, str, str]]:
    """(name, when and on what, condition under which it refuses, message)."""
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
        ("packets_kept", "BEFORE DELETE ON packets", "1 = 1", "packets are never deleted"),
        ("students_kept", "BEFORE DELETE ON students", "1 = 1", "an SSID is never given up"),
        ("students_number", "BEFORE UPDATE ON students", "NEW.ssid <> OLD.ssid", "an SSID is never reassigned"),
    ]
    for table in _APPEND_ONLY:
        rules += [
            (f"{table}_{verb.lower()}", f"BEFORE {verb} ON {table}", "1 = 1", f"{table} are append-only")
            for verb in ("UPDATE", "DELETE")
        ]
    return rules


def statements(dialect: str) -> list[str]:
    """The DDL for one dialect: "sqlite" or "postgresql"."""
    if dialect == "sqlite":
        return [
            f"CREATE TRIGGER {name} {event} WHEN {condition} BEGIN SELECT RAISE(ABORT, '{message}'); END"
            for name, event, condition, message in _rules()
        ]
    ddl = []
    for name, event, condition, message in _rules():
        back = "OLD" if "DELETE" in event else "NEW"
        ddl.append(
            f"CREATE FUNCTION satchel_{name}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            f"IF {condition} THEN RAISE EXCEPTION '{message}'; END IF; RETURN {back}; END $$"
        )
        ddl.append(f"CREATE TRIGGER {name} {event} FOR EACH ROW EXECUTE FUNCTION satchel_{name}()")
    return ddl
