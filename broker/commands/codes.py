"""`satchel codes`: the state's exit codes, and what each means where that is known.

Promises: shows the list that the exchange goes by, this home's own rows in it.
"""

import json

from rich.console import Console
from rich.table import Table
from rich.text import Text

from broker.commands.common import HomeOption, JsonOption, say
from broker.edge import exit_codes, settings
from broker.offline import home_of


def codes(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show the exit codes: what each means, and where a student goes with it; unknown stays unknown."""
    chosen = settings.load(home_of(home))
    found = exit_codes.load(chosen.home, chosen.transfers.codes)
    if as_json:
        rows = [
            {"code": one.code, "known": one.is_known, "means": one.means, "leads_to": one.leads_to}
            for one in found.values()
        ]
        say(json.dumps({"list": chosen.transfers.codes, "codes": rows}))
        return
    table = Table("code", "means", "leads to")
    for one in found.values():
        table.add_row(one.code, Text(one.means or "not known"), one.leads_to)
    Console().print(table)
    say(f"To change the list, write {chosen.home}/codes/{chosen.transfers.codes}.toml and restart `satchel up`.")
