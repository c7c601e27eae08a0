"""Requests without a server: a client that calls an application and keeps its cookies.

Loaded when a test first needs it.
"""

from __future__ import annotations

from contextlib import ExitStack, closing, contextmanager
from urllib.parse import urljoin, urlsplit

from .cookiejar import Cookie, CookieJar
from .cookies import dump_cookie
from .environs import AppEnvironBuilder, EnvironBuilder, _from_wsgi, _split_root, create_environ, encode_multipart
from .urls import iri_to_uri
from .wrappers import Request, Response
from .wsgi import ClosingIterator, _host_name, run_wsgi_app

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

    from .fields import Headers
    from .wsgi import WSGIApplication

__all__ = [
    "Client",
    "ClientRedirectError",
    "Cookie",
    "EnvironBuilder",
    "TestResponse",
    "create_environ",
    "encode_multipart",
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

    def __init__(
        self,
        response: Iterable[bytes],
        status: str,
        headers: Headers,
        request: Request,
        history: tuple[TestResponse, ...] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(response, status, headers, **kwargs)
        self.request = request
        self.history = history

    def make_sequence(self) -> None:
        """Read the body to its end and keep it; close what it came from then, as a server does."""
        if not self.is_sequence:
            try:
                super().make_sequence()
            finally:
                self.close()

    @property
    def text(self) -> str:
        """The body as text."""
        return self.get_data(as_text=True)


class ClientRedirectError(Exception):
    """The redirects lead on and on."""


_redirects = frozenset([301, 302, 303, 305, 307, 308])


def _verb(method: str) -> Callable[..., TestResponse]:
    """A method of Client that opens with this HTTP method."""

    def send(self, *args, **kwargs):
        return self.open(*args, **{**kwargs, "method": method})

    send.__name__, send.__doc__ = method.lower(), f"Send {method}; the arguments are those of open()."
    return send


class Client:
    """Sends requests straight to a WSGI application, and keeps its cookies.

    application        what to call
    response_wrapper   the class of the responses, if not the application's; TestResponse is mixed in
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
        self._is_app = hasattr(application, "config") and hasattr(application, "json")
        wrapper: Any = response_wrapper or getattr(application, "response_class", Response)
        if not issubclass(wrapper, TestResponse):
            is_plain = issubclass(TestResponse, wrapper)
            wrapper = TestResponse if is_plain else type("WrapperTestResponse", (TestResponse, wrapper), {})
        self.response_wrapper: type[TestResponse] = wrapper
        self.allow_subdomain_redirects = allow_subdomain_redirects
        self.environ_base: dict[str, Any] = {"REMOTE_ADDR": "127.0.0.1", "HTTP_USER_AGENT": "nanoweb"}
        self._jar = CookieJar() if use_cookies else None
        self.preserve_context = False
        self._contexts = ExitStack()  # those of a request that is over, and that a test still looks at

    # Cookies

    def get_cookie(self, key: str, domain: str = "localhost", path: str = "/") -> Cookie | None:
        """Return a cookie of the jar."""
        return self._own_jar().get(key, domain, path)

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
        kwargs        what else `cookies.dump_cookie` takes
        """
        jar, host = self._own_jar(), _host_name(domain.lstrip("."))
        if not host:
            raise ValueError(f"domain {domain!r:.200} is no host name or address")
        cookie: Any = Cookie.parse(dump_cookie(key, value, path=path, **kwargs), host, path)
        cookie.origin_only = origin_only
        jar.put(cookie)

    def delete_cookie(self, key: str, *, domain: str = "localhost", path: str = "/") -> None:
        """Take a cookie out of the jar."""
        self._own_jar().delete(key, domain, path)

    def _own_jar(self):
        if self._jar is None:
            raise TypeError("this client keeps no cookies: it was made with use_cookies=False")
        return self._jar

    def _add_cookies(self, environ):
        """Send along the cookies that match, behind those of an own Cookie field."""
        if self._jar:
            fields = environ.get("HTTP_COOKIE"), self._jar.field(*_host_and_path(environ))
            if any(fields):
                environ["HTTP_COOKIE"] = "; ".join(filter(None, fields))

    def _keep_cookies(self, response, environ):
        fields = response.headers.getlist("Set-Cookie")
        if fields and self._jar is not None:
            host, path = _host_and_path(environ)
            for field in fields:
                cookie = Cookie.parse(field, host, path)
                if cookie is not None:
                    self._jar.put(cookie)

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
        request = self._make_request(path, args, kwargs)
        cookies, start = request.environ.get("HTTP_COOKIE"), _position(request.environ.get("wsgi.input"))
        response = self._send(request, buffered)
        history: list[TestResponse] = []
        while follow_redirects and response.status_code in _redirects and response.location:
            if len(history) == 20:
                raise ClientRedirectError(f"20 redirects, the last one to {response.location!r}")
            response.make_sequence()
            history.append(response)
            response = self._send(self._next_request(response, cookies, start), buffered)
            response.history = tuple(history)
        return response

    def _make_request(self, path, args, kwargs):
        if isinstance(path, (EnvironBuilder, Request, dict)):
            return self._take_request(path, args, kwargs)
        kwargs["environ_base"] = {**self.environ_base, **(kwargs.get("environ_base") or {})}
        if self._is_app:
            builder: EnvironBuilder = AppEnvironBuilder(self.application, path, *args, **kwargs)
        else:
            builder = EnvironBuilder(path, *args, **kwargs)
        with closing(builder):
            return builder.get_request()

    def _take_request(self, given, args, kwargs):
        """A request of its own from one that was given, or from a builder or an environ."""
        further = [*args, *(name for name in kwargs if name != "method")]  # get() and the others give a method
        if further:
            raise TypeError(f"{given!r:.200} says it all: {further[0]!r:.200} does not go with it")
        if isinstance(given, EnvironBuilder):
            given = given.get_request()
        # A proxy such as nanoweb.request has the class of what it stands for, and a type of its own.
        cls, environ = (given.__class__, given.environ) if isinstance(given, Request) else (Request, given)
        return cls({**self.environ_base, **environ})

    def _send(self, request, buffered):
        self._contexts.close()
        self._add_cookies(request.environ)
        body, status, headers = self._run(request.environ, buffered)
        body = _Body(body) if hasattr(body, "close") else body
        response = self.response_wrapper(body, status, headers, request=request)
        if self._is_app:
            response.json_module = self.application.json
        self._keep_cookies(response, request.environ)
        return response

    def _run(self, environ, buffered):
        """Call the application; in a with block, then make the contexts of this request the current ones again."""
        environ.pop("werkzeug.debug.preserve_context", None)  # of a request that is sent once more
        if not self.preserve_context:
            return run_wsgi_app(self.application, environ, buffered)
        kept: list[Any] = []
        with ExitStack() as contexts:
            contexts.callback(kept.clear)  # keep() is in the environ, and that in the contexts

            def keep(context):
                """Called at the end of a request: its teardown functions wait for the next one, or for ours."""
                contexts.callback(context.release, context.hold())
                kept.append(context)

            environ["werkzeug.debug.preserve_context"] = keep
            answer = run_wsgi_app(self.application, environ, buffered)
            for context in kept:
                context.push()
                contexts.callback(context.pop)
            self._contexts = contexts.pop_all()
            return answer

    def _next_request(self, response, cookies, start):
        """The request that a redirect asks for (RFC 9110, section 15.4), with the first one's cookies and body."""
        environ = response.request.environ
        address = urlsplit(urljoin(iri_to_uri(response.request.url), iri_to_uri(response.location)))
        self._check_site(address, environ)
        builder = EnvironBuilder.from_environ(environ)
        builder.url_scheme, builder.host = address.scheme, address.netloc.rpartition("@")[2]
        builder.query_string = address.query
        builder.script_root, builder.path = _split_root(builder.script_root, address.path or "/")
        builder.headers.setlist("Cookie", [cookies] if cookies else [])
        if response.status_code not in (307, 308):
            builder.method = "HEAD" if builder.method == "HEAD" else "GET"
            builder.input_stream = builder.content_length = None
            for name in ("Content-Type", "Content-Encoding", "Transfer-Encoding"):
                builder.headers.remove(name)
        elif start is not None:
            environ["wsgi.input"].seek(start)
        return builder.get_request()

    def _check_site(self, address, before):
        """Refuse to leave the site: there is only one application to ask."""
        known = _host_and_path(before)[0]
        if _host_name(address.netloc.rpartition("@")[2]) == known:
            return
        why = "that is another site, and the client has only one"
        if (address.hostname or "").endswith(f".{known}"):
            if self.allow_subdomain_redirects:
                return
            why = "a subdomain: make the client with allow_subdomain_redirects=True to follow"
        raise RuntimeError(f"redirected to {address.geturl()!r}: {why}")

    get, post, put, delete = _verb("GET"), _verb("POST"), _verb("PUT"), _verb("DELETE")
    patch, options, head, trace = _verb("PATCH"), _verb("OPTIONS"), _verb("HEAD"), _verb("TRACE")

    # What a test can look at

    def __enter__(self) -> Client:
        """Within the block, `request`, `session` and `g` are those of the last request, until the next one."""
        if self.preserve_context:
            raise RuntimeError("Cannot nest client invocations: this client is in a with block already")
        self.preserve_context = True
        return self

    def __exit__(self, *error: object) -> None:
        self.preserve_context = False
        self._contexts.close()

    @contextmanager
    def session_transaction(self, *args: Any, **kwargs: Any) -> Iterator[Any]:
        """Open the session as the next request will find it, and save it at the end of the block.

            with client.session_transaction() as session:
                session["user_id"] = 1

        args, kwargs    of a request, as for open(): its address may decide which cookies count
        """
        app, context = self.application, self.application.test_request_context(*args, **kwargs)
        environ = context.request.environ
        self._own_jar()
        self._add_cookies(environ)
        holder = context.hold()
        try:
            with context:
                session = app.session_interface.open_session(app, context.request)
            if session is None:
                raise RuntimeError("there is no session to open: the application has no secret key")
            yield session
            if not app.session_interface.is_null_session(session):
                response = app.response_class()
                with context:
                    app.session_interface.save_session(app, session, response)
                self._keep_cookies(response, environ)
        finally:
            context.release(holder)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.application!r}>"


def _position(stream):
    """Where a stream stands, so that it can be sent again; None if it cannot."""
    return stream.tell() if hasattr(stream, "seekable") and stream.seekable() else None


def _host_and_path(environ):
    """The host and path that decide which cookies go along."""
    host = environ.get("HTTP_HOST") or environ.get("SERVER_NAME", "")
    return _host_name(host), _from_wsgi(environ.get("SCRIPT_NAME", "") + environ.get("PATH_INFO", "")) or "/"


#: What `EnvironBuilder.get_request` makes where no class is named; the builder stands in an earlier chapter.
EnvironBuilder.request_class = Request
