"""The processes of one exchange."""
