"""The sweeper's duties, one file for each."""
