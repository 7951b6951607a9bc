"""Documents written in another form than the one in which they came."""
