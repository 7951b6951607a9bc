"""Cases in the ledger: transfers, claims, the record store, school days."""
