"""A form: which XML elements stand for which properties, in the standard's order.

Owns the little language in which `fields` is written, its reader and its writer. Promises: one table serves both ways;
an element or property that is absent or blank on one side is absent on the other; elements that no table names are
ignored. A refusal names elements of the table and places, never a value.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from broker.core.errors import Refused
from broker.edge.xml import Element
from broker.formats.pesc.values import TEXT, Value, trimmed


@dataclass(frozen=True, slots=True)
class Leaf:
    """An element with a value. With `many` the property is a list; with `first`, only the first element is read. Where
    the property is absent, `default` is written; with `must`, the property must not be absent."""

    tag: str
    key: str
    value: Value = TEXT
    many: bool = False
    first: bool = False
    default: str = ""
    must: bool = False


@dataclass(frozen=True, slots=True)
class Node:
    """An element with elements in it, which are the properties of the object `key`; without a key, they belong to the
    object around it. `many` and `first` are as for a leaf. With `keep`, an empty element is written, too."""

    tag: str
    fields: "Fields"
    key: str = ""
    many: bool = False
    first: bool = False
    keep: bool = False


@dataclass(frozen=True, slots=True)
class Either:
    """A choice. The first option whose property is there is written, else the last one; each option is read."""

    options: tuple[tuple[str, "Fields"], ...]


@dataclass(frozen=True, slots=True)
class OneOf:
    """A property whose value decides the element: the first of `forms` that fits is written."""

    key: str
    forms: tuple[tuple[str, Value], ...]
    must: bool = False


Field = Leaf | Node | Either | OneOf
Fields = tuple[Field, ...]


def read(fields: Fields, element: Element) -> dict[str, Any]:
    """The properties that `fields` find in `element`. Raises Refused("not-pesc") at the line that does not fit."""
    found: dict[str, Any] = {}
    present = {child.tag for child in element.children}
    for field in _elements(fields):
        if field.tag not in present:
            continue
        if isinstance(field, Leaf):
            _put(found, field.key, _leaf(field, element))
        else:
            _merge(found, field, element)
    return found


def _elements(fields: Fields) -> Iterator[Leaf | Node]:
    """All elements that may occur, with every choice."""
    for field in fields:
        match field:
            case Leaf() | Node():
                yield field
            case Either():
                for _, option in field.options:
                    yield from _elements(option)
            case OneOf():
                yield from (Leaf(tag, field.key, value) for tag, value in field.forms)


def _put(found: dict[str, Any], key: str, value: Any) -> None:
    if value is not None and value != [] and value != {}:
        found[key] = value


def _chosen(field: Leaf | Node, element: Element) -> tuple[Element, ...]:
    """The elements that a field reads."""
    named = element.named(field.tag)
    if len(named) > 1 and not field.many and not field.first:
        raise Refused("not-pesc", f"line {named[1].line}", f"There may be only one `{field.tag}` here.")
    return named if field.many else named[:1]


def _leaf(field: Leaf, element: Element) -> Any:
    values = [_value(field, one) for one in _chosen(field, element) if trimmed(one.text) or one.children]
    return values if field.many else values[0] if values else None


def _value(field: Leaf, element: Element) -> Any:
    try:
        if not element.children:
            return field.value.read(trimmed(element.text))
    except ValueError:
        pass  # refused below, without the exception that holds the value
    raise Refused("not-pesc", f"line {element.line}", f"`{field.tag}` must be {field.value.must}.")


def _merge(found: dict[str, Any], field: Node, element: Element) -> None:
    inner = [read(field.fields, one) for one in _chosen(field, element)]
    if field.many:
        _put(found, field.key, inner)
    elif field.key:
        _put(found, field.key, inner[0] if inner else None)
    elif inner:
        found |= inner[0]


def write(fields: Fields, owner: Mapping[str, Any], pointer: str) -> tuple[Element, ...]:
    """The elements that `fields` make of the properties of `owner`, which stands at the JSON pointer `pointer`.

    Raises Refused("pesc-unfit") at a property that the standard needs and is absent, or that it cannot express.
    """
    return tuple(element for field in fields for element in _written(field, owner, pointer))


def _written(field: Field, owner: Mapping[str, Any], pointer: str) -> Iterator[Element]:
    match field:
        case Leaf():
            yield from _written_leaf(field, owner, pointer)
        case Node():
            yield from _written_node(field, owner, pointer)
        case Either():
            last = field.options[-1][1]
            fitting = (option for key, option in field.options if _said(owner.get(key)))
            yield from write(next(fitting, last), owner, pointer)
        case OneOf():
            yield from _written_form(field, owner, pointer)


def _written_leaf(field: Leaf, owner: Mapping[str, Any], pointer: str) -> Iterator[Element]:
    given = owner.get(field.key)
    values = given if field.many and given is not None else [given]
    texts = [_text(field.value, value, f"{pointer}/{field.key}") for value in values if _said(value)]
    if not texts and field.must:
        raise Refused("pesc-unfit", f"{pointer}/{field.key}", f"PESC must have a `{field.tag}` here.")
    for text in texts or [field.default]:
        if text:
            yield Element(field.tag, text)


def _written_node(field: Node, owner: Mapping[str, Any], pointer: str) -> Iterator[Element]:
    given: Any = owner.get(field.key) if field.key else owner
    place = f"{pointer}/{field.key}" if field.key else pointer
    if field.key and not given:
        return
    for number, one in enumerate(given if field.many else (given,)):
        children = write(field.fields, one, f"{place}/{number}" if field.many else place)
        if children or field.keep:
            yield Element(field.tag, children=children)


def _written_form(field: OneOf, owner: Mapping[str, Any], pointer: str) -> Iterator[Element]:
    given = owner.get(field.key)
    place = f"{pointer}/{field.key}"
    if not _said(given):
        if field.must:
            raise Refused("pesc-unfit", place, f"PESC must have a `{field.forms[0][0]}` here.")
        return
    for tag, value in field.forms:
        try:
            text = value.write(given)
        except ValueError:
            continue  # the next form may fit; if none does, it is refused below, without the value
        yield Element(tag, text)
        return
    raise Refused("pesc-unfit", place, f"It must be {' or '.join(value.must for _, value in field.forms)}.")


def _said(value: Any) -> bool:
    """Whether a property has a value; text that is only blanks has none."""
    return value is not None and (not isinstance(value, str) or bool(trimmed(value)))


def _text(value: Value, given: Any, place: str) -> str:
    try:
        return value.write(trimmed(given) if isinstance(given, str) else given)
    except ValueError:
        pass  # as in `_value`
    raise Refused("pesc-unfit", place, f"It must be {value.must}.")
