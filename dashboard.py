"""The application: the pages, the routes, and what lives as long as they do: scheduler and push."""

import asyncio
import gc
import importlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.middleware import Middleware

import aq
from aq import app as process
from aq.context import Context, shared
from aq.logs import set_up
from aq.web import kept_files
from aq.web.admin import link_route, local_counts
from aq.web.api.routes import routes
from aq.web.base_path import BasePath
from aq.web.compressed import Packed
from aq.web.first_paint import first_paint
from aq.web.metrics import observe
from aq.web.parts.live_update import watch
from aq.web.public import routes as public
from aq.web.publish.job import publishing
from aq.web.sections import PAGES, address
from aq.web.security import Guard
from aq.web.server import fitted_here
from aq.web.shell import Shell


def warm_up() -> Context:
    """Open the store and import what the first page needs, before the first visitor waits for it.

    Streamlit collects garbage at every rerun; what is frozen here is not walked through each time.
    """
    context = shared()
    importlib.import_module("aq.web.parts.cache")
    gc.collect()
    gc.freeze()
    gc.enable()
    return context


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict[str, Any]]:
    """Start the push and the scheduler with the server and stop them with it."""
    context = await run_in_threadpool(warm_up)
    set_up(context.settings.logs.format)
    polls = context.settings.scheduler != "off" and bool(context.settings.live_feeds)
    scheduler = process.scheduler(context, publishing(context)) if polls else None
    pushing = asyncio.create_task(watch(context.store.version))
    if scheduler:
        scheduler.start()
    try:
        yield {}
    finally:
        pushing.cancel()
        if scheduler:
            await run_in_threadpool(scheduler.stop)


PAGE_PATHS = frozenset(f"/{address(name)}" for name in PAGES)
# A request is held against one route after the other: first those that readers ask for by the
# thousand. Each is a whole path, so no other route takes what is theirs.
MANY = frozenset({"/now", "/strip", "/strip.json", "/api/v1/current"})
app = st.App(
    str(Path(aq.__file__).parent / "web" / "pages" / "main.py"),
    lifespan=lifespan,
    routes=sorted(
        [
            *routes(shared),
            *public.routes(shared),
            kept_files.route(),
            link_route(lambda: local_counts(shared().settings)),
        ],
        key=lambda route: getattr(route, "path", "") not in MANY,
    ),
    middleware=[
        Middleware(BasePath, base=lambda: shared().settings.base_path),
        Middleware(
            Guard,
            limits=lambda: fitted_here(shared().settings.server),
            observe=observe,
            pages=PAGE_PATHS,
        ),
        Middleware(Packed, pages=PAGE_PATHS),
        Middleware(Shell, get_context=shared, body=first_paint),
    ],
)
