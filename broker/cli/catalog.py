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
        "Students who move: which records are asked for, sent and overdue. Without a"
        " further word, it lists those that have not ended.",
        _STUDENTS,
    ),
    "review": Group("Which student was meant: the questions that people must decide.", _STUDENTS),
    "alerts": Group(
        "Alerts to the state: missing children, harvesting. Without a further word, it lists them, the unseen first.",
        _STUDENTS,
    ),
    "student": Group("Students and their numbers, for the state's operator.", _STUDENTS),
    "identity": Group("Who is this student? Compare and match students, and train the model.", _STUDENTS),
    "backpack": Group("The Student Record Store, and copies of a record for parents.", _STUDENTS),
}

# in the order of the help: within each panel in the order in which users need them
COMMANDS: Mapping[str, Entry] = {
    "keygen": Entry("client.letters:keygen", "Make your LEA's key pair.", _LEA),
    "template": Entry(
        "client.template:template",
        "Make a table to fill in: the names of the columns, an example line, and in a workbook lists of values and a"
        " page of explanations.",
        _LEA,
    ),
    "check": Entry(
        "cli.check:check",
        "Say of documents what the exchange would say, before they are sealed and sent: what each is, what would be"
        " taken, and all faults with their places.",
        _LEA,
    ),
    "map": Entry(
        "cli.map:map_",
        "Show what is understood of a table, column by column beside its first lines, and propose a mapping for the"
        " rest.",
        _LEA,
    ),
    "convert": Entry(
        "cli.convert:convert",
        "Write a document in another form: a table as the document that the exchange makes of it, or a document as a"
        " table.",
        _LEA,
    ),
    "seal": Entry("client.letters:seal", "Sign a document with your key and encrypt it for the exchange.", _LEA),
    "request-roster": Entry(
        "client.request:roster",
        "Ask for the list of your own students as the exchange has them: makes a sealed request to put into your"
        " outbox.",
        _LEA,
    ),
    "send": Entry(
        "cli.sending.send:send",
        "Put sealed files, or the documents of a folder, into your outbox; if the connection breaks, Satchel makes a"
        " new one and goes on.",
        _LEA,
    ),
    "fetch": Entry(
        "client.transfer:fetch", "Get what is in your inbox and receipts, and everyone's public keys.", _LEA
    ),
    "open": Entry("client.open:open_", "Decrypt a packet, and keep it only if its signature is good.", _LEA),
    "receipt verify": Entry("client.receipts:verify", "Check a receipt's signature, offline."),
    "transcript make": Entry(
        "client.transcript:make", "Make a student's transcript in PESC's form, at the student's request."
    ),
    "transcript show": Entry("client.transcript:show", "Show what is in a transcript, as the exchange reads it."),
    "init": Entry("cli.exchange.init:init", "Make a home: settings, the exchange's key, ledger and folders.", _HOUSE),
    "up": Entry(
        "cli.exchange.up:up",
        "Run all parts in the foreground; prints `ready` when all of them run, and stops on Ctrl-C or SIGTERM.",
        _HOUSE,
    ),
    "upgrade": Entry(
        "cli.exchange.upgrade:upgrade",
        "Upgrade the ledger of an earlier version, while the exchange is stopped; a ledger in the home"
        " is copied first, and the copy kept.",
        _HOUSE,
    ),
    "restored": Entry(
        "cli.exchange.putback:restored",
        "Say that the home or the ledger was restored from a backup, while the exchange is stopped;"
        " inboxes that lack packets then wait for `lea inbox`.",
        _HOUSE,
    ),
    "status": Entry(
        "cli.exchange.status:status",
        "Show packets by state, the oldest that waits, the queues, which parts are alive, and what needs a person.",
        _HOUSE,
    ),
    "audit": Entry(
        "cli.exchange.audit:show", "Show what operators did: who, when, what, why, and with what result.", _HOUSE
    ),
    "packets": Entry("cli.exchange.packets:packets", "List packets, newest first.", _HOUSE),
    "packet": Entry("cli.exchange.packets:packet", "Show the history of one packet.", _HOUSE),
    "lea add": Entry("cli.directory.home:add", "Enter a party into the directory and make its folders."),
    "lea key": Entry("cli.directory.home:key", "Renew a party's key, enter its revocation, or add a further key."),
    "lea list": Entry(
        "cli.directory.parties:list_leas", "List the parties in the directory, with their keys and when these expire."
    ),
    "lea keys": Entry(
        "cli.directory.keys:show", "Show the keys of all parties, or of one: since when, until when, and their state."
    ),
    "lea end-key": Entry(
        "cli.directory.keys:end",
        "End a key, by its fingerprint: the exchange accepts nothing that it signs, and seals nothing to it.",
    ),
    "lea suspend": Entry(
        "cli.directory.standing:suspend",
        "Suspend a party: it cannot log in, the packets that it sent stay where they are, and packets for it wait.",
    ),
    "lea resume": Entry(
        "cli.directory.standing:resume", "End a suspension: the party can log in, and all its packets go on."
    ),
    "lea rename": Entry("cli.directory.standing:rename", "Give a party another name; its id stays."),
    "lea mapping": Entry(
        "cli.directory.mapping:mapping",
        "Show an LEA's mapping, or enter a new one: what its own columns, codes and dates are to the exchange.",
    ),
    "lea remove": Entry(
        "cli.directory.leaving:remove",
        "Remove a party: it cannot log in, nothing new goes to it or comes from it, and its history stays.",
    ),
    "lea inbox": Entry(
        "cli.exchange.putback:inbox",
        "Accept the folder that is there now as the LEA's inbox: packets that are missing from it count as collected.",
    ),
    "exception add": Entry(
        "cli.directory.federal:add", "Record that a law allows this federal domain, with all domains under it."
    ),
    "exception list": Entry(
        "cli.directory.federal:list_", "List all exceptions, also those that have ended, with their laws."
    ),
    "exception end": Entry(
        "cli.directory.federal:end",
        "End an exception: the keys that it allowed are no longer valid, and nothing is sealed to them.",
    ),
    "calendar show": Entry(
        "cli.transfers.calendar:show",
        "Show a school year: how many school days it has, and which days differ from the usual week.",
    ),
    "calendar close": Entry(
        "cli.transfers.calendar:close",
        "Enter days without school; open transfers get their new deadlines.",
    ),
    "calendar open": Entry(
        "cli.transfers.calendar:open_",
        "Enter days with school, in summer or on a holiday; open transfers get their new deadlines.",
    ),
    "calendar reset": Entry(
        "cli.transfers.calendar:reset", "Delete what was entered for these days, so that the usual rule holds again."
    ),
    "codes": Entry(
        "cli.transfers.codes:codes", "Show the exit codes: what each means, and where a student with it goes.", _HOUSE
    ),
    "sshd-config": Entry(
        "cli.directory.sshd:generate",
        "Print an sshd_config that serves every LEA's folder by OpenSSH, and write the LEAs' key files.",
        _HOUSE,
    ),
    "transfers": Entry("cli.transfers.transfers:list_", "List the transfers that have not ended, oldest first."),
    "transfers list": Entry("cli.transfers.transfers:list_", "List the transfers that have not ended, oldest first."),
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
        "cli.students.review:undo", "Undo a decision: the question is open again, and the LEA that was asked is told."
    ),
    "alerts": Entry(
        "cli.students.alerts:alerts",
        "List the alerts to the state: first those that nobody has seen, the newest at the top.",
    ),
    "alerts list": Entry(
        "cli.students.alerts:alerts",
        "List the alerts to the state: first those that nobody has seen, the newest at the top.",
    ),
    "alerts seen": Entry("cli.students.alerts:seen", "Mark these alerts as seen."),
    "student find": Entry(
        "cli.students.find:find",
        "Find a student by parts of a name, the birth date or a local id; the disclosure log records your search.",
    ),
    "student show": Entry(
        "cli.students.registry:show",
        "Show what the registry knows of one student, who sent it and when; the disclosure log records your reading.",
    ),
    "student opt-outs": Entry(
        "cli.students.opt_outs:opt_outs",
        "List the parents' opt-outs: of which student, since when, and which LEA sent it; the disclosure"
        " log records your reading.",
    ),
    "student flags": Entry(
        "cli.students.alerts:flags",
        "List the students who are flagged as missing: since when, by whom, and why; the disclosure log"
        " records your reading.",
    ),
    "student flag": Entry(
        "cli.students.flags:flag",
        "Flag a student as missing: the exchange sends nothing on about the student, and tells the state"
        " of every request.",
    ),
    "student unflag": Entry(
        "cli.students.flags:unflag", "Lift the flag of a student who was found: the packets that were held go on."
    ),
    "student merge": Entry(
        "cli.students.registry:merge", "Merge two SSIDs of one student; records that waited only for that go on."
    ),
    "student unmerge": Entry("cli.students.registry:unmerge", "Undo a merge: each SSID stands for itself again."),
    "identity compare": Entry(
        "cli.identity.compare:compare",
        "Compare the two students of each line: match, review or none, the weight, and the reasons.",
    ),
    "identity match": Entry("cli.identity.match:match", "Say who the students of a roster are."),
    "identity train": Entry("cli.identity.train:train", "Train the identity model from a state's own students."),
    "identity reindex": Entry(
        "cli.students.registry:reindex", "Rebuild the registry's index, after a new identity model."
    ),
    "backpack list": Entry("cli.transfers.backpack:list_", "List the backpacks in the record store, newest first."),
    "backpack show": Entry(
        "cli.transfers.backpack:show",
        "Show every version of one student's backpack, by LEA, and which versions are current.",
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
        "Show who was given or refused which data of a student: when, by whom, and on what ground.",
        _STUDENTS,
    ),
    "simulate": Entry(
        "cli.exchange.simulate:simulate",
        "Make up a whole state: districts, schools, families, students, moves, and the errors that records have.",
        _TEST,
    ),
}
