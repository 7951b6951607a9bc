"""Commands that run an exchange and show its state."""
