"""Packets in the ledger: their rows, moves and histories."""
