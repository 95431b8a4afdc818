"""Tests of `aq/export`."""
