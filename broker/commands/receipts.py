"""`satchel receipt verify`: what anyone can do who has a receipt and the exchange's public key.

Promises: offline; needs no home when the key is named.
"""

import json
from pathlib import Path
from typing import Annotated

import typer

from broker.commands.common import HomeOption, JsonOption, fail, say
from broker.core.errors import Refused
from broker.edge import openpgp


def verify(
    file: Annotated[Path, typer.Argument(help="A file from `receipts/`.")],
    cert: Annotated[Path | None, typer.Option(help="The exchange's public key, exchange.asc.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check a receipt's signature, offline."""
    if cert is None:
        if home is None:
            fail("Name the exchange's public key: --cert exchange.asc (it is in your directory folder).", 2)
        cert = home / "exchange.asc"
    try:
        signed, certificate = file.read_bytes(), cert.read_bytes()
    except OSError as error:
        fail(f"{error.filename} cannot be read: {error.strerror}.")
    try:
        text, signer = openpgp.verify_clear(signed, [certificate])
        said = json.loads(text)
    except Refused as refused:
        fail(f"NOT GENUINE: {refused.meaning} Do not rely on this receipt; fetch it again from your receipts folder.")
    except ValueError:
        fail("NOT A RECEIPT: the signature is good, but the text is no receipt of this exchange.")
    if as_json:
        say(json.dumps({"good": True, "signer": signer, "receipt": said}))
        return
    say(f"Good signature from the exchange, key {signer}.")
    say(f"{said['tracking']} reached {said['state']} at {said['at']}: {said['means']}")
