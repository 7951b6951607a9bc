"""An LEA's mapping: what its own columns, codes and dates are to the exchange."""
