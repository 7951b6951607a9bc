"""What the command line says where a verb cannot be done: one sentence that says what to do, by the verb's code.

Owns these sentences. Promises: every code that verbs and stages raise as NotDone has its sentence here, and the facts
that it names are those of the code (a test compares them).
"""

from collections.abc import Mapping

from broker.core.errors import NotDone

SENTENCES: Mapping[str, str] = {
    "why": "Say why: one line of at most {most} characters.",
    # directory
    "no-party": "{lea} is not in the directory; `satchel lea list` shows who is.",
    "party-removed": "{lea} was removed; `satchel lea add {lea}` takes it in again.",
    "removed-already": "{lea} was removed already; `satchel lea add {lea}` takes it in again.",
    "still-open": "{lea} is not removed: students enrolled there: {students:,}, transfers open: {transfers:,}.",
    "party-suspended": "{lea} is suspended already; `satchel lea resume {lea}` ends it.",
    "party-not-suspended": "{lea} is not suspended.",
    "party-there": "{lea} is in the directory already; `satchel lea key {lea} --cert FILE` adds or renews its key.",
    "party-was-other": "{lea} was a {kind}, and comes back as one or not at all; choose another id.",
    "id-unusable": "ID {lea!r} cannot be used: {fault}.",
    "id-taken": "ID {lea!r} is taken by the exchange itself; choose another one.",
    "id-alike": "{other} is in the directory already, and {lea} differs from it by capital letters only.",
    "name-unusable": "--name must be a text of at most {most} printable characters, with a letter or digit in it.",
    "name-not-latin": "--name must be in Latin letters: others look like them, and would seem to name another party.",
    "name-taken": "{name!r} names {other}, or looks as if it did; no two parties may have the same name.",
    "called-so": "{lea} is called so already.",
    "kind-unknown": "--kind must be one of: {kinds}. There is no other kind of party.",
    # keys
    "not-let-in": "{said} [{refusal}]",
    "key-refused": "{file}: {said} [{refusal}]",
    "party-removed-key": "{lea} was removed; `satchel lea add {lea}` takes it in again, with its key.",
    "nothing-new": "Say what is new: give --cert FILE, --ssh-key FILE or --remove-ssh-key FILE.",
    "guarded-revocation": (
        "{file} revokes a key for good; if that is meant, take off the colon in front of -----BEGIN."
    ),
    "revokes-other": "{file} is the revocation of a key of {other}: `satchel lea key {other}` takes it in.",
    "ssh-unreadable": "{file} cannot be read as an SSH public key; give the .pub file.",
    "ssh-private": "{file} is a private SSH key, which only its owner may have; ask for a new one, and give its .pub.",
    "ssh-other-form": (
        "{file} is a public key in another form; `ssh-keygen -i -f {file}` prints it in the one read here."
    ),
    "ssh-refused": "{file}: {fault}",
    "no-ssh-key-of": "{file} is no SSH key of {lea}; nothing was changed.",
    "fingerprint-unusable": (
        "Give the whole fingerprint: 40 letters and digits, as `satchel lea keys` shows it; or SHA256:…."
    ),
    "no-key": "{key} is no key in use; `satchel lea keys` shows them.",
    "part-of-key": (
        "{key} is no key in use; `satchel lea keys` shows them. It is a part of {whole}, which can only end as a whole."
    ),
    "no-ssh-key": "{key} is no SSH key in use; `satchel lea keys` shows them.",
    "no-parties": "There is no LEA yet; add one with `satchel lea add`.",
    "sshd-unusable": "{fault}",
    "folder-unwritable": "{folder} cannot be written: {fault}.",
    # legal exceptions
    "law-unusable": "Say which law: one line of at most {most} characters.",
    "domain-unusable": "{fault}",
    "exception-there": "There is an exception for {domain} already; `satchel exception list` shows it.",
    "no-exception": "No exception stands for {domain}; `satchel exception list` shows which do.",
    # students
    "no-student": "No student has the SSID {ssid}; check the number.",
    "flagged": "The student {ssid} is flagged already; `satchel student unflag` lifts the flag.",
    "not-flagged": "The student {ssid} is not flagged, so there is nothing to lift.",
}

# A command that was given wrongly ends with 2, as it does for a wrong option.
WRONG_USE = frozenset(
    {
        # directory, keys, legal exceptions
        "id-unusable",
        "id-taken",
        "name-unusable",
        "name-not-latin",
        "kind-unknown",
        "nothing-new",
        "fingerprint-unusable",
        "law-unusable",
        "domain-unusable",
    }
)


def exit_code(error: NotDone) -> int:
    """What the command ends with."""
    return 2 if error.code in WRONG_USE else 1


def sentence(error: NotDone) -> str:
    """What the operator reads."""
    return SENTENCES[error.code].format(**error.facts)
