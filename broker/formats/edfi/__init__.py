"""Ed-Fi: interchanges of its data standard in XML, and what its API gives in JSON."""
