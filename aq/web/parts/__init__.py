"""Pieces of pages that several pages share, caches, and the state in the address."""
