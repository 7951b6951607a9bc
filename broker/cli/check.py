"""`satchel check`: an LEA learns on its own computer what the exchange would say of a file, before it sends it.

Promises: it needs no key, no home and no network; every file is reported, whatever the others are; it shows places and
names of columns, and nothing of a student; control characters in names have no effect.
"""

import json
import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated

import typer

from broker.checking.asked import Checker, NoFile, checking
from broker.checking.long import DIVIDE
from broker.checking.report import Fault, Report, Verdict
from broker.cli import against
from broker.client.own_mapping import MappingOption, mapping_text
from broker.edge.bounded.warden import NoWard
from broker.edge.home.folders import lea_id
from broker.terminal import given, tables
from broker.terminal.common import JsonOption, fail, say, warn
from broker.terminal.endings import sentence, shown

_ONLY_THE_EXCHANGE = (
    "Only the exchange can tell which student a line means, and whether it knows the LEA and the key that signs the"
    " file."
)
_HEADS = {
    Verdict.GOOD: "The exchange would take it.",
    Verdict.SOME: "The exchange would take it, and send back the lines named here.",
    Verdict.REFUSED: "The exchange would refuse it.",
    Verdict.FAILED: "It could not be checked: the check itself failed. Please tell the state's operator.",
}
_OF_ANSWERS = frozenset({"review-answer.v1", "acknowledgement.v1"})  # their lines are no students
_NOTHING = "All or nothing is asked for, so the exchange would carry out none of its lines."
_WIDEST = 100  # letters of a line of text that is easy to read


def check(
    files: Annotated[list[Path], typer.Argument(help="The documents, before they are sealed.", show_default=False)],
    lea: Annotated[
        str, typer.Option("--lea", metavar="ID", help="Whose files they are; without it, what they say themselves.")
    ] = "",
    rosters: Annotated[
        list[Path] | None,
        typer.Option(
            "--against",
            metavar="ROSTER",
            help="The exchange's list of your students, opened, with which the file is compared; once for each part.",
            show_default=False,
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", help="With --against: a new .csv or .xlsx with the differences.", show_default=False),
    ] = None,
    mapping: MappingOption = None,
    as_json: JsonOption = False,
) -> None:
    """Say of documents what the exchange would say, before they are sealed and sent: what each is, what would be taken,
    and all faults with their places. Ends with 0 where all is good, with 1 where something would be refused or come
    back, and with 2 where a file cannot be read. With --json it prints one object a line for each file.

    With --against, FILE is the list of your students from your own system, and is compared with the exchange's list of
    them (a `record-request` asks for it): who is missing on which side, and whose school, days, name, birth date or
    numbers differ. It ends with 0 where all is the same, with 1 where something differs."""
    if rosters:
        if lea:
            fail("--lea says nothing to --against; leave one of them out.", 2)
        against.run(files, rosters, out, as_json=as_json)
        return
    if out:
        fail("--out is for --against.", 2)
    try:
        whose = lea_id(lea) if lea else ""
    except ValueError as error:
        fail(f"--lea is no LEA's id: {error}.", 2)
    with checking(mapping_text(mapping)) as checker:
        verdicts = [_checked(checker, path, whose, as_json) for path in files]
    if not as_json:
        _sum_up(verdicts)
    if None in verdicts:
        raise typer.Exit(2)
    if set(verdicts) != {Verdict.GOOD}:
        raise typer.Exit(1)


def _checked(checker: Checker, path: Path, lea: str, as_json: bool) -> Verdict | None:
    """Check a file and tell of it; None for one that cannot be read."""
    try:
        report = checker.check(path, lea, given.own_clock())
    except NoFile:
        _unread(path, f"{shown(str(path))} is no ordinary file, but a pipe or a device; save it first.", as_json)
        return None
    except NoWard:
        fail("The process that reads files did not start; see whether this computer has memory left, and try again.")
    except OSError as error:
        _unread(path, sentence(error), as_json)
        return None
    if as_json:
        say(json.dumps({"file": str(path)} | report.to_json()))
        return report.verdict
    for line in lines(shown(str(path)), report, width()):
        say(tables.plain(line))
    return report.verdict


def _unread(path: Path, why: str, as_json: bool) -> None:
    if as_json:
        say(json.dumps({"file": str(path), "verdict": None, "unread": why}))
    warn(why)


def width() -> int:
    """The width of the lines that are shown."""
    return min(tables.console().width, _WIDEST)


def lines(file: str, report: Report, width: int) -> Iterator[str]:
    """The report in lines of at most this width, but for a word that is longer."""
    yield from _wrapped(f"{file}: {_kind(report)}", width)
    is_nothing = report.is_whole and report.faulty and report.verdict is Verdict.REFUSED
    yield from _wrapped(f"{_NOTHING if is_nothing else _HEADS[report.verdict]} {_count(report)}", width, "  ")
    for note in report.notes:
        yield from _wrapped(f"Note: {note}", width, "  ", "    ")
    groups: dict[tuple[str, str], list[Fault]] = {}
    for one in report.faults:
        groups.setdefault((one.what_to_do, one.code), []).append(one)
    for (remedy, code), some in groups.items():
        yield ""
        for wrong, places in together(some):
            yield from _wrapped(f"{places}: {wrong}" if places else wrong, width, "  ", "    ")
        told = f"{remedy} `satchel convert FILE --to csv` does it." if remedy == DIVIDE else remedy
        yield from _wrapped(f"To do: {told} [{code}]", width, "  ", "    ")
    if report.unnamed:
        yield from ("", f"  More lines with faults, which are not named here: {report.unnamed:,}.")
    yield ""


def _kind(report: Report) -> str:
    what = f"{report.packet} in {report.form}" if report.packet else report.form or "not a document that can be read"
    read = f", read by your mapping (mark {report.mapping})" if report.mapping else ""
    return f"{what}{f', from {report.lea}' if report.lea else ''}{read}"


def _count(report: Report) -> str:
    if report.students < 2 and not report.faulty:
        return ""
    told = f"{'Lines' if report.packet in _OF_ANSWERS else 'Students'}: {report.students}"
    if report.verdict is Verdict.REFUSED:
        return f"{told}, of whom none would be taken." + (
            f" Lines with faults of their own: {report.faulty}." if report.faulty else ""
        )
    return f"{told}; good lines: {report.good}; lines that would come back: {report.faulty}."


def together(some: Iterable[Fault]) -> Iterator[tuple[str, str]]:
    """What is wrong, and all places where that is wrong, in words; '' where there is none."""
    places: dict[tuple[str, str, str, str], list[Fault]] = {}
    for one in some:
        sheet = one.place if one.line else ""
        places.setdefault((one.wrong, one.column, one.header, sheet), []).append(one)
    for (wrong, column, header, sheet), same in places.items():
        named = f"{sheet}, " if sheet else ""
        named += f"column {column} ({header}), " if column else f"column {header}, " if header else ""
        numbers = [one.line for one in same if one.line]
        where = [one.place or one.pointer for one in same if one.place or one.pointer]
        yield wrong, f"{named}{_numbers(numbers)}" if numbers else ", ".join(where)


def _numbers(numbers: Sequence[int]) -> str:
    """`line 3`, or `lines 3, 7-9`."""
    runs: list[list[int]] = []
    for one in numbers:
        if runs and one == runs[-1][-1] + 1:
            runs[-1] = [runs[-1][0], one]
        else:
            runs.append([one])
    text = ", ".join("-".join(map(str, run)) for run in runs)
    return f"line{'s' if len(numbers) > 1 else ''} {text}"


def _wrapped(text: str, width: int, first: str = "", rest: str = "  ") -> list[str]:
    whole = tables.plain(text).strip()
    return textwrap.wrap(
        whole, width, initial_indent=first, subsequent_indent=rest, break_long_words=False, break_on_hyphens=False
    )


def _sum_up(verdicts: Sequence[Verdict | None]) -> None:
    if len(verdicts) > 1:
        counts = Counter(verdicts)
        words = {Verdict.GOOD: "good", Verdict.SOME: "good in part", Verdict.REFUSED: "to be refused"}
        words[Verdict.FAILED] = "not checked"
        told = [f"{counts[one]} {word}" for one, word in words.items() if counts[one]]
        say(f"{len(verdicts)} files: {', '.join([*told, *([f'{counts[None]} not read'] if counts[None] else [])])}.")
    if any(verdicts):
        for line in _wrapped(_ONLY_THE_EXCHANGE, width(), rest=""):
            say(line)
