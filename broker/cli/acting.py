"""Who a command acts as: the state's operator, at the exchange's own machine.

Owns the actor of the command line. Promises: where nobody says a name, it is that of the account.
"""

import os
import pwd

from broker.core.actor import Actor


def account() -> str:
    """The name of the account that this process runs for."""
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"account {os.getuid()}"


def operator(who: str = "") -> Actor:
    """The state's operator. Raises OperatorError for a name that is not one line."""
    return Actor(who or account())


def named(who: str) -> Actor:
    """The state's operator, where a name must be said. Raises OperatorError for one that is not one line."""
    return Actor(who)
