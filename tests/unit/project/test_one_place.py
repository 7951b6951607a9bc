"""What has one place in the program is done nowhere else: days, hours, claims, stays, flags, what commands share.

The program's own text is read. Each rule is shown to find what it forbids.
"""

import ast
from collections.abc import Callable, Iterator
from functools import cache

import pytest

from broker.core.model import PacketType
from tests.support.tools import ROOT

TIME = "broker/core/days/state_time.py"
OWN_CLOCK = ("broker/terminal/given.py", "own_clock")  # of an LEA's computer, where no state is known
# days that a document's own writer has written
AS_WRITTEN = {"broker/formats/parent/values.py", "broker/formats/dates.py", "broker/formats/transcript/request.py"}
_LOCAL = {"localtime", "ctime", "asctime", "mktime", "timetuple", "tzname", "utcnow", "utcfromtimestamp", "tzset"}

Found = Iterator[ast.AST]


def _name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    return ((_name(one.func), one) for one in ast.walk(tree) if isinstance(one, ast.Call))


def _count(call: ast.Call) -> int:
    return len(call.args) + len(call.keywords)


def by_the_machine(tree: ast.AST) -> Found:
    """Days and hours by the zone of the machine."""
    least = {"astimezone": 1, "now": 1, "fromtimestamp": 2}
    for name, call in _calls(tree):
        if name in _LOCAL or (name in least and _count(call) < least[name] and not _is_own(call)):
            yield call
        if name == "today" and _name(getattr(call.func, "value", ast.Name("self"))) in ("date", "datetime"):
            yield call
        if name == "strftime" and _count(call) > 1 and isinstance(call.func, ast.Attribute):
            yield call


def _is_own(call: ast.Call) -> bool:
    """Whether it is a method that has the name by chance: only those of `date` and `datetime` are looked for."""
    whose = _name(getattr(call.func, "value", ast.Name("")))
    return _name(call.func) == "now" and whose not in ("date", "datetime")


def days_of_moments(tree: ast.AST) -> Found:
    """The day of a moment, or the moment in which a day begins."""
    for name, call in _calls(tree):
        whose = getattr(call.func, "value", None)
        if (
            name == "date"
            and not _count(call)
            and not (isinstance(whose, ast.Call) and _name(whose.func) == "own_clock")
        ):
            yield call
        if name == "combine" or name == "ZoneInfo":
            yield call


def parts_of_claims(tree: ast.AST) -> Found:
    """A claim that is taken apart."""
    for name, call in _calls(tree):
        whose = getattr(call.func, "value", None)
        if name in ("rpartition", "partition", "split", "rsplit") and whose is not None and _name(whose) == "claim":
            yield call


def new_locations(tree: ast.AST) -> Found:
    """A stay that is made of a row."""
    return (call for name, call in _calls(tree) if name == "Location")


def flags_looked_for_twice(tree: ast.AST) -> Found:
    """Whether there is any flag, and whether one stands on the student."""
    for one in ast.walk(tree):
        if isinstance(one, ast.BoolOp):
            names = [_name(part.func) for part in one.values if isinstance(part, ast.Call)]
            if "is_any" in names and {"is_flagged", "standing"} & set(names):
                yield one


def options_of_commands(tree: ast.AST) -> Found:
    """What several commands are given, and a sentence that several say."""
    for one in ast.walk(tree):
        if isinstance(one, ast.Constant) and one.value in (
            "--json and --format say different things; give one of them.",
            "Who decides: your own name.",
            "Why, in one line.",
            "Why, in one line, without a student's name.",
        ):
            yield one
        if isinstance(one, ast.Try) and "fromisoformat" in ast.dump(one) and "ValueError" in ast.dump(one):
            yield one


def displays(tree: ast.AST) -> Found:
    """How far work has come, and how wide a pipe is."""
    for one in ast.walk(tree):
        if isinstance(one, ast.Call) and _name(one.func) == "Progress":
            yield one
        if isinstance(one, ast.Assign) and "width" in [to.attr for to in one.targets if isinstance(to, ast.Attribute)]:
            yield one


TYPES = {one.name for one in PacketType}


def types_compared(tree: ast.AST) -> Found:
    """What depends on a packet's type, and is no declaration of its handler: a type that is named where types are
    compared, or in a table of them."""
    for one in ast.walk(tree):
        parts: list[ast.expr] = []
        if isinstance(one, ast.Compare):
            parts = [one.left, *one.comparators]
        elif isinstance(one, ast.Call) and _name(one.func) in ("in_", "frozenset"):
            parts = one.args
        elif isinstance(one, ast.Assign) and isinstance(one.value, ast.List | ast.Tuple | ast.Set):
            parts = [one.value]
        elif isinstance(one, ast.match_case):
            yield from (part for part in ast.walk(one.pattern) if _is_type(part))
        yield from (part for whole in parts for part in ast.walk(whole) if _is_type(part))


def _is_type(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and _name(node.value) == "PacketType" and node.attr in TYPES


FACES = ("broker/cli/", "broker/client/", "broker/terminal/")
RULES: list[tuple[Callable[[ast.AST], Found], str | tuple[str, ...], set[str], list[str]]] = [
    (
        by_the_machine,
        "",
        {OWN_CLOCK[0]},
        [
            "date.today()",
            "datetime.now()",
            "datetime.today()",
            "datetime.fromtimestamp(at)",
            "date.fromtimestamp(at)",
            "now.astimezone()",
            "time.localtime(at)",
            "time.strftime('%b', then)",
            "moment.timetuple()",
        ],
    ),
    (
        days_of_moments,
        "",
        {TIME, "broker/edge/settings/rules.py", *AS_WRITTEN},
        ["clock().date()", "now.date()", "datetime.combine(day, time())", "ZoneInfo('America/Denver')"],
    ),
    (parts_of_claims, "", {"broker/edge/ledger/packets/rows.py"}, ["row.claim.rpartition(':')[2]", "claim.split(':')"]),
    (
        new_locations,
        "",
        {"broker/core/stays/reports.py", "broker/edge/ledger/people/stays.py"},
        ["Location(row.lea, row.entry_date, row.exit_date)"],
    ),
    (
        flags_looked_for_twice,
        "",
        set(),
        ["flags.is_any(connection) and flags.is_flagged(connection, ssid)"],
    ),
    (
        types_compared,
        "broker/",
        {
            # a form of documents knows which documents it is made of, and so does the LEA's command that makes it
            "broker/formats/parent/page.py",
            "broker/formats/parent/sources.py",
            "broker/client/backpack_export.py",
            # of the exchange's own notices, which have no handler, it is the request that an LEA may decline
            "broker/stages/applied/acknowledgement.py",
        },
        [
            "row.type == PacketType.RECALL",
            "row.type not in (PacketType.RECALL, PacketType.ALERT)",
            "packets.c.type.in_([PacketType.BACKPACK])",
            "ANSWERS = frozenset({PacketType.STUDENT_RECORD})",
            "_KINDS = [PacketType.STUDENT_RECORD, PacketType.TRANSCRIPT]",
            "match kind:\n    case PacketType.RECALL:\n        pass",
        ],
    ),
    (
        displays,
        FACES,
        {"broker/terminal/bars.py", "broker/terminal/tables.py"},
        ["Progress(console=console)", "console.width = 200"],
    ),
    (
        options_of_commands,
        FACES,
        {"broker/terminal/given.py"},
        [
            "fail('--json and --format say different things; give one of them.')",
            "try:\n    date.fromisoformat(text)\nexcept ValueError:\n    pass",
        ],
    ),
]


@cache
def _program() -> dict[str, ast.Module]:
    files = [path for room in ("broker", "handlers") for path in sorted((ROOT / room).rglob("*.py"))]
    return {str(path.relative_to(ROOT)): ast.parse(path.read_text()) for path in files}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule[0].__name__)
def test_it_is_done_in_its_place_only(
    rule: tuple[Callable[[ast.AST], Found], str | tuple[str, ...], set[str], list[str]],
) -> None:
    find, room, places, forbidden = rule
    assert [text for text in forbidden if not list(find(ast.parse(text)))] == []
    found = [
        f"{path}:{one.lineno}"  # type: ignore[attr-defined]
        for path, tree in _program().items()
        if path.startswith(room) and path not in places
        for one in find(tree)
    ]
    assert found == []
    assert all(list(find(_program()[path])) for path in places)  # a place that needs no exception any more


def test_only_the_own_clock_is_of_the_machine() -> None:
    path, function = OWN_CLOCK
    (clock,) = (one for one in _program()[path].body if isinstance(one, ast.FunctionDef) and one.name == function)
    assert list(by_the_machine(clock)) == list(by_the_machine(_program()[path]))
