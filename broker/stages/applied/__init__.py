"""What the packet types that end at the exchange change, one file a type."""
