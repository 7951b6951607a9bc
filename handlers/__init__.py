"""One file per packet type: its schema, who may send it, what it changes and where it goes."""
