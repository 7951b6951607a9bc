"""What divides the cells of a CSV: comma, semicolon, tab or bar.

Owns how that is told. Promises: pure; what stands between quotation marks divides nothing.
"""

import re
from collections import Counter
from collections.abc import Sequence

SEPARATORS = (",", ";", "\t", "|")
SAID = re.compile(r'"?sep=([,;\t|])"?[\r\n]*', re.IGNORECASE)  # a first line that tells Excel what separates the cells
_QUOTED = re.compile('"[^"]*"')


def of_line(line: str) -> str:
    """What divides the cells of this line most often."""
    plain = _QUOTED.sub("", line)
    return max(SEPARATORS, key=plain.count)


def of_lines(lines: Sequence[str]) -> str:
    """What divides the cells of these first lines. The first decides, unless no other is divided as it is: a title may
    stand above the header, and have commas of its own."""
    plain = [_QUOTED.sub("", line) for line in lines]
    separator = of_line(plain[0])
    found = {one: Counter(line.count(one) for line in plain) for one in SEPARATORS}
    own = plain[0].count(separator)
    if len(plain) == 1 or (own and found[separator][own] > 1):
        return separator
    return max(SEPARATORS, key=lambda one: max(cells * times for cells, times in found[one].items()))
