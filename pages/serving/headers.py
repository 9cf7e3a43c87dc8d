"""Security headers on every answer: a content security policy and its relatives."""

import base64
import hashlib
import os
import re
from pathlib import Path

import streamlit
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mlmtune_core.errors import ConfigError

INDEX = Path(streamlit.__file__).parent / "static" / "index.html"


class SecurityHeaders:
    """ASGI middleware that adds the headers of `security_headers` to every HTTP response."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._headers = security_headers()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything on; websockets have no such headers."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def security_headers() -> dict[str, str]:
    """Allows nothing from outside the server; framing by itself only, or also by the origins in MLMTUNE_FRAME_ANCESTORS."""
    ancestors = _read_ancestors()
    policy = {
        "default-src": "'self'",
        # components v2 come as blobs, and the 64-bit numbers of protobuf are WebAssembly
        "script-src": f"'self' blob: 'wasm-unsafe-eval' {_inline_scripts()}",
        "style-src": "'self' 'unsafe-inline'",  # Streamlit and plotly write style attributes
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "worker-src": "'self' blob:",
        "object-src": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
        "frame-ancestors": " ".join(["'self'", *ancestors]),
    }
    headers = {
        "Content-Security-Policy": "; ".join(f"{name} {sources}" for name, sources in policy.items()),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "same-origin",  # the address contains the id of a run
        "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    }
    return headers if ancestors else headers | {"X-Frame-Options": "SAMEORIGIN"}  # older header that cannot name other origins


def _read_ancestors() -> list[str]:
    """Reads origins such as https://moodle.example.edu, separated by blanks. Raises ConfigError for anything else."""
    origins = os.environ.get("MLMTUNE_FRAME_ANCESTORS", "").split()
    for origin in origins:
        if not re.fullmatch(r"https?://(\*\.)?[\w.-]+(:\d+)?", origin):
            raise ConfigError(
                "MLMTUNE_FRAME_ANCESTORS: “{origin}” is no origin. Write one such as https://moodle.example.edu, and blanks between several.",
                origin=origin,
            )
    return origins


def _inline_scripts() -> str:
    """Returns the hashes of the scripts in Streamlit's own page: no other inline script runs."""
    scripts = re.findall(r"<script>(.*?)</script>", INDEX.read_text(encoding="utf-8"), re.DOTALL)
    digests = [hashlib.sha256(script.encode()).digest() for script in scripts]
    return " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
