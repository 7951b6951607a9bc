"""What is done to, and seen of, an installation as a whole."""
