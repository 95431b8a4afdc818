"""Tests of `aq/store`."""
