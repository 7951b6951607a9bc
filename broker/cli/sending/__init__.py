"""`satchel send`: sealed files, or a folder of documents that are checked, sealed, sent and asked about."""
