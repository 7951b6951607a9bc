"""The table of handlers: which one is for which packet type.

Owns the one table. Promises: a type that is not in it is not accepted, and the table cannot be changed at run time. A
new packet type is one schema, one handler and one line here.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from broker.core.errors import Refused
from broker.core.model import PacketType
from broker.core.routing import Travels
from handlers import (
    acknowledgement,
    backpack,
    enrollment,
    key_rotation,
    recall,
    record_request,
    review_answer,
    ssid_request,
    student_record,
    transcript,
)
from handlers.base import Disclosed, Handler

HANDLERS: Mapping[PacketType, Handler] = MappingProxyType(
    {
        handler.type: handler
        for handler in (
            acknowledgement.HANDLER,
            backpack.HANDLER,
            enrollment.HANDLER,
            key_rotation.HANDLER,
            recall.HANDLER,
            record_request.HANDLER,
            review_answer.HANDLER,
            ssid_request.HANDLER,
            student_record.HANDLER,
            transcript.HANDLER,
        )
    }
)


# How each type that travels and is about a student reads in the disclosure log.
DISCLOSED: Mapping[PacketType, Disclosed] = MappingProxyType(
    {one.type: one.disclosed for one in HANDLERS.values() if one.disclosed}
)
MOVES_STUDENTS = frozenset(one.type for one in HANDLERS.values() if one.moves_students)
KEPT = frozenset(one.type for one in HANDLERS.values() if one.is_kept)
FOLLOWS_STUDENT = frozenset(kind for kind in DISCLOSED if HANDLERS[kind].follows_student)
ANSWERS_CASE = frozenset(one.type for one in HANDLERS.values() if one.answers_case)
TRAVELS = Travels(FOLLOWS_STUDENT - KEPT, KEPT, frozenset(DISCLOSED) - FOLLOWS_STUDENT)
REPLACES_EARLIER = tuple(one.type for one in HANDLERS.values() if one.replaces_earlier)


def handler_of(kind: str) -> Handler:
    """The handler of a packet type. Raises Refused("unknown-type") for a type without one."""
    try:
        return HANDLERS[PacketType(kind)]
    except (KeyError, ValueError):
        raise Refused("unknown-type", "/packet") from None


# The properties of a travelling document that the exchange itself reads: where it goes, the student, and the ground.
_READ = frozenset({"packet", "id", "from", "to", "created", "student", "request", "mode", "school_year"})


def needed_of(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """The part of a checked document that the exchange needs: all of one that ends here; one that travels, without its
    record."""
    handler = HANDLERS.get(PacketType(str(document["packet"]).rpartition(".v")[0]))
    if handler is not None and handler.ends_here:
        return document
    return {name: value for name, value in document.items() if name in _READ}
