"""The built-in SFTP server."""
