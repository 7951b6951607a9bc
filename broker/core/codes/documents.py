"""The codes for what is wrong with a document."""

from broker.core.codes.code import Code

ROWS: dict[str, Code] = {
    # the document
    "sealed-twice": Code(
        "The document was sealed twice: inside the seal is another sealed file.",
        "Seal the document once, for the exchange only, with `gpg --sign --encrypt`. The exchange then"
        " seals it for the school that gets it.",
    ),
    "empty-document": Code(
        "The document that was sealed is empty.",
        "Export it again, check that there is something in it, and send it again.",
    ),
    "not-a-document": Code(
        "The exchange cannot read this kind of document: it reads workbooks (.xlsx, .xls, .ods), CSV, JSON and, for"
        " transcripts, PESC's XML.",
        "Save or export the document in one of these forms, and send it again.",
    ),
    "not-utf8": Code(
        "The document is not saved as plain UTF-8, so the exchange cannot read its letters.",
        'Save it again with the encoding UTF-8 (in a spreadsheet program: "CSV UTF-8"), and send it again.',
    ),
    "not-json": Code(
        "The document is not valid JSON.",
        "Look at the place named: a comma, a quotation mark or a brace is missing there, or is one too"
        " many. Correct that, and send it again.",
    ),
    "duplicate-key": Code(
        "The document has the same property twice within one pair of braces.",
        "Delete one of the two, and send it again.",
    ),
    "too-deep": Code(
        "The braces and brackets in the document are nested too deep.",
        "Write or export it in the form of its packet type, and send it again.",
    ),
    "workbook": Code(
        "The workbook cannot be read.",
        "Open it in the spreadsheet program, save it again as an Excel workbook (.xlsx), and send that.",
    ),
    "request-name": Code(
        "The file has the name of an SSID request (REQ, LEA, date, counter), but the date in it is none.",
        "Give it another name, with a date such as REQ_01_20261123_1.csv.pgp or without REQ, and send it again.",
    ),
    "csv-form": Code(
        "The table cannot be read as it is.",
        "Correct in it what is named here, save it, and send it again.",
    ),
    "sis-form": Code(
        "The export of your student information system cannot become a packet as it is.",
        "Do what the sentence names, export it again, and send it again.",
    ),
    "dates-contradict": Code(
        "Some dates of the table have the month before the day, others the day before the month: none can be relied"
        " on.",
        "Look at the places named, write all dates in one way, best as 2012-03-04, and send it again.",
    ),
    "several-students": Code(
        "The table has lines about several students, and a record is one student's.",
        "Make a file for each student, and seal each by itself.",
    ),
    "strange-sheet": Code(
        "The workbook has a sheet that is no part of a student's record, and the student's school would get the whole"
        " workbook: other students could be on that sheet.",
        "Delete the sheet named, or give it the name and the columns of a part of the record, and seal the workbook"
        " again.",
    ),
    "table-lines": Code(
        "Something in the table cannot be used. A record is taken whole or not at all, for with a line missing it would"
        " be a wrong one: nothing of it was taken.",
        "Correct the cells named, and seal the table again.",
    ),
    "mapping": Code(
        "The mapping of this LEA (mapping.toml) does not have the form that it must have.",
        "Correct it at the places named, and hand it in again.",
    ),
    "unknown-column": Code(
        "The table has a column that this exchange does not know.",
        "Leave the column out, or give it the name under which the exchange knows it, and send it again.",
    ),
    "ssn-column": Code(
        "The table has a column for social security numbers. The exchange never accepts these, and has"
        " read none of them.",
        "Remove the whole column from your export for good, and send it again.",
    ),
    "unknown-type": Code(
        "The document's `packet` does not name a packet type and version that this exchange accepts.",
        "Use one of the types that are accepted, such as `student-record.v1`, and send it again.",
    ),
    "not-xml": Code(
        "The document is not valid XML.", "Correct the place named, or export it again, and send it again."
    ),
    "xml-unsafe": Code(
        "The XML has a document type, or it is a stylesheet, a schema or an include. The exchange never reads these.",
        "Export the record as plain XML, without `<!DOCTYPE`, and send it again.",
    ),
    "not-pesc": Code(
        "The document is neither a PESC High School Transcript 1.5 nor a PESC acknowledgment that can be read.",
        "Correct the place named, or export it for that version of PESC, and send it again.",
    ),
    "pesc-unfit": Code(
        "The transcript cannot be written as PESC: something that PESC needs is missing, or PESC has no"
        " place for something in it.",
        "Correct the place named, and send it again.",
    ),
    "no-request": Code(
        "The transcript does not say who asked for it (the student, a parent or a guardian), and when.",
        "Record the request (`request` with `by` and `on`; in PESC a `DocumentTypeCode` of StudentRequest), and send it"
        " again.",
    ),
    "has-ssn": Code(
        "The document has a social security number in it, or a part of one. The exchange never accepts these.",
        "Remove it at the place named, and from your export for good, and send it again.",
    ),
    "impossible-date": Code(
        "A date or a school year in the document cannot be right.",
        "Correct it at the place named, in your system too, and send it again.",
    ),
    "file-date": Code(
        "The date in the file's name is too long ago, or in the future.",
        "Give the file a name with today's date and a counter that you have not used yet, and put it"
        " into outbox again.",
    ),
    "schema": Code(
        "Something in the document is missing, misspelt, or not in the form that its packet type has.",
        "Correct the place named, and send it again.",
    ),
    "from-mismatch": Code(
        "The document names another LEA as its sender than the LEA in whose outbox it was.",
        "Put your own LEA's id into `from`, or use the right outbox, and send it again.",
    ),
    "unknown-receiver": Code(
        "The document's `to` is not a party of this exchange.",
        "Look up the receiver's id in your directory folder (parties.json), and send it again; or leave `to` out: then"
        " the exchange finds the student's school.",
    ),
    "not-allowed": Code(
        "You may not send this packet type, or may not send it to that receiver.",
        "Check `packet` and `to`. If you think that you should be allowed to, ask the state.",
    ),
    "replayed-id": Code(
        "The document's `id` was used before, for another document; the id of a CSV is its name.",
        "Give every new document an id of its own (a new UUID; for a CSV: another counter in its name), and send it"
        " again.",
    ),
    "unknown-tracking": Code(
        "The document names a packet or a question that you cannot name there. It must be a packet that"
        " was delivered to you; in a review answer, a question that you were asked; in a recall, a packet"
        " that you sent and that has not come to its end.",
        "Use the tracking id from the file name in your inbox; for a review, `tracking` and `line` of the notice; for a"
        " recall, the tracking id in your own receipts.",
    ),
    "said-too-often": Code(
        "Your LEA has changed its answer about this packet as often as it may.",
        "The answer before this one stands. If it is wrong, call the state's exchange operator.",
    ),
    "unknown-document": Code(
        "The acknowledgment does not name a document that the exchange delivered to you.",
        "Copy the `DocumentID` of the transcript, or acknowledge by the tracking id in the file name in your inbox.",
    ),
}
