"""Where is the child, and since when: the one account of it that everything else reads.

`location` is what an LEA reported, `reports` how a further report changes that, `account` what follows from all of them
on a day, and `sources` which LEAs are asked for the record. docs/stays.md is printed from situations that are tests.
"""

from broker.core.stays.account import Account, Today
from broker.core.stays.location import Location
from broker.core.stays.reports import AHEAD, Report, Told, Unfit, changed, tell

__all__ = ["AHEAD", "Account", "Location", "Report", "Today", "Told", "Unfit", "changed", "tell"]
