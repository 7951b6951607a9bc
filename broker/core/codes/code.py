"""The shape of one refusal code."""

from typing import NamedTuple


class Code(NamedTuple):
    """One row: `meaning` says what the exchange found, `remedy` says what to do about it."""

    meaning: str
    remedy: str

    @property
    def sentence(self) -> str:
        """Meaning and remedy as one text, as receipts and the command line show it."""
        return f"{self.meaning} {self.remedy}"
