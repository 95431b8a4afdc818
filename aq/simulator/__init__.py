"""A server that speaks the feeds' real protocols over a socket, for demo, tests and load."""
