"""The cookie that identifies a browser: set with the first page, required by routes."""

import secrets
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from mlmtune_core.people import find_person, is_token
from pages.serving.addresses import BASE

COOKIE = "mlmtune_person"
YEAR_SECONDS = 365 * 24 * 3600


class PersonCookie:
    """ASGI middleware: gives a browser without the cookie one with its first HTML page; the websocket then carries it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything on; may add one header to an HTML response."""
        if scope["type"] != "http" or is_token(_token_in(Headers(scope=scope).get("cookie", ""))):
            await self.app(scope, receive, send)
            return

        async def send_with_cookie(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                if headers.get("content-type", "").startswith("text/html"):
                    headers.append("set-cookie", _new_cookie(scope))
            await send(message)

        await self.app(scope, receive, send_with_cookie)


def admitted(request: Request) -> bool:
    """Returns whether the sender of a request is admitted, or everybody is."""
    return find_person(request.cookies.get(COOKIE, "")).admitted


def _new_cookie(scope: Scope) -> str:
    secure = "; Secure" if _came_by_https(scope) else ""
    return f"{COOKIE}={secrets.token_urlsafe(32)}; Max-Age={YEAR_SECONDS}; Path={BASE or '/'}; HttpOnly; SameSite=Lax{secure}"


def _came_by_https(scope: Scope) -> bool:
    """Here, or at the proxy in front; a false claim only gets a cookie that is never sent back."""
    said = Headers(scope=scope).get("x-forwarded-proto", "").partition(",")[0].strip()
    return "https" in (scope.get("scheme"), said)


def _token_in(header: str) -> str:
    try:
        morsel = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    return morsel.value if morsel else ""
