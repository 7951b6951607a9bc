"""Commands about transfers, claims, calendars and the record store."""
