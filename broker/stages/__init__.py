"""The stages a packet passes. Each module's header states its contract; no stage imports another."""
