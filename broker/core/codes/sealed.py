"""What is wrong with a file, its seal, its signature, or a key."""

from broker.core.codes.code import Code

_AGAIN = "seal it again for the exchange (`exchange.asc` in your directory folder) and put it into outbox"

ROWS: dict[str, Code] = {
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
        "The file is not sealed: it is no OpenPGP message, as gpg makes them. The exchange has not kept it.",
        "Seal the right document for the exchange (`exchange.asc` in your directory folder), and put the sealed file"
        " into outbox.",
    ),
    "bad-armor": Code(
        "The sealed text in the file (its armour, from -----BEGIN PGP MESSAGE----- to -----END PGP MESSAGE-----) was"
        " changed, or does not stand alone.",
        "Send the file as gpg wrote it, in binary mode, or seal the document again without --armor.",
    ),
    "truncated": Code("The file ends before the sealed message does.", "The upload broke off; send the file again."),
    "bad-structure": Code(
        "The OpenPGP message is not built the way a sealed packet is: encryption keys, then one encrypted body.",
        "Seal the document once, with `gpg --sign --encrypt`, and send only that.",
    ),
    "not-sealed": Code(
        "The file is signed or packed, but not encrypted: anyone on its way could have read it. The exchange has not"
        " kept it.",
        f"Sign and encrypt in one step (`gpg --sign --encrypt`): {_AGAIN}.",
    ),
    # what belongs to OpenPGP and is no packet
    "signature-alone": Code(
        "The file is a signature alone, without the document that it signs.",
        "Sign and encrypt the document in one step, with `gpg --sign --encrypt`, and put that one file into outbox.",
    ),
    "public-key-sent": Code(
        "The file is a public key, and no packet. Public keys are no secret, but none is taken from an outbox.",
        "Send it to the state, by mail for example: the state calls you about its fingerprint, and then enters it.",
    ),
    "secret-key-sent": Code(
        "The file is, or holds, a secret key, which nobody but you may ever have. The exchange has not kept it.",
        "Call the state at once, so that the key is taken out of use. Make a new one, and send only its public part to"
        " the state.",
    ),
    "revocation-sent": Code(
        "The file says that a key is not to be used any more (a revocation). None is taken from an outbox: the key is"
        " still in use here.",
        "Send the file to the state, and call the state at once.",
    ),
    "receipt-sent": Code(
        "The file is a receipt, which the exchange itself wrote for you. It has not been sent on to anybody.",
        "Nothing needs to be done: receipts are yours to keep, and none is sent back. To say that you have a packet,"
        " take it out of your inbox.",
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
    "too-costly": Code(
        "Reading the file takes far more time or memory than any honest document of its size.",
        "Export the document anew, split it if it is large, and seal it again; if that is refused too, call the state.",
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
    "key-user-id": Code(
        "None of the key's own user ids names this party: one must begin with its name, or with LEA and its id.",
        "Add one to the key with `gpg --quick-add-uid`, export the key again, and send its public part to the state.",
    ),
    "key-names-other": Code(
        "A user id of the key names another party of this exchange, or has its address.",
        "Take it off with `gpg --quick-revoke-uid`, or make a new key, and send its public part to the state.",
    ),
    "key-ended": Code(
        "The message is signed by a key of your LEA that the state has ended.",
        "Sign with a key of yours that is in use; if there is none, make one and send its public part to the state.",
    ),
    "too-many-keys": Code(
        "The LEA has as many keys in use as this exchange keeps for one.",
        "Revoke those that you use no more, or ask the state to end them, and send this one again.",
    ),
    "federal-domain": Code(
        "It names a domain of the federal government, and there is no federal party in this exchange.",
        "Use a key, a name or a host of your own; where a law requires it, the state records `satchel exception add`.",
    ),
}
