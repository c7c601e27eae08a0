"""What an application remembers of a visitor between two requests.

In a request's way: opened when a view first looks at `session`, saved when
the response is ready.  The data travels in a cookie, signed with the secret
key: the visitor can read it and cannot change it, and any process or machine
that has the key can serve the next request.
"""

from __future__ import annotations

from .dicts import CallbackDict
from .properties import cached_property

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from datetime import datetime
    from typing import Any, NoReturn

    from .app import App
    from .signing import URLSafeTimedSerializer
    from .wrappers import Request, Response

    _Mapping = MutableMapping[str, Any]
else:
    _Mapping = object  # at run time a session is a dict, or whatever an interface of your own makes it

__all__ = [
    "NullSession",
    "SecureCookieSession",
    "SecureCookieSessionInterface",
    "SessionInterface",
    "SessionMixin",
]


class SessionMixin(_Mapping):
    """What a session is beside a dict.

    new         whether it was made in this request
    modified    whether it must be saved
    accessed    whether it was looked at: then the answer depends on the cookie
    permanent   whether it outlives the browser's window, for PERMANENT_SESSION_LIFETIME
    """

    new = False
    modified = True
    accessed = True

    @property
    def permanent(self) -> bool:
        """Whether the session outlives the browser's window."""
        return bool(self.get("_permanent", False))

    @permanent.setter
    def permanent(self, value: bool) -> None:
        self["_permanent"] = bool(value)


class SecureCookieSession(CallbackDict["str", "Any"], SessionMixin):
    """A session in a signed cookie.  Every change marks it modified; the context marks it accessed.

    A change inside a value is not seen: ``session["list"].append(1)`` wants
    ``session.modified = True`` after it.
    """

    modified = False
    accessed = False

    def __init__(self, initial: Any = None) -> None:
        super().__init__(initial, _mark_modified)


def _mark_modified(session):
    session.modified = session.accessed = True


class NullSession(SecureCookieSession):
    """The session of an application without a secret key: it can be read, and is empty; writing says what to do."""

    def _fail(self, *args: Any, **kwargs: Any) -> NoReturn:
        raise RuntimeError(
            "the session cannot be written: the application has no secret key to sign it with."
            ' Set app.secret_key, to the output of: python -c "import secrets; print(secrets.token_hex())"'
        )

    __setitem__ = __delitem__ = clear = pop = popitem = update = setdefault = __ior__ = _fail


class SessionInterface:
    """How an application opens and saves sessions: subclass it, and set ``app.session_interface``."""

    null_session_class: type = NullSession
    pickle_based = False

    def make_null_session(self, app: App) -> Any:
        """Return the session to use where there can be none."""
        return self.null_session_class()

    def is_null_session(self, obj: object) -> bool:
        """Whether a session is such a one, which is not saved."""
        return isinstance(obj, self.null_session_class)

    # The attributes of the cookie, as the configuration says

    def get_cookie_name(self, app: App) -> str:
        """SESSION_COOKIE_NAME."""
        return app.config["SESSION_COOKIE_NAME"]

    def get_cookie_domain(self, app: App) -> str | None:
        """SESSION_COOKIE_DOMAIN; None for this host alone."""
        return app.config["SESSION_COOKIE_DOMAIN"]

    def get_cookie_path(self, app: App) -> str:
        """SESSION_COOKIE_PATH, or where the application is mounted."""
        return app.config["SESSION_COOKIE_PATH"] or app.config["APPLICATION_ROOT"]

    def get_cookie_httponly(self, app: App) -> bool:
        """SESSION_COOKIE_HTTPONLY."""
        return app.config["SESSION_COOKIE_HTTPONLY"]

    def get_cookie_secure(self, app: App) -> bool:
        """SESSION_COOKIE_SECURE."""
        return app.config["SESSION_COOKIE_SECURE"]

    def get_cookie_samesite(self, app: App) -> str | None:
        """SESSION_COOKIE_SAMESITE."""
        return app.config["SESSION_COOKIE_SAMESITE"]

    def get_cookie_partitioned(self, app: App) -> bool:
        """SESSION_COOKIE_PARTITIONED."""
        return app.config["SESSION_COOKIE_PARTITIONED"]

    def get_expiration_time(self, app: App, session: SessionMixin) -> datetime | None:
        """When the cookie expires; None: with the browser's window."""
        if not session.permanent:
            return None
        from datetime import datetime, timezone

        return datetime.now(timezone.utc) + app.permanent_session_lifetime

    def should_set_cookie(self, app: App, session: SessionMixin) -> bool:
        """Whether to send the cookie: after a change, and, to keep a permanent session alive, each time."""
        return session.modified or (session.permanent and app.config["SESSION_REFRESH_EACH_REQUEST"])

    #: Whether is_due() is asked for a request without a cookie, too.
    wants_all_requests = True

    def is_due(self, app: App, request: Request) -> bool:
        """Whether a session that no view looked at is opened and saved all the same."""
        return True

    def open_session(self, app: App, request: Request) -> Any:
        """Return the session of a request; None where there can be none."""
        raise NotImplementedError(f"{type(self).__name__} has no open_session()")

    def save_session(self, app: App, session: Any, response: Response) -> None:
        """Keep the session, and tell the client what it must bring along next time."""
        raise NotImplementedError(f"{type(self).__name__} has no save_session()")


class SecureCookieSessionInterface(SessionInterface):
    """Sessions in a signed cookie, in the format that Flask's have."""

    salt = "cookie-session"
    digest_method: Any = "sha1"
    key_derivation = "hmac"
    session_class = SecureCookieSession
    wants_all_requests = False
    _serializer: Any = None  # the last that was used, behind its keys

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "wants_all_requests" not in cls.__dict__:
            cls.wants_all_requests = True  # for it may do anything when it is asked

    @cached_property
    def serializer(self) -> Any:
        """Turns the session into text and back; an attribute of your own class may be another such object."""
        from .tagging import TaggedJSONSerializer  # for weight, as below

        return TaggedJSONSerializer()

    def get_signing_serializer(self, app: App) -> URLSafeTimedSerializer | None:
        """Return what signs and reads the cookie; None if there is no secret key.

        The keys of SECRET_KEY_FALLBACKS read only: cookies are signed with SECRET_KEY.
        """
        key = app.secret_key
        if not key:
            return None
        fallbacks = app.config["SECRET_KEY_FALLBACKS"] or ()
        if isinstance(fallbacks, (str, bytes)):
            raise TypeError(
                "SECRET_KEY_FALLBACKS is one key, whose letters would each pass for a key: make it a list"
            )
        keys = (*fallbacks, key)
        known = self._serializer
        if known is None or known[0] != keys:
            known = self._serializer = (keys, self._make_serializer(list(keys)))
        return known[1]

    def _make_serializer(self, keys):
        from .signing import URLSafeTimedSerializer  # for weight: an application without sessions signs nothing

        return URLSafeTimedSerializer(
            keys,
            salt=self.salt,
            serializer=self.serializer,
            signer_kwargs={"key_derivation": self.key_derivation, "digest_method": self.digest_method},
        )

    def is_due(self, app: App, request: Request) -> bool:
        """Whether there may be a permanent session in a cookie, to be kept alive; all others are left asleep."""
        if self.wants_all_requests:
            return True
        field = request.environ.get("HTTP_COOKIE")
        if not field:
            return False
        return self.get_cookie_name(app) in field and app.config["SESSION_REFRESH_EACH_REQUEST"]

    def open_session(self, app: App, request: Request) -> SecureCookieSession | None:
        """Return the session that the cookie holds; an empty one if there is none, it was changed, or is too old."""
        serializer = self.get_signing_serializer(app)
        if serializer is None:
            return None
        value = request.cookies.get(self.get_cookie_name(app))
        if not value:
            return self.session_class()
        try:
            return self.session_class(
                serializer.loads(value, max_age=int(app.permanent_session_lifetime.total_seconds()))
            )
        except _bad_data():
            return self.session_class()

    def save_session(self, app: App, session: SessionMixin, response: Response) -> None:
        """Put the session into a cookie if it changed; drop the cookie if the session was emptied."""
        was_accessed = session.accessed  # asked first: the questions below are accesses themselves
        if was_accessed:
            _vary_by_cookie(response)
        attributes: dict[str, Any] = {
            "domain": self.get_cookie_domain(app),
            "path": self.get_cookie_path(app),
            "secure": self.get_cookie_secure(app),
            "httponly": self.get_cookie_httponly(app),
            "samesite": self.get_cookie_samesite(app),
            "partitioned": self.get_cookie_partitioned(app),
        }
        name = self.get_cookie_name(app)
        if not session:
            if session.modified:
                response.delete_cookie(name, **attributes)
                _vary_by_cookie(response)
        elif self.should_set_cookie(app, session):
            value = self.get_signing_serializer(app).dumps(dict(session))  # type: ignore[union-attr]
            response.set_cookie(name, value, expires=self.get_expiration_time(app, session), **attributes)
            if not was_accessed:
                _vary_by_cookie(response)


def _bad_data():
    """BadData, asked for when there is an error: an import that finds its module there takes time all the same."""
    from .signing import BadData

    return BadData


def _vary_by_cookie(response):
    """Tell caches that this answer is for one visitor (CVE-2023-30861)."""
    headers = response.headers
    if "Vary" not in headers:
        headers.add("Vary", "Cookie")
        return
    values = headers.getlist("Vary")
    fields = [one.strip().lower() for value in values for one in value.split(",")]
    if "cookie" not in fields and "*" not in fields:
        response.headers["Vary"] = ", ".join([*values, "Cookie"])
