"""Stories in a real browser against real servers."""
