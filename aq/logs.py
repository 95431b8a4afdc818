"""Logging: one line per event on stderr, as text or JSON, secrets blanked."""

import json
import logging
import sys
from datetime import UTC, datetime

from aq import redact

TEXT, JSON = "text", "json"


class JsonLines(logging.Formatter):
    """An event as one JSON object: at, level, logger, message, and exception where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        event = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_text:
            event["exception"] = record.exc_text
        elif record.exc_info:
            event["exception"] = redact.redact(self.formatException(record.exc_info))
        return json.dumps(event, ensure_ascii=False)


class TextLines(logging.Formatter):
    """An event as one line of text; a traceback follows on the same line, its ends escaped."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end."""
        return super().format(record).replace("\r", "\\r").replace("\n", "\\n")


def set_up(form: str = TEXT, level: int = logging.INFO) -> None:
    """Log to stderr in one form; libraries only from warnings on."""
    root = logging.getLogger()
    if not any(isinstance(one.formatter, JsonLines | TextLines) for one in root.handlers):
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(JsonLines() if form == JSON else TextLines())
        root.addHandler(handler)
        root.setLevel(logging.WARNING)
    redact.install()  # on the handler that has just been added, too
    logging.getLogger("aq").setLevel(level)
    # It warns at every tick that finds a long run still going.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
