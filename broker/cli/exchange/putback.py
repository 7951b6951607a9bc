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
        bool, typer.Option("--again", help="Put there again what is absent and is not known to be collected.")
    ] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Take the folder that stands there now for the LEA's inbox: what is absent from it counts as collected."""
    absent = inboxes.mark_inbox(offline.build(home), lea, actor=operator(), is_again=is_again)
    _say_inbox(lea, absent, is_again, as_json)


def _say_inbox(lea: str, absent: Collection[str], is_again: bool, as_json: bool) -> None:
    if as_json:
        say(json.dumps({"id": lea, "absent": sorted(absent), "again": is_again}))
        return
    what = "are put there again" if is_again else "count as collected when the exchange looks"
    say(
        f"The inbox of {lea} is the folder that stands there now."
        + (f" {len(absent)} packets {what}." if absent else "")
    )


def restored(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Go on with a home or a ledger that was put back from a backup, while the exchange is stopped; inboxes that lack
    anything wait for `lea inbox`."""
    services = offline.build(home, is_put_back=True)
    doubtful = exchange.go_on(services, actor=operator())
    _say_restored(services, doubtful, as_json)


def _say_restored(services: offline.Offline, doubtful: Sequence[str], as_json: bool) -> None:
    if as_json:
        say(json.dumps({"home": str(services.settings.home), "inboxes_in_doubt": list(doubtful)}))
        return
    say(f"{services.settings.home} is the home to go on with.")
    for lea in doubtful:
        say(
            f"The inbox of {lea} lacks packets that the ledger knows there: `satchel lea inbox {lea} --again` puts them"
            f" there again; without --again they count as collected."
        )
