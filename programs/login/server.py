"""The HTTP interface of the login service, for nginx."""

import asyncio
import hashlib
import hmac
import logging
import os
import secrets
import socket
from collections.abc import AsyncIterator, Awaitable, Callable

from aiohttp import web

from . import targets
from .backends import PasswordBackend, ProviderError, RedirectBackend, Refused, Target, User
from .pages import Pages
from .people import LONGEST_LOGIN, People
from .sessions import Session, Sessions, key_of
from .settings import DAY, Settings
from .texts import language_of
from .tokens import token_for

LOGIN, FORM, START = "__Host-login", "__Host-form", "__Host-start"
LONGEST_FORM = 512 * 1024  # bytes; a provider's answer is one
START_SECONDS = 600
NO_CONTENT = 204

log = logging.getLogger(__name__)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class LoginApi:
    """The requests; the package's docstring has their parameters and answers."""

    def __init__(self, settings: Settings, sessions: Sessions, backend: PasswordBackend | RedirectBackend) -> None:
        """Serve these sessions and the people whom the back end knows."""
        self._settings, self._sessions, self._backend = settings, sessions, backend
        self._pages, self._people = Pages(settings), People(settings, sessions, backend)

    # For nginx

    async def session(self, request: web.Request) -> web.Response:
        """Say whether somebody is logged in."""
        session = await self._session(request)
        return web.Response(status=NO_CONTENT, headers={"X-Login": "yes"} if session else {})

    async def token(self, request: web.Request) -> web.Response:
        """Hand nginx a token for the room of a signalling request, if it comes from our own page."""
        room = targets.room_of_uri(request.headers.get("X-Original-URI", ""))
        session = None
        if room and request.headers.get("Origin") == self._settings.origin:
            session = await self._session(request)
        if session is None or session.user.room not in ("", room):
            return web.Response(status=NO_CONTENT)
        token = token_for(session.user, room, self._settings.key, self._settings.token_seconds, session.key)
        return web.Response(status=NO_CONTENT, headers={"X-Token": token})

    # For prosody

    async def current(self, request: web.Request) -> web.Response:
        """Say which sessions of running connections are still good, and who of them is a moderator now."""
        question = await request.json()
        return web.json_response(await self._people.current(question["sessions"], fresh=question["fresh"]))

    # For people

    async def login_page(self, request: web.Request) -> web.Response:
        """Show the form or the way to the provider; who is logged in goes on to the room."""
        target = targets.target_of(request.query)
        if await self._session(request):
            return self._to(target)
        return self._login_page(request, target)

    async def login(self, request: web.Request) -> web.Response:
        """Log in with user and password."""
        if isinstance(self._backend, RedirectBackend):
            raise web.HTTPMethodNotAllowed("POST", ["GET"])
        target = targets.target_of(request.query)
        form = await request.post()
        user, password = str(form.get("user", "")), str(form.get("password", ""))
        if not self._is_own_form(request, str(form.get("form", ""))):
            return self._login_page(request, target, error="stale", status=403)
        answer = await self._people.check(user, password, request.headers.get("X-Forwarded-For", ""))
        if isinstance(answer, Refused):
            return self._login_page(request, target, login=user[:LONGEST_LOGIN], error=answer.reason, status=403)
        return self._logged_in(request, answer, targets.path_of(target), stay=form.get("stay") == "yes")

    async def start(self, request: web.Request) -> web.Response:
        """Go to the provider."""
        backend, target = self._provider(), targets.target_of(request.query)
        browser = secrets.token_urlsafe(32)
        try:
            address = await backend.start(target, browser)
        except ProviderError as error:
            log.warning("the provider is unavailable: %s", error)
            return self._login_page(request, target, error=error.reason, status=503)
        response = _redirect(address)
        # Providers answer by POST, too, and with such a request browsers send no stricter cookie.
        response.set_cookie(
            START, browser, max_age=START_SECONDS, path="/", secure=True, httponly=True, samesite="None"
        )
        return response

    async def finish(self, request: web.Request) -> web.Response:
        """Come back from the provider."""
        backend = self._provider()
        fields = await request.post() if request.method == "POST" else request.query
        answer = await backend.finish(
            {name: str(value) for name, value in fields.items()}, request.cookies.get(START, "")
        )
        if isinstance(answer, Refused):
            log.info("login refused: %s", answer.reason)
            response = self._login_page(request, Target(), error=answer.reason, status=403)
        else:
            user, target = answer
            response = self._logged_in(request, user, targets.path_of(target), stay=False)
        _delete_cookie(response, START)
        return response

    async def link(self, request: web.Request) -> web.Response:
        """Take the token out of the link that somebody came by. One that is not good leaves a guest a guest."""
        uri = request.headers.get("X-Original-URI", "")
        token, clean = targets.token_of_uri(uri)
        answer = await self._provider().finish({"jwt": token}, "")
        address = f"{self._settings.origin}{clean}"
        if isinstance(answer, Refused):
            return _redirect(address)
        return self._logged_in(request, answer[0], address, stay=False)

    async def logout_page(self, request: web.Request) -> web.Response:
        """Ask before logging out."""
        if not await self._session(request):
            return self._pages.logged_out(self._language(request))
        return self._with_form(request, lambda mark: self._pages.logout(self._language(request), mark))

    async def logout(self, request: web.Request) -> web.Response:
        """End the session, and the one at the provider if there is one."""
        form = await request.post()
        language = self._language(request)
        if not self._is_own_form(request, str(form.get("form", ""))):
            return self._with_form(request, lambda mark: self._pages.logout(language, mark, "stale", 403))
        session = self._sessions.find(key_of(request.cookies.get(LOGIN, "")))
        response = self._pages.logged_out(language)
        if session:
            self._sessions.end(session.key)
            if isinstance(self._backend, RedirectBackend) and (address := await self._backend.logout(session.user)):
                # A form of a page that sends to this site alone (form-action) must not be redirected to another.
                response.headers["Refresh"] = f"0; url={address}"
        _delete_cookie(response, LOGIN)
        return response

    # What these have in common

    async def _session(self, request: web.Request) -> Session | None:
        return await self._people.session(request.cookies.get(LOGIN, ""))

    def _logged_in(self, request: web.Request, user: User, address: str, *, stay: bool) -> web.Response:
        """Begin a session, which in a frame of another site is that site's alone."""
        before = self._sessions.find(key_of(request.cookies.get(LOGIN, "")))
        if before:
            self._sessions.end(before.key)
        cookie = self._sessions.begin(user, stay)
        response = _redirect(address)
        seconds = int(self._settings.days * DAY) if stay else None
        if request.headers.get("Sec-Fetch-Dest") == "iframe":  # aiohttp of Debian has no word for such a cookie
            partitioned = f"{LOGIN}={cookie}; Path=/; Secure; HttpOnly; SameSite=None; Partitioned"
            response.headers.add("Set-Cookie", partitioned)
        else:
            response.set_cookie(LOGIN, cookie, max_age=seconds, path="/", secure=True, httponly=True, samesite="Lax")
        return response

    def _login_page(
        self, request: web.Request, target: Target, *, login: str = "", error: str = "", status: int = 200
    ) -> web.Response:
        language, query = self._language(request), targets.query_of(target)
        if isinstance(self._backend, RedirectBackend):
            return self._pages.provider(language, query, error, status)
        return self._with_form(request, lambda mark: self._pages.form(language, mark, query, login, error, status))

    def _with_form(self, request: web.Request, page: Callable[[str], web.Response]) -> web.Response:
        """Return a page with a form: its mark belongs to a cookie, so that no other site can make the form."""
        cookie = request.cookies.get(FORM, "") or secrets.token_urlsafe(16)
        response = page(self._mark(cookie))
        response.set_cookie(FORM, cookie, path="/", secure=True, httponly=True, samesite="Lax")
        return response

    def _is_own_form(self, request: web.Request, mark: str) -> bool:
        cookie = request.cookies.get(FORM, "")
        is_own = request.headers.get("Origin", self._settings.origin) == self._settings.origin
        return is_own and bool(cookie) and hmac.compare_digest(self._mark(cookie).encode(), mark.encode())

    def _mark(self, cookie: str) -> str:
        return hmac.new(self._settings.key.encode(), f"form {cookie}".encode(), hashlib.sha256).hexdigest()

    def _provider(self) -> RedirectBackend:
        if not isinstance(self._backend, RedirectBackend):
            raise web.HTTPNotFound
        return self._backend

    def _language(self, request: web.Request) -> str:
        return language_of(request.headers.get("Accept-Language", ""), self._settings.language)

    @staticmethod
    def _to(target: Target) -> web.Response:
        return _redirect(targets.path_of(target))


def _redirect(address: str) -> web.Response:
    return web.Response(status=303, headers={"Location": address, "Cache-Control": "no-store"})


def _delete_cookie(response: web.Response, name: str) -> None:
    response.set_cookie(name, "", max_age=0, path="/", secure=True, httponly=True, samesite="Lax")


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Answer 500 without a word of the request in the journal."""
    try:
        return await handler(request)
    except web.HTTPException:
        raise
    except Exception as error:
        log.error("a request failed: %s", type(error).__name__)
        return web.Response(status=500, headers={"Cache-Control": "no-store"})


async def _delete_regularly(sessions: Sessions, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        sessions.delete_ended()


def application(settings: Settings, sessions: Sessions, backend: PasswordBackend | RedirectBackend) -> web.Application:
    """Return the application; it closes sessions and back end at its end."""

    async def while_serving(_app: web.Application) -> AsyncIterator[None]:
        sweeper = asyncio.create_task(_delete_regularly(sessions, 600))
        yield
        sweeper.cancel()
        await backend.close()
        sessions.close()

    api = LoginApi(settings, sessions, backend)
    app = web.Application(middlewares=[_errors], client_max_size=LONGEST_FORM)
    app.add_routes(
        [
            web.get("/_login/session", api.session),
            web.get("/_login/token", api.token),
            web.post("/_login/current", api.current),
            web.get("/_login/link", api.link),
            web.get("/login", api.login_page),
            web.post("/login", api.login),
            web.get("/login/start", api.start),
            web.get("/login/finish", api.finish),
            web.post("/login/finish", api.finish),
            web.get("/logout", api.logout_page),
            web.post("/logout", api.logout),
        ]
    )
    app.cleanup_ctx.append(while_serving)
    return app


def notify_systemd(state: str) -> None:
    """Send a state such as READY=1 to systemd, if it has started this process."""
    if address := os.environ.get("NOTIFY_SOCKET"):
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.connect(address.replace("@", "\0", 1) if address.startswith("@") else address)
            notify.sendall(state.encode())


async def serve(app: web.Application, listener: socket.socket) -> None:
    """Serve until a signal raises web.GracefulExit."""
    runner = web.AppRunner(app, access_log=None, handle_signals=True, max_line_size=16384, max_field_size=16384)
    await runner.setup()
    try:
        await web.SockSite(runner, listener).start()
        notify_systemd("READY=1")
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
