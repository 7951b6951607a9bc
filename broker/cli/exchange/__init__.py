"""Commands that run an exchange and show how it is."""
