"""The logs of the ledger: disclosures and acts."""
