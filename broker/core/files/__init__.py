"""The kind of a file, by its bytes alone."""
