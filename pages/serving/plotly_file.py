"""plotly.min.js of the installed package, for a year of cache: compressed once, not again for every visitor"""

from pathlib import Path

import plotly
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from pages.serving.static_files import COMPRESSED, KEPT, compress

PLOTLY_FILE = Path(plotly.__file__).parent / "package_data" / "plotly.min.js"


def plotly_script(request: Request) -> Response:
    """GET scripts/plotly-<version>.min.js. An answer that is compressed already passes Starlette's compression, which holds up all others, untouched."""
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return FileResponse(PLOTLY_FILE, media_type="text/javascript", headers=KEPT)
    return Response(compress(PLOTLY_FILE), media_type="text/javascript", headers=COMPRESSED)
