"""Transcripts for tests that try out all that the schema lets through.

Everything is made at run time from a seed.
"""

import uuid
from collections.abc import Mapping
from random import Random
from typing import Any

from tests.support.transcripts import CREATED, URI, Schemas


class Anything:
    """Documents that the schema lets through, from its own bounds: `share` of the optional properties, long and short
    texts, and signs that mean something in XML."""

    def __init__(self, schemas: Schemas, random: Random, share: float) -> None:
        self._schemas, self._random, self._share = schemas, random, share

    def packet(self) -> dict[str, Any]:
        made: dict[str, Any] = self.of({"$ref": URI}, "")
        # what `to_pesc` asks for besides, and says so
        made["to"] = made.get("to", "uofu")
        made["student"]["ssid"] = "1000000019"
        return made

    def of(self, schema: Mapping[str, Any], name: str) -> Any:
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._random.choice(schema["enum"])
        if "$ref" in schema:
            return self.of(self.target(schema["$ref"]), name)
        if "allOf" in schema:
            return self.of(schema["allOf"][0], "filled" if "minLength" in schema["allOf"][-1] else name)
        if "else" in schema:
            return self.of(schema["else"], name)
        return self._plain(schema, name)

    def target(self, reference: str) -> Mapping[str, Any]:
        uri, _, fragment = reference.partition("#")
        target: Any = self._schemas[uri]
        for step in fragment.split("/")[1:]:
            target = target[step]
        found: Mapping[str, Any] = target
        return found

    def _plain(self, schema: Mapping[str, Any], name: str) -> Any:
        random = self._random
        kind = schema["type"] if isinstance(schema["type"], str) else schema["type"][0]
        if kind == "object":
            made = {
                key: self.of(part, key)
                for key, part in schema["properties"].items()
                if key in schema.get("required", ()) or random.random() < self._share
            }
            if "lines" in made and ("state" in made or "country" not in made):  # what the schema does not ask for
                made |= {"state": "UT", "postal_code": "84601"}
            return made
        if kind == "array":
            most = min(2, schema["maxItems"])
            return [self.of(schema["items"], name) for _ in range(random.randint(schema.get("minItems", 0), most))]
        if kind == "string":
            return self._text(schema, name)
        if kind == "boolean":
            return random.random() < 0.5
        least, most = schema["minimum"], schema["maximum"]
        return random.choice((least, most, random.randint(least, most), self._number(kind, least, most)))

    def _number(self, kind: str, least: float, most: float) -> float:
        if kind == "integer":
            return int(most)
        return self._random.choice((self._random.uniform(least, most), 0.5, 0.1 + 0.2, 1e-7))

    def _text(self, schema: Mapping[str, Any], name: str) -> str:
        random = self._random
        pattern = schema.get("pattern", "")
        if schema.get("format") == "uuid":
            return str(uuid.UUID(int=random.getrandbits(128), version=4))
        if schema.get("format") == "date-time":
            return random.choice((CREATED, "1999-12-31T23:59:59.123456789Z", "2027-06-01T09:30:00+23:59"))
        if schema.get("format") == "date":
            return random.choice(("2012-03-04", "2000-02-29", "1900-01-01"))
        for known, values in _FORMS.items():
            if known in pattern:
                return random.choice(values)
        return self._free(schema, name)

    def _free(self, schema: Mapping[str, Any], name: str) -> str:
        """Text within the bounds, blanks around it where they are allowed."""
        random = self._random
        least, most = _lengths(schema)
        long = "\u00e9<&>\"']]>\u4e2d\U0001f393 x"
        text = "".join(random.choice(long) for _ in range(random.choice((most, random.randint(least, most)))))
        if least > 1 or "{" in schema.get("pattern", ""):
            return text.replace(" ", "_")
        return "x" + text[1:] if name in ("last", "filled") else text


class Worded:
    """Packets with all closed lists, and nothing else that may be left out. Addresses are `abroad`, or in a state."""

    def __init__(self, schemas: Schemas, abroad: bool) -> None:
        self._plain, self._abroad = Anything(schemas, Random(0), 0), abroad
        self._schema = {"$ref": f"{URI}#/$defs/transcript"}

    @property
    def rounds(self) -> int:
        """How many words the longest list has."""
        return self._longest(self._schema)

    def packet(self, number: int) -> dict[str, Any]:
        """Every list with its word of this number."""
        return self._plain.packet() | {"transcript": self._made(self._schema, number)}

    def _longest(self, schema: Mapping[str, Any]) -> int:
        """The length of the longest list in or below a schema; 0 for none."""
        if "$ref" in schema:
            return self._longest(self._plain.target(schema["$ref"]))
        inner = [schema["items"]] if "items" in schema else schema.get("properties", {}).values()
        return max([len(schema.get("enum", ())), *map(self._longest, inner)])

    def _made(self, schema: Mapping[str, Any], number: int) -> Any:
        if "$ref" in schema:
            return self._made(self._plain.target(schema["$ref"]), number)
        if "enum" in schema:
            return schema["enum"][number % len(schema["enum"])]
        if "items" in schema:
            return [self._made(schema["items"], number)]
        if "properties" not in schema:
            return self._plain.of(schema, "filled")
        made = {
            key: self._made(part, number)
            for key, part in schema["properties"].items()
            if key in schema.get("required", ()) or self._longest(part)
        }
        if "lines" in made:
            del made["state" if self._abroad else "country"]
            made |= {} if self._abroad else {"postal_code": "84601"}
        return made


# patterns of the shared parts, by a piece of them
_FORMS = {
    "^[A-Za-z0-9][A-Za-z0-9._-]*$": ("01", "6G", "uofu", "X" * 32),
    "^[A-Za-z0-9]*$": ("F", "M", "X", "U", ""),
    "^[0-9+() .,;/xX*#-]*$": ("801 555 0100", ""),
    "[0-9]{10}": ("1000000019",),
    "[12][0-9]|3[01]": ("2027", "2027-05", "2027-05-07"),
    "(0[1-9]|1[0-2])$": ("2027-06", "1999-12"),
}


def _lengths(schema: Mapping[str, Any]) -> tuple[int, int]:
    """Least and most characters, also where the pattern counts them."""
    pattern, most = schema.get("pattern", ""), int(schema["maxLength"])
    counted = pattern.rpartition("{")[2].partition("}")[0] if "{" in pattern else ""
    if not counted:
        return int(schema.get("minLength", 0)), most
    first, _, last = counted.partition(",")
    around = most - int(last or first)  # signs that the pattern has beside those that it counts
    return int(first) + around, most
