"""Work that may go wrong, done in a process of its own that is watched from outside (`warden`, `ward`)."""
