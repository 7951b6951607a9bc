"""Withdrawing an SSID that was given by mistake, and giving it back.

Owns the mark for it. Promises: the number stays used up (Utah 53A-1-603.5: never assigned to another student); while it
is withdrawn, it stands for nobody, no search finds it, and in a packet it is an unknown SSID.
"""

from dataclasses import replace

from broker.edge.ledger.engine import Reading, Writing
from broker.edge.ledger.people import registry
from broker.edge.ledger.people.registry import Person
from broker.identity.model import Model
from broker.identity.registrar import refresh

NOBODY = "-"  # stands in `merged_into`, where no SSID can be this


def withdraw(connection: Writing, model: Model, ssid: str) -> None:
    """Withdraw the number: it stands for nobody from now on. Raises KeyError for a number that nobody has."""
    registry.change(connection, replace(_person(connection, ssid), merged_into=NOBODY))
    refresh(connection, model, ssid)


def give_back(connection: Writing, model: Model, ssid: str) -> None:
    """Give the number back to the student to whom it was given. Raises KeyError for one that is not withdrawn."""
    person = _person(connection, ssid)
    if person.merged_into != NOBODY:
        raise KeyError("this number is not withdrawn")
    registry.change(connection, replace(person, merged_into=""))
    refresh(connection, model, ssid)


def _person(connection: Reading, ssid: str) -> Person:
    person = registry.person(connection, ssid)
    if person is None:
        raise KeyError("no student has this number")
    return person
