"""Logging: one line per event on stderr, as text or JSON, secrets blanked."""

import base64
import json
import logging
import re
import sys
import threading
import traceback
from collections.abc import Iterable
from datetime import UTC, datetime
from urllib.parse import quote, quote_plus, unquote

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
            event["exception"] = redact(self.formatException(record.exc_info))
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
    if not any(isinstance(handler.formatter, JsonLines | TextLines) for handler in root.handlers):
        handler = logging.StreamHandler(sys.stderr)
        handler.setFormatter(JsonLines() if form == JSON else TextLines())
        root.addHandler(handler)
        root.setLevel(logging.WARNING)
    install()  # on the handler that has just been added, too
    logging.getLogger("aq").setLevel(level)
    # It warns at every tick that finds a long run still going.
    logging.getLogger("apscheduler").setLevel(logging.ERROR)


def through_root(names: Iterable[str]) -> None:
    """Let loggers with handlers of their own speak in the program's one form: warnings, and errors
    alone of those that warn of what a visitor sent."""
    for name in names:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        visitors = name.startswith(("uvicorn", "websockets", "streamlit.web.server"))
        logger.setLevel(logging.ERROR if visitors else logging.WARNING)


BLANK = "***"


# Shorter texts would blank ordinary words; query values and URL passwords are blanked by name.
SHORTEST_SECRET = 6


_NAMED = re.compile(
    r"""(?ix) \b (service_?key | api_?key | (?:access_?)?token | password)
    (["']?\s*(?:=|:|%3D)\s*["']?)
    [^&\s"'<>,;)}\]]+ """
)


_URL_USER = re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://)[^/\s@\"'<>]+@")


# Lists full URLs, query and all, in its debug lines and warnings.
_TALKATIVE = "urllib3.connectionpool"


_lock = threading.Lock()


_known: tuple[str, ...] = ()


def _forms(secret: str) -> set[str]:
    """Every spelling a secret is met in: raw, percent-encoded once and twice, base64."""
    plain = unquote(secret)
    encoded = {secret, plain}
    for text in (secret, plain):
        once = quote(text, safe="")
        encoded |= {once, quote(once, safe=""), quote_plus(text), quote(text)}
        encoded |= {re.sub("%[0-9A-F]{2}", lambda m: m.group().lower(), form) for form in encoded}
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            whole = encode(text.encode()).decode()
            encoded |= {whole, whole.rstrip("=")}
    return {form for form in encoded if len(form) >= SHORTEST_SECRET}


def register(secrets: Iterable[str]) -> None:
    """Remember `secrets`; from now on `redact` blanks them in all their forms."""
    global _known  # noqa: PLW0603 - the process has one set of secrets
    with _lock:
        forms = {form for secret in secrets if secret.strip() for form in _forms(secret.strip())}
        # The longest first, so that no form is cut up by a shorter one inside it.
        _known = tuple(sorted(forms | set(_known), key=lambda form: (-len(form), form)))


def redact(text: str) -> str:
    """`text` without registered secrets, key-like query values and passwords in URLs."""
    for form in _known:
        text = text.replace(form, BLANK)
    text = _NAMED.sub(rf"\1\2{BLANK}", text)
    return _URL_USER.sub(rf"\1{BLANK}@", text)


class RedactSecrets(logging.Filter):
    """Rewrites a log record's message, traceback and stack with secrets blanked; drops nothing."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Always True; the record is changed in place."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # arguments that do not fit; logging would print them raw
            message = f"{record.msg} {record.args!r}"
            record.msg, record.args = message, ()
        clean = redact(message)
        if clean != message:  # some formatters read the arguments: what is clean stays as it is
            record.msg, record.args = clean, ()
        if record.exc_info and record.exc_info[1] and not record.exc_text:
            record.exc_text = "".join(traceback.format_exception(record.exc_info[1])).rstrip()
        if record.exc_text:
            record.exc_text, record.exc_info = redact(record.exc_text), None
        if record.stack_info:
            record.stack_info = redact(record.stack_info)
        return True


_FILTER = RedactSecrets()


def install(secrets: Iterable[str] = ()) -> None:
    """Register `secrets` and put the filter where log records leave the program.

    That is every handler of the root logger, the handler of last resort, and urllib3's own logger
    for handlers that are added later. May be called again, after handlers were added.
    """
    register(secrets)
    places: list[logging.Filterer] = [*logging.getLogger().handlers, logging.getLogger(_TALKATIVE)]
    if logging.lastResort is not None:
        places.append(logging.lastResort)
    for place in places:
        place.addFilter(_FILTER)
