"""Tests of `aq/ingest`."""
