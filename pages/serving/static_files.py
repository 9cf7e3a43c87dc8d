"""Serves scripts and styles, plotly.min.js included: compressed once, cached for a year."""

import asyncio
import gzip
from pathlib import Path

import plotly
import streamlit
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from pages.serving.addresses import BASE, PLOTLY_ROUTE

STATIC = Path(streamlit.__file__).parent / "static"
PLOTLY_FILE = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css"}
YEAR_SECONDS = 365 * 24 * 3600
KEPT = {"Cache-Control": f"public, max-age={YEAR_SECONDS}, immutable", "Vary": "Accept-Encoding"}
COMPRESSED = KEPT | {"Content-Encoding": "gzip"}


class StaticFiles:
    """ASGI middleware. File names contain a hash or a version, so a response may be cached for a year."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        files = [file for file in STATIC.glob("static/**/*") if file.suffix in MEDIA_TYPES]
        self._files = {f"{BASE}/{file.relative_to(STATIC).as_posix()}": file for file in files} | {PLOTLY_ROUTE: PLOTLY_FILE}
        self._answers: dict[Path, asyncio.Task[Response]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers for those files; passes on everything else, and clients without gzip."""
        file = self._files.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        if file is None or "gzip" not in Headers(scope=scope).get("accept-encoding", ""):
            await self._app(scope, receive, send)
            return
        if file not in self._answers:
            self._answers[file] = asyncio.create_task(asyncio.to_thread(compress, file))
        answer = await asyncio.shield(self._answers[file])  # a client that leaves must not cancel it for the others
        await answer(scope, receive, send)


def compress(file: Path) -> Response:
    """Returns the response with a file's compressed content."""
    content = gzip.compress(file.read_bytes(), compresslevel=6)
    return Response(content, headers=COMPRESSED, media_type=MEDIA_TYPES[file.suffix])


def plotly_script(_: Request) -> Response:
    """GET scripts/plotly-<version>.min.js, for clients without gzip."""
    return FileResponse(PLOTLY_FILE, media_type="text/javascript", headers=KEPT)
