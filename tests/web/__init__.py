"""Tests of `aq/web`."""
