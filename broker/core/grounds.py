"""The grounds on which something may be done with a student's data, and the reasons why it may not.

Owns the closed lists of grounds and of refusals, with the law behind each (FERPA is 34 CFR part 99; sections of the
Utah Code and of the Utah Administrative Code as they were read). Promises: every ground names its law; the sentences
hold no data of any person, and appear word for word in a parent's story (`broker.formats.parent.story`) and in
docs/access.md.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple


class Ground(StrEnum):
    """Why something may be done."""

    ENROLLS = "enrolls"
    TEACHES = "teaches"
    TAUGHT = "taught"
    OWN_RECORD = "own-record"
    REPORTS = "reports"
    STUDENT_REQUEST = "student-request"
    PARENT_INSPECTION = "parent-inspection"
    DISCLOSURE_RECORD = "disclosure-record"
    STATE_DUTY = "state-duty"
    AUDIT = "audit"
    MISSING_CHILD = "missing-child"
    MEMBERSHIP = "membership"
    PARTY = "party"
    LEGAL_EXCEPTION = "legal-exception"


class Law(NamedTuple):
    """One ground: `law` names its sections, `because` follows the word "because" in a sentence, `means` explains it to
    a lawyer."""

    law: str
    because: str
    means: str


GROUNDS: Mapping[Ground, Law] = {
    Ground.ENROLLS: Law(
        "FERPA, 34 CFR 99.31(a)(2) and 99.34; Utah 53A-11-504",
        "the student enrolled there",
        "A school's records may go to the school where the student enrolls, without consent; in Utah the new school"
        " must ask for them and the previous one must send them.",
    ),
    Ground.TEACHES: Law(
        "FERPA, 34 CFR 99.31(a)(1); Utah 53A-1-413",
        "it teaches the student",
        "The Student Achievement Backpack follows the student, and is seen by authorised users of the LEA that teaches"
        " the student.",
    ),
    Ground.TAUGHT: Law(
        "FERPA, 34 CFR 99.31(a)(1); Utah 53A-1-413",
        "it taught the student at that time",
        "An LEA that the student has left keeps its sight of the data of the time when the student was there, and of"
        " nothing later.",
    ),
    Ground.OWN_RECORD: Law(
        "FERPA, 34 CFR 99.31(a)(1) and 99.20 to 99.21",
        "it wrote that record itself",
        "An LEA's own officials see, correct and call back what the LEA itself has written.",
    ),
    Ground.REPORTS: Law(
        "Utah R277-419-10; Utah 53A-1-413",
        "schools have to report it",
        "LEAs report which students they have, under the statewide student id, and what belongs into the Student Record"
        " Store.",
    ),
    Ground.STUDENT_REQUEST: Law(
        "FERPA, 34 CFR 99.30 and 99.31(a)(2); Utah 53A-1-603.5 and R277-419-10",
        "the student, or the parent of a minor, asked for it",
        "A transcript goes to the college or university that the student named; the LEA records the request first, and"
        " the transcript carries the student's id and legal name.",
    ),
    Ground.PARENT_INSPECTION: Law(
        "FERPA, 34 CFR 99.10; Utah 53A-1-413",
        "the parent, or the student of age, asked to see it",
        "Parents and students of age may inspect and review the education records. Their LEA hands them a file.",
    ),
    Ground.DISCLOSURE_RECORD: Law(
        "FERPA, 34 CFR 99.32; 34 CFR 300.614",
        "it is the record of who was given the student's records",
        "For each student a record is kept of every request and disclosure, and of access to special-education records;"
        " the parent, those who keep the records, and those who audit the keeping may see it.",
    ),
    Ground.STATE_DUTY: Law(
        "FERPA, 34 CFR 99.31(a)(3) and 99.35; Utah 53A-1-603.5",
        "the state keeps the students' numbers and the exchange in order",
        "The state gives each student one number and nobody else the same; for that its operator sees names and birth"
        " dates, and no school record.",
    ),
    Ground.AUDIT: Law(
        "FERPA, 34 CFR 99.31(a)(3), 99.32(c) and 99.35",
        "the state audits how records are kept and transferred",
        "Those who audit see who was given what and when, which transfers are late, and no school record.",
    ),
    Ground.MISSING_CHILD: Law(
        "Utah 53A-11-502 and 53A-11-504",
        "the law on missing children asks for it",
        "The record of a missing child is flagged; it is not sent on, and every request for it is reported to the state"
        " at once. Only the state sets and lifts the flag.",
    ),
    Ground.MEMBERSHIP: Law(
        "FERPA, 34 CFR 99.31(a)(1); Utah R277-419-5 and R277-419-6",
        "two schools reported the student for the same days",
        "Days for which two LEAs claim the same student are found, told to both, and apportioned by the"
        " Superintendent.",
    ),
    Ground.PARTY: Law(
        "Utah 53A-1-413 and 53A-1-603.5",
        "it is one of the exchange's own kinds of party",
        "Districts, charter schools, the state and higher education take part; the list is closed.",
    ),
    Ground.LEGAL_EXCEPTION: Law(
        "Utah 53E-9-308 and R277-484-6",
        "the state recorded a legal exception",
        "Student data is not shared with a federal agency unless FERPA allows it or federal law requires it. The state"
        " records the law, who decided and why, for one name of the internet, and can end it.",
    ),
}


class Why(StrEnum):
    """Why something may not be done."""

    NO_RULE = "no-rule"
    NOT_THERE = "not-there"
    NOT_THEN = "not-then"
    NOT_OWN = "not-own"
    NO_REQUEST = "no-request"
    NOT_THERE_NOW = "not-there-now"
    NOTHING_HELD = "nothing-held"
    NOBODY_TO_ASK = "nobody-to-ask"
    FLAGGED = "flagged"
    TOO_OFTEN = "too-often"
    FEDERAL = "federal"


REFUSALS: Mapping[Why, Law] = {
    Why.NO_RULE: Law("FERPA, 34 CFR 99.30", "no rule allows it", "What no rule allows is refused."),
    Why.NOT_THERE: Law(
        "FERPA, 34 CFR 99.31(a)(1) and (2)",
        "the student is not enrolled there",
        "Only where the student is enrolled there is an interest in the student's record.",
    ),
    Why.NOT_THEN: Law(
        "FERPA, 34 CFR 99.31(a)(1); Utah 53A-1-413",
        "the student was not there at that time",
        "An LEA sees data only of the time when the student was there.",
    ),
    Why.NOT_OWN: Law(
        "FERPA, 34 CFR 99.32(a)",
        "it is another school's",
        "An LEA may do this only with what is its own.",
    ),
    Why.NO_REQUEST: Law(
        "FERPA, 34 CFR 99.30 and 99.10",
        "nobody recorded that the student or the parent asked for it",
        "What depends on a request of the student or the parent waits until the LEA has recorded one.",
    ),
    Why.NOT_THERE_NOW: Law(
        "FERPA, 34 CFR 99.31(a)(2); Utah 53A-11-504",
        "the student is at another school now",
        "The record is asked for the school where the student is; where the student was before, nobody is asked.",
    ),
    Why.NOTHING_HELD: Law(
        "Utah 53A-1-413",
        "the record store held nothing of the student that it might have",
        "What was asked for is not there, or is not of the time when the student was at that LEA.",
    ),
    Why.NOBODY_TO_ASK: Law(
        "Utah 53A-11-504",
        "no other school had a record that it still owed",
        "No other LEA had the student, or each has sent its record already.",
    ),
    Why.FLAGGED: Law(
        "Utah 53A-11-502 and 53A-11-504",
        "the state holds it",
        "Nothing is sent on of a child who is reported missing; the state was told of the request.",
    ),
    Why.TOO_OFTEN: Law(
        "FERPA, 34 CFR 99.31(a)(1)(ii)",
        "it had asked too often on that day",
        "How often an LEA may ask in a day is bounded, so that nobody reads through the students of others.",
    ),
    Why.FEDERAL: Law(
        "Utah 53E-9-308 and R277-484-6",
        "there is no federal party, and no legal exception stands",
        "There is no federal kind of party, no route to one and no role for one.",
    ),
}


def law_of(word: str) -> Law | None:
    """The law of a ground or refusal, by its word in the disclosure log; None for an unknown word."""
    return {str(name): law for table in (GROUNDS, REFUSALS) for name, law in table.items()}.get(word)
