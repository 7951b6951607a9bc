"""Which party a name stands for, and whether it is a federal one."""
