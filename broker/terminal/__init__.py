"""What all commands share: options, output, files, and endings."""
