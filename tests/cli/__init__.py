"""Tests of `aq/cli`."""
