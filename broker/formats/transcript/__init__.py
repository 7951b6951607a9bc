"""A student's record, turned into the transcript for a university."""
