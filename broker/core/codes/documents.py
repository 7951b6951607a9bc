"""The codes for what is wrong with a document."""

from broker.core.codes.code import Code

ROWS: dict[str, Code] = {
    # the document
    "sealed-twice": Code(
        "What was sealed is itself a sealed file: the document was sealed twice.",
        "Seal the document itself once, for the exchange alone, with `gpg --sign --encrypt`: the exchange locks it anew"
        " for the school that gets it.",
    ),
    "empty-document": Code(
        "The document that was sealed is empty.",
        "Export it again, look into it, and seal it again.",
    ),
    "not-a-document": Code(
        "What was sealed is no document that the exchange reads: it reads JSON, CSV, workbooks and, for"
        " transcripts, PESC's XML.",
        "Seal the document in one of these forms.",
    ),
    "not-utf8": Code(
        "The document is not saved as plain UTF-8, the encoding in which the exchange reads letters.",
        'Save it anew (a spreadsheet program: as "CSV UTF-8"; an editor: with the encoding UTF-8), and seal it again.',
    ),
    "not-json": Code(
        "The document is not JSON that can be read.",
        "Look at the place named for a comma, a quotation mark or a brace too many or too few, and seal it again.",
    ),
    "duplicate-key": Code(
        "The document says one property twice within the same braces.", "Keep one of the two and seal it again."
    ),
    "too-deep": Code(
        "The document has too many braces or brackets within each other.",
        "Write or export it in the form of its packet type, and seal it again.",
    ),
    "workbook": Code(
        "The workbook cannot be read.",
        "Open it in the spreadsheet program, save it anew as an Excel workbook (.xlsx), and seal that.",
    ),
    "request-name": Code(
        "The file has the name of an SSID request (REQ, LEA, date, counter), but the date in it is none.",
        "Give it another name, with a date such as REQ_01_20261123_1.csv.pgp or without REQ, and send it again.",
    ),
    "csv-form": Code(
        "The table has no line with the names of its columns, or not the columns that its document needs.",
        "Check the place named, export it with a header line (a CSV with commas, semicolons, tabs or bars), and seal it"
        " again.",
    ),
    "dates-contradict": Code(
        "Some dates of the table have the month before the day, others the day before the month: none can be relied"
        " on.",
        "Look at the places named, write all dates in one way, best as 2012-03-04, and seal it again.",
    ),
    "unknown-column": Code(
        "The table has a column that this exchange does not know.",
        "Leave the column out, or give it the name under which the exchange knows it, and seal it again.",
    ),
    "ssn-column": Code(
        "The table has a column for social security numbers, which no exchange of records may hold; none was read.",
        "Take the whole column out of the export, for good, and seal it again.",
    ),
    "unknown-type": Code(
        "The document's `packet` does not name a packet type and version that this exchange accepts.",
        "Use one of the types that are accepted, such as `student-record.v1`, and seal it again.",
    ),
    "not-xml": Code(
        "The document is not XML that can be read.", "Mend the place named, or export it again, and seal it again."
    ),
    "xml-unsafe": Code(
        "The XML has a document type, or is a stylesheet, a schema or an include; such things are never read.",
        "Export the record as plain XML, without `<!DOCTYPE`, and seal it again.",
    ),
    "not-pesc": Code(
        "The document is neither a PESC High School Transcript 1.5 nor a PESC acknowledgment that can be read.",
        "Mend the place named, or export it for that version of PESC, and seal it again.",
    ),
    "pesc-unfit": Code(
        "The transcript cannot be written in the form of PESC: something is missing, or has no place there.",
        "Mend the place named and send it again.",
    ),
    "no-request": Code(
        "The transcript does not say that the student, or a parent or guardian, asked for it, and when.",
        "Record the request (`request` with `by` and `on`; in PESC a `DocumentTypeCode` of StudentRequest), and seal it"
        " again.",
    ),
    "has-ssn": Code(
        "The document holds a social security number or a part of one, which this exchange never accepts.",
        "Take it out at the place named, and out of the export for good, and seal it again.",
    ),
    "impossible-date": Code(
        "A date or a school year in the document cannot be right.",
        "Correct it at the place named, in your system too, and seal it again.",
    ),
    "file-date": Code(
        "The date in the name of the file is too long ago, or a day to come.",
        "Give it a name with today's date and a counter that you have not used yet, and put it into outbox again.",
    ),
    "schema": Code(
        "Something in the document is missing, misspelt or not of the form that its packet type has.",
        "Mend the place named and seal it again.",
    ),
    "from-mismatch": Code(
        "The document says that it is from another LEA than the one in whose outbox it was.",
        "Put your own LEA's id into `from`, or use the right outbox, and seal it again.",
    ),
    "unknown-receiver": Code(
        "The document's `to` is not a party of this exchange.",
        "Look up the receiver's id in your directory folder (parties.json), and seal it again; or leave `to` out: then"
        " the exchange finds the student's school.",
    ),
    "not-allowed": Code(
        "You may not send this packet type, or not to that receiver.",
        "Check `packet` and `to`; ask the state if you think that you should be allowed.",
    ),
    "replayed-id": Code(
        "The document's `id` (of a CSV: its name) was used before, for another document.",
        "Give every new document an id of its own (a new UUID; for a CSV: another counter in its name), and seal it"
        " again.",
    ),
    "unknown-tracking": Code(
        "The document names a packet that was not delivered to you, a question that you were not asked, or in a recall"
        " a packet that you did not send or that has come to an end.",
        "Use the tracking id from the file name in your inbox; for a review, `tracking` and `line` of the notice; for a"
        " recall, the tracking id in your own receipts.",
    ),
    "said-too-often": Code(
        "Your LEA has changed what it says about this packet as often as it may.",
        "What you said last stands; if it is wrong, call the state's exchange operator.",
    ),
    "unknown-document": Code(
        "The acknowledgment names no document that this exchange delivered to you.",
        "Copy the `DocumentID` of the transcript, or acknowledge by the tracking id in the file name in your inbox.",
    ),
}
