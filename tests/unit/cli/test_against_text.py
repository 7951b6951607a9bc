"""What `satchel check --against` shows: short lines, the same things together, and of very many the first."""

from broker.checking.against import Found, Report
from broker.checking.mending import MEANS
from broker.cli.against import lines


def found(kind: str, *numbers: int, **more: object) -> list[Found]:
    return [Found(kind, *MEANS[kind], line=number, **more) for number in numbers]  # type: ignore[arg-type]


def shown(report: Report, width: int = 80) -> list[str]:
    told = [*lines(report, ["own.csv", "a.csv", "b.csv"], width)]
    assert max(map(len, told)) <= width
    return told


def test_lines_of_one_kind_are_told_together_and_runs_as_runs() -> None:
    told = "\n".join(shown(Report(lines=9, of_list=9, differences=tuple(found("not-there", 3, 5, 4, 9)))))
    assert "  lines 3-5, 9: The exchange does not have" in told
    assert told.count("To do:") == 1
    assert "Different: 4." in told


def test_of_very_many_lines_the_first_are_named() -> None:
    told = " ".join(" ".join(shown(Report(differences=tuple(found("not-there", *range(1, 61, 2)))))).split())
    assert "19, 21, 23 and 18 more: The exchange does not have" in told


def test_a_line_of_the_list_is_told_by_its_file() -> None:
    theirs = [
        Found("not-in-file", *MEANS["not-in-file"], of_list=number, roster=file) for number, file in ((2, 1), (2, 2))
    ]
    told = "\n".join(shown(Report(differences=tuple(theirs))))
    assert "  a.csv, line 2: The exchange has" in told
    assert "  b.csv, line 2: The exchange has" in told
    assert "Different: 2." in told


def test_several_differences_of_one_line_are_one_line() -> None:
    some = found("other-school", 2, column="F", header="School") + found("other-name", 2, column="C", header="Last")
    told = "\n".join(shown(Report(lines=1, of_list=1, differences=tuple(some))))
    assert "Different: 1." in told
    assert "  column F (School), line 2: The exchange has another school." in told


def test_where_nothing_differs_it_says_so_and_what_was_not_compared() -> None:
    told = shown(Report(lines=2, of_list=2, same=2, asked="2026-12-02 09:12", not_compared=("exit date",)))
    assert told[0] == "own.csv, compared with the exchange's list of 2026-12-02 09:12:"
    assert told[1] == "  Lines: 2 in your file, 2 in the list. The same: 2. Nothing differs."
    assert told[2] == "  Not compared, because your file has no such column: exit date."
