"""What all handling of packets shares: services, rounds, moves, receipts, where a packet goes."""
