"""What the sweeper does, one file a duty."""
