"""Commands that compare students."""
