"""The shape of one refusal code."""

from typing import NamedTuple


class Code(NamedTuple):
    """One row: `meaning` says what was found, `remedy` what to do about it."""

    meaning: str
    remedy: str

    @property
    def sentence(self) -> str:
        """Both as one text, the way receipts and the command line show it."""
        return f"{self.meaning} {self.remedy}"
