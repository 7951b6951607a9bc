"""The words for a record where a school reads it.

Owns how what is said to a parent is said to a school: the same terms, about "the student". Promises: pure; no text of
a record is changed, only our own words; what a receiving school looks for first stands first.
"""

from collections.abc import Mapping

from broker.formats.parent.term import Book, Form, Part, Term
from broker.formats.parent.terms import FIELDS, PARTS
from broker.formats.parent.values import WORDS

_SAID = (
    ("your child's", "the student's"),
    ("Your child's", "The student's"),
    ("your child", "the student"),
    ("Your child", "The student"),
    ("your family", "the family"),
    ("you or the school", "the family or the school"),
)
# what a student needs on the first day, then what was learned, then all else
_FIRST = (
    *("demographics", "schedule", "special_education", "section_504", "course_grades", "course_history"),
    *("section_attendance", "immunisations", "discipline"),
)
# a school needs more columns than a parent
_COLUMNS = {
    "course_grades": ("title", "course_code", "mark", "percent", "credits_earned", "teacher"),
    "course_history": ("title", "course_code", "mark", "credits_earned", "status", "term"),
}
_WHAT = Term("What it is", "The kind of document.")
HEADER: Mapping[str, Term] = {
    "packet": _WHAT,
    "id": Term("Number of the document", "It tells this document from every other one."),
    "from": Term("From", "Who wrote it: the id of a district, a school or the exchange."),
    "to": Term("To", "Whom it was written for: the id of a district or school."),
    "created": Term("Written on", "The day and the time when it was written.", Form.FREE),
    "school_year": Term("School year", "The school year, from summer to summer.", Form.YEAR),
    "mode": Term("Takes the place of", "What an earlier document of the same school counts for.", Form.WORD),
}
_HEADER_WORDS = {
    "replace": "all that the school sent before",
    "add": "nothing: it is kept beside what the school sent before",
}


def said(text: str) -> str:
    """A sentence for parents, as it is said to a school."""
    for parents, schools in _SAID:
        text = text.replace(parents, schools)
    return text


def _term(term: Term) -> Term:
    return term._replace(label=said(term.label), meaning=said(term.meaning))


def _part(key: str) -> Part:
    part = PARTS[key]
    columns = _COLUMNS.get(key, part.columns)
    return part._replace(heading=said(part.heading), about=said(part.about), columns=columns)


_ORDER = (*_FIRST, *(key for key in PARTS if key not in _FIRST))
RECORD = Book(
    {of: {key: _term(term) for key, term in fields.items()} for of, fields in FIELDS.items()} | {"header": HEADER},
    {key: _part(key) for key in _ORDER},
    {word: said(told) for word, told in WORDS.items()} | _HEADER_WORDS,
)
