"""A student's record made into the transcript that a university gets."""
