"""Enrollments and SSID requests line by line, and the questions that people answer."""
