"""One file for each packet type: its schema, who may send it, what it changes and where it goes."""
