"""The report of a check as a person reads it."""

from broker.checking.report import Fault, Report, Verdict
from broker.cli.check import lines

MEND, FILL = "Mend it and send the line again.", "Fill it in."


def of_table(line: int, wrong: str, header: str, column: str, code: str = "unreadable", do: str = MEND) -> Fault:
    return Fault(code, wrong, do, line=line, column=column, header=header)


def test_a_good_file_is_two_lines() -> None:
    report = Report(Verdict.GOOD, "student-record.v1", "JSON", "01", 1, 1)
    assert list(lines("a.json", report, 80)) == [
        "a.json: student-record.v1 in JSON, from 01",
        "  The exchange would take it.",
        "",
    ]


def test_the_same_fault_in_many_lines_is_told_once_with_all_of_them() -> None:
    wrong = "It must be a date."
    many = [of_table(number, wrong, "DOB", "C") for number in (2, 3, 4, 9, 11, 12)]
    many.insert(2, of_table(3, "It must be filled in.", "School", "D", "missing", FILL))
    report = Report(Verdict.SOME, "ssid-request.v1", "CSV", "6G", 20, 14, 6, tuple(many))
    assert list(lines("a.csv", report, 100))[4:6] == [
        "  column C (DOB), lines 2-4, 9, 11-12: It must be a date.",
        "  To do: Mend it and send the line again. [unreadable]",
    ]


def test_no_line_is_wider_than_the_terminal_and_none_acts_on_it() -> None:
    long = "It must be the year in which the school year ends, such as 2027, or both, such as 2026-27."
    some = (
        Fault("schema", long, MEND, pointer="/students/3/student/legal_name/last"),
        of_table(3, long, "School \x1b[31mYear", "AB"),
        of_table(4, "It must be filled in.", "school", "", "missing", FILL),
        Fault("csv-form", long, MEND, place="line 1 column 3 (C)"),
    )
    report = Report(Verdict.REFUSED, "", "a table", "6G", 20, 0, 2, some)
    shown = list(lines("a.csv", report, 80))
    assert max(map(len, shown)) <= 80
    assert "\x1b" not in "".join(shown)
    whole = " ".join(" ".join(shown).split())
    named = ("/students/3/student/legal_name/last:", "column AB (School ?[31mYear), line 3:", "column school, line 4:")
    assert [one for one in named if one not in whole] == []
    assert "line 1 column 3 (C): It must be" in whole
