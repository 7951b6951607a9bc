"""Keys and sealed packets."""
