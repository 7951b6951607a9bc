"""The lists of names and places of many languages, from the package faker.

Owns that package, which comes only with the extra `simulate`: no server needs it. Promises: where it is missing, one
sentence says how to get it.
"""

from importlib import import_module
from typing import Any

from broker.core.errors import OperatorError

_MISSING = "A synthetic state needs the package faker: install it with `pip install 'satchel[simulate]'`."


def people(locale: str) -> Any:
    """The names of a locale such as "en_US". Raises OperatorError without the package."""
    return _provider("person", locale)


def places(locale: str) -> Any:
    """The parts of town names in a locale. Raises OperatorError without the package."""
    return _provider("address", locale)


def _provider(kind: str, locale: str) -> Any:
    try:
        return import_module(f"faker.providers.{kind}.{locale}").Provider
    except ModuleNotFoundError as error:
        if error.name != "faker":
            raise
        raise OperatorError(_MISSING) from None
