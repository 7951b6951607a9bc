"""How far long work has come, for a person at a terminal.

Owns where that is shown: on standard error, and nowhere where nobody looks; nothing of it is left.
"""

from rich.console import Console
from rich.progress import Progress, ProgressColumn


def progress(*columns: ProgressColumn) -> Progress:
    """A display of these columns; the usual ones where none are given."""
    console = Console(stderr=True)
    return Progress(*columns, console=console, disable=not console.is_terminal, transient=True)
