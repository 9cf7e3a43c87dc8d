"""The server: page frame, event route, life of the workers."""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import streamlit as st
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ROOT = Path(__file__).resolve().parent
sys.path[:0] = [str(ROOT)]
# pages/ stands last, or Streamlit would put it first, where pages/inspect.py hides the standard library's inspect
sys.path.append(str(ROOT / "pages"))

from mlmtune_core import engine  # noqa: E402
from mlmtune_core.errors import RunError  # noqa: E402
from mlmtune_core.run_store import open_run  # noqa: E402
from mlmtune_core.storage import is_plain  # noqa: E402
from pages.parts.addresses import EVENTS_ROUTE, PLOTLY_ROUTE  # noqa: E402
from pages.parts.plotly_file import plotly_script  # noqa: E402


@asynccontextmanager
async def lifespan(_: st.App) -> AsyncIterator[dict[str, object]]:
    """Starts the workers with the server and ends them with it."""
    await asyncio.to_thread(engine.start)
    gc.collect()
    gc.freeze()
    yield {}
    await asyncio.to_thread(engine.close)


def events(request: Request) -> Response:
    """GET runs/<id>/events?after=<n>: the complete rows from byte n on, where to go on, and the state."""
    try:
        name = request.path_params["run_id"]
        if not is_plain(name):
            raise ValueError("not a run id")
        run = open_run(name)
        rows, position, more = run.read_events(max(0, int(request.query_params.get("after", 0))))
    except (RunError, ValueError):
        return JSONResponse({"error": "not found"}, 404)
    body = {"rows": rows, "next": position, "state": run.state(), "more": more}
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


app = st.App(
    ROOT / "pages" / "frame.py",
    lifespan=lifespan,
    routes=[Route(EVENTS_ROUTE, events), Route(PLOTLY_ROUTE, plotly_script)],
)
