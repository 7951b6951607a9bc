"""SSID requests as CSV, and their answers."""
