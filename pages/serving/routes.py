"""The routes beside the pages: events of runs, sweeps and recordings, downloads, plotly, health."""

import sys
from collections.abc import Callable
from functools import wraps

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from mlmtune_core import __version__
from mlmtune_core.errors import RunError
from mlmtune_core.lessons import LESSONS
from mlmtune_core.lessons.records import has_recorded, read_recorded
from mlmtune_core.runs.run import EXPORTS, Run
from mlmtune_core.runs.shelf import find_run
from mlmtune_core.runs.sweeps import find_sweep
from mlmtune_core.workers import engine
from pages.serving.addresses import EVENTS_ROUTE, EXPORT_ROUTE, HEALTH_ROUTE, PLOTLY_ROUTE, RECORDED_ROUTE, SWEEP_ROUTE
from pages.serving.person_cookie import admitted
from pages.serving.static_files import plotly_script

REST_SECONDS = 2.0
NOT_KEPT = {"Cache-Control": "no-store"}


def about_run(answer: Callable[[Request, Run], Response]) -> Callable[[Request], Response]:
    """Wraps a route below runs/<id>: in a class for admitted people; 404 if there is no such run, or `answer` raises RunError or ValueError."""

    @wraps(answer)
    def route(request: Request) -> Response:
        if not admitted(request):
            return JSONResponse({"error": "not admitted"}, 403, headers=NOT_KEPT)
        try:
            return answer(request, find_run(request.path_params["run_id"]))
        except (RunError, ValueError):
            return JSONResponse({"error": "not found"}, 404, headers=NOT_KEPT)

    return route


@about_run
def events(request: Request, run: Run) -> Response:
    """GET runs/<id>/events?after=<n>: the complete rows from byte n on, where to continue, the state, and for how many seconds
    nothing new is expected.
    """
    after = min(max(0, int(request.query_params.get("after", 0))), sys.maxsize)
    rows, position, more = run.log.read(after)
    answer = {"rows": rows, "next": position, "state": run.state(), "more": more, "rest": _rest(run)}
    return JSONResponse(answer, headers=NOT_KEPT)


@about_run
def export(request: Request, run: Run) -> Response:
    """GET runs/<id>/<file>: a prepared export, by one of the names in EXPORTS. Always a download: what people wrote
    is never opened as a page of this server.
    """
    name = request.path_params["file"]
    file = run.export_file(name)
    if not file.is_file():
        return JSONResponse({"error": "not prepared"}, 404, headers=NOT_KEPT)
    return FileResponse(file, media_type=EXPORTS[name], filename=f"{run.id[:8]}-{name}", headers=NOT_KEPT)


def sweep_events(request: Request) -> Response:
    """GET sweeps/<id>/events?after=<n>,<n>,...: for each run of a sweep what `events` returns for one."""
    if not admitted(request):
        return JSONResponse({"error": "not admitted"}, 403, headers=NOT_KEPT)
    try:
        runs = find_sweep(request.path_params["sweep_id"]).runs()
        told = [min(max(0, int(each)), sys.maxsize) for each in request.query_params.get("after", "").split(",") if each]
    except (RunError, ValueError):
        return JSONResponse({"error": "not found"}, 404, headers=NOT_KEPT)
    answers = []
    for run, after in zip(runs, [*told, *[0] * len(runs)], strict=False):
        rows, position, more = run.log.read(after)
        answers.append({"rows": rows, "next": position, "more": more, "state": run.state()})
    return JSONResponse({"runs": answers}, headers=NOT_KEPT)


def recorded(request: Request) -> Response:
    """GET lessons/<id>/recorded: the events of a recorded lesson's runs, in the order of its report."""
    name = request.path_params["lesson_id"]
    if not admitted(request):
        return JSONResponse({"error": "not admitted"}, 403, headers=NOT_KEPT)
    if name not in LESSONS or not has_recorded(name):
        return JSONResponse({"error": "not found"}, 404, headers=NOT_KEPT)
    return JSONResponse({"runs": [each["rows"] for each in read_recorded(name)["outcomes"]]}, headers=NOT_KEPT)


def _rest(run: Run) -> float:
    """Returns the seconds to wait before asking again: some for a run behind others in the queue."""
    try:
        queue = engine.current().queue
    except RunError:  # there is no engine to begin it
        return REST_SECONDS
    place = queue.place(run)
    return REST_SECONDS if place and place > max(1, queue.workers) else 0.0


def health(_: Request) -> Response:
    """GET health: 200 and "ok" while every role has a worker, else 503 and "degraded"; numbers only, no names."""
    try:
        numbers = engine.current().health()
    except RunError:  # the engine is not up yet, or has ended
        numbers = {}
    well = bool(numbers) and all(numbers["workers"].values())
    status = {"status": "ok" if well else "degraded", "version": __version__}
    return JSONResponse(status | numbers, 200 if well else 503, headers=NOT_KEPT)


ROUTES = [
    Route(EVENTS_ROUTE, events),
    Route(EXPORT_ROUTE, export),
    Route(SWEEP_ROUTE, sweep_events),
    Route(RECORDED_ROUTE, recorded),
    Route(PLOTLY_ROUTE, plotly_script),
    Route(HEALTH_ROUTE, health),
]
