"""A parent's copy of a child's record, and the story of who was given the record."""
