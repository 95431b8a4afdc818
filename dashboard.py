"""The application: the pages, the routes, and what lives as long as they do: scheduler and push."""

import asyncio
import gc
import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware

from aq.api import routes
from aq.logs import set_up
from aq.metrics import observe
from aq.runtime import Runtime, shared
from aq.security import Guard
from aq.views import outlines
from aq.views.push import watch


def warm_up() -> Runtime:
    """Open the store and import what the first page needs, before the first visitor waits for it.

    Streamlit collects garbage at every rerun; what is frozen here is not walked through each time.
    """
    runtime = shared()
    importlib.import_module("aq.views.cache")
    gc.collect()
    gc.freeze()
    gc.enable()
    return runtime


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict[str, Any]]:
    """Start the push and the scheduler with the server and stop them with it."""
    runtime = await run_in_threadpool(warm_up)
    set_up(runtime.settings.logs.format)
    polls = runtime.settings.scheduler != "off" and bool(runtime.settings.live_feeds)
    scheduler = runtime.scheduler() if polls else None
    pushing = asyncio.create_task(watch(runtime.store.version))
    if scheduler:
        scheduler.start()
    try:
        yield {}
    finally:
        pushing.cancel()
        if scheduler:
            await run_in_threadpool(scheduler.stop)


app = st.App(
    "aq/views/main.py",
    lifespan=lifespan,
    routes=[*routes(shared), outlines.route()],
    middleware=[Middleware(Guard, limits=lambda: shared().settings.server, observe=observe)],
)
