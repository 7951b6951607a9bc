"""The machine of `tests/acceptance/test_model.py`: what it remembers and does, and what must hold after each step."""
