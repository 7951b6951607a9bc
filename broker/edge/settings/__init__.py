"""The settings, and everything else that the operator configures."""
