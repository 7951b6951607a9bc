"""Students in the ledger: the registry, their stays, questions about them, and flags."""
