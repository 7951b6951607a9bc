"""Verbs: each has a row of the permission table, and who may not do it is refused before anything is done."""

import ast
import inspect
import string
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from types import SimpleNamespace
from typing import Any

import pytest

from broker import verbs
from broker.cli import refusals
from broker.core.access import Action
from broker.core.actor import Actor
from broker.core.errors import OperatorError
from broker.core.model import PartyKind
from broker.edge.ledger.log import acts
from broker.verbs import acting
from broker.verbs.acting import NotAllowed
from broker.verbs.paging import Page
from tests.support import ledgers
from tests.support.tools import ROOT

FRAME = {"acting", "paging"}
PACKAGE = f"{verbs.__name__}."
FOUND = [one.name.removeprefix(PACKAGE) for one in walk_packages(verbs.__path__, PACKAGE) if not one.ispkg]
MODULES = sorted(set(FOUND) - FRAME)
NOW = datetime(2026, 11, 23, 17, tzinfo=UTC)
# Everybody in the exchange may do these: there is no actor to refuse.
EVERYBODYS = {Action.READ_DIRECTORY}


def _verbs() -> Iterator[tuple[str, Callable[..., Any]]]:
    for name in MODULES:
        module = import_module(f"broker.verbs.{name}")
        for one, function in inspect.getmembers(module, inspect.isfunction):
            if function.__module__ == module.__name__ and not one.startswith("_"):
                yield f"{name}.{one}", function


VERBS = dict(_verbs())


def action_of(verb: Callable[..., Any]) -> Action:
    return Action(verb.__dict__["action"])


@pytest.mark.parametrize("name", VERBS)
def test_every_public_function_is_a_verb_of_an_actor(name: str) -> None:
    assert action_of(VERBS[name]) in Action
    actor = inspect.signature(VERBS[name]).parameters["actor"]
    assert actor.kind is inspect.Parameter.KEYWORD_ONLY
    assert actor.default is inspect.Parameter.empty


def test_every_row_of_the_table_is_asked() -> None:
    """By a verb, a stage, or a handler for its stage."""
    rows = {one.name: one for one in Action}
    asked = set()
    for path, tree in _trees("broker", "handlers"):
        if path != ROOT / "broker" / "core" / "access.py":
            named = (one for one in ast.walk(tree) if isinstance(one, ast.Attribute))
            asked |= {one.attr for one in named if ast.unparse(one.value).endswith("Action")}
    assert rows.keys() - asked == set()


def _trees(*rooms: str) -> Iterator[tuple[Path, ast.Module]]:
    for room in rooms:
        for path in sorted((ROOT / room).rglob("*.py")):
            yield path, ast.parse(path.read_text("utf-8"))


def _refused() -> Iterator[tuple[str, set[str]]]:
    """The codes that are raised as NotDone, each with its facts."""
    for _, tree in _trees("broker"):
        for node in ast.walk(tree):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id in ("NotDone", "NotThere")
            ):
                assert isinstance(node.args[0], ast.Constant), ast.unparse(node)
                yield str(node.args[0].value), {str(one.arg) for one in node.keywords}


def test_every_code_has_its_sentence_and_the_facts_in_it() -> None:
    found = list(_refused())
    assert {code for code, _ in found} == set(refusals.SENTENCES)
    for code, facts in found:
        named = {field for _, field, _, _ in string.Formatter().parse(refusals.SENTENCES[code]) if field}
        assert named <= facts, code


@pytest.fixture
def room(tmp_path: Path) -> Iterator[SimpleNamespace]:
    engine = ledgers.ready(tmp_path)
    yield SimpleNamespace(engine=engine, clock=lambda: NOW)
    engine.dispose()


@pytest.mark.parametrize("name", [name for name, verb in VERBS.items() if action_of(verb) not in EVERYBODYS])
def test_who_may_not_is_refused_and_only_that_is_written(name: str, room: SimpleNamespace) -> None:
    action = action_of(VERBS[name])
    strangers = [Actor("Ann Lee", kind, "X1") for kind in PartyKind]
    stranger = next(one for one in strangers if not acting.may(one, action))
    before = ledgers.dump(room.engine, {"acts": ()})
    with pytest.raises(NotAllowed):
        VERBS[name](room, actor=stranger)
    assert ledgers.dump(room.engine, {"acts": ()}) == before
    with room.engine.connect() as connection:
        found = acts.page(connection, None, 10)
    assert [(one.verb, one.role, one.party, one.actor, one.result) for one in found] == [
        (name.rpartition(".")[2], stranger.kind, "X1", "Ann Lee", acts.REFUSED)
    ]


def test_what_is_done_is_a_line_in_the_same_transaction(room: SimpleNamespace) -> None:
    def unit(_: object) -> str:
        return "done"

    done = acting.recorded(room, "close_days", unit, actor=Actor("Ann Lee"), subject="01", told=lambda one: {"it": one})
    assert done == "done"

    def broken(_: object) -> str:
        raise ValueError

    with pytest.raises(ValueError):  # noqa: PT011  the unit's own
        acting.recorded(room, "close_days", broken, actor=Actor("Ann Lee"), subject="6G")
    with room.engine.connect() as connection:
        lines = acts.page(connection, None, 10)
        assert acts.count(connection) == 1
    assert [(one.subject, one.told, one.role, one.proof) for one in lines] == [
        ("01", {"it": "done"}, "state-operator", "own-machine")
    ]


def test_a_verb_is_done_by_an_actor_with_a_name_of_one_line(room: SimpleNamespace) -> None:
    with pytest.raises(TypeError):
        VERBS["audit.list_acts"](room, actor="Ann Lee")
    for name in ("", "Ann\nLee", "a" * 101):
        with pytest.raises(OperatorError, match="Say who"):
            Actor(name)


def test_a_page_says_where_the_next_begins_and_how_many_there_are() -> None:
    first = Page.of([5, 4, 3], 2, 5, lambda one: one)
    assert (first.rows, first.after, first.told_count) == ((5, 4), 4, "5")
    last = Page.of([1], 2, 1001, lambda one: one)
    assert (last.rows, last.after, last.told_count) == ((1,), None, "over 1,000")
