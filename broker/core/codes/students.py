"""The codes for what cannot be done: about a student, an earlier packet, a question, or for a fault of the exchange."""

from broker.core.codes.code import Code

ROWS: dict[str, Code] = {
    # whose student it is
    "not-your-student": Code(
        "Your LEA does not have the student whom the document names, and never had.",
        "Send the enrollment first, or check the SSID, the name and the birth date; then send the document again.",
    ),
    "moved-on": Code(
        "The student has left the school that this packet was for, so it was not delivered.",
        "You have nothing to do: the exchange sends the record to the school where the student is now.",
    ),
    "too-many-guesses": Code(
        "Too often today, your LEA has sent or asked about students whom it never had.",
        "Check which students you send about, and send their enrollments first. Go on tomorrow, or call the state.",
    ),
    "name-the-ssid": Code(
        "The exchange is not sure which of your students you mean.",
        "Put the SSID into the request, with the name and the birth date as in the birth certificate,"
        " and send it again.",
    ),
    "nothing-held": Code(
        "The record store has nothing about this student that you may have.",
        'If the student is enrolled with you now, ask with `"want": "record"`; if not, call the school that has the'
        " record.",
    ),
    "nobody-to-ask": Code(
        "There is no LEA left to ask: the student's earlier schools have sent you their records, or there are none.",
        "Look into your inbox and receipts; if a record is missing, call the school that has it.",
    ),
    "too-many-parts": Code(
        "Your LEA has added as many parts to this student's backpack as it may.",
        "Send one backpack with `mode` replace that has everything in it: it replaces all earlier parts.",
    ),
    "too-many-requests": Code(
        "Your LEA has asked for this student, or for all students together, as often as it may in one day.",
        "Look into your inbox: what you asked for may be there already. Ask again tomorrow; if it is"
        " urgent, call the state.",
    ),
    "not-there-now": Code(
        "Only an LEA where the student is enrolled now may ask other LEAs for the record.",
        "Send the enrollment first. For the records of the time when the student was with you, ask with"
        ' `"want": "backpack"`.',
    ),
    "not-there-yet": Code(
        "Your enrollment of the student begins on a later day, and another LEA has the student until then.",
        "Wait for that day: the exchange asks the earlier schools then. If the day is wrong, send the right one.",
    ),
    # recall and replacement
    "recalled": Code(
        "The sender has taken this packet back, before it was collected.",
        "If you sent it, send the right document, if there is one. If you received it and made a copy,"
        " delete the copy.",
    ),
    "replaced": Code(
        "The sender has sent a later document about the same student, which replaces this one.",
        "Use the later document. If you made a copy of this one, delete the copy.",
    ),
    "collected-already": Code(
        "The receiver has collected the packet or downloaded all of it, so it cannot be taken back.",
        "Call the receiver and ask for it to be deleted. Then send the right document: the exchange"
        " marks it as the later one.",
    ),
    "carried-out": Code(
        "The exchange has already done what this packet asked for, so it cannot be taken back.",
        "Send a new packet that corrects it, such as an enrollment with the right data.",
    ),
    # the review
    "unknown-candidate": Code(
        "The answer names a candidate that the question does not have.",
        "Use a letter of the newest review notice, or decide `new` or `none`.",
    ),
    "not-near": Code(
        "That candidate has the SSID that you sent, and little else in common with your student.",
        "Check the SSID, the name and the birth date, and send the document again; if they are right, call the state.",
    ),
    "state-decides": Code(
        "Only the state may decide this: the name, birth date or number that you sent differs from what is known.",
        "Compare what you sent with the birth certificate. If it is right, answer `confirm`, and the"
        " state decides. If it is wrong, answer `none`.",
    ),
    "already-decided": Code(
        "The question was decided before, in another way, or its packet has come to its end. Nothing was changed.",
        "If the earlier decision is wrong, call the state: it can undo the decision.",
    ),
    "asked-before": Code(
        "An older version of the exchange asked this question, and did not keep what is needed to go on.",
        "Answer `none`, and send the document again with a new id.",
    ),
    "withdrawn": Code(
        "The exchange asked which student the packet is about. The answer was `none`, so the packet was"
        " withdrawn, and nobody was given it.",
        "If that was a mistake, send the document again.",
    ),
    # the exchange
    "poison": Code(
        "The exchange failed three times while it worked on this file, and has set it aside. That is not your mistake.",
        "Call the state's exchange operator, who has the file and the log. When the fault is mended,"
        " send the same file again.",
    ),
}
