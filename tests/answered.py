"""The answers in the tables of files, brought up to date: `python -m tests.answered` writes them, tests compare them.

Owns `result`, `answer` and `packet` in tests/vectors/wrong_files.toml and school_files.toml; people write the rest.
LibreOffice and the optional folder of real input must be there. Read the difference before it is committed.
"""

import json
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from broker.checking.report import Report
from broker.processes.checker import judge
from tests.support.answers_of_files import School, Wrong, result_of, said, school_files, wrong_files
from tests.support.tools import CORPORA, ROOT
from tests.support.wrong_files import made_in


def main() -> None:
    """Write both tables anew."""
    judging = judge()

    def report(content: bytes, name: str) -> Report:
        return judging.report(content, name, "6G", datetime.now(UTC))

    with tempfile.TemporaryDirectory() as folder:
        made = made_in(Path(folder))
    _write("wrong_files", [_wrong(one, report(made[one.name], one.name)) for one in wrong_files()])
    _write("school_files", [_school(one, report) for one in school_files()])


def _wrong(one: Wrong, report: Report) -> Wrong:
    return one._replace(result=result_of(report), answer=said(report))


def _school(one: School, report: Callable[[bytes, str], Report]) -> School:
    path = CORPORA / "formats" / one.path
    found = report(path.read_bytes(), path.name)
    return one._replace(packet=found.packet, result=result_of(found), answer=said(found))


def _write(name: str, rows: list[Wrong] | list[School]) -> None:
    path = ROOT / "tests" / "vectors" / f"{name}.toml"
    head = [line for line in path.read_text("utf-8").splitlines() if line.startswith("#")]
    blocks = ["\n".join(["[[file]]", *_lines(one._asdict())]) for one in rows]
    path.write_text("\n\n".join(["\n".join(head), *blocks]) + "\n", "utf-8")


def _lines(row: Mapping[str, str]) -> list[str]:
    return [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in row.items()]


if __name__ == "__main__":
    main()
