"""The routes beside the pages: the events of a run, and plotly."""

from pathlib import Path

import plotly
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from mlmtune_core.errors import RunError
from mlmtune_core.run_store import open_run
from mlmtune_core.storage import is_plain
from pages.parts.addresses import EVENTS_ROUTE, PLOTLY_ROUTE
from pages.serving.person_cookie import admitted

PLOTLY_FILE = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
YEAR_SECONDS = 365 * 24 * 3600
NOT_KEPT = {"Cache-Control": "no-store"}


def events(request: Request) -> Response:
    """GET runs/<id>/events?after=<n>: the complete rows from byte n on, where to go on, and the state; in a class for who is in it."""
    if not admitted(request):
        return JSONResponse({"error": "not admitted"}, 403, headers=NOT_KEPT)
    try:
        name = request.path_params["run_id"]
        if not is_plain(name):
            raise ValueError("not a run id")
        run = open_run(name)
        rows, position, more = run.read_events(max(0, int(request.query_params.get("after", 0))))
    except (RunError, ValueError):
        return JSONResponse({"error": "not found"}, 404)
    return JSONResponse({"rows": rows, "next": position, "state": run.state(), "more": more}, headers=NOT_KEPT)


def plotly_script(_: Request) -> Response:
    """plotly.min.js of the installed package; its version stands in the address."""
    return FileResponse(
        PLOTLY_FILE,
        media_type="text/javascript",
        headers={"Cache-Control": f"public, max-age={YEAR_SECONDS}, immutable"},
    )


ROUTES = [Route(EVENTS_ROUTE, events), Route(PLOTLY_ROUTE, plotly_script)]
