"""Middleware for every call: request id, authorisation, origin, size limit and log line."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import HTMLResponse, RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simcash_env.service.logs import REQUEST_ID, log
from simcash_env.service.meters import Meters
from simcash_env.service.refusals import answer, answer_crash
from simcash_env.service.settings import Settings, is_loopback

COOKIE: Final = "simcash_session"
USABLE_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")
MOST_DRAINED: Final = 2**26
LONGEST_REASON: Final = 120
"""Maximum length of a close reason (a closing frame has 123 bytes)."""
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
HARDENING: Final = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
}


SIGN_IN_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>simcash: token needed</title>
</head>
<body>
<main>
<h1>This service needs a token</h1>
<p>Whoever started it knows the token (<code>--token</code> or <code>SIMCASH_TOKEN</code>). The browser keeps it until
it is closed.</p>
<form action="/" method="get">
<label for="token">Token</label>
<input id="token" name="token" type="password" autocomplete="current-password" required>
<button>Open</button>
</form>
<p>Programs send the header <code>Authorization: Bearer TOKEN</code>.</p>
</main>
</body>
</html>
"""
SIGN_IN_POLICY: Final = "default-src 'none'; base-uri 'none'; form-action 'self'"


class Guard:
    """ASGI middleware around the whole app."""

    def __init__(self, app: ASGIApp, *, settings: Settings, meters: Meters) -> None:
        self._app = app
        self._settings = settings
        self._meters = meters
        self._session = None if settings.token is None else session_of(settings.token)
        self._open = {"/health", "/metrics"} if settings.open_metrics else {"/health"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Check a call, pass it on and log it."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        requested = headers.get("x-request-id", "")
        REQUEST_ID.set(requested if USABLE_ID.fullmatch(requested) else secrets.token_hex(8))
        if scope["type"] == "websocket":
            await self._websocket(scope, receive, send, headers)
        else:
            await self._http(scope, receive, send, headers)

    async def _http(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        began, status, most = time.perf_counter(), 0, self._settings.max_body_bytes
        inner = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope  # the web server leaves out the body

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                answered = MutableHeaders(scope=message)
                answered["x-request-id"] = str(REQUEST_ID.get())
                for name, value in HARDENING.items():
                    answered.setdefault(name, value)
            await send(message)

        self._meters.under_way.inc()
        try:
            refusal = self._refusal(scope, headers)
            if refusal is not None:
                code, message = refusal
                challenge = {"www-authenticate": "Bearer"} if code == HTTPStatus.UNAUTHORIZED else None
                if code == HTTPStatus.UNAUTHORIZED and wants_page(scope, headers):
                    page = HTMLResponse(
                        SIGN_IN_PAGE, code, {**(challenge or {}), "content-security-policy": SIGN_IN_POLICY}
                    )
                    await page(scope, receive, sending)
                else:
                    await answer(code, message, headers=challenge)(scope, receive, sending)
            elif is_decimal(length := headers.get("content-length", "0")) and int(length) > most:
                await drain(receive, MOST_DRAINED)  # a client that is still sending would not read the answer
                await answer(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, self._too_long(length))(scope, receive, sending)
            elif (welcome := self._welcome(scope)) is not None:
                await welcome(scope, receive, sending)
            else:
                await self._app(inner, self._counted(receive), sending)
        except Exception as error:
            if status == 0:
                await answer_crash(error)(scope, receive, sending)
            raise  # the web server writes the traceback
        finally:
            self._meters.under_way.dec()
            seconds = time.perf_counter() - began
            route = getattr(inner.get("route"), "path_format", "other")
            method = scope["method"] if scope["method"] in METHODS else "other"
            self._meters.requests.labels(method, route, str(status)).inc()
            self._meters.seconds.labels(method, route).observe(seconds)
            fields = {"method": scope["method"], "path": scope["path"], "status": status}
            log("info", "request", **fields, ms=round(seconds * 1_000, 2), client=(scope.get("client") or ("?",))[0])

    async def _websocket(self, scope: Scope, receive: Receive, send: Send, headers: Headers) -> None:
        refusal = self._refusal(scope, headers)
        if refusal is not None:
            log("info", "stream refused", path=scope["path"], status=refusal[0])
            await receive()
            await send({"type": "websocket.accept"})  # so that a browser's page gets to know the reason
            await send({"type": "websocket.close", "code": 4_000 + refusal[0], "reason": refusal[1][:LONGEST_REASON]})
            return
        self._meters.streams.inc()
        log("info", "stream opened", path=scope["path"])
        try:
            await self._app(scope, receive, send)
        finally:
            self._meters.streams.dec()
            log("info", "stream closed", path=scope["path"])

    # -- how much -----------------------------------------------------------------------------------------------------

    def _too_long(self, length: object) -> str:
        return f"body: {length} bytes are over the limit of {self._settings.max_body_bytes} (--max-body)"

    def _counted(self, receive: Receive) -> Receive:
        """Limit a body without a content length."""
        total = 0

        async def receiving() -> Message:
            nonlocal total
            message = await receive()
            total += len(message.get("body", b""))
            if total > self._settings.max_body_bytes:
                await drain(receive, MOST_DRAINED)
                raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, self._too_long(f"more than {total - 1}"))
            return message

        return receiving

    # -- who may call -------------------------------------------------------------------------------------------------

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str] | None:
        """Return status and message if the call is not allowed."""
        host = headers.get("host", "")
        if is_loopback(self._settings.host) and host and not is_loopback(name_of(host)):
            return HTTPStatus.FORBIDDEN, f"host: {host!r} is not a name of this machine"  # a page that rebinds its name
        origin = headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != host and scope.get("method", "") not in SAFE:
            return HTTPStatus.FORBIDDEN, f"origin: {origin!r} is another site's page"
        if not self._is_known(scope, headers):
            return HTTPStatus.UNAUTHORIZED, "authorization: a token is needed, send 'Authorization: Bearer TOKEN'"
        return None

    def _is_known(self, scope: Scope, headers: Headers) -> bool:
        if self._settings.token is None or self._session is None:
            return True
        kind, _, token = headers.get("authorization", "").partition(" ")
        shown = token.strip() if kind.lower() == "bearer" else ""
        cookie = HTTPConnection(scope).cookies.get(COOKIE, "")
        if is_same(shown, self._settings.token) or is_same(cookie, self._session):
            return True
        if scope["path"] in self._open and scope.get("method") in SAFE:
            return True
        return scope["path"] == "/" and is_same(query_of(scope).get("token", ""), self._settings.token)

    def _welcome(self, scope: Scope) -> RedirectResponse | None:
        """Redirect a browser with the token in the address and set a session cookie."""
        query = query_of(scope)
        if self._session is None or scope["path"] != "/" or scope["method"] != "GET" or "token" not in query:
            return None
        query.pop("token")
        response = RedirectResponse("/" + (f"?{urlencode(query)}" if query else ""), HTTPStatus.SEE_OTHER)
        is_https = scope.get("scheme") == "https"
        response.set_cookie(COOKIE, self._session, httponly=True, samesite="strict", secure=is_https)
        return response


def wants_page(scope: Scope, headers: Headers) -> bool:
    """Whether a person's browser asks for a page."""
    return scope["method"] in {"GET", "HEAD"} and "text/html" in headers.get("accept", "")


METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


async def drain(receive: Receive, most: int) -> None:
    """Read and discard the rest of a body, up to ``most`` bytes."""
    total, is_more = 0, True
    while is_more and total < most:
        message = await receive()
        total += len(message.get("body", b""))
        is_more = bool(message.get("more_body"))


def is_decimal(text: str) -> bool:
    """Whether the text is a valid content length."""
    return text.isascii() and text.isdigit() and len(text) < 20


def is_same(shown: str, expected: str) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(shown.encode("utf-8", "surrogateescape"), expected.encode())


def session_of(token: str) -> str:
    """Return the value of the session cookie, from which the token cannot be computed."""
    return hmac.new(token.encode(), b"simcash viewer session", hashlib.sha256).hexdigest()


def query_of(scope: Mapping[str, object]) -> dict[str, str]:
    """Return the query parameters."""
    raw = scope.get("query_string", b"")
    return dict(parse_qsl(raw.decode("latin-1"))) if isinstance(raw, bytes) else {}


def name_of(host: str) -> str:
    """Return a host header without its port."""
    return host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() and not host.endswith("]") else host
