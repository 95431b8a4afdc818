"""Logging: one line per event on stderr, secrets blanked."""

import logging


def set_up(level: int = logging.INFO) -> None:
    """Log to stderr in one form; libraries only from warnings on."""
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s %(message)s"
    )
    logging.getLogger("aq").setLevel(level)
    # It warns at every tick that finds a long run still going.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
