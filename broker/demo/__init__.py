"""`make demo`: a whole exchange on one machine, told step by step."""
