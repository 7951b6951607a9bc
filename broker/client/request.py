"""`satchel request-roster`: an LEA asks for the list of its own students as the exchange has them.

Promises: it needs no exchange; the request is signed and sealed like any document; nothing is overwritten.
"""

import json
from pathlib import Path
from typing import Annotated

import typer

from broker.client.letters import KeyOption
from broker.client.sealing import Sealer
from broker.terminal.common import JsonOption, fail, say
from broker.terminal.files import write_new
from broker.terminal.passphrase import PassphraseOption

_FORMS = ("csv", "xlsx", "json")


def roster(
    key: KeyOption,
    to: Annotated[list[Path], typer.Option("--to", help="The exchange's public key (exchange.asc).")],
    form: Annotated[str, typer.Option("--form", help=f"As what the list comes: {', '.join(_FORMS)}.")] = "csv",
    out: Annotated[Path, typer.Option("--output", "--out", help="The new sealed file.")] = Path("roster-request.pgp"),
    passphrase_file: PassphraseOption = None,
    as_json: JsonOption = False,
) -> None:
    """Ask for the list of your own students as the exchange has them: makes a sealed request to put into your
    outbox."""
    if form not in _FORMS:
        fail(f"--form must be one of: {', '.join(_FORMS)}.", 2)
    sealer = Sealer(key, to, passphrase_file)
    sealed = sealer.seal(f"want,form\r\nroster,{form}\r\n".encode())
    write_new(out, sealed, 0o600)
    said = f"{out} is sealed; put it into your outbox. The list comes into your inbox as TRACKING.roster.pgp."
    say(json.dumps({"file": str(out), "form": form, "signer": sealer.fingerprint}) if as_json else said)
