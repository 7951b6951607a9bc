"""A parent's copy of a child's record, and the story of who had it."""
