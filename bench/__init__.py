"""Measured figures: `python -m bench` (or `make bench`). Nothing here decides a test."""
