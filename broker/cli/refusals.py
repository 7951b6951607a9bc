"""The command line's sentence for a verb that cannot be done, by the verb's code; it says what to do.

Owns these sentences. Promises: every code that verbs and stages raise as NotDone has its sentence here, and the
sentence uses only facts of its code (a test compares them).
"""

from collections.abc import Callable, Mapping
from itertools import islice
from typing import Any

from broker.core.errors import NotDone

SENTENCES: Mapping[str, str] = {
    "why": "Say why: one line of at most {most} characters.",
    # transfers, the record store, packets
    "no-party": "{lea} is not in the directory; `satchel lea list` shows who is.",
    "no-transfer": "There is no transfer {number}; `satchel transfers --state all` lists every case.",
    "no-transfer-to-cancel": "There is no transfer {number}; `satchel transfers` lists them.",
    "transfer-ended": "Transfer {number} is {state} already; only one that is not ended can be cancelled.",
    "no-packet": "There is no packet {tracking}; `satchel packets` lists them.",
    # the exchange itself
    "ledger-taken": "The ledger at {place} belongs to another home; give the URL of an empty database.",
    "no-redis": "Redis does not answer; see --redis-url, and its password.",
    "running": "The exchange of {home} runs; stop `satchel up` first.",
    "no-inbox": "{folder} has no inbox; mount it, or make it again.",
    "no-valid-key": "{lea} has no valid key; get its new key, and run `satchel lea key {lea} --cert FILE`.",
    # the calendar
    "days": "The last day must not be before the first, nor more than {most} days later.",
    "no-weekday": "None of these days is a Monday to Friday without a public holiday; to change another day, name"
    " it alone.",
    # directory
    "party-removed": "{lea} was removed; `satchel lea add {lea}` takes it in again.",
    "removed-already": "{lea} was removed already; `satchel lea add {lea}` takes it in again.",
    "still-open": "{lea} is not removed: students enrolled there: {students:,}, transfers open: {transfers:,}.",
    "party-suspended": "{lea} is suspended already; `satchel lea resume {lea}` ends it.",
    "party-not-suspended": "{lea} is not suspended.",
    "party-there": "{lea} is in the directory already; `satchel lea key {lea} --cert FILE` adds or renews its key.",
    "party-was-other": "{lea} was a {kind}, and can come back only as a {kind}; choose another id.",
    "id-unusable": "ID {lea!r} cannot be used: {fault}.",
    "id-taken": "ID {lea!r} is taken by the exchange itself; choose another one.",
    "id-alike": "{other} is in the directory already, and {lea} differs from it by capital letters only.",
    "name-unusable": "--name must be a text of at most {most} printable characters, with a letter or digit in it.",
    "name-not-latin": "--name must be in Latin letters: some other letters look like them, and could imitate another"
    " party's name.",
    "name-taken": "{name!r} is a name of {other}, or looks like one; no two parties may have the same name.",
    "no-mapping": "{lea} has no mapping: its tables are read by the usual names of columns.",
    "mapping-same": "This is the mapping of {lea} already; nothing was changed.",
    "mapping-refused": "{file}: {said} [{refusal}]",
    "mapping-not-for": "{lea} sends no tables: only a district or a charter school has a mapping.",
    "called-so": "{lea} has that name already.",
    "kind-unknown": "--kind must be one of: {kinds}. There is no other kind of party.",
    # keys
    "not-let-in": "{said} [{refusal}]",
    "key-refused": "{file}: {said} [{refusal}]",
    "party-removed-key": "{lea} was removed; `satchel lea add {lea}` takes it in again, with its key.",
    "nothing-new": "Say what is new: give --cert FILE, --ssh-key FILE or --remove-ssh-key FILE.",
    "guarded-revocation": ("{file} revokes a key for good; if you want that, remove the colon in front of -----BEGIN."),
    "revokes-other": "{file} is the revocation of a key of {other}: enter it with `satchel lea key {other}`.",
    "ssh-unreadable": "{file} cannot be read as an SSH public key; give the .pub file.",
    "ssh-private": "{file} is a private SSH key, which only its owner may have; ask for a new one, and give its .pub.",
    "ssh-other-form": (
        "{file} is a public key in another form; `ssh-keygen -i -f {file}` prints it in the form that is needed here."
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
    "whom": "Say whom you look for: give --name, --born or --local-id, or several of them.",
    "short-name": "Each part of --name must have {least} letters at least.",
    "too-many-alerts": "Name at most {most} alerts at once.",
    # two numbers of one student
    "same-number": "Name two different SSIDs: the one to keep, then the one that becomes part of it.",
    "number-withdrawn": "{ssid} was given by mistake and is withdrawn; there is nothing to merge.",
    "merged-already": "{ssid} is merged into {kept} already; name that one instead.",
    "not-merged": "{ssid} is not merged into {kept}; `satchel student show {ssid}` shows what it is.",
    "merged-since": "{ssid} was itself merged into {kept} since; undo that merge first.",
    "not-alike": (
        "{kept} and {other} do not look like one student ({against}). Check both numbers with `satchel"
        " student show`, and give --sure if they are one student's."
    ),
    "stale-index": (
        "The registry is indexed for another identity model; stop the exchange and run `satchel identity reindex`."
    ),
    # questions about which student was meant
    "no-question": "There is no question about {tracking}; `satchel review list` shows those that wait.",
    "which-student": "Say which student of {tracking} you mean: {questions}.",
    "nothing-decided": "Nobody has decided this question, so there is nothing to undo.",
    "not-your-decision": "Your LEA did not decide this, so your LEA cannot undo it.",
    "too-late": (
        "This was decided on {day}, and the exchange keeps what was sent of the student for {days} days"
        " (keeping.undo_days): the decision cannot be undone any more. Let the LEA send the document"
        " again, corrected; if a student has two SSIDs, merge them."
    ),
    "packet-refused": (
        "The packet was refused [{refusal}], and that is final; if it is to go on, {lea} must send the document again."
    ),
    "packet-delivered": (
        "The packet is in the inbox of {receiver}, or was taken from there, so the decision cannot be"
        " undone. Ask {receiver} to delete {tracking}, tell {lea}, and let {lea} send a corrected"
        " document; if two SSIDs are one student's, merge them."
    ),
    "number-used": (
        "The SSID {ssid}, which this decision gave, was used by other packets or merged since, so the"
        " decision cannot be undone. If it is the number of a student who has another one, merge the two."
    ),
    "student-changed": "The student's name or birth date was changed again since; send an Update instead.",
    "enrollment-changed": "The enrollment was changed again since; let the LEA send the right entry and exit.",
}

# A command that was used wrongly ends with 2, as for a wrong option.
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
    """The command's exit code."""
    return 2 if error.code in WRONG_USE else 1


def sentence(error: NotDone) -> str:
    """The sentence that the operator reads."""
    facts = {name: _WORDS[name](fact) if name in _WORDS else fact for name, fact in error.facts.items()}
    return SENTENCES[error.code].format(**facts)


def _ways(questions: Any) -> str:
    """The options that name questions of one packet, from pairs of a line and whether it counts from 0."""
    ways = (f"--student {line + 1}" if is_counted else f"--line {line}" for line, is_counted in questions)
    return ", ".join(islice(ways, _MOST_NAMED)) + (" …" if len(questions) > _MOST_NAMED else "")


_MOST_NAMED = 20
# Facts that are shown in other words, by name.
_WORDS: Mapping[str, Callable[[Any], str]] = {"questions": _ways}
