"""A student whom the state flags as missing: the flag, and what is held back of what went out."""
