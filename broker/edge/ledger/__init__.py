"""The ledger: the one source of truth on every packet, event, receipt, party, student and enrollment."""
