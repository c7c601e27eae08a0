"""Response: what the client gets, and the WSGI application that sends it.

In a request's way: the view returns something that App.make_response turns into one of these; the
functions after the view may change it; then it is called with the environ.

It holds a status, Headers and an iterable of bytes.  Most attributes are the fields of RFC 9110,
by their names.
"""

from __future__ import annotations

from . import headers as grammar
from . import wsgi
from .attributes import (
    choice,
    dump_challenge,
    field,
    load_challenge,
    load_content_range,
    load_policy,
    load_response_caching,
    moment,
    names,
    structure,
)
from .cookies import dump_cookie
from .dicts import CallbackDict
from .fields import Headers
from .headers import COEP, COOP, _statuses, check_header, get_content_type
from .properties import cached_property, digits
from .urls import iri_to_uri
from .wsgi import ClosingIterator, ResponseStream, _call_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import date, datetime, timedelta
    from typing import Any, Literal, TypeVar, overload

    from .conditions import ContentRange
    from .credentials import WWWAuthenticate
    from .directives import ContentSecurityPolicy, HeaderSet, ResponseCacheControl
    from .properties import Attribute
    from .requests import Request
    from .wsgi import StartResponse, WSGIApplication

    ResponseType = TypeVar("ResponseType", bound="Response")

    # Fields that take more than they give: what is read, and what may be assigned.
    Moment = Attribute[datetime | None, date | float | None]
    Age = Attribute[timedelta | None, timedelta | float | None]
    Retry = Attribute[datetime | None, date | timedelta | float | str | None]
    Names = Attribute[HeaderSet, Iterable[str] | None]
    Caching = Attribute[ResponseCacheControl, ResponseCacheControl | str | None]
    Policy = Attribute[ContentSecurityPolicy, ContentSecurityPolicy | str | None]
    Part = Attribute[ContentRange, ContentRange | str | None]
    Challenge = Attribute[WWWAuthenticate, WWWAuthenticate | list[WWWAuthenticate] | str | None]

__all__ = ["Response"]

_bodiless = frozenset([204, 304])


class Response:
    """What the client gets.

    >>> response = Response("Hello World!", status=201)
    >>> response.status, response.headers["Content-Length"]
    ('201 CREATED', '12')

    response             a str, bytes, or an iterable of either
    status               a number, or a status line such as "404 Not Found"
    headers              Headers, a dict, or pairs; see `Headers`
    mimetype             the media type; text types get the charset
    content_type         the whole field instead
    direct_passthrough   the iterable is given to the server as it is: it yields bytes

    A Response is a WSGI application: call it with environ and start_response.

    Fields are attributes: to assign sets the field, None or del removes it, and what is read
    as a structure can be changed in place.

    >>> response.vary.add("Cookie")
    >>> response.cache_control.max_age = 60
    >>> response.headers["Vary"], response.headers["Cache-Control"]
    ('Cookie', 'max-age=60')
    """

    default_status: int | str = 200
    default_mimetype: str | None = "text/html"
    #: Content-Length is set where it can be known without reading a generator.
    automatically_set_content_length = True
    #: Location is made absolute, which HTTP no longer asks for (RFC 9110, 10.2.2).
    autocorrect_location_header = False
    #: Bytes a cookie may take before a warning tells that browsers drop it; 0 for any number.
    max_cookie_size = 4093
    #: False forbids get_data() and the like to read a generator to its end.
    implicit_sequence_conversion = True
    #: True gives the iterable to the server as it is.
    direct_passthrough = False

    response: Iterable[str] | Iterable[bytes]
    _status: str
    _status_code: int
    _on_close: tuple[Callable[[], object], ...] = ()
    _length: int | None = None  # bytes of the body that set_data made

    def __init__(
        self,
        response: Iterable[bytes] | Iterable[str] | bytes | bytearray | memoryview | str | None = None,
        status: int | str | None = None,
        headers: Headers | Mapping[str, Any] | Iterable[tuple[str, Any]] | None = None,
        mimetype: str | None = None,
        content_type: str | None = None,
        direct_passthrough: bool = False,
    ) -> None:
        if content_type is None:
            self._content_type = get_content_type(self.default_mimetype if mimetype is None else mimetype)
        else:
            self._content_type = check_header("Content-Type", content_type)[1]
        if headers is not None:
            self.headers = headers if isinstance(headers, Headers) else Headers(headers)
            chosen = content_type is not None or mimetype is not None
            if self._content_type is not None and (chosen or "Content-Type" not in self.headers):
                self.headers["Content-Type"] = self._content_type
        status = self.default_status if status is None else status
        known = _statuses.get(status) if type(status) is int else None  # nearly always, and without a call
        self._status, self._status_code = known or grammar.parse_status(status)
        if direct_passthrough:
            self.direct_passthrough = True
        if type(response) is str and headers is None and type(self).set_data is Response.set_data:
            # What set_data does, for nearly all, without looking whether there are fields to tell of the length.
            data = response.encode()
            self.response = [data]
            if self.automatically_set_content_length:
                self._length = len(data)
        elif isinstance(response, (str, bytes, bytearray, memoryview)):
            self.set_data(response)
        else:
            self.response = [] if response is None else response

    @cached_property
    def headers(self) -> Headers:
        """The fields, in the order they are sent.

        Made when asked for: most responses go from view to client as they were made.
        """
        headers = Headers()  # threads that share a response must not see it before it is filled, nor each their own
        if self._content_type is not None:
            headers._list.append(("Content-Type", self._content_type))
        if self._length is not None:
            headers._list.append(("Content-Length", str(self._length)))
        return self.__dict__.setdefault("headers", headers)

    def __repr__(self) -> str:
        if self.is_sequence:
            size = f"{sum(map(len, self.iter_encoded()))} bytes"
        else:
            size = "streamed" if self.is_streamed else "likely-streamed"
        return f"<{type(self).__name__} {size} [{self.status}]>"

    # The status

    @property
    def status_code(self) -> int:
        """The number of the status."""
        return self._status_code

    @status_code.setter
    def status_code(self, code: int) -> None:
        self.status = code

    @property
    def status(self) -> str:
        """The status line, such as "404 NOT FOUND".  A number may be assigned too."""
        return self._status

    @status.setter
    def status(self, value: str | int) -> None:
        self._status, self._status_code = grammar.parse_status(value)

    # The body

    def set_data(self, value: bytes | bytearray | memoryview | str) -> None:
        """Make this the whole body."""
        if isinstance(value, str):
            data = value.encode()
        elif isinstance(value, (bytes, bytearray, memoryview)):
            data = bytes(value)
        else:
            raise TypeError(f"a body is made of str or bytes, not of {value!r:.200}")
        self.response = [data]
        if self.automatically_set_content_length:
            self._length = len(data)
            if "headers" in self.__dict__:
                self.headers._put(("Content-Length", str(len(data))))

    if TYPE_CHECKING:

        @overload
        def get_data(self, as_text: Literal[False] = False) -> bytes: ...
        @overload
        def get_data(self, as_text: Literal[True]) -> str: ...
        @overload
        def get_data(self, as_text: bool) -> bytes | str: ...

    def get_data(self, as_text: bool = False) -> bytes | str:
        """Return the whole body: bytes, or str with as_text.  A generator is read to its end and kept as a list."""
        self._ensure_sequence()
        data = b"".join(self.iter_encoded())
        return data.decode() if as_text else data

    @property
    def data(self) -> bytes:
        """The whole body: bytes; a str may be assigned too."""
        return self.get_data()

    @data.setter
    def data(self, value: bytes | bytearray | memoryview | str) -> None:
        self.set_data(value)

    @cached_property
    def json_module(self) -> Any:
        """What has loads() for get_json: the standard library's json, unless another one is assigned."""
        import json  # for weight

        return json

    @property
    def json(self) -> Any:
        """The body as an object; None if the media type is not JSON's."""
        return self.get_json()

    def get_json(self, force: bool = False, silent: bool = False) -> Any:
        """Return the body as an object; ValueError if it cannot be parsed, None with silent."""
        if not (force or self.is_json):
            return None
        try:
            return self.json_module.loads(self.get_data())
        except ValueError:
            if not silent:
                raise
            return None

    @property
    def is_json(self) -> bool:
        """Whether the media type is JSON's."""
        return grammar.is_json_mimetype(self.mimetype or "")

    @property
    def is_sequence(self) -> bool:
        """Whether the body is a list or tuple, and so can be read more than once."""
        return isinstance(self.response, (list, tuple))

    @property
    def is_streamed(self) -> bool:
        """Whether the length of the body is not known before it is sent."""
        return not hasattr(self.response, "__len__")

    def _ensure_sequence(self):
        if self.is_sequence:
            return
        if self.direct_passthrough:
            raise RuntimeError("a body in direct_passthrough mode is read by the server alone")
        if not self.implicit_sequence_conversion:
            raise RuntimeError("the body is a stream, and implicit_sequence_conversion is off: call make_sequence()")
        self.make_sequence()

    def make_sequence(self) -> None:
        """Read a generator to its end and keep the body as a list."""
        if not self.is_sequence:
            close = getattr(self.response, "close", None)
            self.response = list(self.iter_encoded())
            if close is not None:
                self.call_on_close(close)

    def freeze(self) -> None:
        """Make it one that can be pickled: the body a list, what it was read from closed, length and ETag set."""
        close = getattr(self.response, "close", None)
        self.response = list(self.iter_encoded())
        if close is not None:
            close()
        self.headers["Content-Length"] = sum(map(len, self.response))
        self.add_etag()

    @property
    def stream(self) -> ResponseStream:
        """The body as a file to write to."""
        return ResponseStream(self)

    def iter_encoded(self) -> Iterator[bytes]:
        """Yield the body in bytes."""
        return (block.encode() if isinstance(block, str) else block for block in self.response)

    def calculate_content_length(self) -> int | None:
        """Return the bytes of the body, reading a generator to its end for that; None if that is forbidden."""
        try:
            self._ensure_sequence()
        except RuntimeError:
            return None
        return sum(map(len, self.iter_encoded()))

    def call_on_close(self, function: Callable[[], Any]) -> Callable[[], Any]:
        """Have a function called when the response has been sent, or given up."""
        self._on_close = (*self._on_close, function)
        return function

    def close(self) -> None:
        """Close the iterable and call what call_on_close was given."""
        close = getattr(self.response, "close", None)
        _call_all(self._on_close if close is None else (close, *self._on_close))

    def __enter__(self: ResponseType) -> ResponseType:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    # The fields

    location: str | None = field("Location", "The address to go to, for 201 and 3xx.", None, iri_to_uri)
    retry_after: Retry = field(
        "Retry-After", "When to come again, for 503.", grammar.parse_retry_after, grammar.dump_retry_after
    )
    www_authenticate: Challenge = structure(
        "WWW-Authenticate", "How to say who one is, for 401; of several the first.", load_challenge, dump_challenge
    )
    allow: Names = names("Allow", "The methods that are allowed here, for 405.")
    content_type: str | None = field("Content-Type", "The media type with its parameters, such as the charset.")
    content_encoding: str | None = field("Content-Encoding", 'The codings of the body, such as "gzip".')
    content_language: Names = names("Content-Language", 'The languages of its readers, such as "de-AT".')
    content_length: int | None = field("Content-Length", "Bytes of the body.", digits, str)
    content_location: str | None = field("Content-Location", "An address of this very content.")
    content_md5: str | None = field("Content-MD5", "A checksum of the body (RFC 1864).")

    @property
    def mimetype(self) -> str | None:
        """The media type without parameters; assigning it adds the charset to text types."""
        content_type = self.headers.get("Content-Type")
        return content_type.partition(";")[0].strip() if content_type else None

    @mimetype.setter
    def mimetype(self, value: str | None) -> None:
        self.content_type = get_content_type(value)

    @property
    def mimetype_params(self) -> CallbackDict[str, str]:
        """The parameters of the media type; a change changes the field."""
        _, params = grammar.parse_options_header(self.headers.get("Content-Type"))
        return CallbackDict(params, self._set_mimetype_params)

    def _set_mimetype_params(self, params):
        self.headers["Content-Type"] = grammar.dump_options_header(self.mimetype, params)

    # What browsers may do with it (CSP, Level 3; the Fetch standard; HTML, "Cross-origin opener policies")

    content_security_policy: Policy = structure(
        "Content-Security-Policy", "What the page may load and do.", load_policy
    )
    content_security_policy_report_only: Policy = structure(
        "Content-Security-Policy-Report-Only", "The same, to be reported and not enforced.", load_policy
    )
    cross_origin_opener_policy: COOP = choice("Cross-Origin-Opener-Policy", "Who may reach its window.", COOP)
    cross_origin_embedder_policy: COEP = choice("Cross-Origin-Embedder-Policy", "What it may embed.", COEP)
    access_control_allow_origin: str | None = field("Access-Control-Allow-Origin", "Whose pages may read it, or *.")
    access_control_allow_headers: Names = names("Access-Control-Allow-Headers", "The fields that they may send.")
    access_control_allow_methods: Names = names("Access-Control-Allow-Methods", "The methods that they may use.")
    access_control_expose_headers: Names = names("Access-Control-Expose-Headers", "The fields that they may read.")
    access_control_max_age: int | None = field("Access-Control-Max-Age", "Seconds that this holds.", int, str)

    @property
    def access_control_allow_credentials(self) -> bool:
        """Whether they may ask with cookies, and so read what is for one user."""
        return self.headers.get("Access-Control-Allow-Credentials") == "true"

    @access_control_allow_credentials.setter
    def access_control_allow_credentials(self, value: bool | None) -> None:
        self.headers.setlist("Access-Control-Allow-Credentials", ["true"] if value is True else [])

    # For caches, and for clients that have been here before

    date: Moment = moment("Date", "When it was sent.")
    last_modified: Moment = moment("Last-Modified", "When the content changed last.")
    expires: Moment = moment("Expires", "When a cache must ask again.")
    age: Age = field("Age", "How long it has been in caches.", grammar.parse_age, grammar.dump_age)
    vary: Names = names("Vary", "The fields of the request that it depends on, for caches.")
    accept_ranges: str | None = field("Accept-Ranges", '"bytes" if parts may be asked for.')
    cache_control: Caching = structure(
        "Cache-Control", "Who may keep it, and how long.", load_response_caching, is_list=True
    )
    content_range: Part = structure("Content-Range", "Which part this is, for 206.", load_content_range)

    def get_etag(self) -> tuple[str, bool] | tuple[None, None]:
        """Return the entity tag and whether it is weak; (None, None) if there is none."""
        return grammar.unquote_etag(self.headers.get("ETag"))

    def set_etag(self, etag: str, weak: bool = False) -> None:
        """Set the entity tag; a weak one says that the content is the same, not the bytes."""
        self.headers["ETag"] = grammar.quote_etag(etag, weak)

    def add_etag(self, overwrite: bool = False, weak: bool = False) -> None:
        """Make an entity tag of the body, unless there is one."""
        if overwrite or "ETag" not in self.headers:
            self.set_etag(grammar.generate_etag(self.get_data()), weak)

    def make_conditional(
        self: ResponseType,
        request_or_environ: Request | dict[str, Any],
        accept_ranges: bool | str = False,
        complete_length: int | None = None,
    ) -> ResponseType:
        """Make this the answer that the request's conditions and its Range call for, and return it.

        >>> response = Response("Hello World!", headers={"ETag": '"5f2a"'})
        >>> response.make_conditional({"REQUEST_METHOD": "GET", "HTTP_IF_NONE_MATCH": '"5f2a"'}).status
        '304 NOT MODIFIED'

        accept_ranges     True, or "bytes", lets the client ask for a part
        complete_length   bytes of the whole body, without which there are no parts
        raises            RequestedRangeNotSatisfiable (416) if the part starts behind the end

        Only the answer to GET and HEAD is changed, and only a 2xx one, a 200 for parts
        (RFC 9110, sections 13.2.1 and 14.2).
        """
        environ: Any = getattr(request_or_environ, "environ", request_or_environ)
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return self
        from .conditions import evaluate_preconditions, select_range

        self.headers.setdefault("Date", grammar.http_date())
        if accept_ranges:
            self.accept_ranges = "bytes" if accept_ranges is True else accept_ranges
        validators = self.headers.get("ETag"), self.headers.get("Last-Modified")
        status = evaluate_preconditions(environ, *validators) if 200 <= self._status_code < 300 else None
        if status is not None:
            self.status_code = status
        elif accept_ranges in (True, "bytes") and self._status_code == 200:
            part = select_range(environ, complete_length, *validators)
            if part is not None:
                self._make_partial(*part, complete_length)
        if self.automatically_set_content_length and self.is_sequence:
            self.headers.setdefault("Content-Length", self.calculate_content_length())
        return self

    def _make_partial(self, start, stop, complete_length):
        body: Any = self.response
        if self.is_sequence:
            self.response = [self.get_data()[start:stop]]
        else:
            if not self.direct_passthrough:
                if hasattr(body, "close"):
                    self.call_on_close(body.close)
                body = self.iter_encoded()
            self.response = wsgi.RangeWrapper(body, start, stop - start)
        self.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{complete_length}"
        self.headers["Content-Length"] = stop - start
        self.status_code = 206

    # Cookies

    def set_cookie(
        self,
        key: str,
        value: str = "",
        max_age: timedelta | int | None = None,
        expires: str | datetime | int | float | None = None,
        path: str | None = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: str | None = None,
        partitioned: bool = False,
    ) -> None:
        """Send a cookie; the arguments are those of `cookies.dump_cookie`."""
        size = self.max_cookie_size
        field = dump_cookie(
            key, value, max_age, expires, path, domain, secure, httponly, True, size, samesite, partitioned
        )
        self.headers.add("Set-Cookie", field)

    def delete_cookie(
        self,
        key: str,
        path: str | None = "/",
        domain: str | None = None,
        secure: bool = False,
        httponly: bool = False,
        samesite: str | None = None,
        partitioned: bool = False,
    ) -> None:
        """Have the client drop a cookie; path and domain must be those it was set with."""
        where: dict[str, Any] = {"path": path, "domain": domain, "samesite": samesite, "partitioned": partitioned}
        self.set_cookie(key, "", max_age=0, expires=0, secure=secure, httponly=httponly, **where)

    # As a WSGI application

    def get_wsgi_headers(self, environ: dict[str, Any]) -> Headers:
        """Return a copy of the fields as they are sent in answer to this environ."""
        headers = Headers(self.headers)  # a dict may have been assigned
        names = [name.lower() for name, _ in headers._list]
        if "location" in names:
            headers["Location"] = self._final_location(environ, headers["Location"])
        if "content-location" in names:
            headers["Content-Location"] = iri_to_uri(headers["Content-Location"])
        if self._status_code == 304:
            grammar.remove_entity_headers(headers)
        elif self._status_code == 204 or self._status_code < 200:
            headers.remove("Content-Length")  # RFC 9110, 8.6
        elif "content-length" not in names and self.automatically_set_content_length and self.is_sequence:
            headers["Content-Length"] = sum(map(len, self.iter_encoded()))
        return headers

    def _final_location(self, environ, location):
        location = iri_to_uri(location)
        if self.autocorrect_location_header:
            from urllib.parse import urljoin

            location = urljoin(iri_to_uri(wsgi.get_current_url(environ, strip_querystring=True)), location)
        return location

    def get_app_iter(self, environ: dict[str, Any]) -> Iterable[bytes]:
        """Return the body as it is sent in answer to this environ: nothing to HEAD, and for 1xx, 204 and 304."""
        status = self._status_code
        if environ["REQUEST_METHOD"] == "HEAD" or status in _bodiless or status < 200:
            return ClosingIterator((), self.close)
        if self.direct_passthrough:  # the server may know a faster way to send it, if we do not stand between them
            body: Any = self.response
            return ClosingIterator(body, self._on_close) if self._on_close else body
        if type(self.response) is list and not self._on_close and self._closes_as_usual():
            return [*self.iter_encoded()]  # there is nothing to close, and a server sends a list in one go
        return ClosingIterator(self.iter_encoded(), self.close)

    def _closes_as_usual(self):
        return type(self).close is Response.close and "close" not in self.__dict__

    def get_wsgi_response(self, environ: dict[str, Any]) -> tuple[Iterable[bytes], str, list[tuple[str, str]]]:
        """Return (body, status, fields) as they are sent in answer to this environ."""
        # Of a str that nobody touched since __init__ there is nothing to work out.  Five attributes are what __init__
        # makes of it; a sixth is that somebody looked at the fields, called call_on_close, or replaced a method.
        # To ask for __dict__ slows down each look at an attribute that comes after it: it comes last.
        body, code, status = self.response, self._status_code, self._status
        content_type, length = self._content_type, self._length
        if (
            length is not None
            and content_type is not None
            and (code == 200 or (code > 200 and code not in _bodiless))
            and environ["REQUEST_METHOD"] != "HEAD"
            and type(body) is list
            and len(body) == 1
            and type(body[0]) is bytes
            and type(self) is Response
            and len(self.__dict__) == 5
        ):
            return [*body], status, [("Content-Type", content_type), ("Content-Length", str(length))]
        headers = self.get_wsgi_headers(environ)
        return self.get_app_iter(environ), self._status, headers.to_wsgi_list()

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        try:
            body, status, headers = self.get_wsgi_response(environ)
            start_response(status, headers)
        except BaseException:  # nobody has the body, so nobody else can close it
            self.close()
            raise
        return body

    @classmethod
    def from_app(
        cls: type[ResponseType], app: WSGIApplication, environ: dict[str, Any], buffered: bool = False
    ) -> ResponseType:
        """Return what a WSGI application answers as a response."""
        body, status, headers = wsgi.run_wsgi_app(app, environ, buffered)
        return cls(body, status, headers)

    @classmethod
    def force_type(cls: type[ResponseType], response: Any, environ: dict[str, Any] | None = None) -> ResponseType:
        """Return a response of this class, of one of another class or of a WSGI application.

        environ   what to call the application with; TypeError if it is one and there is none
        """
        if not isinstance(response, Response):
            if environ is None:
                raise TypeError("a WSGI application must be called to become a response: give an environ for that")
            body, status, headers = wsgi.run_wsgi_app(response, environ)
            headers.setdefault("Content-Type", "text/plain; charset=utf-8")  # a view's default is HTML, theirs is not
            response = Response(body, status, headers)
        if not isinstance(response, cls):
            response.__class__ = cls
        return response
