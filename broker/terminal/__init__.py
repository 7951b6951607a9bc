"""What all commands share: options, output, files, and how a command ends."""
