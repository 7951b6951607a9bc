"""Commands about students, their flags, questions and disclosures."""
