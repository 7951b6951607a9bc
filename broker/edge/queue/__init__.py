"""The queues, and the Redis that Satchel starts itself."""
