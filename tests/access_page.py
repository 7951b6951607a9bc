"""The tables of docs/access.md: the permission table as the program has it, for those who read law and not code.

Owns what roles, actions and conditions are called there. A word of the program that is missing here is a KeyError.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from broker.core.access import RULES, Action, Need, Role, Rule
from broker.core.grounds import GROUNDS, REFUSALS, Ground
from broker.core.knowledge import COMPARE, REVEALS, ROWS, Asked
from broker.core.opt_outs import OPT_OUTS

Table = Callable[[Sequence[str], Iterable[Sequence[str]]], str]

ROLES = {
    Role.CURRENT_LEA: (
        "LEA now",
        "The district or charter school where the student is enrolled; with a dual enrollment, each of them.",
    ),
    Role.FORMER_LEA: (
        "LEA before",
        "A district or charter school where the student was enrolled before a later entry elsewhere, or an exit.",
    ),
    Role.OTHER_LEA: (
        "other LEA",
        "A district or charter school where the student never was, or for which an entry does not count yet.",
    ),
    Role.SENDING_LEA: ("LEA that wrote it", "The district or charter school that wrote and signed the packet itself."),
    Role.STATE_OPERATOR: ("operator", "The person of the state at the exchange's own machine (the command line)."),
    Role.STATE_AUDITOR: ("state's office", "The state as a party of the exchange: it audits, and hears of alerts."),
    Role.HIGHER_ED: ("higher ed.", "A college or university that is a party of the exchange."),
    Role.PARENT: ("parent", "The parent, or the student of age. They have no login: their LEA hands them a file."),
    Role.FEDERAL: ("federal", "Whoever is under a name of the federal government."),
    Role.ANYONE: ("anyone else", "Everybody who is not named above."),
}
ACTIONS = {
    Action.JOIN: "be entered into the directory, with a key",
    Action.REPORT_ENROLLMENT: "report who enters and leaves; ask for student numbers",
    Action.LOOK_UP: "be told whether a number, a name and a birth date belong together, and what of them differs",
    Action.READ_ROSTER: "be given the list of the students whom it has, with the stays that it reported itself",
    Action.SEND_RECORD: "send a student's record",
    Action.RECEIVE_RECORD: "be given a student's record",
    Action.REQUEST_RECORD: "have another LEA asked for a student's record",
    Action.CORRECT_RECORD: "put a later record in the place of an earlier one",
    Action.RECALL: "call back what nobody has collected yet",
    Action.STORE_BACKPACK: "put a part into the Student Record Store",
    Action.READ_BACKPACK: "be given the whole of what the store holds of a student",
    Action.READ_OWN_TIME: "be given what the store holds of the time when the student was there",
    Action.SEND_TRANSCRIPT: "send a transcript to higher education",
    Action.RECEIVE_TRANSCRIPT: "be given a transcript",
    Action.EXPORT_FOR_PARENT: "be given the records to hand them to the parent, or as the parent",
    Action.READ_DISCLOSURES: "read who was given what of a student",
    Action.RECEIVE_CLAIMS: "be told that two LEAs claim a student for the same days",
    Action.READ_REGISTRY: "read a student's names, birth date, evidence and enrollments",
    Action.READ_REVIEW: "read a question which student was meant, with the candidates",
    Action.DECIDE_REVIEW: "decide which student was meant",
    Action.MERGE: "make two numbers of one student one, and take that back",
    Action.CANCEL_TRANSFER: "cancel a transfer",
    Action.READ_REPORTS: "read reports on transfers, packets and receipts, which have no names",
    Action.SET_FLAG: "flag a missing child",
    Action.LIFT_FLAG: "lift that flag",
    Action.RECEIVE_ALERT: "be told at once of a request concerning a flagged child",
    Action.RECEIVE_WARNING: "be told that a school contests an enrollment, or what looks like harvesting of records",
    Action.RECORD_EXCEPTION: "record a legal exception for a federal name",
    Action.END_EXCEPTION: "end such an exception",
    Action.READ_DIRECTORY: "read who is in the directory, and whose keys are whose",
    Action.KEEP_DIRECTORY: "enter, rename, suspend and remove parties; take keys in, and end them",
    Action.READ_CALENDAR: "read on which days an LEA teaches",
    Action.KEEP_CALENDAR: "change on which days an LEA teaches",
    Action.READ_STATUS: "see how the exchange is: counts, queues, what needs a person",
    Action.RUN_EXCHANGE: "make, start, upgrade and put back an exchange",
    Action.KEEP_MODEL: "train the model of who is who, and make its index again",
    Action.READ_AUDIT: "read what operators did",
}
NEEDS = {
    Need.NOT_FLAGGED: "the child is not flagged as missing",
    Need.THERE_THEN: "the student was at that LEA at the time of the data",
    Need.OWN: "it is that LEA's own",
    Need.REQUEST: "the LEA has recorded the request of the student or the parent",
    Need.EXCEPTION: "a legal exception of the state stands",
}


@dataclass(frozen=True)
class Difference:
    """What an LEA is given otherwise where the child is flagged: `kinds` are the packet types of what it finds in its
    inbox, or `receipt`; `other` is what it is given of any child, `flagged` what of this one, `why` why that is so."""

    kinds: tuple[str, ...]
    other: str
    flagged: str
    why: str


_NOT_SENT = (
    "The record of a flagged child is not sent (53A-11-504). That nothing comes can be seen; a letter that says it was"
    " asked for would be untrue."
)
DIFFERENCES = {
    "told-held": Difference(
        ("transfer",),
        "the LEA that enrolled the child: a `transfer` notice that the previous school was asked (`requested`), and how"
        " that goes on",
        "a `transfer` notice that the records are held by the state (`held`), and nothing more until they are not",
        _NOT_SENT,
    ),
    "not-asked": Difference(
        ("record-request",),
        "the previous LEA: a `record-request` notice",
        "nothing",
        "Asked, it would have to send the record within 30 school days, and would learn where the child is"
        " (53A-11-504).",
    ),
    "no-backpack": Difference(
        ("backpack",),
        "the LEA that enrolled the child, or asks: the parts of the record store; their LEA: receipts `delivered`",
        "nothing",
        "What the store holds is the child's record, too.",
    ),
    "no-record": Difference(
        ("student-record", "transcript"),
        "the receiver: the record or transcript itself",
        "nothing",
        "The record of a flagged child is not sent (53A-11-504).",
    ),
    "held-by-state": Difference(
        ("receipt",),
        "who sent a record or transcript, or asked for something that it may have: receipts `delivered`, `applied`,"
        " `refused` or `held` for another reason; who was to get it: a receipt `delivered`",
        "the sender: a receipt `held` for `blocked` (where the state has still to decide whom a packet is about: none"
        " yet); the receiver: none",
        "The packet rests, and its sender must be able to see that it is not lost. The receipt says who holds it, and"
        " not why.",
    ),
    "no-disclosures": Difference(
        ("disclosures",),
        "who asks for it and may have it: the `disclosures` notice",
        "nothing, until the flag is lifted",
        "The list says where the child was enrolled last, and who asks for it.",
    ),
    "no-number": Difference(
        ("ssid",),
        "who answers a question with `new`: the line's answer with a new number, at once",
        "the same answer, once the state has decided",
        "A second number would take the child out from under the flag (53A-11-502); what is not decided cannot be"
        " told.",
    ),
}


# a receipt of what an LEA has not dropped itself: the exchange's notice, or a part of the record store on its way
_OF_A_LETTER = re.compile(r'"packet": \{("from": "\w+", )?"sha256".*"type": "([a-z-]+)"\}')


def difference(_party: str, kind: str, text: str) -> str:
    """Which difference this is, that a party was given it of the one child and not of the other; '' for none."""
    letter = _OF_A_LETTER.search(text) if kind == "receipt" else None
    meant = letter[2] if letter else kind
    return next((name for name, one in DIFFERENCES.items() if meant in one.kinds), "")


def differences(table: Table) -> str:
    """What LEAs are given otherwise where a child is flagged."""
    rows = ((one.other, one.flagged, one.why) for one in DIFFERENCES.values())
    return table(("of any child", "of a flagged child", "why it cannot be the same"), rows)


_COMPARED = (
    "A question without a candidate (`compare`): compare with the birth certificate, then correct the line, or confirm"
    " it, and the state decides. Where a student has this surname and birth date and another first name, that one is"
    " shown (`not-sure`), and of a line with an SSID only the one who has it. Where nobody comes near and no SSID is"
    " named: a new number."
)
_BOUNDED = "In vain: as often as the bounds below allow; then `too-many-guesses`, also for a match."
_BOUNDED_ALIKE = "In vain: as often as the bounds below allow; then `too-many-guesses`."


def asked(table: Table) -> str:
    """What an LEA is told of a child, by whether it has or had it."""
    head = (
        "what is asked",
        "by an LEA that has, had or has announced the child",
        "by any other, where it matches",
        "by any other, else: another LEA's child, a flagged one, or nobody",
        "how often",
    )
    return table(head, (_asked(one) for one in Asked))


def _asked(one: Asked) -> Sequence[str]:
    row = ROWS[one]
    words = [_COMPARED if row.stranger == COMPARE else f"`{row.stranger}`"]
    words += [f"With an SSID: `{row.by_number}`"] if row.by_number else []
    return row.asks, row.own, row.match, " ".join(words), _BOUNDED if one in REVEALS else _BOUNDED_ALIKE


def matrix(table: Table) -> str:
    """Every action by every role."""
    head = ("may …", *(name for name, _ in ROLES.values()))
    rows = ((text, *(_cell(RULES[role, action]) for role in Role)) for action, text in ACTIONS.items())
    return table(head, rows)


def _cell(rule: Rule) -> str:
    if not rule.is_allowed:
        return "no"
    return "if" if rule.needs else "yes"


def rules(table: Table) -> str:
    """Every allowance with its conditions, its ground and the law; those of one action that are alike in one row."""
    alike: dict[tuple[Action, Rule], list[str]] = {}
    for action in ACTIONS:
        for role, (name, _) in ROLES.items():
            rule = RULES[role, action]
            if rule.is_allowed:
                alike.setdefault((action, rule), []).append(name)
    return table(
        ("may …", "who", "if", "ground", "law"),
        ((ACTIONS[action], ", ".join(who), *_why(rule)) for (action, rule), who in alike.items()),
    )


def _why(rule: Rule) -> tuple[str, str, str]:
    if not isinstance(rule.basis, Ground):
        raise TypeError("this is no allowance")
    return "; ".join(NEEDS[need] for need in rule.needs), f"`{rule.basis}`", GROUNDS[rule.basis].law


def roles(table: Table) -> str:
    """Who is meant by each role."""
    return table(("role", "who that is"), ROLES.values())


def grounds(table: Table) -> str:
    """Every ground with its law."""
    return table(("ground", "what it says", "law"), ((f"`{one}`", law.means, law.law) for one, law in GROUNDS.items()))


def refusals(table: Table) -> str:
    """Every reason to refuse, with its law."""
    return table(("refused", "why", "law"), ((f"`{one}`", law.means, law.law) for one, law in REFUSALS.items()))


def opt_outs(table: Table) -> str:
    """What one may opt out of."""
    return table(
        ("purpose", "what it stops", "law"), ((f"`{name}`", one.means, one.law) for name, one in OPT_OUTS.items())
    )
