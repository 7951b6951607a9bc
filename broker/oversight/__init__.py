"""What the state watches: alerts, nightly reports, claims, overdue transfers, patterns."""
