"""What the exchange itself writes, one file a notice."""
