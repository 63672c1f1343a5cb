"""Who may use the panel: one owner, by name and password."""

import hmac
from hashlib import sha256

import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.templating import Jinja2Templates
from starlette_admin.auth import AdminUser, AuthProvider
from starlette_admin.exceptions import LoginFailed
from starlette_admin.i18n import gettext

from vitte.admin.throttle import WINDOW, LoginThrottle
from vitte.core.settings import SettingsError
from vitte.core.settings.processes import AdminSettings
from vitte.core.settings.root import variable

logger = structlog.get_logger(__name__)

_SESSION_KEY = "admin"


def session_key(settings: AdminSettings) -> str:
    """Return the key that signs sessions. It depends on the password: a new one ends every session.

    Raises SettingsError when the password or the key is missing: anybody could make a session then.
    """
    for name in ("password", "secret_key"):
        if not getattr(settings, name).get_secret_value():
            raise SettingsError(f"{variable(f'admin.{name}')} is not set")
    secret, password = settings.secret_key.get_secret_value(), settings.password.get_secret_value()
    return hmac.new(secret.encode(), password.encode(), sha256).hexdigest()


class OwnerAuth(AuthProvider):
    """Compares with the settings, and remembers in a signed cookie."""

    def __init__(self, settings: AdminSettings, throttle: LoginThrottle) -> None:
        super().__init__()
        self._settings = settings
        self._throttle = throttle

    async def render_login(self, request: Request, templates: Jinja2Templates) -> Response:
        """Show the login page, or try a login unless too many were tried."""
        if request.method == "POST" and not await self._throttle.admits(_address(request)):
            logger.warning("login_throttled", client=_address(request))
            return templates.TemplateResponse(
                request=request,
                name="login.html",
                context={"error": gettext("Too many attempts. Wait five minutes and try again.")},
                status_code=429,
                headers={"Retry-After": str(WINDOW)},
            )
        return await super().render_login(request, templates)

    async def login(self, username: str, password: str, remember_me: bool, request: Request) -> None:  # noqa: ARG002, FBT001 - starlette-admin calls it like this
        """Begin a session. Raises LoginFailed for a wrong name or password."""
        is_name_right = _equal(username, self._settings.username)
        is_password_right = _equal(password, self._settings.password.get_secret_value())
        if not (is_name_right and is_password_right):
            logger.warning("login_failed", client=_address(request))
            raise LoginFailed(gettext("Wrong username or password."))
        await self._throttle.forget(_address(request))
        request.session[_SESSION_KEY] = True
        logger.info("login_succeeded", client=_address(request))

    async def authenticate(self, request: Request) -> AdminUser | None:
        """Return the owner when the request belongs to a session."""
        if request.session.get(_SESSION_KEY) is not True:
            return None
        return AdminUser(username=self._settings.username)

    async def logout(self, request: Request) -> None:
        """End the session."""
        request.session.clear()


def _equal(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(errors="surrogatepass"), expected.encode())


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"
