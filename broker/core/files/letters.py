"""A spreadsheet's letters for its columns.

Promises: pure.
"""


def letters(column: int) -> str:
    """A spreadsheet's letters for the number of a column: `C` for 3, `AA` for 27."""
    found, rest = "", column
    while rest:
        rest, letter = divmod(rest - 1, 26)
        found = chr(ord("A") + letter) + found
    return found
