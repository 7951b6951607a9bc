"""`satchel receipt verify`: anyone who has a receipt and the exchange's public key can check it.

Promises: offline; needs no home when the key is named.
"""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from broker.core import receipt
from broker.core.errors import Refused
from broker.edge.pgp import keyring, openpgp
from broker.edge.settings.values import Limits
from broker.terminal.common import HomeOption, JsonOption, fail, say
from broker.terminal.files import read

_MOST_BYTES = 1024 * 1024


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
    signed = read(file, _MOST_BYTES, "it is no receipt")
    certificate = read(cert, Limits().certificate_bytes, "it is no public key")
    try:
        keyring.inspect(certificate, datetime.now(UTC))
    except Refused as refused:
        fail(f"{cert}: {refused.sentence} [{refused.code}]")
    try:
        text, signer = openpgp.verify_clear(signed, [certificate])
        said = receipt.read(text)
        if said["exchange"] != signer:
            raise ValueError("it names another exchange")
    except Refused as refused:
        meaning = f"It is not signed with the key in {cert}." if refused.code == "unknown-signer" else refused.meaning
        fail(
            f"NOT GENUINE: {meaning} Do not rely on this receipt: see that the key is the exchange's (exchange.asc),"
            " and"
            " fetch the receipt again from your receipts folder."
        )
    except ValueError:
        fail("NOT A RECEIPT: the signature is good, but the text is no receipt of this exchange.")
    if as_json:
        say(json.dumps({"good": True, "signer": signer, "receipt": said}))
        return
    say(f"Good signature from the exchange, key {signer}.")
    say(f"{said['tracking']} reached {said['state']} at {said['at']}: {said['means']}")
