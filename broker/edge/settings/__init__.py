"""The settings, and what else the operator configures."""
