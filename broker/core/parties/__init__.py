"""Which party a name names, and whether it is a federal one."""
