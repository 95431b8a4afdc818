"""Answers from the store about the present and the past: a module a question."""
