"""Scripts and styles of Streamlit's pages: read and compressed once, and sent in one piece, not anew for every visitor"""

import asyncio
import gzip
from functools import cache
from pathlib import Path

import streamlit
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from pages.parts.addresses import BASE

STATIC = Path(streamlit.__file__).parent / "static"
MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css"}
YEAR_SECONDS = 365 * 24 * 3600
KEPT = {"Cache-Control": f"public, max-age={YEAR_SECONDS}, immutable", "Vary": "Accept-Encoding"}
COMPRESSED = KEPT | {"Content-Encoding": "gzip"}


class StaticFiles:
    """ASGI middleware. The names of the files hold a hash of their content, so that an answer holds for a year."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        files = [file for file in STATIC.glob("static/**/*") if file.suffix in MEDIA_TYPES]
        self._files = {f"{BASE}/{file.relative_to(STATIC).as_posix()}": file for file in files}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers for those files; passes on everything else, and whoever takes no gzip."""
        file = self._files.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        if file is None or "gzip" not in Headers(scope=scope).get("accept-encoding", ""):
            await self._app(scope, receive, send)
            return
        content = await asyncio.to_thread(compress, file)
        await Response(content, headers=COMPRESSED, media_type=MEDIA_TYPES[file.suffix])(scope, receive, send)


@cache
def compress(file: Path) -> bytes:
    """The content of a file, compressed; the next time from memory."""
    return gzip.compress(file.read_bytes(), compresslevel=6)
