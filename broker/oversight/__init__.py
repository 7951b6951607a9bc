"""The state's oversight: alerts, nightly reports, claims, overdue transfers, patterns."""
