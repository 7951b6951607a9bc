"""The shapes of OpenPGP: armour, packets, messages, signatures, certificates; bytes in, facts out."""
