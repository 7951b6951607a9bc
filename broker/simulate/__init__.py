"""A synthetic state: made-up students, families, schools and moves, and the errors that real records have."""
