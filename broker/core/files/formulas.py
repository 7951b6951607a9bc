"""Cells of a CSV that a spreadsheet program would take for formulas.

Owns which these are, and how they are made harmless. Promises: pure; `plain` gives back what `safe` was given, whatever
it was, so that a program finds its students again by their names.
"""

import re

# what begins so is a formula to Excel, LibreOffice or Google Sheets (OWASP, CSV Injection); wide forms as well
_FORMULA = re.compile("'*[=+\\-@\t\r＝＋－＠].", re.DOTALL)


def safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula: an apostrophe comes first where one would."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def plain(cell: str) -> str:
    """The cell as it was before `safe`."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell) else cell
