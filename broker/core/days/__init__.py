"""Days of schools and students: the school year, legal clocks, membership, claims, and which dates are possible."""
