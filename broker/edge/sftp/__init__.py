"""SFTP: the built-in server, the client, and OpenSSH's configuration."""
