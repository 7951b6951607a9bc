"""The client: sending to and fetching from an SFTP server."""
