"""Sources of air-quality data: each asks its upstream, reads the answer and declares itself."""
