"""All that the page for a browser says: the words of the documents, and its own sentences.

Owns this collection. Promises: pure; made from the same books and constants as the page of `readable.page`, so that
both say the same.
"""

from collections.abc import Mapping
from typing import Any

from broker.formats.parent.attached import PASSIVE
from broker.formats.parent.blocks import MOST_COLUMNS, NOTHING, REST
from broker.formats.parent.sources import RECORDS
from broker.formats.parent.term import Book, Term
from broker.formats.parent.values import MONTHS, NOT_GIVEN
from broker.formats.readable import other, page, transcript
from broker.formats.readable.school import HEADER, RECORD

LEAD = "Who signed it, gpg has said when it opened the file: this page cannot know that."
_OWN = {
    "page_title": "Read a document",
    "page_lead": (
        "Open the sealed file with gpg first. Then drag the opened file onto this page, or choose it here. Nothing"
        " leaves this computer: the page uses no network, and keeps nothing."
    ),
    "choose": "The opened file (JSON):",
    "bar": "This page",
    "print": "Print",
    "another": "Open another file",
    "no_script": "This page needs scripts (JavaScript), which are turned off in this browser. It has only its own.",
    "sealed": (
        "This file is still sealed. Open it with gpg first (gpg --decrypt --output opened.json FILE), and then open"
        " opened.json here."
    ),
    "is_xml": "This is XML, such as a transcript for a university's program; this page opens JSON only.",
    "no_document": (
        "This is no document of the exchange. A table (CSV, Excel) opens in your spreadsheet program; a PDF or a"
        " picture in its own."
    ),
    "broken": "This file is damaged or was changed: it cannot be read. Open the sealed file with gpg again.",
    "too_large": "This file is too large for a browser: it has more than 256 MB.",
}


def words() -> dict[str, Any]:
    """The words, ready for JSON."""
    text = _OWN | {
        "lead": LEAD,
        "months": list(MONTHS),
        "not_given": NOT_GIVEN,
        "nothing": NOTHING,
        "none": other.NONE,
        "more": REST,
        "no_file": "not in this copy",
        "most_columns": MOST_COLUMNS,
        "most_told": other.MOST_COLUMNS,
        "records": [str(one) for one in RECORDS],
        "says": list(page.SAYS),
        "document": page.DOCUMENT,
        "means": page.MEANS,
        "who": page.WHO,
        "about": page.ABOUT,
        "words": page.WORDS,
        "word_columns": list(page.WORD_COLUMNS),
        "file_columns": list(page.FILE_COLUMNS),
        "damaged": page.DAMAGED,
        "may_run": page.MAY_RUN,
        "no_session": transcript.NO_SESSION,
        "transcript_own": list(transcript.OWN),
        "carried": list(transcript.CARRIED),
    }
    return {
        "text": text,
        "books": {"record": _book(RECORD), "transcript": _book(transcript.BOOK)},
        "titles": {str(kind): title for kind, title in page.TITLES.items()},
        "other": _terms(other.WORDS),
        "header": dict.fromkeys(HEADER, True),
        "passive": sorted(PASSIVE),
    }


def _book(book: Book) -> dict[str, Any]:
    return {
        "fields": {of: _terms(fields) for of, fields in book.fields.items()},
        "parts": {key: list(part) for key, part in book.parts.items()},
        "words": dict(book.words),
    }


def _terms(terms: Mapping[str, Term]) -> dict[str, list[str]]:
    return {key: [term.label, term.meaning, term.form.name, term.of] for key, term in terms.items()}
