"""The command line's commands, grouped by who uses them."""
