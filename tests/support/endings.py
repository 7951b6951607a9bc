"""What `main` writes of an error that ended a command which a test ran in its own process."""

from broker.cli import refusals
from broker.core.errors import NotDone, OperatorError


def said_of(error: BaseException) -> str:
    """The sentence. Any other error than those that a command may end with is raised."""
    if isinstance(error, NotDone):
        return refusals.sentence(error)
    if isinstance(error, OperatorError):
        return str(error)
    raise error
