"""Refusing what a page of another site makes a visitor's browser send.

In a request's way: a before_request function.  Off by default; one line switches it on:

    CSRFProtect(app)

A browser sends a site's cookies along whoever wrote the form (CSRF: cross-site request forgery),
but it also says who did.  So a request that may change something goes through only if

- Sec-Fetch-Site is "same-origin", or "none": the visitor's own doing.  "same-site" is not enough,
  a sub-domain may be somebody else's;
- or a browser that does not send that field, as over plain HTTP or before 2023, sends an Origin,
  or else a Referer, of this very site: scheme, host and port;
- or that origin is one of CSRF_TRUSTED_ORIGINS;
- or none of the three fields is there, and no cookie either.  That is no browser (all those since
  2020 send one of them) but curl or another server, and it has nothing of a visitor's to misuse;
- or it brings the token that the session has: the way out for all others.  csrf_token() gives it.

GET, HEAD, OPTIONS and TRACE pass: views must not change anything for them.  The fields are those of
Fetch Metadata (W3C) and of RFC 6454, section 7; behind a proxy, scheme and host are what `ProxyFix` makes
them.  Whoever points a name of his own at this server is at home there: TRUSTED_HOSTS refuses that one.
"""

from __future__ import annotations

import re

from .context import current_app, request, session
from .exceptions import Forbidden

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import TypeVar

    from .app import App

    V = TypeVar("V")

__all__ = ["CSRFError", "CSRFProtect", "csrf_token"]

_safe_methods = frozenset(["GET", "HEAD", "OPTIONS", "TRACE"])  # RFC 9110, section 9.2.1; no others are known to be
_own_requests = frozenset(["same-origin", "none"])
_default_ports = {"http": 80, "https": 443}
_session_key = "_csrf_token"
_field_name = "csrf_token"  # in a form; the other two are fields of the request, as Flask-WTF has them
_header_names = ("X-CSRF-Token", "X-CSRFToken")
_size = 32  # bytes of the secret that a session has

# An origin, and what may follow it in a Referer.  Whatever else an address can have is nobody's origin.
_find_origin = re.compile(
    r"([a-z][a-z0-9+.-]*)://([a-z0-9._~-]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?((?:[/?#].*)?)", re.IGNORECASE | re.ASCII
).fullmatch


class CSRFError(Forbidden):
    """403: the request seems to come from another site; the description says why.

    An application may answer in its own words: ``@app.errorhandler(CSRFError)``.
    """


class CSRFProtect:
    """Refuses requests of other sites, for all views of an application.

    >>> from nanoweb import App
    >>> app = App(__name__)
    >>> csrf = CSRFProtect(app)        # or CSRFProtect().init_app(app)
    >>> @app.post("/transfer")
    ... def transfer():
    ...     return "done"
    >>> client = app.test_client()
    >>> client.post("/transfer", headers={"Sec-Fetch-Site": "same-origin"}).text
    'done'
    >>> client.post("/transfer", headers={"Sec-Fetch-Site": "cross-site"}).status
    '403 FORBIDDEN'

    Configuration:

    CSRF_ENABLED           False lets everything through, for tests that play a visitor without being a browser
    CSRF_TRUSTED_ORIGINS   other origins whose pages may send requests: a list such as ["https://shop.example"]
    """

    def __init__(self, app: App | None = None) -> None:
        if app is not None:
            self.init_app(app)

    def init_app(self, app: App) -> None:
        """Protect an application.  Functions of before_request that it had already run before the check."""
        app.config.setdefault("CSRF_ENABLED", True)
        app.config.setdefault("CSRF_TRUSTED_ORIGINS", [])
        _read_trusted(app)  # a mistake shows at the start
        app.extensions["csrf"] = self
        app.before_request(self._check_request)
        app.context_processor(_for_templates)

    def exempt(self, view: V) -> V:
        """Leave a view, or all views of a blueprint, unprotected; usable as a decorator.

        For what other sites may send, and which therefore must know its callers in another
        way than by a cookie, a webhook with a signature for instance.
        """
        view.csrf_exempt = True  # type: ignore[attr-defined]
        return view

    def protect(self) -> None:
        """Check the current request, exempt or not; CSRFError if it does not pass."""
        if request.method in _safe_methods or not current_app.config["CSRF_ENABLED"]:
            return
        reason = _find_fault(request.environ)
        if reason is not None and not _has_token():
            raise CSRFError(reason)

    def _check_request(self):
        if request.method not in _safe_methods and not _is_exempt():
            self.protect()


def csrf_token() -> str:
    """Return a token that proves that a form was written here, for this session.

    It goes into a field of the form,

        <input type="hidden" name="csrf_token" value="{{ csrf_token() }}">

    or, from a script, into the field X-CSRF-Token of the request.  Only browsers that do not say
    where a request comes from need it, see above.

    It is another text each time: the secret of the session, masked with random bytes.  So the size of a
    compressed page gives nothing away (BREACH, CVE-2013-3587).
    """
    import secrets

    from .signing import base64_encode

    secret = _secret_of_session()
    if secret is None:
        secret = secrets.token_bytes(_size)
        session[_session_key] = base64_encode(secret).decode()
    mask = secrets.token_bytes(_size)
    return base64_encode(mask + _xor(mask, secret)).decode()


def _for_templates():
    return {"csrf_token": csrf_token}


def _is_exempt():
    """Whether the view that matched, or a blueprint around it, is exempt; an address that has no view is not."""
    around = [current_app.blueprints.get(name) for name in request.blueprints]
    view = current_app.view_functions.get(request.endpoint or "")
    return any(getattr(exempted, "csrf_exempt", False) for exempted in [view, *around])


def _find_fault(environ):
    """Why the request may come from another site; None if its own fields show that it does not."""
    site, origin = environ.get("HTTP_SEC_FETCH_SITE"), environ.get("HTTP_ORIGIN")
    if site in _own_requests:
        return None
    name, source = ("Referer", environ.get("HTTP_REFERER")) if origin is None else ("Origin", origin)
    found = None if source is None else _split_origin(source, name == "Referer")
    if found is not None and found in _read_trusted(current_app):
        return None
    if site is not None:
        return _explain(f"Sec-Fetch-Site is {site!r:.100}, not 'same-origin'")
    if source is not None:
        own = f"{request.scheme}://{request.host}"
        return None if found and found == _split_origin(own) else _explain(f"{name} is {source!r:.200}, not {own!r}")
    if "HTTP_COOKIE" in environ:
        return _explain("it has a cookie, but no Sec-Fetch-Site, no Origin and no Referer")
    return None


def _explain(seen):
    return (
        f"This {request.method:.20} may come from a page of another site: {seen}."
        " Send it from a page of this one, or bring its csrf_token along."
    )


def _split_origin(text, is_address=False):
    """(scheme, host, port) of an origin, or of a whole address; None for "null" and whatever is neither."""
    found = _find_origin(text)
    if found is None or (found[4] and not is_address):
        return None
    scheme = found[1].lower()
    return scheme, found[2].lower(), int(found[3]) if found[3] else _default_ports.get(scheme)


def _read_trusted(app):
    """CSRF_TRUSTED_ORIGINS, split; an entry that is no origin would silently trust nobody, and so is an error."""
    origins = app.config["CSRF_TRUSTED_ORIGINS"] or ()
    if isinstance(origins, str):
        raise TypeError(f"CSRF_TRUSTED_ORIGINS is a str: give a list of origins, [{origins!r}]")
    trusted = {origin: _split_origin(origin) for origin in origins}
    for origin, found in trusted.items():
        if found is None:
            raise ValueError(
                f"CSRF_TRUSTED_ORIGINS has {origin!r}, which is no origin: it takes scheme and host, and"
                " a port if it is not the scheme's own, as in 'https://shop.example'; there are no wildcards"
            )
    return trusted.values()


def _has_token():
    """Whether the request has the token of its session.  The form is read only where there is one to compare with."""
    secret = _secret_of_session()
    if secret is None:
        return False
    given = next((request.headers[name] for name in _header_names if name in request.headers), None)
    return _fits(request.form.get(_field_name, "") if given is None else given, secret)


def _fits(token, secret):
    from hmac import compare_digest

    data = _decode(token)
    return len(data) == 2 * _size and compare_digest(_xor(data[:_size], data[_size:]), secret)


def _secret_of_session():
    """The bytes that csrf_token() put into the session; None if it did not."""
    secret = _decode(session.get(_session_key))
    return secret if len(secret) == _size else None


def _decode(text):
    from .signing import BadData, base64_decode

    try:
        return base64_decode(text) if isinstance(text, str) else b""
    except BadData:
        return b""


def _xor(one, other):
    return bytes(a ^ b for a, b in zip(one, other))
