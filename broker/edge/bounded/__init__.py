"""Work that may go wrong, done in a separate process that is watched from outside (`warden`, `ward`)."""
