"""The parts that all handling of packets shares: services, rounds, moves, receipts, where a packet goes."""
