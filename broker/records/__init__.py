"""The Student Record Store, and the lines of the disclosure log."""
