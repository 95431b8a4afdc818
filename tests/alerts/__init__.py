"""Tests of `aq/alerts`."""
