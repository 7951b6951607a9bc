"""`satchel codes`: the state's exit codes, and their meanings as far as they are known.

Promises: shows the list that the exchange uses, with this home's own rows; known codes come first, and unknown codes
are named together.
"""

import json

from broker.edge.settings import exit_codes, file
from broker.offline import home_of
from broker.terminal import tables
from broker.terminal.common import HomeOption, JsonOption, say


def codes(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show the exit codes: what each means, and where a student with it goes."""
    chosen = file.load(home_of(home))
    found = exit_codes.load(chosen.home, chosen.transfers.codes)
    if as_json:
        rows = [
            {"code": one.code, "known": one.is_known, "means": one.means, "leads_to": one.leads_to}
            for one in found.values()
        ]
        say(json.dumps({"list": chosen.transfers.codes, "codes": rows}))
        return
    known = ((one.code, one.means, one.leads_to) for one in found.values() if one.is_known)
    tables.show(("code", tables.text("means"), "leads to"), known)
    unknown = [one.code for one in found.values() if not one.is_known]
    if unknown:
        say(f"Also in use, but nobody has said what they mean: {', '.join(unknown)}.")
    say(f"To change the list, write {chosen.home}/codes/{chosen.transfers.codes}.toml and restart `satchel up`.")
