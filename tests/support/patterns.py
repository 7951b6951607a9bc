"""Every regular expression of the code, with the methods by which it is used.

Owns how they are found, so that a new one is tested by itself: module attributes that are compiled (also within lists,
tables and classes), expressions that are written into a call of `re` within a function, and the schemas' patterns.
"""

import ast
import importlib
import json
import pkgutil
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import broker
import handlers
from tests.support.tools import ROOT

METHODS = ("match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer")
_CALLABLE = (*METHODS, "compile")


class Use(NamedTuple):
    """One expression, and one method by which the code uses it; `where` names the module and the attribute or line."""

    where: str
    pattern: "re.Pattern[Any]"
    method: str


@cache
def of_the_code() -> tuple[list[Use], set[str]]:
    """The uses, each once; and the calls whose expression is known at run time only, as `module: source`."""
    uses, unknown = list(_of_schemas()), set()
    for module in _modules():
        tree = ast.parse(Path(str(module.__file__)).read_text(encoding="utf-8"))
        for name, pattern in _compiled(module):
            uses += [Use(f"{module.__name__}.{name}", pattern, method) for method in _methods(tree, name)]
        for call in _calls(tree):
            pattern = _evaluated(call, module)
            if pattern is None:
                unknown.add(f"{module.__name__}: {ast.unparse(call)}")
            else:
                where = f"{module.__name__}:{call.lineno}"
                uses += [Use(where, pattern, method) for method in _methods_of_call(call, tree)]
    once = {(use.pattern.pattern, use.pattern.flags, use.method): use for use in reversed(uses)}
    return sorted(once.values(), key=lambda use: (use.where, use.method)), unknown


def _modules() -> Iterator[ModuleType]:
    for package in (broker, handlers):
        for found in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
            if not found.name.endswith("__main__"):
                yield importlib.import_module(found.name)


def _of_schemas() -> Iterator[Use]:
    def within(value: dict[str, Any] | list[Any]) -> Iterator[str]:
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            if name == "pattern" and isinstance(inner, str):
                yield inner
            elif isinstance(inner, dict | list):
                yield from within(inner)

    for path in sorted((ROOT / "schemas").glob("*.json")):
        for pattern in within(json.loads(path.read_text(encoding="utf-8"))):
            yield Use(f"schemas/{path.name}", re.compile(pattern), "search")


def _compiled(module: ModuleType) -> Iterator[tuple[str, "re.Pattern[Any]"]]:
    def within(value: object, depth: int) -> Iterator["re.Pattern[Any]"]:
        if isinstance(value, re.Pattern):
            yield value
        elif depth and isinstance(value, tuple | list | set | frozenset):
            for inner in value:
                yield from within(inner, depth - 1)
        elif depth and isinstance(value, dict):
            yield from within([*value, *value.values()], depth)
        elif depth and isinstance(value, type) and value.__module__ == module.__name__:
            yield from within(list(vars(value).values()), depth)

    for name, value in vars(module).items():
        for pattern in within(value, 3):
            yield name, pattern


def _methods(tree: ast.Module, name: str) -> set[str]:
    """By which methods a name's expression is used: those called on it; where none is, all that may be."""
    of = [
        (node.value, node.attr) for node in ast.walk(tree) if isinstance(node, ast.Attribute) and node.attr in METHODS
    ]
    direct = {method for value, method in of if isinstance(value, ast.Name) and value.id == name}
    others = {method for value, method in of if ast.unparse(value) != "re" and method != "split"}
    return direct or others or set(METHODS)


def _calls(tree: ast.Module) -> Iterator[ast.Call]:
    """The calls of `re` that give an expression; those that compile a module's attribute are found as attributes."""
    outer = {id(node) for statement in tree.body for node in _outside_functions(statement)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in _CALLABLE:
            is_re = isinstance(node.func.value, ast.Name) and node.func.value.id == "re"
            if is_re and not (node.func.attr == "compile" and id(node) in outer):
                yield node


def _outside_functions(node: ast.AST) -> Iterator[ast.AST]:
    if not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
        yield node
        for inner in ast.iter_child_nodes(node):
            yield from _outside_functions(inner)


def _methods_of_call(call: ast.Call, tree: ast.Module) -> set[str]:
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    return {method} if method in METHODS else _methods(tree, "")


def _evaluated(call: ast.Call, module: ModuleType) -> "re.Pattern[Any] | None":
    """The expression of a call, where it is made of literals and of what the module has; else nothing."""
    flags = [word.value for word in call.keywords if word.arg == "flags"]
    source = f"re.compile({', '.join(map(ast.unparse, [call.args[0], *flags]))})"
    made: Callable[..., Any] = eval  # of the project's own source
    try:
        found = made(source, vars(sys.modules[module.__name__]))
    except NameError:
        return None
    return found if isinstance(found, re.Pattern) else None
