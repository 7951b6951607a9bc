"""The world outside: one file per outside library or system."""
