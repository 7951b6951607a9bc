"""The stages that a packet passes. Each module's header states its contract; no stage imports another."""
