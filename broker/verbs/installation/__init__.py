"""Verbs for an installation as a whole."""
