"""`satchel restored`, `satchel lea inbox`: decisions about folders and backups that only the operator can make.

Promises: what is absent from an inbox counts as collected only where the operator says that this is the LEA's inbox; or
it is delivered there again, the same packet under the same tracking id.
"""

import json
from collections.abc import Collection, Sequence
from typing import Annotated

import typer

from broker import offline
from broker.cli.acting import operator
from broker.terminal.common import HomeOption, JsonOption, say
from broker.verbs.installation import exchange, inboxes


def inbox(
    lea: Annotated[str, typer.Argument(metavar="ID", help="The LEA's id.")],
    is_again: Annotated[
        bool,
        typer.Option(
            "--again", help="Deliver the missing packets again, but for those that are known to be collected."
        ),
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Accept the folder that is there now as the LEA's inbox: packets that are missing from it count as collected."""
    absent = inboxes.mark_inbox(offline.build(home), lea, actor=operator(), is_again=is_again)
    _say_inbox(lea, absent, is_again, as_json)


def _say_inbox(lea: str, absent: Collection[str], is_again: bool, as_json: bool) -> None:
    if as_json:
        say(json.dumps({"id": lea, "absent": sorted(absent), "again": is_again}))
        return
    what = "will be put there again" if is_again else "will count as collected"
    say(
        f"The folder that is there now is the inbox of {lea}."
        + (f" {len(absent)} packets are missing from it, and {what}." if absent else "")
    )


def restored(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Say that the home or the ledger was restored from a backup, while the exchange is stopped; inboxes that lack
    packets then wait for `lea inbox`."""
    services = offline.build(home, is_put_back=True)
    doubtful = exchange.go_on(services, actor=operator())
    _say_restored(services, doubtful, as_json)


def _say_restored(services: offline.Offline, doubtful: Sequence[str], as_json: bool) -> None:
    if as_json:
        say(json.dumps({"home": str(services.settings.home), "inboxes_in_doubt": list(doubtful)}))
        return
    say(f"The exchange can go on with {services.settings.home}: run `satchel up`.")
    for lea in doubtful:
        say(
            f"The inbox of {lea} lacks packets that should be there: `satchel lea inbox {lea} --again` puts them"
            f" there again; without --again they count as collected."
        )
