"""Where the child is, and since when: the one account that everything else reads.

`location` is a stay as an LEA reported it, `reports` says how a further report changes the stays, `account` says what
follows from all of them on a day. docs/stays.md is printed from situations that are tests.
"""

from broker.core.stays.account import Account, Today
from broker.core.stays.location import Location
from broker.core.stays.reports import AHEAD, Report, Told, Unfit, changed, tell

__all__ = ["AHEAD", "Account", "Location", "Report", "Today", "Told", "Unfit", "changed", "tell"]
