"""The server: page frame, routes, identification of visitors, life of the workers."""

import asyncio
import gc
import logging
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.middleware import Middleware

log = logging.getLogger("mlmtune_core.app")
ROOT = Path(__file__).resolve().parent
sys.path[:0] = [str(ROOT)]
# pages/ is last, or Streamlit would put it first, and its folders would hide modules of the same name
sys.path.append(str(ROOT / "pages"))

from mlmtune_core.runs.limits import check_settings  # noqa: E402
from mlmtune_core.workers import engine, logs  # noqa: E402
from pages.serving.age_cleaning import clean_daily  # noqa: E402
from pages.serving.ending import bound_open_answers  # noqa: E402
from pages.serving.headers import SecurityHeaders  # noqa: E402
from pages.serving.person_cookie import PersonCookie  # noqa: E402
from pages.serving.routes import ROUTES  # noqa: E402
from pages.serving.static_files import StaticFiles  # noqa: E402


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[dict[str, object]]:
    """Starts the workers with the server and ends them with it."""
    logs.begin("server")
    check_settings()
    bound_open_answers()
    await asyncio.to_thread(engine.start)
    log.info("the server has started")
    gc.collect()
    gc.freeze()
    cleaning = asyncio.create_task(clean_daily())
    yield {}
    cleaning.cancel()
    await asyncio.to_thread(engine.close)
    log.info("the server has stopped")


MIDDLEWARE = [Middleware(SecurityHeaders), Middleware(StaticFiles), Middleware(PersonCookie)]
app = st.App(ROOT / "pages" / "frame.py", lifespan=lifespan, routes=ROUTES, middleware=MIDDLEWARE)
