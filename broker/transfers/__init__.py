"""Transfer cases: who is asked for a record, what follows when a student moves, and record requests."""
