"""Request and Response: one HTTP message each, as a view sees it.

In a request's way: the context makes a Request of the environ; the view reads
it and returns something that App.make_response turns into a Response; that is
called as a WSGI application.

Request holds the environ and computes nothing before it is asked.  Response
holds a status, Headers and an iterable of bytes.
"""

from __future__ import annotations

import io
from functools import update_wrapper
from operator import attrgetter

from . import headers as grammar
from .cookies import dump_cookie, parse_cookie
from .dicts import CallbackDict, CombinedMultiDict, ImmutableList, ImmutableMultiDict, MultiDict
from .exceptions import BadRequest, HTTPException, UnsupportedMediaType
from .fields import EnvironHeaders, Headers
from .formparser import FormDataParser, default_stream_factory, parse_urlencoded
from .headers import COEP, COOP, check_header, get_content_type
from .properties import (
    cached_property,
    digits,
    environ_property,
    generous_property,
    header_property,
    parsed_property,
    structure_property,
)
from .urls import iri_to_uri
from .wsgi import (
    ClosingIterator,
    RangeWrapper,
    ResponseStream,
    get_content_length,
    get_current_url,
    get_host,
    get_input_stream,
    get_path_info,
    run_wsgi_app,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import date, datetime, timedelta
    from types import TracebackType
    from typing import IO, Any, Literal, TypeVar, overload

    from .accept import Accept, CharsetAccept, LanguageAccept, MIMEAccept
    from .app import App
    from .conditions import ContentRange, ETags, IfRange, Range
    from .credentials import Authorization, WWWAuthenticate
    from .directives import ContentSecurityPolicy, HeaderSet, RequestCacheControl, ResponseCacheControl
    from .routing import Rule
    from .uploads import FileStorage
    from .wsgi import StartResponse, WSGIApplication

    RequestType = TypeVar("RequestType", bound="Request")
    ResponseType = TypeVar("ResponseType", bound="Response")

    # The attributes below by what they are, and what may be assigned to them.
    _Text = environ_property[str | None]
    _Date = environ_property[datetime | None]
    _Number = environ_property[int | None]
    _TextField = header_property[str | None]
    _NumberField = header_property[int | None]
    _DateField = generous_property[datetime | None, date | float | None]
    _AgeField = generous_property[timedelta | None, timedelta | float | None]
    _RetryField = generous_property[datetime | None, date | timedelta | float | str | None]
    _PolicyField = structure_property[ContentSecurityPolicy, ContentSecurityPolicy | str | None]
    _CacheControlField = structure_property[ResponseCacheControl, ResponseCacheControl | str | None]
    _RangeField = structure_property[ContentRange, ContentRange | str | None]
    _ChallengeField = structure_property[WWWAuthenticate, WWWAuthenticate | list[WWWAuthenticate] | str | None]
else:
    _Text = _Date = _Number = environ_property
    _TextField = _NumberField = header_property
    _DateField = _AgeField = _RetryField = generous_property
    _PolicyField = _CacheControlField = _RangeField = _ChallengeField = structure_property

__all__ = ["Request", "Response", "ResponseStream", "UserAgent"]


def _json():
    """The standard library's json; for weight: a request that neither brings nor wants JSON needs none."""
    import json

    return json


# What fields are read as.  A chapter is imported when one asks for it: few requests are asked for their preferences.


def _accept(kind):
    def load(text):
        from . import accept

        return getattr(accept, kind)(grammar.parse_accept_header(text) if text else None)

    return load


def _conditions():
    from . import conditions

    return conditions


def _etags(text):
    return _conditions().ETags(*grammar.parse_etags(text))


def _content_range(text):
    return _conditions().ContentRange(*(grammar.parse_content_range_header(text) or [None] * 4))


def _directives():
    from . import directives

    return directives


def _header_set(text):
    return _directives().HeaderSet(grammar.parse_set_header(text))


def _set_field(name: str, doc: str) -> structure_property[HeaderSet, Iterable[str] | None]:
    return structure_property(name, _header_set, grammar.dump_header, doc)


def _cache_control(text):
    return _directives().ResponseCacheControl(grammar.parse_cache_control_header(text))


def _policy(text):
    return _directives().ContentSecurityPolicy(None if text is None else grammar.parse_csp_header(text))


def _challenge(text):
    from .credentials import WWWAuthenticate

    return WWWAuthenticate.from_header(text) or WWWAuthenticate("basic")


def _dump_challenge(value):
    return [one.to_header() for one in value] if isinstance(value, list) else value.to_header()


def _limit(name, default, doc):
    """A limit: what was set on the request, else what the application's config says, else the default."""
    attribute = f"_{name}"

    def get(self):
        if attribute in self.__dict__:
            return self.__dict__[attribute]
        return default if self.app is None else self.app.config.get(name, default)

    def set(self, value):
        self.__dict__[attribute] = value

    return property(get, set, doc=doc)


class UserAgent:
    """What the client says it is: string.  A subclass may read more out of that (`Request.user_agent_class`)."""

    platform: str | None = None
    browser: str | None = None
    version: str | None = None
    language: str | None = None

    def __init__(self, string: str) -> None:
        self.string = string

    def to_header(self) -> str:
        return self.string

    __str__ = to_header

    def __bool__(self) -> bool:
        return bool(self.browser)


class Request:
    """What the client sent.

    environ            the WSGI environ; every attribute is read from it when asked for
    populate_request   does nothing: the environ holds no request, which would hold the environ in turn
    shallow            True forbids to read the body, for code that must leave it to another

    What the application adds while it handles the request: app, url_rule, view_args
    and routing_exception.
    """

    app: App | None = None
    url_rule: Rule | None = None
    view_args: dict[str, Any] | None = None
    routing_exception: HTTPException | None = None
    _json: Any

    #: Classes for the values, should an application want others.
    parameter_storage_class: type[MultiDict[str, Any]] = ImmutableMultiDict
    dict_storage_class: type[MultiDict[str, Any]] = ImmutableMultiDict
    list_storage_class: type[list[Any]] = ImmutableList
    user_agent_class = UserAgent
    form_data_parser_class = FormDataParser

    #: The hosts to answer for; None answers for all.  See `wsgi.get_host`.
    trusted_hosts: list[str] | None = None

    def __init__(self, environ: dict[str, Any], populate_request: bool = True, shallow: bool = False) -> None:
        self.environ = environ
        self.shallow = shallow
        #: GET, POST, ... in capitals; every request is asked for it, so this one is computed at once.
        self.method: str = environ.get("REQUEST_METHOD", "GET").upper()

    def __repr__(self) -> str:
        try:
            url = repr(self.url)
        except (ValueError, LookupError, HTTPException) as error:  # a host that is none, half an environ
            url = f"without an address: {error}"
        return f"<{type(self).__name__} {url} [{self.method}]>"

    # The request line

    @cached_property
    def path(self) -> str:
        """The path below root_path, decoded, with a leading slash."""
        return "/" + get_path_info(self.environ).lstrip("/")

    @cached_property
    def root_path(self) -> str:
        """The path that the application is mounted at, decoded, without a trailing slash."""
        return get_path_info({"PATH_INFO": self.environ.get("SCRIPT_NAME", "")}).rstrip("/")

    @property
    def script_root(self) -> str:
        """The same as root_path."""
        return self.root_path

    @cached_property
    def query_string(self) -> bytes:
        """What stands behind the "?", as it was sent."""
        return self.environ.get("QUERY_STRING", "").encode("latin-1")

    @cached_property
    def full_path(self) -> str:
        """The path with the query string; the "?" is there also when that is empty."""
        return f"{self.path}?{self.query_string.decode('utf-8', 'replace')}"

    @cached_property
    def args(self) -> ImmutableMultiDict[str, str]:
        """The parameters of the query string."""
        query = self.environ.get("QUERY_STRING", "")
        parameters = parse_urlencoded(query.encode("latin-1")) if query else ()
        return self.parameter_storage_class(parameters)  # type: ignore[return-value]

    # The address

    @property
    def scheme(self) -> str:
        """http or https, or ws or wss for a websocket."""
        return self.environ["wsgi.url_scheme"]

    @property
    def is_secure(self) -> bool:
        """Whether it came through TLS."""
        return self.environ["wsgi.url_scheme"] in ("https", "wss")

    @cached_property
    def host(self) -> str:
        """The host the client asked for, with the port unless it is the scheme's own; SecurityError if it is none."""
        return get_host(self.environ, self.trusted_hosts)

    @cached_property
    def host_url(self) -> str:
        """Scheme and host, ending in a slash."""
        return get_current_url(self.environ, host_only=True, trusted_hosts=self.trusted_hosts)

    @cached_property
    def root_url(self) -> str:
        """The address of the application's root, ending in a slash."""
        return get_current_url(self.environ, root_only=True, trusted_hosts=self.trusted_hosts)

    @property
    def url_root(self) -> str:
        """The same as root_url."""
        return self.root_url

    @cached_property
    def base_url(self) -> str:
        """The address without the query string."""
        return get_current_url(self.environ, strip_querystring=True, trusted_hosts=self.trusted_hosts)

    @cached_property
    def url(self) -> str:
        """The whole address, as people read it (an IRI)."""
        return get_current_url(self.environ, trusted_hosts=self.trusted_hosts)

    @property
    def remote_addr(self) -> str | None:
        """The address of the peer: of the client, or of the proxy in front."""
        return self.environ.get("REMOTE_ADDR")

    @cached_property
    def access_route(self) -> list[str]:
        """X-Forwarded-For as a list, or [remote_addr].  Anybody can send that field: rely on ProxyFix only."""
        if "HTTP_X_FORWARDED_FOR" in self.environ:
            return self.list_storage_class(grammar.parse_list_header(self.environ["HTTP_X_FORWARDED_FOR"]))
        return self.list_storage_class(() if self.remote_addr is None else [self.remote_addr])

    remote_user = _Text("REMOTE_USER", doc="Who the server in front says the user is.")
    is_multithread = environ_property[bool]("wsgi.multithread", doc="Whether other threads handle requests too.")
    is_multiprocess = environ_property[bool]("wsgi.multiprocess", doc="Whether other processes do.")
    is_run_once = environ_property[bool]("wsgi.run_once", doc="Whether this process is for one request, as in CGI.")

    # The fields

    @cached_property
    def headers(self) -> EnvironHeaders:
        """All fields."""
        return EnvironHeaders(self.environ)

    @cached_property
    def cookies(self) -> ImmutableMultiDict[str, str]:
        """The cookies; of two with one name the first counts, which a browser sends for the longer path."""
        field = self.environ.get("HTTP_COOKIE")
        return self.dict_storage_class(parse_cookie(field) if field else ())  # type: ignore[return-value]

    content_type = _Text("CONTENT_TYPE", doc="The media type of the body, as sent.")
    content_encoding = _Text("HTTP_CONTENT_ENCODING", doc="The codings applied to the body.")
    content_md5 = _Text("HTTP_CONTENT_MD5", doc="A checksum of the body (RFC 1864).")
    date = _Date("HTTP_DATE", None, grammar.parse_date, doc="When it was sent.")
    max_forwards = _Number("HTTP_MAX_FORWARDS", None, digits, doc="Proxies that a TRACE may still pass.")
    referrer = _Text("HTTP_REFERER", doc="The address of the page that linked here.")
    origin = _Text("HTTP_ORIGIN", doc="The scheme, host and port of the page that asks.")
    access_control_request_method = _Text("HTTP_ACCESS_CONTROL_REQUEST_METHOD", doc="The method it would use.")
    access_control_request_headers: HeaderSet = parsed_property(
        "HTTP_ACCESS_CONTROL_REQUEST_HEADERS", _header_set, "The fields it would send."
    )
    pragma: HeaderSet = parsed_property("HTTP_PRAGMA", _header_set, "What was Cache-Control in HTTP/1.0.")

    @cached_property
    def cache_control(self) -> RequestCacheControl:
        """Which answers out of a cache the client takes."""
        return _directives().RequestCacheControl(
            grammar.parse_cache_control_header(self.environ.get("HTTP_CACHE_CONTROL"))
        )

    @cached_property
    def authorization(self) -> Authorization | None:
        """Who the client says it is; None if it does not, or not in a way that can be read."""
        from .credentials import Authorization

        return Authorization.from_header(self.environ.get("HTTP_AUTHORIZATION"))

    @cached_property
    def user_agent(self) -> UserAgent:
        """The program that the client says it is."""
        return self.user_agent_class(self.environ.get("HTTP_USER_AGENT", ""))

    # What the client prefers, each list with the best first (RFC 9110, section 12.5)

    accept_mimetypes: MIMEAccept = parsed_property("HTTP_ACCEPT", _accept("MIMEAccept"), "Media types.")
    accept_charsets: CharsetAccept = parsed_property("HTTP_ACCEPT_CHARSET", _accept("CharsetAccept"), "Charsets.")
    accept_encodings: Accept = parsed_property("HTTP_ACCEPT_ENCODING", _accept("Accept"), "Codings, such as gzip.")
    accept_languages: LanguageAccept = parsed_property(
        "HTTP_ACCEPT_LANGUAGE", _accept("LanguageAccept"), "Languages."
    )

    # Its conditions, and the part that it wants: `Response.make_conditional` obeys them

    if_match: ETags = parsed_property("HTTP_IF_MATCH", _etags, "Only if it has one of these entity tags.")
    if_none_match: ETags = parsed_property("HTTP_IF_NONE_MATCH", _etags, "Only if it has none of these.")
    if_modified_since = _Date("HTTP_IF_MODIFIED_SINCE", None, grammar.parse_date, doc="Only if it changed since.")
    if_unmodified_since = _Date("HTTP_IF_UNMODIFIED_SINCE", None, grammar.parse_date, doc="Only if it did not.")

    @cached_property
    def if_range(self) -> IfRange:
        """The entity tag or date of the version that range is about; without range it means nothing."""
        return _conditions().IfRange(*grammar.parse_if_range_header(self.environ.get("HTTP_IF_RANGE")))

    @cached_property
    def range(self) -> Range | None:
        """The parts that are wanted; None for the whole, and for what cannot be read."""
        found = grammar.parse_range_header(self.environ.get("HTTP_RANGE"))
        return None if found is None else _conditions().Range(*found)

    # The media type of the body

    @cached_property
    def content_length(self) -> int | None:
        """Bytes of the body; None where the client did not say."""
        return get_content_length(self.environ)

    @cached_property
    def _parsed_content_type(self) -> tuple[str, dict[str, str]]:
        return grammar.parse_options_header(self.environ.get("CONTENT_TYPE") or "")

    @property
    def mimetype(self) -> str:
        """The media type of the body in lower case, without parameters; "" if there is none."""
        return self._parsed_content_type[0].lower()

    @property
    def mimetype_params(self) -> dict[str, str]:
        """The parameters of the media type."""
        return self._parsed_content_type[1]

    @property
    def is_json(self) -> bool:
        """Whether the body says that it is JSON."""
        return grammar.is_json_mimetype(self.mimetype)

    # Limits: of this request, if set on it; else of the application; else none

    max_content_length = _limit("MAX_CONTENT_LENGTH", None, "Bytes a body may have; more is a 413.")
    max_form_memory_size = _limit("MAX_FORM_MEMORY_SIZE", 500_000, "Bytes that form fields may take in memory.")
    max_form_parts = _limit("MAX_FORM_PARTS", 1_000, "Parts that a multipart body may have.")

    # The body

    @cached_property
    def input_stream(self) -> IO[bytes]:
        """The body as the server gives it."""
        return self.environ["wsgi.input"]

    @cached_property
    def stream(self) -> IO[bytes]:
        """The body as a stream that ends where the body ends; what is read here is gone for data, form and json."""
        if self.shallow:
            raise RuntimeError("a shallow request leaves the body alone; make it with shallow=False to read it")
        return get_input_stream(self.environ, max_content_length=self.max_content_length)

    if TYPE_CHECKING:

        @overload
        def get_data(
            self, cache: bool = True, as_text: Literal[False] = False, parse_form_data: bool = False
        ) -> bytes: ...
        @overload
        def get_data(
            self, cache: bool = True, as_text: Literal[True] = ..., parse_form_data: bool = False
        ) -> str: ...
        @overload
        def get_data(
            self, cache: bool = True, as_text: bool = False, parse_form_data: bool = False
        ) -> bytes | str: ...

    def get_data(self, cache: bool = True, as_text: bool = False, parse_form_data: bool = False) -> Any:
        """Return the body: bytes, or str with as_text.

        cache             keep it, so that it can be asked for again
        parse_form_data   leave a form's body to form and files, and return b"" for it
        """
        data = self.__dict__.get("_data")
        if data is None:
            if parse_form_data:
                self._load_form_data()
            data = self.stream.read()
            if cache:
                self._data = data
            if not data:
                self._explain_empty_body()
        return data.decode("utf-8", "replace") if as_text else data

    def _explain_empty_body(self):
        """Tell the developer who has read the body already; it can be read once."""
        if self.content_length and self.app is not None and self.app.debug:
            is_form = self.__dict__.get("form") or self.__dict__.get("files")
            self.app.logger.warning(
                "%s %r: the body of %d bytes has been read before, by request.%s; to have it again, call"
                " request.get_data() before that.",
                *(self.method, self.path, self.content_length, "form" if is_form else "stream"),
            )

    @cached_property
    def data(self) -> bytes:
        """The body; b"" where it is a form, which form and files hold."""
        return self.get_data(parse_form_data=True)

    @property
    def want_form_data_parsed(self) -> bool:
        """Whether there is a Content-Type at all."""
        return bool(self.environ.get("CONTENT_TYPE"))

    def make_form_data_parser(self) -> FormDataParser:
        """Return the parser of this request's body, with its limits."""
        return self.form_data_parser_class(
            self._get_file_stream,
            max_form_memory_size=self.max_form_memory_size,
            max_content_length=self.max_content_length,
            max_form_parts=self.max_form_parts,
            cls=self.parameter_storage_class,
        )

    #: Makes the file that an upload is written to; a subclass may have another.
    _get_file_stream = staticmethod(default_stream_factory)

    def _load_form_data(self):
        """Read form and files, once; they come from the body alone."""
        if "form" in self.__dict__:
            return
        # The stream is asked for also where there is no form: a body that is too large, or not ours to read, is so
        # for whoever asks.
        stream = io.BytesIO(self._data) if "_data" in self.__dict__ else self.stream
        if self.want_form_data_parsed:
            parser = self.make_form_data_parser()
            stream, form, files = parser.parse(stream, self.mimetype, self.content_length, self.mimetype_params)
        else:
            form = files = self.parameter_storage_class()
        self.__dict__.update(stream=stream, form=form, files=files)

    @cached_property
    def form(self) -> ImmutableMultiDict[str, str]:
        """The fields of a form."""
        self._load_form_data()
        return self.__dict__["form"]

    @cached_property
    def files(self) -> ImmutableMultiDict[str, FileStorage]:
        """The files of a form, each a FileStorage."""
        self._load_form_data()
        return self.__dict__["files"]

    @cached_property
    def values(self) -> CombinedMultiDict[str, str]:
        """args, and form unless the method is GET, whose body means nothing (RFC 9110, section 9.3.1)."""
        return CombinedMultiDict([self.args] if self.method == "GET" else [self.args, self.form])

    @cached_property
    def json_module(self) -> Any:
        """What has loads() for get_json: `App.json`, or the standard library's json where there is no application."""
        return self.app.json if self.app is not None else _json()

    @property
    def json(self) -> Any:
        """The body as an object; 415 if it is not JSON, 400 if it is and cannot be parsed."""
        return self.get_json()

    def get_json(self, force: bool = False, silent: bool = False, cache: bool = True) -> Any:
        """Return the body as an object.

        force    do not look at the Content-Type
        silent   return None instead of raising
        cache    keep the object, so that it can be asked for again
        raises   UnsupportedMediaType (415) if the Content-Type is not JSON's,
                 BadRequest (400) if the body cannot be parsed
        """
        if cache and "_json" in self.__dict__:
            return self._json
        if not (force or self.is_json):
            return None if silent else self.on_json_loading_failed(None)
        try:
            value = self.json_module.loads(self.get_data(cache=cache))
        except (ValueError, RecursionError) as error:
            # A failure in silence is not kept: who asks aloud later shall hear it.
            return None if silent else self.on_json_loading_failed(error)
        if cache:
            self._json = value
        return value

    def on_json_loading_failed(self, e: Exception | None) -> Any:
        """Called by get_json where the body is no JSON (e is the parser's error) or does not say so (None)."""
        if e is None:
            raise UnsupportedMediaType(
                "Did not attempt to load JSON data because the request Content-Type was not 'application/json'."
            )
        if self.app is None or self.app.debug:
            raise BadRequest(f"Failed to decode JSON object: {e}") from e
        raise BadRequest from e

    # What the application adds

    @property
    def endpoint(self) -> str | None:
        """The name of the view that matched; None if none did."""
        return self.url_rule.endpoint if self.url_rule is not None else None

    @property
    def blueprint(self) -> str | None:
        """The name of the blueprint of that view; None if it has none."""
        return (self.endpoint or "").rpartition(".")[0] or None

    @property
    def blueprints(self) -> list[str]:
        """The names of that blueprint and of those around it, the innermost first."""
        name, names = self.blueprint, []
        while name:
            names.append(name)
            name = name.rpartition(".")[0]
        return names

    # As a whole

    @classmethod
    def from_values(cls: type[RequestType], *args: Any, **kwargs: Any) -> RequestType:
        """Return a request made to order; the arguments are EnvironBuilder's.

        >>> Request.from_values("/search?q=1", method="HEAD")
        <Request 'http://localhost/search?q=1' [HEAD]>
        """
        from .environs import create_environ

        return cls(create_environ(*args, **kwargs))

    @classmethod
    def application(cls, function: Callable[..., WSGIApplication]) -> WSGIApplication:
        """Make a WSGI application of a function of one request that returns a response.

        >>> @Request.application
        ... def app(request):
        ...     return Response(f"Hello {request.args.get('name', 'World')}!")
        """

        def application(*args: Any) -> Iterable[bytes]:
            *bound, environ, start_response = args  # bound is self, where the function is a method
            with cls(environ) as request:
                try:
                    answer = function(*bound, request)
                except HTTPException as error:
                    answer = error
                return answer(environ, start_response)

        return update_wrapper(application, function)

    def close(self) -> None:
        """Close the files of the form."""
        files = self.__dict__.get("files")
        if files:
            for _, file in files.items(multi=True):
                file.close()

    def __enter__(self: RequestType) -> RequestType:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()


_bodiless = frozenset([204, 304])
_status_of = grammar._statuses.get  # most are numbers, known ones


class Response:
    """What the client gets.

    >>> response = Response("Hello World!", status=201)
    >>> response.status, response.headers["Content-Length"]
    ('201 CREATED', '12')

    response   a str, bytes, or an iterable of either
    status     a number, or a status line such as "404 Not Found"
    headers    Headers, a dict, or pairs; see `Headers`
    mimetype   the media type; text types get the charset
    content_type   the whole field instead
    direct_passthrough   the iterable is given to the server as it is

    A Response is a WSGI application: call it with environ and start_response.
    """

    default_status: int | str = 200
    default_mimetype: str | None = "text/html"
    #: Content-Length is set where it can be known without reading a generator.
    automatically_set_content_length = True
    #: Location is made absolute, which HTTP no longer asks for (RFC 9110, 10.2.2).
    autocorrect_location_header = False
    #: Bytes a cookie may take before a warning tells that browsers drop it.
    max_cookie_size = 4093
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
        response: Iterable[bytes] | Iterable[str] | bytes | bytearray | str | None = None,
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
        if status is None:
            status = self.default_status
        known = _status_of(status) if type(status) is int else None
        self._status, self._status_code = known or grammar.parse_status(status)
        if direct_passthrough:
            self.direct_passthrough = True
        if isinstance(response, (str, bytes, bytearray)):
            self.set_data(response)
        else:
            self.response = [] if response is None else response

    @cached_property
    def headers(self) -> Headers:
        """The fields, in the order they are sent.

        Made when asked for: most responses go from view to client as they were made.
        """
        headers = Headers()  # filled before it is shown: a response may be shared between threads
        if self._content_type is not None:
            headers._put(("Content-Type", self._content_type))
        if self._length is not None:
            headers._put(("Content-Length", str(self._length)))
        return headers

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

    def set_data(self, value: bytes | bytearray | str) -> None:
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
    def data(self, value: bytes | bytearray | str) -> None:
        self.set_data(value)

    @cached_property
    def json_module(self) -> Any:
        """What has loads() for get_json: the standard library's json, unless another one is assigned."""
        return _json()

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
        ClosingIterator((), self._on_close if close is None else (close, *self._on_close)).close()

    def __enter__(self: ResponseType) -> ResponseType:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc_value: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.close()

    # The fields

    location = _TextField("Location", dump_func=iri_to_uri, doc="Where to go, for 201 and 3xx.")
    retry_after = _RetryField(
        "Retry-After", None, grammar.parse_retry_after, grammar.dump_retry_after, doc="When to come again, for 503."
    )
    www_authenticate = _ChallengeField(
        "WWW-Authenticate", _challenge, _dump_challenge, "How to say who one is, for 401; of several the first."
    )
    allow = _set_field("Allow", "The methods that are allowed here, for 405.")
    content_type = _TextField("Content-Type", doc="The media type with its parameters.")
    content_encoding = _TextField("Content-Encoding", doc="The codings of the body.")
    content_language = _set_field("Content-Language", "The languages of its readers.")
    content_length = _NumberField("Content-Length", None, digits, str, doc="Bytes of the body.")
    content_location = _TextField("Content-Location", doc="An address of this very content.")
    content_md5 = _TextField("Content-MD5", doc="A checksum of the body (RFC 1864).")

    @property
    def mimetype(self) -> str | None:
        """The media type without parameters; assigning it adds the charset to text types."""
        content_type = self.headers.get("Content-Type")
        return content_type.partition(";")[0].strip() if content_type else None

    @mimetype.setter
    def mimetype(self, value: str) -> None:
        self.headers["Content-Type"] = get_content_type(value)

    @property
    def mimetype_params(self) -> CallbackDict[str, str]:
        """The parameters of the media type; a change changes the field."""
        return CallbackDict(
            grammar.parse_options_header(self.headers.get("Content-Type"))[1], self._set_mimetype_params
        )

    def _set_mimetype_params(self, params):
        self.headers["Content-Type"] = grammar.dump_options_header(self.mimetype, params)

    # What browsers may do with it (CSP, Level 3; the Fetch standard; HTML, "Cross-origin opener policies")

    content_security_policy = _PolicyField("Content-Security-Policy", _policy, str, "What the page may load and do.")
    content_security_policy_report_only = _PolicyField(
        "Content-Security-Policy-Report-Only", _policy, str, "What the page may do without being reported."
    )
    cross_origin_opener_policy = header_property[COOP](
        "Cross-Origin-Opener-Policy", COOP.UNSAFE_NONE, COOP, attrgetter("value"), doc="Who may reach its window."
    )
    cross_origin_embedder_policy = header_property[COEP](
        "Cross-Origin-Embedder-Policy", COEP.UNSAFE_NONE, COEP, attrgetter("value"), doc="What it may embed."
    )
    access_control_allow_origin = _TextField("Access-Control-Allow-Origin", doc='Whose pages may read it; "*": all.')
    access_control_allow_headers = _set_field("Access-Control-Allow-Headers", "The fields that they may send.")
    access_control_allow_methods = _set_field("Access-Control-Allow-Methods", "The methods that they may use.")
    access_control_expose_headers = _set_field("Access-Control-Expose-Headers", "The fields that they may read.")
    access_control_max_age = _NumberField("Access-Control-Max-Age", None, int, str, doc="Seconds that this holds.")

    @property
    def access_control_allow_credentials(self) -> bool:
        """Whether they may read also what is for one user."""
        return self.headers.get("Access-Control-Allow-Credentials") == "true"

    @access_control_allow_credentials.setter
    def access_control_allow_credentials(self, value: bool | None) -> None:
        self.headers.setlist("Access-Control-Allow-Credentials", ["true"] if value is True else [])

    # For caches, and for clients that have been here before

    date = _DateField("Date", None, grammar.parse_date, grammar.http_date, doc="When it was sent.")
    last_modified = _DateField("Last-Modified", None, grammar.parse_date, grammar.http_date, doc="When it changed.")
    expires = _DateField("Expires", None, grammar.parse_date, grammar.http_date, doc="When a cache must ask again.")
    age = _AgeField("Age", None, grammar.parse_age, grammar.dump_age, doc="How long it was in caches.")
    vary = _set_field("Vary", "The fields of the request that make it another one.")
    accept_ranges = _TextField("Accept-Ranges", doc='"bytes" if parts may be asked for.')
    cache_control = _CacheControlField("Cache-Control", _cache_control, str, "Who may keep it, and how long.")
    content_range = _RangeField("Content-Range", _content_range, str, "Which part this is, for 206.")

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
            self.response = RangeWrapper(body, start, stop - start)
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
        field = dump_cookie(
            key,
            value,
            max_age,
            expires,
            path,
            domain,
            secure,
            httponly,
            True,
            self.max_cookie_size,
            samesite,
            partitioned,
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
        self.set_cookie(key, "", 0, 0, path, domain, secure, httponly, samesite, partitioned)

    # As a WSGI application

    def get_wsgi_headers(self, environ: dict[str, Any]) -> Headers:
        """Return a copy of the fields as they are sent in answer to this environ."""
        headers = self.headers.copy()
        names = [name.lower() for name, _ in headers]
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

            location = urljoin(iri_to_uri(get_current_url(environ, strip_querystring=True)), location)
        return location

    def get_app_iter(self, environ: dict[str, Any]) -> Iterable[bytes]:
        """Return the body as it is sent in answer to this environ: nothing to HEAD, and for 1xx, 204 and 304."""
        status = self._status_code
        if environ["REQUEST_METHOD"] == "HEAD" or status in _bodiless or status < 200:
            return ClosingIterator((), self.close)
        if self.direct_passthrough:
            return self.response  # type: ignore[return-value]
        return ClosingIterator(self.iter_encoded(), self.close)

    def get_wsgi_response(self, environ: dict[str, Any]) -> tuple[Iterable[bytes], str, list[tuple[str, str]]]:
        """Return (body, status, fields) as they are sent in answer to this environ."""
        if self._goes_as_made(environ):
            fields: list[Any] = [("Content-Type", self._content_type), ("Content-Length", str(self._length))]
            return [*self.response], self._status, fields
        headers = self.get_wsgi_headers(environ)
        return self.get_app_iter(environ), self._status, headers.to_wsgi_list()

    def _goes_as_made(self, environ):
        """Whether nothing was done to this response since __init__: then there is nothing to work out.

        Five attributes are what __init__ makes of a str.  A sixth is that somebody looked at the fields, gave
        a function to call at the end, or replaced a method; and a subclass may change any of the steps.
        """
        body, code = self.response, self._status_code
        return (
            len(self.__dict__) == 5
            and type(self) is Response
            and self._length is not None
            and self._content_type is not None
            and type(body) is list
            and len(body) == 1
            and type(body[0]) is bytes
            and (code == 200 or (code > 200 and code not in _bodiless))
            and environ["REQUEST_METHOD"] != "HEAD"
        )

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        body, status, headers = self.get_wsgi_response(environ)
        start_response(status, headers)
        return body

    @classmethod
    def from_app(
        cls: type[ResponseType], app: WSGIApplication, environ: dict[str, Any], buffered: bool = False
    ) -> ResponseType:
        """Return what a WSGI application answers as a response."""
        body, status, headers = run_wsgi_app(app, environ, buffered)
        return cls(body, status, headers)

    @classmethod
    def force_type(cls: type[ResponseType], response: Any, environ: dict[str, Any] | None = None) -> ResponseType:
        """Return a response of this class, of one of another class or of a WSGI application.

        environ   what to call the application with; TypeError if it is one and there is none
        """
        if not isinstance(response, Response):
            if environ is None:
                raise TypeError("a WSGI application must be called to become a response: give an environ for that")
            body, status, headers = run_wsgi_app(response, environ)
            headers.setdefault("Content-Type", "text/plain; charset=utf-8")  # a view's default is HTML, theirs is not
            response = Response(body, status, headers)
        if not isinstance(response, cls):
            response.__class__ = cls
        return response


#: How an HTTPException becomes a Response (`HTTPException.get_response`); the exceptions stand in an earlier chapter.
HTTPException.response_class = Response
