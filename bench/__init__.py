"""Benches: what the product does beside the plain way, in time and memory."""
