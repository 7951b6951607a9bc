"""Transfer cases: which there should be (`asking`), and all that follows from it (`following`)."""
