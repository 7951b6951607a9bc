"""Pages for people, as HTML and PDF."""
