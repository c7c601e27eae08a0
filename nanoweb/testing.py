"""Requests without a server: a client that calls an application and keeps its cookies.

Loaded when a test first needs it.
"""

from __future__ import annotations

import io
from urllib.parse import urljoin, urlsplit

from .cookiejar import Cookie, _put_cookie
from .cookies import dump_cookie
from .environs import EnvironBuilder, _address_keys, _below, _from_wsgi, _without_user, create_environ
from .urls import iri_to_uri
from .wrappers import Request, Response
from .wsgi import ClosingIterator, _host_name, run_wsgi_app

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import TracebackType
    from typing import Any

    from .wsgi import WSGIApplication

__all__ = [
    "Client",
    "ClientRedirectError",
    "Cookie",
    "EnvironBuilder",
    "TestResponse",
    "create_environ",
    "run_wsgi_app",
]


class _Body(ClosingIterator):
    """A body on its way.  Forgotten before its end, it is closed: so does a server when its client hangs up."""

    def __del__(self):
        self.close()


class TestResponse(Response):
    """What a client got.

    request   what was asked
    history   the responses that redirected here, the first one first
    """

    __test__ = False  # not a test case, whatever pytest thinks of the name

    default_mimetype = None
    automatically_set_content_length = False
    request: Request
    history: tuple[TestResponse, ...] = ()

    def make_sequence(self) -> None:
        """Read the body to its end and keep it; close what it came from then, as a server does."""
        if not self.is_sequence:
            super().make_sequence()
            self.close()

    @property
    def text(self) -> str:
        """The body as text."""
        return self.get_data(as_text=True)


class ClientRedirectError(Exception):
    """The redirects lead on and on."""


_redirects = frozenset([301, 302, 303, 305, 307, 308])
_about_a_body = frozenset(
    ["CONTENT_TYPE", "CONTENT_LENGTH", "HTTP_CONTENT_ENCODING", "HTTP_TRANSFER_ENCODING", "wsgi.input_terminated"]
)


class Client:
    """Sends requests straight to a WSGI application, and keeps its cookies.

    application        what to call
    response_wrapper   the class of the responses, if not TestResponse
    use_cookies        False forgets them
    allow_subdomain_redirects   True follows redirects to subdomains of the host
    """

    def __init__(
        self,
        application: WSGIApplication,
        response_wrapper: type[Response] | None = None,
        use_cookies: bool = True,
        allow_subdomain_redirects: bool = False,
    ) -> None:
        self.application: Any = application
        wrapper: Any = response_wrapper or TestResponse
        if not issubclass(wrapper, TestResponse):
            wrapper = type("WrapperTestResponse", (TestResponse, wrapper), {})
        self.response_wrapper: type[TestResponse] = wrapper
        self.allow_subdomain_redirects = allow_subdomain_redirects
        self.environ_base = {"REMOTE_ADDR": "127.0.0.1", "HTTP_USER_AGENT": "nanoweb"}
        self._cookies: dict[tuple[str, str, str], Cookie] | None = {} if use_cookies else None

    # Cookies

    def get_cookie(self, key: str, domain: str = "localhost", path: str = "/") -> Cookie | None:
        """Return a cookie of the jar."""
        return self._jar().get((domain, path, key))

    def set_cookie(
        self,
        key: str,
        value: str = "",
        *,
        domain: str = "localhost",
        origin_only: bool = True,
        path: str = "/",
        **kwargs: Any,
    ) -> None:
        """Put a cookie into the jar.

        origin_only   False sends it to subdomains too
        kwargs        what else `headers.dump_cookie` takes
        """
        jar = self._jar()
        cookie = Cookie.parse(dump_cookie(key, value, domain=domain, path=path, **kwargs), domain, path)
        if cookie is not None:
            cookie.origin_only = origin_only
            _put_cookie(jar, cookie)

    def delete_cookie(self, key: str, *, domain: str = "localhost", path: str = "/") -> None:
        """Take a cookie out of the jar."""
        self._jar().pop((domain, path, key), None)

    def _jar(self):
        if self._cookies is None:
            raise TypeError("this client was made with use_cookies=False")
        return self._cookies

    def _add_cookies(self, environ):
        """Send along the cookies that match, those of longer paths first, behind those of an own Cookie field."""
        if not self._cookies:
            return
        host, path = _host_and_path(environ)
        matching = [cookie for cookie in self._cookies.values() if cookie.matches(host, path)]
        matching.sort(key=lambda cookie: -len(cookie.path))
        sent = [f"{cookie.key}={cookie.value}" for cookie in matching]
        if sent:
            own = environ.get("HTTP_COOKIE")
            environ["HTTP_COOKIE"] = "; ".join([own, *sent] if own else sent)

    def _keep_cookies(self, response, environ):
        if self._cookies is None:
            return
        host, path = _host_and_path(environ)
        for field in response.headers.getlist("Set-Cookie"):
            cookie = Cookie.parse(field, host, path)
            if cookie is not None:
                _put_cookie(self._cookies, cookie)

    # Requests

    def open(
        self,
        path: str | EnvironBuilder | Request | dict[str, Any] = "/",
        *args: Any,
        buffered: bool = False,
        follow_redirects: bool = False,
        **kwargs: Any,
    ) -> TestResponse:
        """Send a request and return the response.

        path               as for EnvironBuilder; or an EnvironBuilder, a request or an environ
        buffered           True reads the body to its end at once; False leaves that to who
                           first asks for data, text or json, and to close()
        follow_redirects   go on to where redirects lead
        args, kwargs       what else EnvironBuilder takes
        """
        response = self._send(self._make_environ(path, args, kwargs), buffered)
        history: list[TestResponse] = []
        while follow_redirects and response.status_code in _redirects and response.location:
            if len(history) == 20:
                raise ClientRedirectError(f"20 redirects, the last one to {response.location!r}")
            response.make_sequence()
            history.append(response)
            response = self._send(self._next_environ(response), buffered)
            response.history = tuple(history)
        return response

    def _make_environ(self, path, args, kwargs):
        if isinstance(path, EnvironBuilder):
            return path.get_environ()
        if isinstance(path, Request):
            return dict(path.environ)
        if isinstance(path, dict):
            return dict(path)
        kwargs["environ_base"] = {**self.environ_base, **(kwargs.get("environ_base") or {})}
        if hasattr(self.application, "config") and hasattr(self.application, "json"):
            builder = EnvironBuilder.for_app(self.application, path, *args, **kwargs)
        else:
            builder = EnvironBuilder(path, *args, **kwargs)
        try:
            return builder.get_environ()
        finally:
            builder.close()

    def _send(self, environ, buffered):
        self._add_cookies(environ)
        body, status, headers = run_wsgi_app(self.application, environ, buffered)
        response = self.response_wrapper(_Body(body) if hasattr(body, "close") else body, status, headers)
        response.request = Request(environ)
        if hasattr(self.application, "json"):
            response.json_module = self.application.json
        self._keep_cookies(response, environ)
        return response

    def _next_environ(self, response):
        """The environ of the request that a redirect asks for (RFC 9110, section 15.4)."""
        before = response.request.environ
        address = urlsplit(urljoin(iri_to_uri(response.request.url), iri_to_uri(response.location)))
        self._check_site(address, before)
        root = _from_wsgi(before.get("SCRIPT_NAME", ""))
        path = _below(root, address.path)
        if path is None:  # it leads out of where the application is mounted
            root, path = "", address.path
        environ = {key: value for key, value in before.items() if key != "HTTP_COOKIE"}
        environ.update(_address_keys(address.scheme, _without_user(address.netloc), root, path, address.query))
        method = before["REQUEST_METHOD"]
        if response.status_code in (307, 308):
            stream = before["wsgi.input"]
            if hasattr(stream, "seekable") and stream.seekable():
                stream.seek(0)
        else:
            environ = {key: value for key, value in environ.items() if key not in _about_a_body}
            environ["wsgi.input"] = io.BytesIO()
            environ["REQUEST_METHOD"] = method if method == "HEAD" else "GET"
        return environ

    def _check_site(self, address, before):
        """Refuse to leave the site: there is only one application to ask."""
        host, known = address.hostname or "", _host_and_path(before)[0]
        if _host_name(address.netloc.rpartition("@")[2]) == known:
            return
        if not host.endswith(f".{known}"):
            raise RuntimeError(
                f"redirected to {address.geturl()!r}: that is another site, and the client has only one"
            )
        if not self.allow_subdomain_redirects:
            raise RuntimeError(
                f"redirected to {address.geturl()!r}, a subdomain:"
                " make the client with allow_subdomain_redirects=True to follow"
            )

    def get(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Send GET."""
        return self.open(*args, **{**kwargs, "method": "GET"})

    def post(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Send POST."""
        return self.open(*args, **{**kwargs, "method": "POST"})

    def put(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Send PUT."""
        return self.open(*args, **{**kwargs, "method": "PUT"})

    def delete(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Send DELETE."""
        return self.open(*args, **{**kwargs, "method": "DELETE"})

    def patch(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Send PATCH."""
        return self.open(*args, **{**kwargs, "method": "PATCH"})

    def options(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Send OPTIONS."""
        return self.open(*args, **{**kwargs, "method": "OPTIONS"})

    def head(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Send HEAD."""
        return self.open(*args, **{**kwargs, "method": "HEAD"})

    def trace(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Send TRACE."""
        return self.open(*args, **{**kwargs, "method": "TRACE"})

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, tb: TracebackType | None
    ) -> None:
        return None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.application!r}>"


def _host_and_path(environ):
    """The host and path that decide which cookies go along."""
    host = environ.get("HTTP_HOST") or environ.get("SERVER_NAME", "")
    return _host_name(host), _from_wsgi(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")) or "/"


#: What `EnvironBuilder.get_request` makes where no class is named; the builder stands in an earlier chapter.
EnvironBuilder.request_class = Request
