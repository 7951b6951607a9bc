"""A synthetic state: made-up students, families, schools and moves, with the errors that real records have."""
