"""The forms of a document: each is read into the canonical one, and the original is what travels."""
