"""What somebody may do or see, once: one file a subject. Command line, console and API are faces of these."""
