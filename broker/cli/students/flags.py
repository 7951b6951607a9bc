"""`satchel student flag | unflag`: missing children, by the state's operator.

Promises: setting or lifting a flag needs a name and a reason (Utah 53A-11-502), each in one transaction; no student's
name is printed.
"""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from broker import offline, wiring
from broker.cli.acting import named
from broker.cli.students.review_text import place
from broker.terminal.common import HomeOption, JsonOption, say
from broker.terminal.given import WhoOption, WhyOfStudentOption
from broker.verbs import flags
from broker.verbs.flags import Thing

SsidArgument = Annotated[str, typer.Argument(metavar="SSID", help="The student's number.")]


def flag(
    ssid: SsidArgument, who: WhoOption, why: WhyOfStudentOption, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Flag a student as missing: the exchange sends nothing on about the student, and tells the state of every
    request."""
    services = wiring.build(offline.build(home).settings.home, "flags")
    done = flags.flag(services, ssid, why, actor=named(who))
    if as_json:
        say(json.dumps({"ssid": done.ssid, "flagged": True} | asdict(done.held)))
        return
    say(f"The student {done.ssid} is flagged. Nothing about the student is sent on until the flag is lifted.")
    for one in done.held.withdrawn:
        say(f"Taken out of the inbox of {one.lea} again, not read: {_thing(one)}.")
    for one in done.held.stopped:
        say(f"Held on its way to {one.lea}: {_thing(one)}.")
    for one in done.held.taken:
        say(f"{one.lea} has {_thing(one)} since {services.time.told(one.since or 0.0)}.")


def _thing(one: Thing) -> str:
    return f"{one.tracking} ({one.type} of {one.source})"


def unflag(
    ssid: SsidArgument, who: WhoOption, why: WhyOfStudentOption, home: HomeOption = None, as_json: JsonOption = False
) -> None:
    """Lift the flag of a student who was found: the packets that were held go on."""
    done = flags.unflag(wiring.build(offline.build(home).settings.home, "flags"), ssid, why, actor=named(who))
    questions = [{"tracking": one.tracking, "line": one.line} for one in done.questions]
    if as_json:
        say(json.dumps({"ssid": done.ssid, "flagged": False, "resumed": list(done.resumed), "questions": questions}))
        return
    say(f"The flag of the student {done.ssid} is lifted. Packets that were held and go on now: {len(done.resumed)}.")
    if questions:
        told = ", ".join(f"{one.tracking} ({place(one)})" for one in done.questions)
        say(f"Questions that an LEA has answered with `new` wait for you: {told}. Decide them: `satchel review show`.")
