"""The notices that the exchange itself writes, one file for each."""
