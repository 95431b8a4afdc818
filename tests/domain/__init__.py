"""Tests of `aq/domain`."""
