"""Every refusal code: what it means and what its reader does next.

Owns the closed list. Promises: codes are stable (never renamed, never reused) and the README prints this very table;
a test compares the two. Sentences speak to a records secretary and hold no value of any packet.
"""

from typing import NamedTuple


class Code(NamedTuple):
    """One row: `meaning` says what was found, `remedy` what to do about it."""

    meaning: str
    remedy: str

    @property
    def sentence(self) -> str:
        """Both as one text, the way receipts and the command line show it."""
        return f"{self.meaning} {self.remedy}"


_AGAIN = "seal it again for the exchange (`exchange.asc` in your directory folder) and put it into outbox"

CODES: dict[str, Code] = {
    # the file
    "not-a-file": Code(
        "Something in outbox is not an ordinary file (a folder, a link or a device).",
        "Put the sealed files themselves directly into outbox, without folders or shortcuts.",
    ),
    "bad-file-name": Code(
        "The file's name is too long or has characters that cannot be printed.",
        "Rename it with plain letters, digits, dots and dashes, at most 200 characters, and put it into outbox again.",
    ),
    "too-large": Code(
        "The sealed file is larger than this exchange accepts.",
        "Split the record, or leave out large attachments, and send it again.",
    ),
    "empty-file": Code("The file is empty.", "The upload or the export failed; export it again and send it again."),
    # the seal
    "not-openpgp": Code(
        "The file is not an OpenPGP message; the exchange has not kept it.",
        f"If it was a record in the clear, treat it as disclosed and tell your data protection officer; then {_AGAIN}.",
    ),
    "bad-armor": Code(
        "The text armour of the file is damaged.",
        "Send it in binary mode, or seal it again without --armor.",
    ),
    "truncated": Code("The file ends before the sealed message does.", "The upload broke off; send the file again."),
    "bad-structure": Code(
        "The OpenPGP message is not built the way a sealed packet is: encryption keys, then one encrypted body.",
        "Seal the document once, with `gpg --sign --encrypt`, and send only that.",
    ),
    "not-sealed": Code(
        "The file is not encrypted: anyone on its way could have read it. The exchange has not kept it.",
        f"Treat it as disclosed, tell your data protection officer, then {_AGAIN}.",
    ),
    "password-sealed": Code(
        "The file is encrypted with a password.",
        "Encrypt it to the exchange's key instead: `gpg --sign --encrypt --recipient exchange`.",
    ),
    "no-integrity": Code(
        "The message lacks integrity protection, so it could have been changed on its way.",
        "Use GnuPG 2.1 or later without --disable-mdc, and send it again.",
    ),
    "unsupported-encryption": Code(
        "The message uses an encryption format or cipher that this exchange does not accept.",
        "Import `exchange.asc` again, so that your program sees what the exchange can read, and seal it again.",
    ),
    "not-for-exchange": Code("The message is not encrypted to the exchange's key.", f"Please {_AGAIN}."),
    "damaged": Code(
        "The message cannot be decrypted: it was damaged or changed after it was sealed.",
        "Send it again in binary mode; if it is refused again, seal it again.",
    ),
    "inflates-too-much": Code(
        "The content unpacks to more than this exchange accepts.",
        "Split the record, or leave out large attachments, and send it again.",
    ),
    # the signature
    "unsigned": Code("The message carries no signature.", "Seal it with `gpg --sign --encrypt` and your LEA's key."),
    "bad-signature": Code(
        "The signature does not fit the content.",
        "Seal the document again; if it is refused again, check that you use the key that the exchange has of you.",
    ),
    "unknown-signer": Code(
        "The message is signed by a key that the exchange does not know.",
        "Sign with the key you registered, or ask the state to register the new one.",
    ),
    "wrong-signer": Code(
        "The message is signed by another LEA's key, not by a key of the LEA whose folder it came from.",
        "Sign with your own LEA's key and use your own folder.",
    ),
    "weak-signature": Code(
        "The signature uses an algorithm that is no longer safe (MD5 or SHA-1).",
        "Set `digest-algo SHA256` in gpg.conf and seal the document again.",
    ),
    "signature-expired": Code(
        "The signature has expired or is not valid yet.",
        "Check your computer's clock, and seal the document again.",
    ),
    # the key
    "key-unreadable": Code(
        "The file is not one readable OpenPGP public key.",
        "Export it with `gpg --export --armor YOUR-KEY-ID` and try again.",
    ),
    "key-secret": Code(
        "The file holds a secret key, which nobody else may ever have.",
        "Make a new key pair, and export only the public key with `gpg --export --armor`.",
    ),
    "key-expired": Code(
        "The key has expired.",
        "Extend it with `gpg --quick-set-expire`, or make a new one, and send the public key to the state.",
    ),
    "key-not-yet-valid": Code(
        "The key was made in the future.",
        "Check your computer's clock, make the key again, and send the public key to the state.",
    ),
    "key-revoked": Code("The key was revoked by its owner.", "Make a new key and send its public part to the state."),
    "key-weak": Code(
        "The key is too weak: a SHA-1 or MD5 self-signature, RSA under 2048 bits, DSA or ElGamal.",
        "Make a new key with a current GnuPG (RSA 3072 or Curve25519) and send its public part to the state.",
    ),
    "key-unsupported": Code(
        "The key is of a version or algorithm that this exchange cannot work with.",
        "Make a new key with a current GnuPG (RSA 3072 or Curve25519) and send its public part to the state.",
    ),
    "key-locked": Code(
        "The secret key is protected by a passphrase, and the passphrase is missing or wrong.",
        "Give the passphrase that the key was made with.",
    ),
    "key-no-encryption": Code(
        "The key has no part that can be encrypted to.",
        "Add an encryption subkey with `gpg --quick-add-key`, or make a new key, and export it again.",
    ),
    "key-no-signing": Code(
        "The key has no part that can sign.",
        "Add a signing subkey with `gpg --quick-add-key`, or make a new key, and export it again.",
    ),
    "key-taken": Code(
        "The key already belongs to another party of this exchange.",
        "Every LEA needs a key of its own: make a new one and send its public part to the state.",
    ),
    # the document
    "not-utf8": Code("The document is not UTF-8 text.", "Export it as UTF-8 and seal it again."),
    "not-json": Code(
        "The document is not JSON that can be read.", "Check the place named, export it again and seal it again."
    ),
    "duplicate-key": Code(
        "The document names one property twice in the same object.", "Keep one of them and seal it again."
    ),
    "too-deep": Code(
        "The document nests too many objects within each other.",
        "Export it in the form of the schema and seal it again.",
    ),
    "request-name": Code(
        "The document is a CSV, but its file's name is not that of an SSID request.",
        "Name it REQ, your LEA's id, the date and a counter, such as REQ_01_20261123_1.csv.pgp, and send it again.",
    ),
    "csv-form": Code(
        "The CSV is not a table with the names of its columns in the first line.",
        "Check the place named, export it with a header line and commas, semicolons or tabs, and seal it again.",
    ),
    "unknown-column": Code(
        "The CSV has a column that this exchange does not know.",
        "Leave the column out, or give it one of the names in the list of columns, and seal it again.",
    ),
    "ssn-column": Code(
        "The CSV has a column for social security numbers, which no exchange of records may hold; none was read.",
        "Take the whole column out of the export, for good, and seal it again.",
    ),
    "unknown-type": Code(
        "The document's `packet` does not name a packet type and version that this exchange accepts.",
        "Use one of the types in the README, such as `student-record.v1`, and seal it again.",
    ),
    "not-xml": Code(
        "The document is not XML that can be read.", "Check the place named, export it again and seal it again."
    ),
    "xml-unsafe": Code(
        "The XML has a document type, or is a stylesheet, a schema or an include; such things are never read.",
        "Export the record as plain XML, without `<!DOCTYPE`, and seal it again.",
    ),
    "not-pesc": Code(
        "The document is not a PESC High School Transcript 1.5, or not a PESC acknowledgment, that can be read.",
        "Mend the place named, or export it for that version of PESC, and seal it again.",
    ),
    "pesc-unfit": Code(
        "The transcript cannot be written in the form of PESC: something is missing, or has no place there.",
        "Mend the place named and send it again.",
    ),
    "has-ssn": Code(
        "The document holds a social security number or a part of one, which this exchange never accepts.",
        "Leave social security numbers out of the export and seal it again.",
    ),
    "schema": Code(
        "The document does not have the form of its packet type.", "Mend the place named and seal it again."
    ),
    "from-mismatch": Code(
        "The document's `from` is not the LEA whose folder it came from.",
        "Put your own LEA's id into `from`, or use the right folder, and seal it again.",
    ),
    "unknown-receiver": Code(
        "The document's `to` is not a party of this exchange.",
        "Look up the receiver's id in your directory folder, or leave `to` out and let the exchange find the school.",
    ),
    "not-allowed": Code(
        "This packet type may not be sent by this kind of party, or not to that receiver.",
        "Check `packet` and `to`; ask the state if you think that you should be allowed.",
    ),
    "replayed-id": Code(
        "The document's `id` was used before, for other content.",
        "Give every new document a new id (a fresh UUID; for a CSV: another counter in its name) and seal it again.",
    ),
    "unknown-tracking": Code(
        "The document names a packet that was not delivered to you, or a question that you were not asked.",
        "Use the tracking id from the file name in your inbox; for a review, `tracking` and `line` of the notice.",
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
        "An Update that is in doubt is decided by the state, for it changes who the student is.",
        "Call the state with the birth certificate in hand, or take the line back with the decision `none`.",
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
        "The packet was withdrawn when it was asked whom it is about; nobody was given it.",
        "If that was a mistake, send the document again.",
    ),
    # the exchange
    "poison": Code(
        "The exchange failed three times while working on this file and has set it aside.",
        "The state's operator was told; nothing is lost, and nothing is left for you to do.",
    ),
}

# What was refused before a seal was found around it may be in the clear: it is not kept (DESIGN section 1, promise 5).
NOT_KEPT = frozenset({"not-openpgp", "bad-armor", "truncated", "bad-structure", "not-sealed"})
