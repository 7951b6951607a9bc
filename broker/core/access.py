"""Who may do what with a student's data: one table, which a lawyer can read as docs/access.md.

Owns roles, actions and the one rule for each pair of them. Promises: pure; deny by default: the table refuses what it
does not allow, and it allows nothing while a condition is not known to be met; every verdict has its word for the
disclosure log (34 CFR 99.32), and every word has its law (`broker.core.grounds`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from broker.core.grounds import Ground, Why
from broker.core.model import PartyKind
from broker.core.stays import Account

__all__ = [
    "Action",
    "Deny",
    "Facts",
    "Ground",
    "Need",
    "Permit",
    "Role",
    "Rule",
    "Why",
    "judge",
    "role_of",
]


class Role(StrEnum):
    """The role in which somebody acts. The role of an LEA depends on the student and on the day."""

    CURRENT_LEA = "current-lea"  # has the student; an entry ahead makes it so only where no LEA has the student
    FORMER_LEA = "former-lea"  # had the student enrolled earlier
    OTHER_LEA = "other-lea"  # never had the student
    SENDING_LEA = "sending-lea"  # wrote and signed the packet or record in question
    STATE_OPERATOR = "state-operator"  # runs the exchange, at its own machine
    STATE_AUDITOR = "state-auditor"  # the state's office as a party of the exchange
    HIGHER_ED = "higher-ed"
    PARENT = "parent"  # or the student of age; only by a file that an LEA hands out
    FEDERAL = "federal"
    ANYONE = "anyone"


class Action(StrEnum):
    """What somebody does. Each action is a word of the disclosure log."""

    JOIN = "join"
    REPORT_ENROLLMENT = "report-enrollment"
    LOOK_UP = "look-up"
    READ_ROSTER = "read-roster"
    SEND_RECORD = "send-record"
    RECEIVE_RECORD = "receive-record"
    REQUEST_RECORD = "request-record"
    CORRECT_RECORD = "correct-record"
    RECALL = "recall"
    STORE_BACKPACK = "store-backpack"
    READ_BACKPACK = "read-backpack"
    READ_OWN_TIME = "read-own-time"
    SEND_TRANSCRIPT = "send-transcript"
    RECEIVE_TRANSCRIPT = "receive-transcript"
    EXPORT_FOR_PARENT = "export-for-parent"
    READ_DISCLOSURES = "read-disclosures"
    RECEIVE_CLAIMS = "receive-claims"
    READ_REGISTRY = "read-registry"
    READ_REVIEW = "read-review"
    DECIDE_REVIEW = "decide-review"
    MERGE = "merge"
    CANCEL_TRANSFER = "cancel-transfer"
    READ_REPORTS = "read-reports"
    SET_FLAG = "set-flag"
    LIFT_FLAG = "lift-flag"
    RECEIVE_ALERT = "receive-alert"
    RECEIVE_WARNING = "receive-warning"
    RECORD_EXCEPTION = "record-exception"
    END_EXCEPTION = "end-exception"
    READ_DIRECTORY = "read-directory"
    KEEP_DIRECTORY = "keep-directory"
    READ_CALENDAR = "read-calendar"
    KEEP_CALENDAR = "keep-calendar"
    READ_STATUS = "read-status"
    RUN_EXCHANGE = "run-exchange"
    KEEP_MODEL = "keep-model"
    READ_AUDIT = "read-audit"


# These actions concern no single student: they leave a line in the log of acts, not in the disclosure log.
ABOUT_NO_STUDENT = frozenset(
    {
        Action.READ_DIRECTORY,
        Action.KEEP_DIRECTORY,
        Action.READ_CALENDAR,
        Action.KEEP_CALENDAR,
        Action.READ_STATUS,
        Action.RUN_EXCHANGE,
        Action.KEEP_MODEL,
        Action.READ_AUDIT,
    }
)


class Need(StrEnum):
    """A condition under which the table allows an action."""

    NOT_FLAGGED = "not-flagged"
    THERE_THEN = "there-then"
    OWN = "own"
    REQUEST = "request"
    EXCEPTION = "exception"


@dataclass(frozen=True, slots=True)
class Facts:
    """The facts that the verdict depends on, beside the role. The defaults allow only what needs no fact, with one
    exception: `is_flagged` must always be given where the student is known.

    `was_there`: the data are from a time when the student was at this LEA (`Account.was_at`).
    `is_own`: the LEA wrote the packet or record, or was asked the question; for the disclosure log, the lines are about
    the LEA's own records. `has_request`: the LEA recorded that the student or the parent asked. `has_exception`: a
    legal exception of the state stands.
    """

    is_flagged: bool = False
    was_there: bool = False
    is_own: bool = False
    has_request: bool = False
    has_exception: bool = False


@dataclass(frozen=True, slots=True)
class Permit:
    """The action is allowed."""

    ground: Ground

    @property
    def outcome(self) -> str:
        """As in the disclosure log."""
        return "allowed"

    @property
    def word(self) -> str:
        """The disclosure log's `ground`."""
        return str(self.ground)


@dataclass(frozen=True, slots=True)
class Deny:
    """The action is refused."""

    why: Why

    @property
    def outcome(self) -> str:
        """As in the disclosure log."""
        return "refused"

    @property
    def word(self) -> str:
        """The disclosure log's `ground`."""
        return str(self.why)


@dataclass(frozen=True, slots=True)
class Rule:
    """One cell of the table: the ground on which the action is allowed if every need is met, or why it never is."""

    basis: Ground | Why
    needs: tuple[Need, ...] = ()

    @property
    def is_allowed(self) -> bool:
        """Whether the action is ever allowed."""
        return isinstance(self.basis, Ground)


_UNMET: Mapping[Need, Why] = {
    Need.NOT_FLAGGED: Why.FLAGGED,
    Need.THERE_THEN: Why.NOT_THEN,
    Need.OWN: Why.NOT_OWN,
    Need.REQUEST: Why.NO_REQUEST,
    Need.EXCEPTION: Why.FEDERAL,
}


def _met(facts: Facts) -> Mapping[Need, bool]:
    return {
        Need.NOT_FLAGGED: not facts.is_flagged,
        Need.THERE_THEN: facts.was_there,
        Need.OWN: facts.is_own,
        Need.REQUEST: facts.has_request,
        Need.EXCEPTION: facts.has_exception,
    }


_NO, _GONE, _ALIEN, _FED = Rule(Why.NO_RULE), Rule(Why.NOT_THERE), Rule(Why.NOT_OWN), Rule(Why.FEDERAL)
_JOIN, _REPORT = Rule(Ground.PARTY), Rule(Ground.REPORTS)
_ENROLLS = Rule(Ground.ENROLLS, (Need.NOT_FLAGGED,))
_TEACHES = Rule(Ground.TEACHES, (Need.NOT_FLAGGED,))
_TAUGHT = Rule(Ground.TAUGHT, (Need.NOT_FLAGGED, Need.THERE_THEN))
_SENDS = Rule(Ground.ENROLLS, (Need.NOT_FLAGGED, Need.THERE_THEN))
_STORES = Rule(Ground.REPORTS, (Need.THERE_THEN,))
_OWN, _OWN_UNFLAGGED = Rule(Ground.OWN_RECORD, (Need.OWN,)), Rule(Ground.OWN_RECORD, (Need.NOT_FLAGGED, Need.OWN))
_ASKED = Rule(Ground.STUDENT_REQUEST, (Need.NOT_FLAGGED, Need.REQUEST))
_INSPECT = Rule(Ground.PARENT_INSPECTION, (Need.NOT_FLAGGED, Need.REQUEST))
_INSPECT_THEN = Rule(Ground.PARENT_INSPECTION, (Need.NOT_FLAGGED, Need.REQUEST, Need.THERE_THEN))
_LOG, _LOG_UNFLAGGED = Rule(Ground.DISCLOSURE_RECORD), Rule(Ground.DISCLOSURE_RECORD, (Need.NOT_FLAGGED,))
_LOG_OWN = Rule(Ground.DISCLOSURE_RECORD, (Need.NOT_FLAGGED, Need.OWN))
_LOG_ASKED = Rule(Ground.DISCLOSURE_RECORD, (Need.NOT_FLAGGED, Need.REQUEST))
_DUTY, _AUDIT, _MISSING = Rule(Ground.STATE_DUTY), Rule(Ground.AUDIT), Rule(Ground.MISSING_CHILD)
_CLAIM, _LEGAL = Rule(Ground.MEMBERSHIP), Rule(Ground.LEGAL_EXCEPTION)
_EXCEPT = Rule(Ground.LEGAL_EXCEPTION, (Need.EXCEPTION,))

# One row for each action, one cell for each role, in the order of `Role`:
#   current LEA, former LEA, other LEA, sending LEA, operator, auditor, higher education, parent, federal, anyone
_ROWS: Mapping[Action, tuple[Rule, ...]] = {
    Action.JOIN: (_JOIN, _JOIN, _JOIN, _JOIN, _NO, _JOIN, _JOIN, _NO, _EXCEPT, _NO),
    Action.REPORT_ENROLLMENT: (_REPORT, _REPORT, _REPORT, _REPORT, _NO, _NO, _NO, _NO, _FED, _NO),
    Action.LOOK_UP: (_REPORT, _REPORT, _GONE, _GONE, _DUTY, _NO, _NO, _NO, _FED, _NO),
    Action.READ_ROSTER: (_REPORT, _GONE, _GONE, _GONE, _NO, _NO, _NO, _NO, _FED, _NO),
    Action.SEND_RECORD: (_SENDS, _SENDS, _GONE, _SENDS, _NO, _NO, _NO, _NO, _FED, _NO),
    Action.RECEIVE_RECORD: (_ENROLLS, _GONE, _GONE, _GONE, _NO, _NO, _NO, _NO, _FED, _NO),
    Action.REQUEST_RECORD: (_ENROLLS, _GONE, _GONE, _GONE, _NO, _NO, _NO, _NO, _FED, _NO),
    Action.CORRECT_RECORD: (_ALIEN, _ALIEN, _ALIEN, _OWN, _NO, _NO, _NO, _NO, _FED, _NO),
    Action.RECALL: (_ALIEN, _ALIEN, _ALIEN, _OWN, _NO, _NO, _NO, _NO, _FED, _NO),
    Action.STORE_BACKPACK: (_STORES, _STORES, _GONE, _STORES, _NO, _NO, _NO, _NO, _FED, _NO),
    Action.READ_BACKPACK: (_TEACHES, _GONE, _GONE, _GONE, _NO, _NO, _NO, _NO, _FED, _NO),
    Action.READ_OWN_TIME: (_TAUGHT, _TAUGHT, _GONE, _OWN_UNFLAGGED, _NO, _NO, _NO, _NO, _FED, _NO),
    Action.SEND_TRANSCRIPT: (_ASKED, _ASKED, _GONE, _ASKED, _NO, _NO, _NO, _NO, _FED, _NO),
    Action.RECEIVE_TRANSCRIPT: (_NO, _NO, _NO, _NO, _NO, _NO, _ASKED, _NO, _FED, _NO),
    Action.EXPORT_FOR_PARENT: (_INSPECT, _INSPECT_THEN, _GONE, _INSPECT_THEN, _NO, _NO, _NO, _INSPECT, _FED, _NO),
    Action.READ_DISCLOSURES: (_LOG_UNFLAGGED, _LOG_OWN, _GONE, _LOG_OWN, _LOG, _LOG, _NO, _LOG_ASKED, _FED, _NO),
    Action.RECEIVE_CLAIMS: (_CLAIM, _CLAIM, _GONE, _GONE, _DUTY, _NO, _NO, _NO, _FED, _NO),
    Action.READ_REGISTRY: (_NO, _NO, _NO, _NO, _DUTY, _NO, _NO, _NO, _FED, _NO),
    Action.READ_REVIEW: (_ALIEN, _ALIEN, _ALIEN, _OWN, _DUTY, _NO, _NO, _NO, _FED, _NO),
    Action.DECIDE_REVIEW: (_ALIEN, _ALIEN, _ALIEN, _OWN, _DUTY, _NO, _NO, _NO, _FED, _NO),
    Action.MERGE: (_NO, _NO, _NO, _NO, _DUTY, _NO, _NO, _NO, _FED, _NO),
    Action.CANCEL_TRANSFER: (_NO, _NO, _NO, _NO, _DUTY, _NO, _NO, _NO, _FED, _NO),
    Action.READ_REPORTS: (_NO, _NO, _NO, _NO, _AUDIT, _AUDIT, _NO, _NO, _FED, _NO),
    Action.SET_FLAG: (_NO, _NO, _NO, _NO, _MISSING, _NO, _NO, _NO, _FED, _NO),
    Action.LIFT_FLAG: (_NO, _NO, _NO, _NO, _MISSING, _NO, _NO, _NO, _FED, _NO),
    Action.RECEIVE_ALERT: (_NO, _NO, _NO, _NO, _MISSING, _MISSING, _NO, _NO, _FED, _NO),
    Action.RECEIVE_WARNING: (_NO, _NO, _NO, _NO, _AUDIT, _AUDIT, _NO, _NO, _FED, _NO),
    Action.RECORD_EXCEPTION: (_NO, _NO, _NO, _NO, _LEGAL, _NO, _NO, _NO, _FED, _NO),
    Action.END_EXCEPTION: (_NO, _NO, _NO, _NO, _LEGAL, _NO, _NO, _NO, _FED, _NO),
    Action.READ_DIRECTORY: (_JOIN, _JOIN, _JOIN, _JOIN, _DUTY, _AUDIT, _JOIN, _NO, _FED, _NO),
    Action.KEEP_DIRECTORY: (_NO, _NO, _NO, _NO, _DUTY, _NO, _NO, _NO, _FED, _NO),
    Action.READ_CALENDAR: (_JOIN, _JOIN, _JOIN, _JOIN, _DUTY, _AUDIT, _NO, _NO, _FED, _NO),
    Action.KEEP_CALENDAR: (_NO, _NO, _NO, _NO, _DUTY, _NO, _NO, _NO, _FED, _NO),
    Action.READ_STATUS: (_NO, _NO, _NO, _NO, _DUTY, _AUDIT, _NO, _NO, _FED, _NO),
    Action.RUN_EXCHANGE: (_NO, _NO, _NO, _NO, _DUTY, _NO, _NO, _NO, _FED, _NO),
    Action.KEEP_MODEL: (_NO, _NO, _NO, _NO, _DUTY, _NO, _NO, _NO, _FED, _NO),
    Action.READ_AUDIT: (_NO, _NO, _NO, _NO, _AUDIT, _AUDIT, _NO, _NO, _FED, _NO),
}

RULES: Mapping[tuple[Role, Action], Rule] = {
    (role, action): rule for action, row in _ROWS.items() for role, rule in zip(Role, row, strict=True)
}


def judge(role: Role, action: Action, facts: Facts = Facts()) -> Permit | Deny:
    """Whether this role may do this action. A pair that the table does not have is denied."""
    rule = RULES.get((role, action))
    if rule is None:
        return Deny(Why.NO_RULE)
    if isinstance(rule.basis, Why):
        return Deny(rule.basis)
    met = _met(facts)
    unmet = next((need for need in rule.needs if not met[need]), None)
    return Deny(_UNMET[unmet]) if unmet else Permit(rule.basis)


_ROLE_OF_KIND: Mapping[str, Role] = {
    PartyKind.STATE: Role.STATE_AUDITOR,
    PartyKind.HIGHER_ED: Role.HIGHER_ED,
    "federal": Role.FEDERAL,
}
_LEAS = frozenset({PartyKind.DISTRICT, PartyKind.CHARTER})


def role_of(kind: str | None, account: Account | None, lea: str, *, origin: str = "") -> Role:
    """The role in which a party of this kind acts on a student. `account` holds the student's stays, None for a student
    whom nobody knows.

    `kind` is a `PartyKind`, None for a party that is not in the directory. `origin`, where given, is the LEA that wrote
    the packet or record: that LEA acts as `SENDING_LEA`. An LEA that has only announced the student
    (`Account.announced`) never had the student.
    """
    if kind not in _LEAS:
        return _ROLE_OF_KIND.get(kind or "", Role.ANYONE)
    if origin and origin == lea:
        return Role.SENDING_LEA
    if account is not None and lea in account.holders:
        return Role.CURRENT_LEA
    return Role.FORMER_LEA if account is not None and lea in account.had else Role.OTHER_LEA
