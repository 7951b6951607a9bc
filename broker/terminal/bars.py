"""Progress of long work, for a person at a terminal.

Owns where it is shown: on standard error, only on a terminal; nothing of it remains.
"""

from rich.console import Console
from rich.progress import Progress, ProgressColumn


def progress(*columns: ProgressColumn) -> Progress:
    """A progress display with these columns, or the usual ones."""
    console = Console(stderr=True)
    return Progress(*columns, console=console, disable=not console.is_terminal, transient=True)
