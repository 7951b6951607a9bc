"""The LEA's side: keys, sealing, sending, fetching, opening, receipts; without an exchange's home."""
