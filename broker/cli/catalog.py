"""The commands: their names, where they are, and their sentence in the help.

Owns the list from which `broker.cli.main` makes the command line. Promises: data only, so that help needs no command's
module; each sentence is the first one of the command's own help (a test compares them).
"""

from collections.abc import Mapping
from typing import NamedTuple

_LEA, _HOUSE, _STUDENTS, _TEST = (
    "On an LEA's own computer",
    "The state's exchange",
    "The state's students",
    "For trying",
)


class Group(NamedTuple):
    """Commands with the same first word, and their panel in the help."""

    says: str
    panel: str


class Entry(NamedTuple):
    """A command: `module:function` in `broker`, its sentence, and its panel where it is in no group."""

    where: str
    says: str
    panel: str = ""


GROUPS: Mapping[str, Group] = {
    "receipt": Group("The exchange's signed receipts.", _LEA),
    "transcript": Group("Transcripts for universities, on an LEA's own computer.", _LEA),
    "lea": Group("The directory of parties: who they are, and their keys.", _HOUSE),
    "exception": Group("Named legal exceptions to the rule that there is no federal party.", _HOUSE),
    "calendar": Group("School days, by which deadlines are counted.", _HOUSE),
    "transfers": Group(
        "Students who move: which records are asked for, sent and overdue. Alone, it lists those not ended.", _STUDENTS
    ),
    "review": Group("Which student was meant: questions to people, and what they decide.", _STUDENTS),
    "alerts": Group(
        "What the state must hear of at once: missing children. Alone, it lists them, the unseen first.", _STUDENTS
    ),
    "student": Group("Students and their numbers, for the state's operator.", _STUDENTS),
    "identity": Group("Who is this student? Compare, match and train.", _STUDENTS),
    "backpack": Group("The Student Record Store, and copies of a record for parents.", _STUDENTS),
}

# in the order of the help: within each panel in the order in which users need them
COMMANDS: Mapping[str, Entry] = {
    "keygen": Entry("client.letters:keygen", "Make your LEA's key pair.", _LEA),
    "check": Entry(
        "cli.check:check",
        "Say of documents what the exchange would say, before they are sealed and sent: what each is, what would be"
        " taken, and all faults with their places.",
        _LEA,
    ),
    "seal": Entry("client.letters:seal", "Sign a document with your key and encrypt it for the exchange.", _LEA),
    "send": Entry(
        "cli.sending.send:send",
        "Put sealed files, or the documents of a folder, into your outbox; if the connection breaks, it is made again,"
        " and sending goes on.",
        _LEA,
    ),
    "fetch": Entry(
        "client.transfer:fetch", "Get what lies in your inbox and receipts, and everyone's public keys.", _LEA
    ),
    "open": Entry("client.letters:open_", "Decrypt a packet, and keep it only if its signature is good.", _LEA),
    "receipt verify": Entry("client.receipts:verify", "Check a receipt's signature, offline."),
    "transcript make": Entry(
        "client.transcript:make", "Make a student's transcript in PESC's form, at the student's request."
    ),
    "transcript show": Entry("client.transcript:show", "Show what is in a transcript, as the exchange reads it."),
    "init": Entry("cli.exchange.init:init", "Make a home: settings, the exchange's key, ledger and folders.", _HOUSE),
    "up": Entry(
        "cli.exchange.up:up",
        "Run all parts in the foreground; prints `ready` when they are, and stops on Ctrl-C or SIGTERM.",
        _HOUSE,
    ),
    "upgrade": Entry(
        "cli.exchange.upgrade:upgrade",
        "Bring the ledger of an earlier program to the form of this one, while the exchange is stopped; of a ledger in"
        " the home a copy is kept.",
        _HOUSE,
    ),
    "restored": Entry(
        "cli.exchange.putback:restored",
        "Go on with a home or a ledger that was put back from a backup, while the exchange is stopped; inboxes that"
        " lack anything wait for `lea inbox`.",
        _HOUSE,
    ),
    "status": Entry(
        "cli.exchange.status:status",
        "Counts by state, queues, the oldest waiting packet, and which parts are alive.",
        _HOUSE,
    ),
    "audit": Entry(
        "cli.exchange.audit:show", "Show what operators did: who, when, what, why, and what came of it.", _HOUSE
    ),
    "packets": Entry("cli.exchange.packets:packets", "List packets, newest first.", _HOUSE),
    "packet": Entry("cli.exchange.packets:packet", "Show the history of one packet.", _HOUSE),
    "lea add": Entry("cli.directory.home:add", "Enter a party into the directory and make its folders."),
    "lea key": Entry("cli.directory.home:key", "Renew a party's key, take in its revocation, or add a further key."),
    "lea list": Entry("cli.directory.parties:list_leas", "Who is in the directory, with keys and when they expire."),
    "lea keys": Entry(
        "cli.directory.keys:show", "Show the keys of all parties, or of one: since when, until when, and their state."
    ),
    "lea end-key": Entry(
        "cli.directory.keys:end",
        "End a key, by its fingerprint: nothing that it signs is believed, and nothing is sealed to it.",
    ),
    "lea suspend": Entry(
        "cli.directory.standing:suspend",
        "Suspend a party: no login, what it has sent stays where it is, what is for it waits.",
    ),
    "lea resume": Entry("cli.directory.standing:resume", "End a suspension: everything goes on."),
    "lea rename": Entry("cli.directory.standing:rename", "Give a party another name; its id stays."),
    "lea remove": Entry(
        "cli.directory.leaving:remove", "Let a party leave: no login, nothing new to or from it; what it did stays."
    ),
    "lea inbox": Entry(
        "cli.exchange.putback:inbox",
        "Take the folder that stands there now for the LEA's inbox: what is absent from it counts as collected.",
    ),
    "exception add": Entry(
        "cli.directory.federal:add", "Record that the law lets this federal name in, with all names under it."
    ),
    "exception list": Entry(
        "cli.directory.federal:list_", "List every exception that was ever recorded, with its law."
    ),
    "exception end": Entry(
        "cli.directory.federal:end",
        "End an exception; keys that it let in are not valid any more, and nothing goes to them.",
    ),
    "calendar show": Entry(
        "cli.transfers.calendar:show",
        "Show a school year: how many school days it has, and which days are not as the week has it.",
    ),
    "calendar close": Entry(
        "cli.transfers.calendar:close",
        "Say that there is no school on these days; open transfers get their new deadlines.",
    ),
    "calendar open": Entry(
        "cli.transfers.calendar:open_",
        "Say that there is school on these days, in summer or on a holiday; open transfers get their new deadlines.",
    ),
    "calendar reset": Entry(
        "cli.transfers.calendar:reset", "Forget what was entered of these days, so that the rule holds again."
    ),
    "codes": Entry(
        "cli.transfers.codes:codes", "Show the exit codes: what each means, and where a student goes with it.", _HOUSE
    ),
    "sshd-config": Entry(
        "cli.directory.sshd:generate",
        "Print an sshd_config that serves every LEA's folder by OpenSSH, and write the LEAs' key files.",
        _HOUSE,
    ),
    "transfers": Entry("cli.transfers.transfers:list_", "List the transfers that are not ended, oldest first."),
    "transfers list": Entry("cli.transfers.transfers:list_", "List the transfers that are not ended, oldest first."),
    "transfers show": Entry(
        "cli.transfers.transfers:show", "Show one transfer: both LEAs, the clock, how the student left, and every step."
    ),
    "transfers cancel": Entry(
        "cli.transfers.transfers:cancel", "End a transfer: nothing is owed any more, and both LEAs are told."
    ),
    "transfers report": Entry(
        "cli.transfers.transfers:report",
        "Show how each LEA answers: asked, answered, overdue, how long it takes; those most waited for come first.",
    ),
    "review list": Entry("cli.students.review:list_", "List the questions that wait for a decision, the oldest first."),
    "review show": Entry(
        "cli.students.review:show",
        "Show one question: what was sent, the candidates, and what speaks for and against each.",
    ),
    "review decide": Entry(
        "cli.students.review:decide", "Decide which student was meant; the packet, or the line, goes on at once."
    ),
    "review undo": Entry(
        "cli.students.review:undo", "Take a decision back; the question is open again, and its LEA is told."
    ),
    "alerts": Entry(
        "cli.students.alerts:alerts",
        "List what the state must hear of: those that nobody has seen first, the newest first.",
    ),
    "alerts list": Entry(
        "cli.students.alerts:alerts",
        "List what the state must hear of: those that nobody has seen first, the newest first.",
    ),
    "alerts seen": Entry("cli.students.alerts:seen", "Say that these alerts were seen."),
    "student find": Entry(
        "cli.students.find:find",
        "Find a student by parts of a name, the birth date or a local id; your look is logged.",
    ),
    "student show": Entry(
        "cli.students.registry:show",
        "Show what the registry knows of one student, with who brought it and when; your look is logged.",
    ),
    "student opt-outs": Entry(
        "cli.students.opt_outs:opt_outs",
        "List what parents opted out of: whose, since when, and which LEA told it; your look is logged.",
    ),
    "student flags": Entry(
        "cli.students.alerts:flags",
        "List the students who are flagged as missing: since when, by whom, and why; your look is logged.",
    ),
    "student flag": Entry(
        "cli.students.flags:flag",
        "Flag a student as missing: nothing is sent on about the student, and the state hears of every request.",
    ),
    "student unflag": Entry(
        "cli.students.flags:unflag", "Lift the flag of a student who is found: what was held goes on."
    ),
    "student merge": Entry(
        "cli.students.registry:merge", "Make two numbers of one student one; records that waited only for that go on."
    ),
    "student unmerge": Entry(
        "cli.students.registry:unmerge", "Take a merge back: both numbers are again whose they were."
    ),
    "identity compare": Entry(
        "cli.identity.compare:compare",
        "Compare the two students of each line: match, review or none, the weight, and the reasons.",
    ),
    "identity match": Entry("cli.identity.match:match", "Say who the students of a roster are."),
    "identity train": Entry("cli.identity.train:train", "Learn the model of who is who from a state's own students."),
    "identity reindex": Entry(
        "cli.students.registry:reindex", "Make the index of the registry again, after a new identity model."
    ),
    "backpack list": Entry("cli.transfers.backpack:list_", "List what came into the record store, newest first."),
    "backpack show": Entry(
        "cli.transfers.backpack:show", "Show every version that is held of one student, by LEA, and which are current."
    ),
    "backpack export": Entry(
        "client.backpack_export:export", "Make a copy of a student's record that a parent can read and print."
    ),
    "claims": Entry(
        "cli.transfers.claims:claims",
        "Show students claimed by two LEAs at once: who, which days, whether it is legal, and how to apportion.",
        _STUDENTS,
    ),
    "disclosures": Entry(
        "cli.students.disclosures:show",
        "Tell who was given, or refused, what of a student: when, by whom, and on what ground.",
        _STUDENTS,
    ),
    "simulate": Entry(
        "cli.exchange.simulate:simulate",
        "Make up a whole state: districts, schools, families, students, moves, and the errors that records have.",
        _TEST,
    ),
}
