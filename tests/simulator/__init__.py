"""Tests of `aq/simulator`."""
