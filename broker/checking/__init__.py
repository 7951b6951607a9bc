"""What the exchange would say of a file's form, told to an LEA before it sends: without a key, a home or a ledger."""
