"""The kinds of failure that are not bugs.

Owns: `Refused`, final and told to the sender by a stable code; `Deferred`, which means "not now, try again"; for what
people do themselves, `NotDone`, which a face puts into words, and `OperatorError`, which is about an installation.
Promises: none of them carries student data. Any other exception while a packet is worked is a bug; it stops that packet
(see the poison count in `flow`) and never the exchange.
"""

from broker.core.codes import CODES


class BrokerError(Exception):
    """Base of the failures that Satchel expects."""


class Refused(BrokerError):
    """The packet (or key, or file) is refused for good.

    `code` is a row of `broker.core.codes.CODES`; `pointer` is a JSON pointer (RFC 6901) or a place such as
    `line 12`, never a value of the packet; `hint` is one more sentence without student data.
    Raises KeyError for a code that the table does not know, so that no undocumented refusal can exist.
    """

    def __init__(self, code: str, pointer: str = "", hint: str = "") -> None:
        self.code = code
        self.pointer = pointer
        self.hint = hint
        self.meaning = CODES[code].meaning
        self.sentence = CODES[code].sentence if not hint else f"{CODES[code].sentence} {hint}"
        super().__init__(f"{code}: {self.sentence}" + (f" (at {pointer})" if pointer else ""))


class NotDone(BrokerError):
    """A verb cannot do what the actor asked. `code` says why; `facts` holds the details: ids, student numbers that the
    actor gave, counts, days; never a student's name. Each face says it in its own words and adds the remedy
    (`broker.cli.refusals`)."""

    def __init__(self, code: str, **facts: object) -> None:
        self.code = code
        self.facts = facts
        super().__init__(code)


class OperatorError(Exception):
    """A fault of this installation keeps a command from working; the message is one sentence that names the fault."""


class Deferred(BrokerError):
    """The work cannot be done now; `why` names the missing thing, and the packet is tried again with backoff."""

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(why)


class PutAside(Deferred):
    """The packet goes on in another lane (`broker.core.lanes`) at once; this is not counted as a failed try."""

    def __init__(self, why: str, lane: int) -> None:
        self.lane = lane
        super().__init__(why)
