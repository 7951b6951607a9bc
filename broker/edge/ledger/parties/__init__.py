"""Parties in the ledger: the directory, their keys, and exceptions."""
