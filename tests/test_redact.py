"""Secrets are blanked in log records, tracebacks and texts, in every spelling."""

import base64
import logging
import re
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aq.logs import SHORTEST_SECRET, RedactSecrets, install, redact, register

KEY = "pLaNtEd+kEy/0123456789=="


def test_t23_urllib3_is_redacted_for_handlers_that_come_later() -> None:
    install([KEY])
    logger = logging.getLogger("urllib3.connectionpool")
    seen: list[str] = []

    class Late(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            seen.append(self.format(record))

    late = Late()
    logging.getLogger().addHandler(late)
    try:
        logger.warning("Retrying %s after connection broken: %s", KEY, f"/?serviceKey={KEY}")
    finally:
        logging.getLogger().removeHandler(late)
    assert seen == ["Retrying *** after connection broken: /?serviceKey=***"]


def test_t23_tracebacks_and_stacks_in_logs_are_redacted(
    caplog: pytest.LogCaptureFixture,
) -> None:
    register([KEY])
    caplog.handler.addFilter(RedactSecrets())
    try:
        raise ValueError(f"could not open http://user:pw@host/?serviceKey={KEY}")
    except ValueError:
        logging.getLogger("somewhere").exception("with %s", KEY, stack_info=True)
    assert "ValueError: could not open" in caplog.text
    assert KEY not in caplog.text
    assert "user:pw" not in caplog.text


def test_a_clean_record_keeps_its_arguments_and_a_broken_one_breaks_nothing() -> None:
    clean = logging.makeLogRecord({"msg": "%s is %d", "args": ("a", 1)})
    assert RedactSecrets().filter(clean)
    assert (clean.msg, clean.args) == ("%s is %d", ("a", 1))
    broken = logging.makeLogRecord({"msg": "%d of %d", "args": ("apikey=abc",)})
    assert RedactSecrets().filter(broken)
    assert broken.getMessage() == "%d of %d ('apikey=***',)"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("?serviceKey=a%2Bb&x=1", "?serviceKey=***&x=1"),
        ("?apikey=abc", "?apikey=***"),
        ("/feed/?token=abc#x", "/feed/?token=***"),
        ('{"ServiceKey": "abc", "b": 2}', '{"ServiceKey": "***", "b": 2}'),
        ("{'api_key': 'abc'}", "{'api_key': '***'}"),
        ("smtp://me:secret@mail.example:25", "smtp://***@mail.example:25"),
        ("https://host/path?a=b", "https://host/path?a=b"),
        ("station key figures, 12:30", "station key figures, 12:30"),
    ],
)
def test_secrets_are_known_by_their_names(text: str, expected: str) -> None:
    assert redact(text) == expected


@given(
    st.text("ABCxyz012+/=%&é가", min_size=SHORTEST_SECRET, max_size=40),
    st.text("Kx =&?", max_size=5),
)
def test_t23_no_spelling_of_a_secret_stays(secret: str, around: str) -> None:
    once = quote(secret, safe="")
    forms = [secret, once, quote(once, safe=""), quote(secret), quote_plus(secret)]
    forms += [re.sub("%[0-9A-F]{2}", lambda found: found.group().lower(), once)]
    forms += [base64.b64encode(secret.encode()).decode()]
    forms += [base64.urlsafe_b64encode(secret.encode()).decode().rstrip("=")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("aq.logs._known", ())  # the secrets of this process stay out of it
        register([secret])
        for form in forms:
            assert form not in redact(f"{around}{form}{around}")
