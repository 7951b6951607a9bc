"""Explains to the sender, in words, why a schema refuses a document.

Owns the outside library `jsonschema`, and our own sentence for every keyword that our schemas use. Promises: a sentence
contains only names and limits of the schema, never a value of the document and never a name that the schema does not
know; the same documents are valid here as at the gate (`contracts`). It is slow, and runs only after the gate has
refused.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend
from referencing import Registry
from referencing.jsonschema import DRAFT202012

FORMATS = ("date", "date-time", "uuid")

_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DATE_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt]([01][0-9]|2[0-3])(:[0-5][0-9]){2}([.][0-9]+)?"
    r"([Zz]|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
)
_UUID = re.compile(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_TYPES = {
    "string": "text in quotation marks",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}


@dataclass(frozen=True, slots=True)
class Place:
    """One fault: its place as a JSON pointer (RFC 6901) into the document, and what must be true there."""

    pointer: str
    must: str


class Explainer:
    """One schema, compiled."""

    def __init__(
        self, schemas: Mapping[str, Mapping[str, Any]], uri: str, fits: Callable[[str, object], bool] | None = None
    ) -> None:
        """`schemas` are all schemas by their `$id`; no other is ever read. Their references are absolute.

        `fits(uri, value)` is the gate's answer for one part: parts that fit are skipped, so that finding one fault
        among 10,000 students is cheap. Without `fits` every part is checked here.
        """
        # Without `$schema`: with it, jsonschema would continue with its own class and ignore our changed keywords.
        registry: Registry[Any] = Registry().with_resources(
            (known, DRAFT202012.create_resource({key: part for key, part in schema.items() if key != "$schema"}))
            for known, schema in schemas.items()
        )
        own = extend(Draft202012Validator, {"pattern": _pattern} | ({"$ref": _only_unfit(fits)} if fits else {}))
        self._validator = own({"$ref": uri}, registry=registry, format_checker=_formats())

    def is_valid(self, document: object) -> bool:
        """The same answer as the gate's."""
        return bool(self._validator.is_valid(document))

    def places(self, document: object) -> Iterator[Place]:
        """The faults one by one, without duplicates; computed only as far as the caller reads."""
        seen: set[Place] = set()
        for error in self._validator.iter_errors(document):
            place = Place(_pointer(error), _must(error))
            if place not in seen:
                seen.add(place)
                yield place


def _pattern(_validator: object, pattern: str, instance: object, _schema: object) -> Iterator[ValidationError]:
    """In ECMA-262 `$` is the end of the text; Python's `$` would also allow a line feed after it."""
    ecma = pattern[:-1] + r"\Z" if pattern.endswith("$") else pattern
    if isinstance(instance, str) and not re.search(ecma, instance):
        yield ValidationError("")


def _only_unfit(fits: Callable[[str, object], bool]) -> Callable[..., Iterator[ValidationError]]:
    follow = Draft202012Validator.VALIDATORS["$ref"]

    def reference(validator: object, uri: str, instance: object, schema: object) -> Iterator[ValidationError]:
        if not fits(uri, instance):
            yield from follow(validator, uri, instance, schema)

    return reference


def _formats() -> FormatChecker:
    """Checks for `FORMATS` only: jsonschema skips a format whose optional library is missing."""
    checker = FormatChecker(formats=())
    checker.checks("date", ValueError)(_text(lambda text: _DATE.fullmatch(text) and date.fromisoformat(text)))
    checker.checks("date-time", ValueError)(_text(_is_date_time))
    checker.checks("uuid")(_text(_UUID.fullmatch))
    return checker


def _text(check: Callable[[str], object]) -> Callable[[object], bool]:
    return lambda value: not isinstance(value, str) or bool(check(value))


def _is_date_time(text: str) -> bool:
    return _DATE_TIME.fullmatch(text) is not None and bool(datetime.fromisoformat(text.upper()))


def _pointer(error: ValidationError) -> str:
    return "".join(f"/{part}" for part in error.absolute_path)


def _must(error: ValidationError) -> str:
    schema: Mapping[str, Any] = error.schema if isinstance(error.schema, Mapping) else {}
    if "x-must" in schema:
        return str(schema["x-must"])
    return _SENTENCES.get(str(error.validator), lambda _error: "must be as the schema says")(error)


def _must_have(error: ValidationError) -> str:
    return f"must have {', '.join(name for name in error.validator_value if name not in error.instance)}"


def _must_not_have(error: ValidationError) -> str:
    known = error.schema["properties"]
    numbers = [str(number) for number, name in enumerate(error.instance, 1) if name not in known]
    which = (
        f"property number {numbers[0]} is" if len(numbers) == 1 else f"properties number {', '.join(numbers[:5])} are"
    )
    return f"{which} not known here; known are {', '.join(known)}"


def _must_be(error: ValidationError) -> str:
    wanted = error.validator_value
    return "must be " + " or ".join(_TYPES[name] for name in ([wanted] if isinstance(wanted, str) else wanted))


_SENTENCES: dict[str, Callable[[ValidationError], str]] = {
    "required": _must_have,
    "additionalProperties": _must_not_have,
    "type": _must_be,
    "enum": lambda error: f"must be one of {', '.join(map(str, error.validator_value))}",
    "const": lambda error: f"must be {error.validator_value}",
    "minItems": lambda error: f"must have at least {error.validator_value} in its list",
    "maxItems": lambda error: f"must have at most {error.validator_value} in its list",
    "minLength": lambda error: f"must have at least {error.validator_value} characters",
    "maxLength": lambda error: f"must have at most {error.validator_value} characters",
    "minimum": lambda error: f"must be at least {error.validator_value}",
    "maximum": lambda error: f"must be at most {error.validator_value}",
}
