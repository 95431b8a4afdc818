"""From upstream into the store: polls, notices, files, backfill, retention, the scheduler."""
