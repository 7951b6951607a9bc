"""The forms of a document: each is read into the canonical form; the original travels on."""
