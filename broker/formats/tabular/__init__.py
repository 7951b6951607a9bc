"""Which documents may be sent as a table."""
