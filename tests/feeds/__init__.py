"""Tests of `aq/feeds`."""
