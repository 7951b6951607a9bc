"""The codes for what is wrong with a file, its seal, its signature, or a key."""

from broker.core.codes.code import Code

# README.txt lies beside every LEA's folders, and has the command with this exchange's own key in it
_KEY = "with the exchange's key (`exchange.asc` in your directory folder; your README.txt has the command)"
_AGAIN = f"seal the document again {_KEY}, and put that into outbox"

ROWS: dict[str, Code] = {
    # the file
    "not-a-file": Code(
        "What you put into outbox is a folder, a link or a device, and not a file. The exchange has read"
        " nothing in it.",
        "Put the sealed files themselves directly into outbox, without folders or shortcuts.",
    ),
    "bad-file-name": Code(
        "The file's name is too long or has characters that cannot be printed.",
        "Rename it with plain letters, digits, dots and dashes, at most 200 characters, and put it into outbox again.",
    ),
    "too-large": Code(
        "The sealed file is larger than this exchange accepts.",
        "Make two or more documents of it, or leave out large attachments; seal each of them, and send them.",
    ),
    "empty-file": Code(
        "The file is empty.",
        "Look at it on your computer: if it is empty there too, seal the document again. Then send the file again.",
    ),
    # the seal
    "not-openpgp": Code(
        "The file is not a sealed file, as gpg or `satchel seal` makes one. The exchange has not kept it.",
        f"Seal the document {_KEY}, and put the sealed file into outbox.",
    ),
    "bad-armor": Code(
        "The sealed text in the file, from -----BEGIN PGP MESSAGE----- to -----END PGP MESSAGE-----, was changed on its"
        " way, or other text stands around it.",
        "Send the file itself that gpg wrote (WinSCP: with the transfer mode Binary), or seal the document again"
        " without --armor.",
    ),
    "truncated": Code(
        "The file is not whole: its end is missing.",
        "The upload broke off: send the file again. If that is refused too, the file on your computer is not whole"
        " either: seal the document again.",
    ),
    "bad-structure": Code(
        "The file is not one document that was signed and encrypted in one step: something is missing,"
        " or something stands before, after or within it.",
        "Seal the document once, with `gpg --sign --encrypt`, and send only what comes out.",
    ),
    "not-sealed": Code(
        "The file is signed or packed, but not encrypted: anyone on its way could have read it. The exchange has not"
        " kept it.",
        f"Sign and encrypt in one step (`gpg --sign --encrypt`): {_AGAIN}.",
    ),
    # a file of OpenPGP that is no packet
    "signature-alone": Code(
        "The file is a signature alone, without the document that it signs.",
        "Sign and encrypt the document in one step, with `gpg --sign --encrypt`, and put that one file into outbox.",
    ),
    "public-key-sent": Code(
        "The file is a public key. That is no secret, but from an outbox the exchange takes only sealed files.",
        "Send it to the state, by e-mail for example. The state calls you to compare its fingerprint,"
        " and then enters it. Or, if it is a new key to seal with: seal it with your old key, like any"
        " other document, and put that into outbox.",
    ),
    "secret-key-sent": Code(
        "The file is, or holds, a secret key, which nobody but you may ever have. The exchange has not kept it.",
        "Call the state at once, so that the key is taken out of use. Make a new one, and send only its public part to"
        " the state.",
    ),
    "revocation-sent": Code(
        "The file says that a key is not to be used any more (a revocation). From an outbox the exchange takes only"
        " sealed files: the key is still in use here.",
        "Call the state at once, and send the file to the state, by e-mail for example.",
    ),
    "receipt-sent": Code(
        "The file is a receipt, which the exchange itself wrote for you. It has not been sent on to anybody.",
        "Nothing needs to be done: receipts are yours to keep, and none is sent back. To say that you have a packet,"
        " download it from your inbox, or delete it there.",
    ),
    "password-sealed": Code(
        "The file is sealed with a password, which the exchange does not have.",
        f"Use --sign and --encrypt in the place of --symmetric: {_AGAIN}.",
    ),
    "no-integrity": Code(
        "The file is sealed in an old way, which does not show whether somebody changed it on its way.",
        "Install the newest gpg (on Windows, Gpg4win), leave out --disable-mdc, and seal the document again.",
    ),
    "unsupported-encryption": Code(
        "The file is sealed in a way (an encryption format or cipher) that this exchange does not accept.",
        "Import the key in your directory folder again (`gpg --import exchange.asc`): it tells gpg what"
        " the exchange can read. Then seal the document again.",
    ),
    "not-for-exchange": Code(
        "The file is not sealed for the exchange, so the exchange cannot open it.", f"Please {_AGAIN}."
    ),
    "damaged": Code(
        "The file cannot be opened: it was damaged or changed after it was sealed.",
        "Send the file again (WinSCP: with the transfer mode Binary); if that is refused too, seal the document again.",
    ),
    "inflates-too-much": Code(
        "The document that was sealed is larger than this exchange accepts.",
        "Make two or more documents of it, or leave out large attachments; seal each of them, and send them.",
    ),
    "too-costly": Code(
        "Reading the file takes far more time or memory than a document of its size should.",
        "Export the document again, split it if it is large, and send it again. If that is refused too,"
        " call the state.",
    ),
    # the signature
    "unsigned": Code(
        "The file has no signature, so nobody can tell who wrote it.",
        "Seal the document again, with your LEA's key and both --sign and --encrypt: `gpg --sign --encrypt`.",
    ),
    "bad-signature": Code(
        "The signature does not match the document.",
        "Seal the document again. If that is refused too, check that you sign with the key that you gave to the state.",
    ),
    "unknown-signer": Code(
        "The file is signed with a key that the exchange does not know.",
        "Seal the document again, and sign it with the key that you gave to the state (with gpg:"
        " --local-user and its e-mail address). If your key is new, send its public part to the state"
        " first.",
    ),
    "wrong-signer": Code(
        "The file is signed with another LEA's key, not with a key of the LEA in whose outbox it was.",
        "Seal the document again, sign with your own LEA's key, and use your own outbox.",
    ),
    "weak-signature": Code(
        "The file is signed in an old way that is no longer safe (MD5 or SHA-1).",
        "Install the newest gpg, or add `--digest-algo SHA256` to the command, and seal the document again.",
    ),
    "signature-expired": Code(
        "The signature has expired or is not valid yet.",
        "Check your computer's clock, and seal the document again.",
    ),
    # the key
    "key-unreadable": Code(
        "The file cannot be read as one public key, as gpg exports it.",
        "Export it with `gpg --armor --output my-key.asc --export YOUR-ADDRESS`, and try again with that file.",
    ),
    "key-secret": Code(
        "The file holds a secret key, which nobody else may ever have.",
        "Make a new key, and export only its public part: `gpg --armor --output my-key.asc --export YOUR-ADDRESS`.",
    ),
    "key-expired": Code(
        "The key's last day has passed.",
        "Set a later day with `gpg --quick-set-expire`, or make a new key, and send the public key to the state.",
    ),
    "key-not-yet-valid": Code(
        "The key says that it was made on a day in the future.",
        "Check your computer's clock, make the key again, and send the public key to the state.",
    ),
    "key-revoked": Code(
        "The key was revoked: its owner has declared that nobody may use it any more.",
        "Make a new key and send its public part to the state.",
    ),
    "key-weak": Code(
        "The key is of an old kind that is too weak: a SHA-1 or MD5 self-signature, RSA under 2048 bits, DSA or"
        " ElGamal.",
        "Make a new key with the newest gpg (RSA 3072 or Curve25519) and send its public part to the state.",
    ),
    "key-unsupported": Code(
        "The key is of a version or algorithm that this exchange cannot work with.",
        "Make a new key with the newest gpg (RSA 3072 or Curve25519) and send its public part to the state.",
    ),
    "key-locked": Code(
        "The secret key is protected by a passphrase, and the passphrase is missing or wrong.",
        "Give the passphrase that the key was made with.",
    ),
    "key-no-encryption": Code(
        "The key has no part to encrypt with, so nothing can be sealed for its owner.",
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
        "None of the key's user ids names this party. One of them must begin with the party's name, or"
        " with LEA and the party's id.",
        "Add one to the key with `gpg --quick-add-uid`, export the key again, and send its public part to the state.",
    ),
    "key-names-other": Code(
        "A user id of the key names another party of this exchange, or has its address.",
        "Remove that user id from the key with `gpg --quick-revoke-uid`, or make a new key, and send its"
        " public part to the state.",
    ),
    "key-ended": Code(
        "The state has ended this key of your LEA.",
        "Use another key of yours that is in use. If there is none, make one and send its public part to the state.",
    ),
    "too-many-keys": Code(
        "The LEA has as many keys in use as an LEA may have.",
        "Revoke the keys that you no longer use, or ask the state to end them, and send this one again.",
    ),
    "federal-domain": Code(
        "The name, key or host has a domain of the federal government in it, and there is no federal party in this"
        " exchange.",
        "Use one with a domain of your own; where a law requires it, the state records an exception (`satchel exception"
        " add`).",
    ),
}
