"""The plain words in which an LEA answers in a table, and what each means in a document.

Owns both lists. Promises: a word that could mean two things is none of them: `none` may be `none of these` or `nothing
is to be done`, and is not guessed; what is offered to choose from can be read again.
"""

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from broker.core.review import Verb, letter_of, place_of
from broker.formats.cells import Unfit, plain

NEW, CONFIRM, BACK = "New student", "Sent as on the certificate", "Take it back"
RECEIVED = "Received"
_CANDIDATE = "Candidate"
_LETTER = re.compile("(?:candidate|itis|itscandidate|itiscandidate|same|samecandidate|samestudent|student)?([a-z])")
_VERBS: Mapping[str, Verb] = MappingProxyType(
    dict.fromkeys(map(plain, (NEW, "new", "a new student", "none of these: a new student")), Verb.NEW)
    | dict.fromkeys(
        map(plain, (CONFIRM, "confirm", "confirmed", "as on the certificate", "as on the birth certificate")),
        Verb.CONFIRM,
    )
    | dict.fromkeys(map(plain, (BACK, "take back", "taken back", "withdraw", "withdrawn")), Verb.NONE)
    | {"same": Verb.SAME}
)
_MEANING: Mapping[Verb, str] = MappingProxyType(
    {
        Verb.SAME: "It is the candidate with this letter.",
        Verb.NEW: "It is none of the candidates, and a student whom no school of the state has had.",
        Verb.CONFIRM: "What you sent is as on the birth certificate: the state decides which student it is.",
        Verb.NONE: "You take the line, or the record, back: nothing is done with it. Then send it again, corrected.",
    }
)


class Decision(NamedTuple):
    """What is decided of a question; `letter` is the candidate's, '' for none."""

    verb: Verb
    letter: str = ""


def decision(text: str) -> Decision:
    """A cell of the column of answers to a question. Raises Unfit."""
    word = plain(text)
    found = _LETTER.fullmatch(word)
    if word in _VERBS:
        return Decision(_VERBS[word])
    if found is None:
        raise Unfit(f'must be "{_CANDIDATE} A" (or another letter of the question), "{NEW}", "{CONFIRM}" or "{BACK}"')
    return Decision(Verb.SAME, found[1].upper())


def letter(text: str) -> str:
    """A cell of a column of its own for the letter. Raises Unfit."""
    found = text.strip().upper()
    if place_of(found) < 0:
        raise Unfit("must be the letter of a candidate")
    return found


def word_of(said: Decision) -> str:
    """The words for a decision, which `decision` reads again."""
    words = {Verb.NEW: NEW, Verb.CONFIRM: CONFIRM, Verb.NONE: BACK}
    return words.get(said.verb) or f"{_CANDIDATE} {said.letter}"


def offered(letters: Sequence[str]) -> tuple[str, ...]:
    """What may be answered to a question with these candidates."""
    named = (word_of(Decision(Verb.SAME, one)) for one in letters)
    return (*named, NEW, CONFIRM, BACK) if letters else (CONFIRM, BACK)


def meanings() -> Sequence[tuple[str, str]]:
    """Each answer to a question with what it means."""
    every = (Decision(Verb.SAME, letter_of(0)), *map(Decision, (Verb.NEW, Verb.CONFIRM, Verb.NONE)))
    return [(word_of(one), _MEANING[one.verb]) for one in every]


class Reply(NamedTuple):
    """What a receiver says of a packet, in the words of `acknowledgement.v1`; `code` is '' where it gives no reason."""

    status: str
    code: str = ""


REPLIES: Mapping[str, tuple[Reply, str]] = MappingProxyType(
    {
        RECEIVED: (Reply("received"), "You have it, and can use it."),
        "Not our student": (Reply("rejected", "not-our-student"), "The student is none of yours."),
        "Another school": (Reply("rejected", "wrong-school"), "The student goes to another school."),
        "Cannot be opened": (Reply("rejected", "cannot-open"), "gpg cannot open it."),
        "Cannot be read": (Reply("rejected", "cannot-read"), "It opens, and your program cannot read the document."),
        "Incomplete": (Reply("rejected", "incomplete"), "Something is missing in it."),
        "Had it already": (Reply("rejected", "duplicate"), "You had the same before."),
        "Still with us": (
            Reply("rejected", "still-enrolled"),
            "You are asked for the record of a student who has not left you; or a record or backpack of yours was given"
            " to another school all the same. The state hears of it.",
        ),
        "Other reason": (Reply("rejected", "other"), "You cannot use it, or cannot send what is asked for."),
    }
)
"""Each answer about a packet, with what it is in a document and what it means."""

_OTHER_WORDS = {
    "received": RECEIVED,
    "yes": RECEIVED,
    "acknowledged": RECEIVED,
    "notours": "Not our student",
    "stillenrolled": "Still with us",
    "other": "Other reason",
}
_READ: Mapping[str, Reply] = MappingProxyType(
    {plain(word): reply for word, (reply, _) in REPLIES.items()}
    | {plain(reply.code): reply for reply, _ in REPLIES.values() if reply.code}
    | {word: REPLIES[meant][0] for word, meant in _OTHER_WORDS.items()}
    | {"rejected": Reply("rejected")}
)


def reply(text: str) -> Reply:
    """A cell of the column of answers about a packet. Raises Unfit."""
    found = _READ.get(plain(text))
    if found is None:
        raise Unfit(f"must be one of: {', '.join(REPLIES)}")
    return found
