"""What happens when students move: one whose record follows automatically, one whose record is late, one who is
missing.

Promises: each scene is really done with the public command line and really checked.
"""

import json
from datetime import date, timedelta
from pathlib import Path

from broker.demo import cast
from broker.demo.stage import Stage, satchel
from broker.demo.telling import (
    body,
    cases,
    check,
    check_with_gpg,
    open_newest,
    read_newest,
    step,
    tell,
    wait_for_case,
)


def night(stage: Stage, ssid: str) -> None:
    """A district's system exports a backpack to the record store."""
    step("At night, District 01's system puts what it knows of Ana into the Student Record Store")
    stage.seal_and_send("01", "backpack-1000", cast.backpack(*cast.ANA, ssid))
    stage.receipt("01", "backpack-1000.pgp", "applied")
    tell("The exchange keeps it sealed, as the district signed it. Nobody is given it now.")
    check(not any(stage.inbox(one.id, "backpack") for one in cast.MEMBERS), "it lies in nobody's inbox")


def move(stage: Stage, ssid: str) -> None:
    """Ana moves; nothing but her new school's enrollment is needed."""
    step("Ana's family moves. Summit Charter School enrolls her, and does nothing else. It does not know her number")
    stage.seal_and_send("6G", "new-student", cast.move_in("6G", cast.ANA))
    answer = read_newest(stage, "6G", "ssid")["students"][0]
    check((answer["answer"], answer["ssid"]) == ("matched", ssid), "the exchange knows Ana: the same number as before")

    step("At once, Summit has her backpack from the record store")
    sealed, opened, said = open_newest(stage, "6G", "backpack")
    tell(said)
    check("Canyon School District" in said, "the signature is the sending district's own")
    check_with_gpg(stage, "6G", sealed, "01")
    grades = json.loads(opened.read_text())["record"]["course_grades"]
    tell("This term: " + ", ".join(f"{one['title']} {one['mark']}" for one in grades))

    step("By itself, the exchange asks District 01 for her record")
    asked = read_newest(stage, "01", "record-request")
    tell(f"District 01 reads: your student {asked['student']['local_id']}, wanted by {asked['requested_by']['name']},")
    tell(f"due on {asked['due_on']}. {asked['rule']}")
    check(asked["student"]["ssid"] == ssid, "it names Ana by the district's own number and by the SSID")

    step("District 01 answers. It need not say where Ana is")
    stage.seal_and_send("01", "ana-record", cast.record(*cast.ANA, ssid))
    stage.receipt("01", "ana-record.pgp", "delivered")
    others = [one.id for one in cast.MEMBERS if one.id != "6G" and stage.inbox(one.id, "student-record")]
    check(not others, "the record lies in Summit's inbox and in no other")
    sealed, opened, said = open_newest(stage, "6G", "student-record")
    tell(said)
    check_with_gpg(stage, "6G", sealed, "01")
    courses = json.loads(opened.read_text())["record"]["course_history"]
    tell("Courses: " + ", ".join(f"{one['title']} {one['mark']}" for one in courses))
    wait_for_case(stage, ssid, "closed")
    check(not cases(stage), "the transfer is closed, and the state's list of open ones is empty")


def late(stage: Stage, ssid: str) -> None:
    """Noah moves, and his old school does not answer in time."""
    step("Noah moves from District 02 to Harbor Charter School. District 02 does not answer")
    stage.seal_and_send("7K", "noah", cast.move_in("7K", cast.NOAH))
    case = wait_for_case(stage, ssid, "requested")
    tell(f"District 02 was asked today, and has 30 school days (no weekends, no holidays): until {case['due_on']}.")
    tell(f"Harbor is told: “{read_newest(stage, '7K', 'transfer')['means']}”")
    day = date.fromisoformat(case["due_on"]) + timedelta(days=10)
    check(not cases(stage, "--overdue"), "today nothing is overdue")
    overdue = cases(stage, "--overdue", "--on", day.isoformat())
    check(len(overdue) == 1, f"if nothing comes, on {day} the state's list shows it:")
    names = {one.id: one.name for one in cast.MEMBERS}
    owes, awaits, late_by = (overdue[0][name] for name in ("source", "destination", "school_days_late"))
    tell(f"{names[owes]} owes {names[awaits]} the record, {late_by} school days late.")
    tell("From then on both schools find it in one notice a day, until it is done.")
    stage.seal_and_send("02", "noah-record", cast.record(*cast.NOAH, ssid))
    open_newest(stage, "7K", "student-record")
    wait_for_case(stage, ssid, "closed")
    check(not cases(stage), "now District 02 has sent the record: the list is empty again")


def missing(stage: Stage, ssid: str) -> None:
    """Grace is reported missing; somebody enrolls her."""
    step("Grace is reported missing. The state flags her record; somebody enrolls her at Harbor")
    home = ["--home", str(stage.home)]
    tell(satchel("student", "flag", ssid, "--who", "Kim Lee", "--why", "notice of the police", *home).strip())
    flags = json.loads(satchel("student", "flags", "--json", *home))
    check(
        [one["ssid"] for one in flags] == [ssid],
        "her number is on the state's list of flags, which only the state sees",
    )
    stage.seal_and_send("7K", "grace", cast.move_in("7K", cast.GRACE))
    wait_for_case(stage, ssid, "blocked")
    told = read_newest(stage, "7K", "transfer")
    tell(f"Harbor is told: “{told['means']}”")
    check("missing" not in json.dumps(told), "Harbor learns that the record is held, and not why")
    alerts = json.loads(satchel("alerts", "--json", *home))
    check(
        any(one["lea"] == "7K" and one["ssid"] == ssid for one in alerts),
        "the state hears at once who has enrolled her",
    )
    stage.seal_and_send("01", "grace-record", cast.record(*cast.GRACE, ssid))
    held = json.loads(body(stage.receipt("01", "grace-record.pgp", "held")))
    check(held["held_for"] == "blocked", "her record, which District 01 sends nevertheless, goes nowhere")
    tell(satchel("student", "unflag", ssid, "--who", "Kim Lee", "--why", "she is home", *home).strip())
    open_newest(stage, "7K", "student-record")
    wait_for_case(stage, ssid, "closed")
    check(not cases(stage), "she is found, the record goes on, and the list is empty")


def parents(stage: Stage, ssid: str) -> Path:
    """Ana's parents get a copy, and read who was given which records."""
    step("Ana's parents ask for a copy. Summit hands them one that they can read")
    stage.seal_and_send("6G", "for-the-parents", cast.parent_copy("6G", cast.ANA, ssid))
    stage.receipt("6G", "for-the-parents.pgp", "applied")
    _, log, _ = open_newest(stage, "6G", "disclosures")
    fetched = log.parent
    files = [*sorted(fetched.glob("*.backpack.pgp")), *sorted(fetched.glob("*.student-record.pgp"))]
    copy = stage.desk("6G") / "copy-for-parents"
    keys = ["--key", str(stage.desk("6G") / "secret.asc"), "--directory", str(stage.home / "leas/6G/directory")]
    mine = map(str, (*files, *fetched.glob("*.disclosures.pgp")))  # Summit has no other student's papers
    satchel("backpack", "export", *mine, "--for-parent", *keys, "--out", str(copy))
    made = sorted(one.name for one in copy.iterdir())
    check(
        {Path(one).suffix for one in made} >= {".html", ".pdf", ".json"}, f"a page, a PDF and a file: {', '.join(made)}"
    )
    tell("Who was given her records, and on what ground, as the parents read it:")
    for line in satchel("disclosures", ssid, "--home", str(stage.home)).strip().splitlines():
        tell(line)
    return copy
