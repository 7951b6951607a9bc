"""The schemas of documents."""
