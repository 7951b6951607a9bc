"""What of an outbox is taken in now: in whose turn, how much, and what an LEA is told of the rest."""
