"""plotly.min.js of the installed package, for a year of cache: compressed once, not again for every visitor"""

import gzip
from functools import cache
from pathlib import Path

import plotly
from starlette.requests import Request
from starlette.responses import FileResponse, Response

PLOTLY_FILE = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"
YEAR_SECONDS = 365 * 24 * 3600
HEADERS = {"Cache-Control": f"public, max-age={YEAR_SECONDS}, immutable", "Vary": "Accept-Encoding"}


def plotly_script(request: Request) -> Response:
    """GET scripts/plotly-<version>.min.js. An answer that is compressed already passes Starlette's compression, which holds up all others, untouched."""
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return FileResponse(PLOTLY_FILE, media_type="text/javascript", headers=HEADERS)
    return Response(_compressed(), media_type="text/javascript", headers=HEADERS | {"Content-Encoding": "gzip"})


@cache
def _compressed() -> bytes:
    return gzip.compress(PLOTLY_FILE.read_bytes())
