"""The template of a table that an LEA fills in: its columns, an example line, and what each column is for.

Owns the shape, and how the example line is known again, so that nobody sends it by mistake. Promises: plain data; it is
the same on every day.
"""

from dataclasses import dataclass

EXAMPLE = "EXAMPLE: delete this line"  # stands in the example line in the place of a last name


@dataclass(frozen=True, slots=True)
class Field:
    """One column: its name in the first line, the `example` in the second one, a sentence that says what it is for, and
    when it is needed ('' where it never is). `choices` are all values that it may have, none where it is open."""

    name: str
    says: str
    example: str = ""
    needed: str = ""
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """The template of one packet type. `rows` is how many lines the lists of choices are for; `notes` are sentences
    about the whole table. Where a workbook has several sheets to fill in, `sheets` are these, in place of the one."""

    title: str
    fields: tuple[Field, ...]
    notes: tuple[str, ...]
    rows: int
    sheets: tuple["Template", ...] = ()


def is_example(cell: str) -> bool:
    """Whether a cell says that its line is the example of a template."""
    return cell.casefold() == EXAMPLE.casefold()
