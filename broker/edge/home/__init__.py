"""The folders of a home and of its LEAs."""
