"""The codes of Ed-Fi, versions 1 to 6: sex, grade, what an entry or exit was, who a contact is.

Owns one table for each, and which texts a descriptor can be. Promises: '' stands beside a word of the standard for
which the packet has no code, so that it is left out; documents say so. All other unknown words are faults.
"""

from broker.formats.sis.code import table

SEX = table(
    {
        "Female": "F",
        "Male": "M",
        "Non-binary": "X",
        "Nonbinary": "X",
        "Not Selected": "U",
        "Unknown": "U",
        "Undetermined": "U",
        "Not Reported": "U",
    },
    "must be a sex that Ed-Fi lists, such as Female, Male, Non-binary or Not Selected",
    "F M X U",
)

_WORDS = ("First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth", "Eleventh")
_GRADES = {f"{word} grade": f"{number:02}" for number, word in enumerate((*_WORDS, "Twelfth"), 1)}
_GRADES |= {str(number): f"{number:02}" for number in range(1, 13)}
_GRADES |= {f"{number:02}": f"{number:02}" for number in range(1, 13)}
_GRADES |= {f"Grade {number}": f"{number:02}" for number in range(1, 13)}
_GRADES |= {f"{number}{end} grade": f"{number:02}" for number in range(1, 13) for end in ("st", "nd", "rd", "th")}
_GRADES |= dict.fromkeys(("Kindergarten", "Transitional Kindergarten", "K", "TK"), "KG")
_GRADES |= dict.fromkeys(
    ("Preschool", "Prekindergarten", "Pre-Kindergarten", "Preschool/Prekindergarten", "Early Education", "PK3", "PK4"),
    "PK",
)
_GRADES |= {"Grade 13": "13"}
_GRADES |= dict.fromkeys(
    ("Infant/toddler", "Ungraded", "Other", "Out of School", "Adult Education", "Postsecondary", "No grade level"), ""
)
GRADE = table(_GRADES, "must be a grade that Ed-Fi lists, such as Kindergarten or Ninth grade", "PK KG 13")

# The standard's words for why somebody came or left say too little for any of the state's codes: none is guessed.
ENTRY = table(
    dict.fromkeys(
        (
            "Transfer",
            "New to education system",
            "Next year school",
            "Other",
            "Re-entry",
            "Transfer from a public school in the same local education agency",
            "Transfer from a public school in a different local education agency in the same state",
            "Transfer from a public school in a different state",
            "Transfer from a private, non-religiously-affiliated school in the same local education agency",
            "Transfer from a private, religiously-affiliated school in the same local education agency",
            "Original entry",
        ),
        "",
    ),
    "must be the state's entry code, of at most 8 letters and digits, or a type that Ed-Fi lists, such as Transfer",
    is_open=True,
)
EXIT = table(
    dict.fromkeys(
        (
            "Completed",
            "Died or is permanently incapacitated",
            "Dropout",
            "End of school year",
            "Enrolled in a high school diploma program",
            "Expelled",
            "Graduated",
            "Incarcerated",
            "Invalid enrollment",
            "Involuntarily Removed",
            "No show",
            "Other",
            "Reached maximum age",
            "Transferred",
            "Withdrawn",
        ),
        "",
    ),
    "must be the state's exit code, of at most 8 letters and digits, or a type that Ed-Fi lists, such as Transferred",
    is_open=True,
)

# who may stand as a guardian: the others are contacts
_KEEPERS = (
    *("Mother", "Father", "Parent", "Mother, step", "Father, step", "Parent, step", "Stepmother", "Stepfather"),
    *("Step parent", "Foster parent", "Foster mother", "Foster father", "Guardian", "Legal guardian"),
    *("CourtAppointedGuardian", "Court appointed guardian", "Grandfather", "Grandmother", "Grandparent"),
    *("Adoptive parent", "Adoptive mother", "Adoptive father"),
)
_OTHERS = (
    *("Aunt", "Brother", "BrotherInLaw", "Cousin", "Daughter", "DaughterInLaw", "Employer", "FatherInLaw"),
    *("FathersCivilPartner", "FathersSignificantOther", "Fiance", "Fiancee", "Friend", "Godparent", "Great aunt"),
    *("Great Grandparent", "Great uncle", "Husband", "MotherInLaw", "MothersCivilPartner", "MothersSignificantOther"),
    *("Neighbor", "Nephew", "Niece", "Other", "Relative", "Sibling", "SignificantOther", "Sister", "SisterInLaw"),
    *("Son", "SonInLaw", "Spouse", "Uncle", "Unknown", "Ward", "Wife", "Emergency", "Emergency contact"),
    *("Agency representative", "Case worker", "Doctor", "Physician", "Babysitter", "Child care"),
)
RELATION = table(
    dict.fromkeys(_KEEPERS, "guardian") | dict.fromkeys(_OTHERS, ""),
    "must be a relation that Ed-Fi lists, such as Mother or Guardian",
)

RESULT = table(
    {
        "Pass": "completed",
        "Passed": "completed",
        "Fail": "completed",
        "Failed": "completed",
        "Incomplete": "incomplete",
        "Withdrawn": "withdrawn",
        "In Progress": "in-progress",
    },
    "must be a result that Ed-Fi lists, such as Pass, Fail, Incomplete or Withdrawn",
)

STATE_NUMBERS = frozenset({"state", "sea", "ssid", "stateid", "statestudentid", "stateassigned", "stateuniqueid"})
