"""The read-only routes: parameters in, JSON with its ETag out."""
