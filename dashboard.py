"""The application: the pages, the routes, and the scheduler that lives as long as they do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st
from starlette.concurrency import run_in_threadpool

from aq.api import routes
from aq.logs import set_up
from aq.runtime import shared


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict[str, Any]]:
    """Start the scheduler with the server and stop it with it."""
    runtime = await run_in_threadpool(shared)
    set_up()
    if runtime.settings.scheduler == "off" or not runtime.settings.live_feeds:
        yield {}
        return
    scheduler = runtime.scheduler()
    scheduler.start()
    try:
        yield {}
    finally:
        await run_in_threadpool(scheduler.stop)


app = st.App("aq/views/main.py", lifespan=lifespan, routes=routes(shared))
