"""A transcript goes to the university, at the student's request, in the standard's form.

Promises: the university opens exactly the file that the district made and signed.
"""

import json

from broker.demo import cast
from broker.demo.stage import Stage, satchel
from broker.demo.telling import body, check, open_newest, step, tell


def transcript(stage: Stage, ssid: str) -> None:
    """Sophie asks District 03 to send her transcript."""
    step("Sophie wants to study. At her request District 03 sends her transcript to State University")
    desk = stage.desk("03")
    record, made = desk / "sophie-record.json", desk / "sophie-transcript.xml"
    record.write_text(json.dumps(cast.record(*cast.SOPHIE, ssid), ensure_ascii=False))
    info = desk / "school.json"
    info.write_text(json.dumps(cast.SCHOOL))
    asked = ["--requested-by", "student", "--requested-on", cast.today()]
    facts = ["--school-info", str(info)]
    satchel("transcript", "make", str(record), "--to", "U1", *asked, *facts, "--out", str(made))
    tell("Her record becomes a PESC High School Transcript, the form that universities read.")
    stage.seal_and_send_file("03", made)
    stage.receipt("03", "sophie-transcript.xml.pgp", "delivered")
    _, opened, said = open_newest(stage, "U1", "transcript", ".xml")
    tell(said)
    check(opened.read_bytes() == made.read_bytes(), "the university opens the very file that the district made")
    shown = json.loads(satchel("transcript", "show", str(opened), "--json"))
    check(shown["student"]["ssid"] == ssid, "it is valid, and carries her legal name and SSID (Utah R277-419-10)")
    answer = stage.desk("U1") / "answer.xml"
    answer.write_text(cast.acknowledgement(shown["id"].replace("-", ""), "03", "U1"))
    stage.seal_and_send_file("U1", answer)
    stage.receipt("U1", "answer.xml.pgp", "applied")
    receipt = stage.find_receipt("03", "collected", '"how": "acknowledged"')
    check(
        json.loads(body(receipt))["how"] == "acknowledged", "its system acknowledges, and District 03 has the receipt"
    )
