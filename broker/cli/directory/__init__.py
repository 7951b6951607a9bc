"""Commands about parties, their keys and exceptions."""
