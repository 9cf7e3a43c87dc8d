"""A stand-in OpenID Connect provider on loopback: discovery, authorize, token, keys, end of session."""

import base64
import hashlib
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlencode

import uvicorn
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from tests.browser.serving import free_port

CLIENT, SECRET = "mlmtune", "between-the-two"


class Provider:
    """Knows one person, and signs them in at the click of a button; refuses what a real provider would refuse."""

    def __init__(self, address: str, claims: dict[str, str]) -> None:
        self.address, self.claims, self.sessions_ended = address, claims, 0
        self._key = RSAKey.generate_key(2048, {"kid": "one"})
        self._asked: dict[str, dict[str, str]] = {}

    def discovery(self, _: Request) -> Response:
        """What st.login reads first."""
        places = {name: f"{self.address}/{path}" for name, path in PLACES.items()}
        return JSONResponse(places | {"issuer": self.address, "code_challenge_methods_supported": ["S256"], "id_token_signing_alg_values_supported": ["RS256"]})  # fmt: skip

    def keys(self, _: Request) -> Response:
        """The public half of the key."""
        return JSONResponse({"keys": [self._key.as_dict(private=False)]})

    def authorize(self, request: Request) -> Response:
        """A page with a button, which leads back with a code."""
        asked = dict(request.query_params)
        if asked["client_id"] != CLIENT or "openid" not in asked["scope"] or asked["code_challenge_method"] != "S256":
            return Response("refused", 400)
        code = secrets.token_urlsafe()
        self._asked[code] = asked
        back = f"{asked['redirect_uri']}?{urlencode({'code': code, 'state': asked['state']})}"
        return HTMLResponse(f"<a id='yes' href='{back}'>Sign in</a>")

    async def token(self, request: Request) -> Response:
        """A code, once, for a signed token."""
        form = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        asked = self._asked.pop(form["code"])
        challenge = base64.urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=")
        told = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
        if challenge.decode() != asked["code_challenge"] or told != f"{CLIENT}:{SECRET}":
            return JSONResponse({"error": "invalid_grant"}, 400)
        now = int(time.time())
        claims = {"iss": self.address, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": asked["nonce"], **self.claims}  # fmt: skip
        signed = jwt.encode({"alg": "RS256", "kid": "one"}, claims, self._key)
        return JSONResponse({"access_token": "none", "token_type": "Bearer", "expires_in": 300, "id_token": signed})

    def end(self, request: Request) -> Response:
        """Forgets the person and leads back."""
        self.sessions_ended += 1
        return RedirectResponse(request.query_params["post_logout_redirect_uri"])


PLACES = {"authorization_endpoint": "authorize", "token_endpoint": "token", "jwks_uri": "keys", "end_session_endpoint": "end"}  # fmt: skip


@contextmanager
def provide(**claims: str) -> Iterator[Provider]:
    """A provider that runs beside the test and knows the person with these claims."""
    port = free_port()
    provider = Provider(f"http://127.0.0.1:{port}", claims)
    routes = [
        Route("/.well-known/openid-configuration", provider.discovery),
        Route("/authorize", provider.authorize),
        Route("/token", provider.token, methods=["POST"]),
        Route("/keys", provider.keys),
        Route("/end", provider.end),
    ]
    config = uvicorn.Config(Starlette(routes=routes), port=port, log_level="error", ws="none", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield provider
    finally:
        server.should_exit = True
        thread.join()
