"""The logs of the ledger: disclosures."""
