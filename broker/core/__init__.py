"""The decisions of the exchange: standard library only, no I/O, no clock, no globals that change."""
