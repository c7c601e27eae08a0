"""Requests without a server: an environ made to order, and a client that keeps cookies.

Loaded when a test, or `App.test_request_context`, first needs it.
"""

from __future__ import annotations

import io
import json as json_module
import sys
from urllib.parse import quote, unquote_to_bytes, urlencode, urljoin, urlsplit

from .datastructures import FileStorage, Headers, MultiDict
from .formparser import encode_multipart
from .headers import parse_cookie, parse_options_header
from .urls import iri_to_uri
from .wrappers import Request, Response
from .wsgi import run_wsgi_app

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from types import TracebackType
    from typing import IO, Any

    from .app import App
    from .wsgi import WSGIApplication

__all__ = ["Client", "Cookie", "EnvironBuilder", "TestResponse", "create_environ", "run_wsgi_app"]

_boundary = "---------------nanoweb-formdata-7MA4YWxkTrZu0gW"


class EnvironBuilder:
    """A WSGI environ made to order.

    >>> builder = EnvironBuilder("/search?page=2", query_string={"q": "größe"}, method="POST", json={"a": 1})
    >>> request = builder.get_request()
    >>> request.args["q"], request.json
    ('größe', {'a': 1})

    path              below the base address, or a full address; may have a query string
    base_url          scheme, host and the path where the application is mounted
    query_string      text, a dict, or pairs; added to what the path has
    headers           further fields
    data              the body: bytes, text, or a dict of form fields; a value may be a
                      list, or a file: an open file, or a tuple (file, name, content type)
    json              an object to send as JSON instead
    mimetype, content_type   of the body, where it does not go without saying
    environ_base      keys that others may overwrite; environ_overrides: keys that win
    """

    #: Turns json into text.
    json_dumps = staticmethod(json_module.dumps)

    def __init__(
        self,
        path: str = "/",
        base_url: str | None = None,
        query_string: Mapping[str, Any] | Iterable[tuple[str, Any]] | str | None = None,
        method: str = "GET",
        input_stream: IO[bytes] | None = None,
        content_type: str | None = None,
        content_length: int | None = None,
        errors_stream: IO[str] | None = None,
        multithread: bool = False,
        multiprocess: bool = False,
        run_once: bool = False,
        headers: Headers | Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None,
        data: Any = None,
        environ_base: Mapping[str, Any] | None = None,
        environ_overrides: Mapping[str, Any] | None = None,
        mimetype: str | None = None,
        json: Any = None,
    ) -> None:
        if json is not None and data is not None:
            raise TypeError("a request has one body: give data or json, not both")
        self.path, query, full_base = _split_path(path)
        self.base = urlsplit(base_url or full_base or "http://localhost/")
        self.query_string = "&".join(part for part in (query, _encode_query(query_string)) if part)
        self.method = method.upper()
        self.headers = headers if isinstance(headers, Headers) else Headers(headers)
        self.errors_stream = sys.stderr if errors_stream is None else errors_stream
        self.flags = {"multithread": multithread, "multiprocess": multiprocess, "run_once": run_once}
        self.environ_base = environ_base or {}
        self.environ_overrides = environ_overrides or {}
        self.input_stream = input_stream
        self.files: list[FileStorage] = []
        if json is not None:
            data, mimetype = self.json_dumps(json), mimetype or "application/json"
        self.content_type = content_type or mimetype or self.headers.pop("Content-Type", None)
        self.content_length = content_length
        if data is not None:
            self._set_body(data)

    @classmethod
    def for_app(
        cls,
        app: App,
        path: str = "/",
        base_url: str | None = None,
        subdomain: str | None = None,
        url_scheme: str | None = None,
        **kwargs: Any,
    ) -> EnvironBuilder:
        """Return a builder whose base address is what the application's configuration says."""
        if base_url is None:
            host = app.config["SERVER_NAME"] or "localhost"
            host = f"{subdomain}.{host}" if subdomain else host
            root = "/" + app.config["APPLICATION_ROOT"].lstrip("/")
            base_url = _split_path(path)[2] or f"{url_scheme or app.config['PREFERRED_URL_SCHEME']}://{host}{root}"
        elif subdomain or url_scheme:
            raise ValueError("base_url says it all: subdomain and url_scheme do not go with it")
        if kwargs.get("json") is not None:
            if kwargs.get("data") is not None:
                raise TypeError("a request has one body: give data or json, not both")
            kwargs["data"] = app.json.dumps(kwargs.pop("json"))
            kwargs.setdefault("mimetype", "application/json")
        return cls(path, base_url, **kwargs)

    def _set_body(self, data):
        """Make a body of bytes, text, an open file or form fields."""
        if self.input_stream is not None:
            raise TypeError("a request has one body: give data or input_stream, not both")
        if hasattr(data, "read"):
            data = data.read()
        if isinstance(data, str):
            data = data.encode()
        if not isinstance(data, (bytes, bytearray)):
            data = self._encode_form(data)
        self.input_stream = io.BytesIO(data)
        if self.content_length is None:
            self.content_length = len(data)

    def _encode_form(self, data):
        fields = [(name, _form_value(name, value)) for name, value in MultiDict(_listed(data)).items(multi=True)]
        self.files = [value for _, value in fields if isinstance(value, FileStorage)]
        mimetype = parse_options_header(self.content_type)[0] if self.content_type else None
        if self.files or mimetype == "multipart/form-data":
            self.content_type = f'multipart/form-data; boundary="{_boundary}"'
            return encode_multipart(fields, _boundary)
        self.content_type = self.content_type or "application/x-www-form-urlencoded"
        return urlencode(fields).encode("ascii")

    def get_environ(self) -> dict[str, Any]:
        """Return the environ, new each time; the body is one stream for all."""
        host = self.base.netloc
        name, _, port = host.rpartition(":") if ":" in host.rpartition("]")[2] else (host, "", "")
        raw = quote(self.path, safe="%!$&'()*+,/:;=@~[]")
        environ = {
            **self.environ_base,
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": _to_wsgi(self.base.path.rstrip("/")),
            "PATH_INFO": _to_wsgi(self.path),
            "QUERY_STRING": self.query_string,
            "REQUEST_URI": f"{raw}?{self.query_string}" if self.query_string else raw,
            "SERVER_NAME": name,
            "SERVER_PORT": port or ("443" if self.base.scheme in ("https", "wss") else "80"),
            "HTTP_HOST": host,
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": self.base.scheme,
            "wsgi.input": self.input_stream or io.BytesIO(),
            "wsgi.errors": self.errors_stream,
            **{f"wsgi.{name}": value for name, value in self.flags.items()},
        }
        environ["RAW_URI"] = environ["REQUEST_URI"]
        if self.content_type is not None:
            environ["CONTENT_TYPE"] = self.content_type
        if self.content_length is not None:
            environ["CONTENT_LENGTH"] = str(self.content_length)
        environ.update(self._fields())
        environ.update(self.environ_overrides)
        return environ

    def _fields(self):
        """The header fields as keys of an environ; several of one name are joined."""
        fields: dict[str, str] = {}
        for name, value in self.headers:
            key = name.upper().replace("-", "_")
            if key not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
                key = f"HTTP_{key}"
            fields[key] = f"{fields[key]}, {value}" if key in fields else value
        return fields

    def get_request(self, cls: type[Request] = Request) -> Request:
        """Return a request with this environ."""
        return cls(self.get_environ())

    def close(self) -> None:
        """Close the files that were given as data."""
        for file in self.files:
            file.close()


def create_environ(*args: Any, **kwargs: Any) -> dict[str, Any]:
    """Return an environ; the arguments are EnvironBuilder's."""
    builder = EnvironBuilder(*args, **kwargs)
    try:
        return builder.get_environ()
    finally:
        builder.close()


def _split_path(path):
    """(path, query string, base address or None) of a path or a full address.

    "//host/x" is a path here: that is what a server would make of it.
    """
    base = None
    scheme, separator, rest = path.partition("://")
    if separator and scheme.isalpha():
        host, slash, below = rest.partition("/")
        base, path = f"{scheme}://{host}/", slash + below or "/"
    path, _, query = path.partition("?")
    return path, quote(query.encode(), safe="%!$&'()*+,/:;=?@[]~"), base


def _encode_query(query):
    if query is None or isinstance(query, str):
        return quote((query or "").encode(), safe="%!$&'()*+,/:;=?@[]~")
    pairs = MultiDict(query).items(multi=True)
    return urlencode([(name, value) for name, value in pairs if value is not None])


def _to_wsgi(path):
    """A path, quoted or not, as an environ has it: its bytes disguised as Latin-1 (PEP 3333)."""
    return unquote_to_bytes(path).decode("latin-1")


def _listed(data):
    """Form fields with lists for several values; a tuple is one file."""
    items = data.items(multi=True) if isinstance(data, MultiDict) else data.items() if hasattr(data, "items") else data
    for name, value in items:
        for one in value if isinstance(value, list) else [value]:
            yield name, one


def _form_value(name, value):
    """A form field's value: text, or a FileStorage."""
    if isinstance(value, tuple):
        stream, *more = value
        return FileStorage(stream, *_named(more, name))
    if hasattr(value, "read") and not isinstance(value, FileStorage):
        return FileStorage(value, getattr(value, "name", None), name)
    return value if isinstance(value, (str, FileStorage)) else str(value)


def _named(more, name):
    """The arguments of FileStorage after the stream, of (file name, content type)."""
    filename, *content_type = more or [None]
    return (filename, name, *content_type)


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

    @property
    def text(self) -> str:
        """The body as text."""
        return self.get_data(as_text=True)  # type: ignore[no-any-return]


class Cookie:
    """A cookie in the client's jar."""

    def __init__(
        self, key: str, value: str, domain: str, path: str, origin_only: bool, options: Mapping[str, str | None]
    ) -> None:
        self.key = key
        self.value = value
        self.domain = domain
        self.path = path
        self.origin_only = origin_only
        self.options = options

    @property
    def max_age(self) -> int | None:
        """Seconds to live; None: as long as the client."""
        return _max_age(self.options)

    @property
    def secure(self) -> bool:
        """Whether it is sent back through https only."""
        return "secure" in self.options

    @property
    def http_only(self) -> bool:
        """Whether JavaScript cannot see it."""
        return "httponly" in self.options

    @property
    def same_site(self) -> str | None:
        """Strict, Lax or None as text."""
        return self.options.get("samesite")

    def matches(self, host: str, path: str) -> bool:
        """Whether it is sent to that host and path (RFC 6265, sections 5.1.3 and 5.1.4)."""
        same_host = host == self.domain or (not self.origin_only and host.endswith("." + self.domain))
        below = path == self.path or path.startswith(self.path if self.path.endswith("/") else self.path + "/")
        return same_host and below

    def __repr__(self) -> str:
        return f"<Cookie {self.key}={self.value!r} of {self.domain}{self.path}>"


def _max_age(options):
    text = options.get("max-age") or ""
    return int(text) if text.lstrip("-").isascii() and text.lstrip("-").isdigit() and len(text) < 19 else None


class Client:
    """Sends requests straight to a WSGI application, and keeps its cookies.

    application        what to call
    response_wrapper   the class of the responses, if not TestResponse
    use_cookies        False forgets them
    """

    def __init__(
        self,
        application: WSGIApplication,
        response_wrapper: type[Response] | None = None,
        use_cookies: bool = True,
        allow_subdomain_redirects: bool = False,
    ) -> None:
        self.application = application
        wrapper = response_wrapper or TestResponse
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
        self, key: str, value: str = "", *, domain: str = "localhost", origin_only: bool = True, path: str = "/"
    ) -> None:
        """Put a cookie into the jar."""
        self._jar()[domain, path, key] = Cookie(key, value, domain, path, origin_only, {})

    def delete_cookie(self, key: str, *, domain: str = "localhost", path: str = "/") -> None:
        """Take a cookie out of the jar."""
        self._jar().pop((domain, path, key), None)

    def _jar(self):
        if self._cookies is None:
            raise TypeError("this client was made with use_cookies=False")
        return self._cookies

    def _add_cookies(self, environ):
        """Send along the cookies that match, those of longer paths first."""
        host, path = _host_and_path(environ)
        matching = [cookie for cookie in (self._cookies or {}).values() if cookie.matches(host, path)]
        matching.sort(key=lambda cookie: -len(cookie.path))
        if matching:
            sent = "; ".join(f"{cookie.key}={cookie.value}" for cookie in matching)
            environ["HTTP_COOKIE"] = "; ".join(filter(None, [environ.get("HTTP_COOKIE"), sent]))

    def _keep_cookies(self, response, environ):
        if self._cookies is None:
            return
        host, path = _host_and_path(environ)
        for field in response.headers.getlist("Set-Cookie"):
            self._keep_cookie(field, host, path)

    def _keep_cookie(self, field, host, path):
        pair, *rest = field.split(";")
        key, _, value = pair.strip().partition("=")
        options = {}
        for option in rest:
            name, separator, text = option.strip().partition("=")
            options[name.lower()] = text if separator else None
        domain = (options.get("domain") or host).lstrip(".")
        own_path = options.get("path") or path.rpartition("/")[0] or "/"
        max_age = _max_age(options)
        if max_age is not None and max_age <= 0:
            self._cookies.pop((domain, own_path, key), None)
        else:
            self._cookies[domain, own_path, key] = Cookie(
                key, value, domain, own_path, "domain" not in options, options
            )

    # Requests

    def open(
        self, path: str | EnvironBuilder = "/", *, buffered: bool = True, follow_redirects: bool = False, **kwargs: Any
    ) -> TestResponse:
        """Send a request and return the response.

        path               as for EnvironBuilder, or an EnvironBuilder
        buffered           False leaves a streamed body to be read, and closed, by the caller
        follow_redirects   go on to where redirects lead
        kwargs             what else EnvironBuilder takes
        """
        response = self._send(self._make_environ(path, kwargs), buffered)
        history: list[TestResponse] = []
        while follow_redirects and response.status_code in _redirects:
            if len(history) == 20:
                raise ClientRedirectError(f"20 redirects, the last one to {response.location!r}")
            history.append(response)
            response = self._send(self._next_environ(response), buffered)
            response.history = tuple(history)
        return response

    def _make_environ(self, path, kwargs):
        if isinstance(path, EnvironBuilder):
            return path.get_environ()
        kwargs["environ_base"] = {**self.environ_base, **(kwargs.get("environ_base") or {})}
        if hasattr(self.application, "config") and hasattr(self.application, "json"):
            builder = EnvironBuilder.for_app(self.application, path, **kwargs)
        else:
            builder = EnvironBuilder(path, **kwargs)
        try:
            return builder.get_environ()
        finally:
            builder.close()

    def _send(self, environ, buffered):
        self._add_cookies(environ)
        request = Request(environ)
        body, status, headers = run_wsgi_app(self.application, environ, buffered)
        response = self.response_wrapper(body, status, Headers(headers))
        response.request = request
        self._keep_cookies(response, environ)
        return response

    def _next_environ(self, response):
        """The environ of the request that a redirect asks for (RFC 9110, section 15.4)."""
        before = response.request.environ
        address = urljoin(iri_to_uri(response.request.url), response.location)
        host = urlsplit(address).netloc
        known = before["HTTP_HOST"]
        if host != known and not (self.allow_subdomain_redirects and host.endswith(f".{known}")):
            raise RuntimeError(f"redirected to {address!r}, which is another site: this client has one application")
        root = response.request.root_path
        base, path = f"{urlsplit(address).scheme}://{host}{root}/", address.partition(host)[2]
        if root and (path == root or path.startswith(root + "/")):
            path = path[len(root) :] or "/"
        keep = {"environ_base": self.environ_base}
        if response.status_code in (307, 308):
            stream = before["wsgi.input"]
            if stream.seekable():
                stream.seek(0)
            keep.update(method=before["REQUEST_METHOD"], input_stream=stream)
            keep.update(content_type=before.get("CONTENT_TYPE"), content_length=before.get("CONTENT_LENGTH"))
        elif before["REQUEST_METHOD"] == "HEAD":
            keep["method"] = "HEAD"
        return EnvironBuilder(path, base, **keep).get_environ()

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


class ClientRedirectError(Exception):
    """The redirects lead on and on."""


_redirects = frozenset([301, 302, 303, 305, 307, 308])


def _host_and_path(environ):
    """The host and path that decide which cookies go along."""
    return environ["HTTP_HOST"].partition(":")[0], (environ["SCRIPT_NAME"] + environ["PATH_INFO"]) or "/"
