"""Commands of `python -m aq`; each module holds one as `command`."""
