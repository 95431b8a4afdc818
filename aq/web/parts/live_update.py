"""Has open pages that show the present drawn anew as soon as the store has changed.

A page leaves the store version it is drawn from (`shows`). One task of the server looks at the
store's version, whoever wrote it, and asks the sessions behind it to run again (`watch`), as
Streamlit does it when a script's file has changed. That part of Streamlit is not public: all of it
that is used stands in `_rerun`. Where it is missing, the page's own pulse brings the news later.
"""

import asyncio
import logging
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from aq.domain.errors import StoreError
from aq.web.traffic import Buckets

LOOK_SECONDS = 0.1
APART_SECONDS = 0.03  # between two sessions: a hundred at once would keep clicks waiting
# A filling or an import writes version after version; an hour's poll a few at once.
ROUNDS_A_MINUTE = 6
_log = logging.getLogger(__name__)
_shown: dict[str, int] = {}  # session -> the store version its page is drawn from


def shows(version: int | None) -> None:
    """Note what the running page is drawn from; None for one that is not to be redrawn."""
    context = get_script_run_ctx(suppress_warning=True)
    if context is None:
        return
    if version is None:
        _shown.pop(context.session_id, None)
    else:
        _shown[context.session_id] = version


async def watch(version: Callable[[], int]) -> None:
    """Look and ask until cancelled; on the server's own event loop, as sessions demand."""
    rounds = Buckets()
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        if not _shown:
            continue
        try:
            newest = await run_in_threadpool(version)
        except StoreError:
            continue  # pages say it themselves
        behind = [one for one, shown in list(_shown.items()) if shown != newest]
        if not behind or rounds.take("", 1, ROUNDS_A_MINUTE):
            continue
        for session in behind:
            try:
                _rerun(session)
            except AttributeError:
                _log.exception("this Streamlit takes no push; pages look for news themselves")
                return
            await asyncio.sleep(APART_SECONDS)


def _rerun(session_id: str) -> None:
    """Have a session's page run again as it stands, unless it is running or gone.

    Until its page says anew what it shows it is not asked again.
    """
    open_page = runtime.get_instance()._session_mgr.get_active_session_info(session_id)
    if open_page is None:
        _shown.pop(session_id, None)
        return
    session = open_page.session
    if session._scriptrunner is None:
        _shown.pop(session_id, None)
        session.request_rerun(session._client_state)
