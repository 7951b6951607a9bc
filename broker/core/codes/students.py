"""The codes for what cannot be done: about a student, an earlier packet, a question, or for a fault of the exchange."""

from broker.core.codes.code import Code

ROWS: dict[str, Code] = {
    # whose student it is
    "not-your-student": Code(
        "The student who is named is none whom your LEA has, or had.",
        "Send the enrollment first, or check the SSID, the name and the birth date; then send the document again.",
    ),
    "moved-on": Code(
        "The student has left the school that this was on its way to.",
        "Nothing is left for you to do: where the student is now, it goes by itself.",
    ),
    "too-many-guesses": Code(
        "Your LEA has sent, or asked, too often today about students whom it never had.",
        "Check which students you send about, and send their enrollments first; go on tomorrow, or call the state.",
    ),
    "name-the-ssid": Code(
        "It is not sure which of your students is meant.",
        "Put the SSID into the request, with name and birth date as in the birth certificate, and send it again.",
    ),
    "nothing-held": Code(
        "The record store holds nothing of this student that you may have.",
        'If the student is enrolled with you now, ask with `"want": "record"`; if not, call the school that has the'
        " record.",
    ),
    "nobody-to-ask": Code(
        "There is no LEA left to ask: the student's earlier schools have sent you their records, or there are none.",
        "Look into your inbox and receipts; if a record is missing, call the school that has it.",
    ),
    "too-many-parts": Code(
        "Your LEA has added as many parts to this student's backpack as can be held beside each other.",
        "Send one backpack with `mode` replace that holds everything; it takes the place of all earlier parts.",
    ),
    "too-many-requests": Code(
        "Your LEA has asked for this student, or for all students together, as often as it may on one day.",
        "Look into your inbox: what you asked for may lie there. Ask again tomorrow; if it is urgent, call the state.",
    ),
    "not-there-now": Code(
        "Only an LEA where the student is enrolled now may ask other LEAs for the record.",
        'Send the enrollment first; for the time when the student was with you, ask with `"want": "backpack"`.',
    ),
    "not-there-yet": Code(
        "Your enrollment of the student begins on a later day, and another LEA has the student until then.",
        "Wait for that day: the earlier schools are asked by themselves then. If the day is wrong, send the right one.",
    ),
    # recall and replacement
    "recalled": Code(
        "The packet was taken back by its sender before it was collected.",
        "Send the right document, if there is one; if you had made a copy of this one, delete it.",
    ),
    "replaced": Code(
        "A later document of the same sender about the same student takes the place of this one.",
        "Nothing is left for you to do: go by the later one; if you had made a copy of this one, delete it.",
    ),
    "collected-already": Code(
        "The receiver has the packet already, or has downloaded it to its end, so it cannot be taken back.",
        "Call the receiver and ask for it to be deleted, then send the right document; it is marked as the later one.",
    ),
    "carried-out": Code(
        "What the packet asked for was done when it came, so it cannot be taken back.",
        "Send what sets it right, such as an enrollment with the right data.",
    ),
    # the review
    "unknown-candidate": Code(
        "The answer names nobody who is a candidate of that question.",
        "Use a letter of the newest review notice, or decide `new` or `none`.",
    ),
    "not-near": Code(
        "That candidate has little in common with the student whom you sent, but for the number.",
        "Check the SSID, the name and the birth date, and send the document again; if they are right, call the state.",
    ),
    "state-decides": Code(
        "Only the state may decide this: what you sent differs in name, birth date or number from what is known.",
        "Compare it with the birth certificate: if it is right, decide `confirm`, and the state goes on; if not,"
        " `none`.",
    ),
    "already-decided": Code(
        "The question was decided before, in another way, or its packet has come to an end; nothing was changed.",
        "If the earlier decision is wrong, call the state: it can take the decision back.",
    ),
    "asked-before": Code(
        "The question was asked by an older version of the exchange, which did not keep what is needed to go on.",
        "Decide `none`, and send the document again with a new id.",
    ),
    "withdrawn": Code(
        "The exchange had asked whom the packet is about, and was told to withdraw it (`none`); nobody was given it.",
        "If that was a mistake, send the document again.",
    ),
    # the exchange
    "poison": Code(
        "The exchange failed three times while working on this file, and has set it aside. That is not your mistake.",
        "Call the state's exchange operator, who has the file and the log; when it is mended, send the same file"
        " again.",
    ),
}
