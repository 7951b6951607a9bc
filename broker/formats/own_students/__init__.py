"""The list of an LEA's own students: asked for in a table, written as the exchange has it, and read to be compared."""
