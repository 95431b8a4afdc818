"""Exports: a question, its rows in blocks, five formats, a manifest, and asking again."""
