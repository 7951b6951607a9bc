"""The reports of the exchange as JSON, CSV and text."""
