"""Tests of `aq/queries`."""
