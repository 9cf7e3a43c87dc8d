"""The server: page frame, event route, life of the workers."""

import asyncio
import gc
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import plotly
import streamlit as st
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

ROOT = Path(__file__).resolve().parent
sys.path[:0] = [str(ROOT)]
# pages/ stands last, or Streamlit would put it first, where pages/inspect.py hides the standard library's inspect
sys.path.append(str(ROOT / "pages"))

from mlmtune_core import engine  # noqa: E402
from mlmtune_core.errors import RunError  # noqa: E402
from mlmtune_core.run_store import find_run  # noqa: E402
from pages.parts.addresses import EVENTS_ROUTE, PLOTLY_ROUTE  # noqa: E402

PLOTLY_FILE = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
YEAR_SECONDS = 365 * 24 * 3600


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
        run = find_run(request.path_params["run_id"])
        after = min(max(0, int(request.query_params.get("after", 0))), sys.maxsize)
        rows, position, more = run.log.read(after)
    except (RunError, ValueError):
        return JSONResponse({"error": "not found"}, 404)
    body = {"rows": rows, "next": position, "state": run.state(), "more": more}
    return JSONResponse(body, headers={"Cache-Control": "no-store"})


def plotly_script(_: Request) -> Response:
    """plotly.min.js of the installed package; its version stands in the address."""
    return FileResponse(
        PLOTLY_FILE,
        media_type="text/javascript",
        headers={"Cache-Control": f"public, max-age={YEAR_SECONDS}, immutable"},
    )


app = st.App(
    ROOT / "pages" / "frame.py",
    lifespan=lifespan,
    routes=[Route(EVENTS_ROUTE, events), Route(PLOTLY_ROUTE, plotly_script)],
)
