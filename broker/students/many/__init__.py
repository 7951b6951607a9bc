"""Packets of many lines: in slices, and all of them or none."""
