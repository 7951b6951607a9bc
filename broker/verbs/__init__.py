"""What a user may do or see, each thing once: one file for each subject. CLI, console and API are faces of these
verbs."""
