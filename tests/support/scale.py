"""How large a test is: `make test` is done within minutes, `make long` takes the time that it needs.

Promises: what `make long` shows with large numbers, `make test` shows with small ones.
"""

import os

IS_LONG = os.environ.get("SATCHEL_LONG") == "1"


def larger(usual: int, long: int) -> int:
    """The number for this run."""
    return long if IS_LONG else usual


def examples(usual: int) -> int:
    """How many examples Hypothesis makes up: for `make long` fifty times as many, and others each time."""
    return larger(usual, 50 * usual)
