"""The actor of a command: the state's operator, at the exchange's own machine.

Owns the actor of the command line. Promises: without a given name, the account's name is used.
"""

import os
import pwd

from broker.core.actor import Actor


def account() -> str:
    """The name of the account under which this process runs."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"account {os.getuid()}"


def operator(who: str = "") -> Actor:
    """The state's operator. Raises OperatorError for a name that is not one line."""
    return Actor(who or account())


def named(who: str) -> Actor:
    """The state's operator, where a name must be given. Raises OperatorError for a name that is not one line."""
    return Actor(who)
