"""What a receiver can read of a document: its parts as blocks of a page, and as tables."""
