"""Worlds small enough to know the truth of every step: for the demo, tests and simulation."""
