"""The templates of the tables in which an LEA answers: the columns, an example line, and what each column is for.

Owns the sentences and examples. Promises: the example line, with a tracking id in the place of its mark, is a good
line; what is offered to choose from is what `words` reads.
"""

from broker.core.template import EXAMPLE, Field, Template
from broker.formats.answering import words

_MOST_ROWS = 1_000
_ANSWERS = ("Candidate A", "Candidate B", "Candidate C", words.NEW, words.CONFIRM, words.BACK)
_SEND = "Save the table, seal it, and send it as it is: as a workbook, or as CSV."
_GREY = "The grey line is an example: write over it, or delete it; it is never taken."
_NO_SSN = "Never write a social security number anywhere: the whole file would be refused."


def questions() -> Template:
    """The template of a review answer."""
    fields = (
        Field("Tracking", "The tracking of the question, as the notice `review` has it.", EXAMPLE, "always", ()),
        Field("Line", "The line of the question, as the notice has it; empty for a record.", "2", "for a list"),
        Field("Answer", "Which student it is.", "Candidate A", "always", _ANSWERS),
        Field("Why", "How you know; no name is needed here.", "Asked the family."),
    )
    notes = (
        "You need not fill this in yourself: with each question comes the packet `review-answer`, a workbook in which"
        " only the column Answer is to be filled.",
        _GREY,
        *(f"{word}: {meaning}" for word, meaning in words.meanings()),
        _SEND,
        _NO_SSN,
    )
    return Template("Answers", fields, notes, _MOST_ROWS)


def delivered() -> Template:
    """The template of acknowledgements."""
    fields = (
        Field(
            "Tracking",
            "How the name of the file in your inbox begins, up to the first dot; the whole name will do.",
            EXAMPLE,
            "always",
        ),
        Field("Answer", "Whether you have it, or why you cannot use it.", "Incomplete", "always", tuple(words.REPLIES)),
        Field("What", "What the packet is; only for you."),
        Field("From", "Who sent it; only for you."),
        Field("Delivered", "When it came; only for you."),
        Field("Courses", "Of a transcript: how many courses you counted in it."),
    )
    notes = (
        "Send this table as it is, and it comes back with all that was delivered to you and that you have said nothing"
        " of yet. Then choose an answer where there is something to say, and send it again.",
        "You need not say that you have a packet: downloading it, or deleting it from inbox, says that. Say when you"
        " cannot use one, and its sender is told; or when you cannot send the record that you are asked for.",
        _GREY,
        *(f"{word}: {meaning}" for word, (_, meaning) in words.REPLIES.items()),
        _SEND,
    )
    return Template("Packets", fields, notes, _MOST_ROWS)
