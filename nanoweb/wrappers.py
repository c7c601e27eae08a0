"""Request and Response: one HTTP message each, as a view sees it.

In a request's way: the context makes a Request of the environ; the view reads
it and returns something that App.make_response turns into a Response; that is
called as a WSGI application.

Request holds the environ and computes nothing before it is asked.  Response
holds a status, Headers and an iterable of bytes.  Most attributes of both are
the fields of RFC 9110, by their names.
"""

from __future__ import annotations

import io
from functools import partial, update_wrapper

from . import headers as grammar
from . import properties, wsgi
from .cookies import dump_cookie, parse_cookie
from .dicts import CallbackDict, CombinedMultiDict, ImmutableList, ImmutableMultiDict, MultiDict, iter_multi_items
from .exceptions import BadRequest, HTTPException, UnsupportedMediaType
from .fields import EnvironHeaders, Headers
from .formparser import FormDataParser, default_stream_factory, parse_urlencoded
from .headers import COEP, COOP, _statuses, check_header, get_content_type
from .properties import cached_property, digits
from .urls import iri_to_uri
from .wsgi import ClosingIterator, ResponseStream, _call_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from datetime import date, datetime, timedelta
    from typing import IO, Any, Literal, TypeVar, overload

    from .accept import Accept, CharsetAccept, LanguageAccept, MIMEAccept
    from .app import App
    from .conditions import ContentRange, ETags, IfRange, Range
    from .credentials import Authorization, WWWAuthenticate
    from .directives import ContentSecurityPolicy, HeaderSet, RequestCacheControl, ResponseCacheControl
    from .properties import Attribute
    from .routing import Rule
    from .uploads import FileStorage
    from .wsgi import StartResponse, WSGIApplication

    RequestType = TypeVar("RequestType", bound="Request")
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

__all__ = ["Request", "Response", "ResponseStream", "UserAgent"]


# What fields are read as, None being a field that is not there.  A chapter is imported when one asks for it: few
# requests are asked for their preferences.


def _json():
    import json

    return json


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


def _directives(kind, parse, text):
    from . import directives

    return getattr(directives, kind)(parse(text) if text else None)


_header_set = partial(_directives, "HeaderSet", grammar.parse_set_header)
_policy = partial(_directives, "ContentSecurityPolicy", grammar.parse_csp_header)
_asked_of_caches = partial(_directives, "RequestCacheControl", grammar.parse_cache_control_header)
_caching = partial(_directives, "ResponseCacheControl", grammar.parse_cache_control_header)


def _challenge(text):
    from .credentials import WWWAuthenticate

    return WWWAuthenticate.from_header(text) or WWWAuthenticate("basic")


def _dump_challenge(value):
    return [one.to_header() for one in value] if isinstance(value, list) else value.to_header()


# What attributes are made by.  They keep silent about types, for each attribute tells its own.


def _key(name, doc, load_func=None):
    return properties.environ_property(name, None, load_func, doc=doc)


def _parsed(name, doc, load_func):
    """A key that is read once, and read also where it is missing."""
    return cached_property(lambda self: load_func(self.environ.get(name)), doc=doc)  # type: ignore[call-arg]


def _limit(name, default, doc):
    """A limit: what is set on the request, else what the application's config says, else the default."""
    return cached_property(lambda self: default if self.app is None else self.app.config.get(name, default), doc=doc)  # type: ignore[call-arg]


def _field(name, doc, load_func=None, dump_func=None, default=None):
    return properties.header_property(name, default, load_func, dump_func, doc=doc)


def _date(name, doc):
    return _field(name, doc, grammar.parse_date, grammar.http_date)


def _choice(name, doc, kind):
    """One of the words of an Enum; without a field it is the one that every browser starts from."""
    return _field(name, doc, kind, lambda value: kind(value).value, kind("unsafe-none"))


def _structure(name, doc, load_func, dump_func=None, is_list=False):
    return properties.structure_property(name, load_func, dump_func, doc, is_list)


def _names(name, doc):
    return _structure(name, doc, _header_set, grammar.dump_header, is_list=True)


class UserAgent:
    """The program that the client says it is, a string.

    platform, browser, version and language are None: what is behind the string changes with
    every browser.  A subclass may find out (`Request.user_agent_class`).
    """

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

    >>> fields = {"Cookie": "theme=dark", "Accept": "text/csv, */*;q=0.1"}
    >>> request = Request.from_values("/search?q=tea&page=2&tag=new&tag=red", headers=fields)
    >>> request.args["q"], request.args.get("page", type=int), request.args.getlist("tag")
    ('tea', 2, ['new', 'red'])
    >>> request.cookies["theme"], request.accept_mimetypes.best_match(["text/html", "text/csv"])
    ('dark', 'text/csv')

    environ            the WSGI environ; every attribute is read from it when asked for
    populate_request   does nothing: the environ holds no request, which would hold the environ in turn
    shallow            True forbids to read the body, for code that must leave it to another

    A field that is missing, or that cannot be read, is None or empty and never an error;
    what is wrong with the host or the body is one, a 4xx, for who asks for these.

    What the application adds while it handles the request: app, url_rule, view_args
    and routing_exception.
    """

    app: App | None = None
    url_rule: Rule | None = None
    view_args: dict[str, Any] | None = None
    routing_exception: HTTPException | None = None
    _json: Any
    _form_error: Callable[[], HTTPException] | None = None  # why there is no form, once that was tried

    #: Classes for the values, should an application want others: of args and form, of cookies, of access_route ...
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
        """The path below root_path, decoded ("/a b" for /a%20b), with one leading slash."""
        return "/" + wsgi.get_path_info(self.environ).lstrip("/")

    @cached_property
    def root_path(self) -> str:
        """The path that the application is mounted at, decoded, without a trailing slash; "" at the top."""
        return wsgi.get_path_info({"PATH_INFO": self.environ.get("SCRIPT_NAME", "")}).rstrip("/")

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
        """The parameters of the query string; of a name that is there several times the first, getlist() has all."""
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
        """Whether it came through TLS: the scheme is https or wss."""
        return self.environ["wsgi.url_scheme"] in ("https", "wss")

    @cached_property
    def host(self) -> str:
        """The host the client asked for, with the port unless it is the scheme's own; SecurityError if it is none."""
        return wsgi.get_host(self.environ, self.trusted_hosts)

    @cached_property
    def host_url(self) -> str:
        """Scheme and host: "https://example.com/" for https://example.com/app/page?q=1 of an application at /app."""
        return wsgi.get_current_url(self.environ, host_only=True, trusted_hosts=self.trusted_hosts)

    @cached_property
    def root_url(self) -> str:
        """The address of the application's root: "https://example.com/app/" for that one."""
        return wsgi.get_current_url(self.environ, root_only=True, trusted_hosts=self.trusted_hosts)

    @property
    def url_root(self) -> str:
        """The same as root_url."""
        return self.root_url

    @cached_property
    def base_url(self) -> str:
        """The address without the query string: "https://example.com/app/page"."""
        return wsgi.get_current_url(self.environ, strip_querystring=True, trusted_hosts=self.trusted_hosts)

    @cached_property
    def url(self) -> str:
        """The whole address, as people read it (an IRI)."""
        return wsgi.get_current_url(self.environ, trusted_hosts=self.trusted_hosts)

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

    remote_user: str | None = _key("REMOTE_USER", "Who the user is, if the server in front has asked.")
    is_multithread: bool = _key("wsgi.multithread", "Whether other threads handle requests too.")
    is_multiprocess: bool = _key("wsgi.multiprocess", "Whether other processes do.")
    is_run_once: bool = _key("wsgi.run_once", "Whether this process is for one request, as in CGI.")

    # The fields

    @cached_property
    def headers(self) -> EnvironHeaders:
        """All fields, by name in any case: headers["User-Agent"], headers.get("X-Requested-With")."""
        return EnvironHeaders(self.environ)

    @cached_property
    def cookies(self) -> ImmutableMultiDict[str, str]:
        """The cookies; of two with one name the first counts, which a browser sends for the longer path."""
        field = self.environ.get("HTTP_COOKIE")
        return self.dict_storage_class(parse_cookie(field) if field else ())  # type: ignore[return-value]

    content_type: str | None = _key("CONTENT_TYPE", "The media type of the body, as sent.")
    content_encoding: str | None = _key("HTTP_CONTENT_ENCODING", 'Its codings, such as "gzip", which are not undone.')
    content_md5: str | None = _key("HTTP_CONTENT_MD5", "A checksum of the body (RFC 1864).")
    date: datetime | None = _key("HTTP_DATE", "When it was sent.", grammar.parse_date)
    max_forwards: int | None = _key("HTTP_MAX_FORWARDS", "How many proxies a TRACE may still pass.", digits)
    referrer: str | None = _key("HTTP_REFERER", "The address of the page that linked here.")
    origin: str | None = _key("HTTP_ORIGIN", "The scheme, host and port of the page that asks; CORS goes by it.")
    access_control_request_method: str | None = _key("HTTP_ACCESS_CONTROL_REQUEST_METHOD", "The method it would use.")
    access_control_request_headers: HeaderSet = _parsed(
        "HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "The fields it would send.", _header_set
    )
    cache_control: RequestCacheControl = _parsed(
        "HTTP_CACHE_CONTROL", "Which answers out of a cache the client takes.", _asked_of_caches
    )
    pragma: HeaderSet = _parsed("HTTP_PRAGMA", 'What was Cache-Control in HTTP/1.0: "no-cache".', _header_set)

    @cached_property
    def authorization(self) -> Authorization | None:
        """Who the client says it is; None if it does not, or not in a way that can be read."""
        from .credentials import Authorization

        return Authorization.from_header(self.environ.get("HTTP_AUTHORIZATION"))

    @cached_property
    def user_agent(self) -> UserAgent:
        """The program that the client says it is."""
        return self.user_agent_class(self.environ.get("HTTP_USER_AGENT", ""))

    # What the client prefers, each a list with the best first: accept_mimetypes.best_match(["text/html", "text/csv"])
    # is the one to send (RFC 9110, section 12.5)

    accept_mimetypes: MIMEAccept = _parsed("HTTP_ACCEPT", "Media types.", _accept("MIMEAccept"))
    accept_charsets: CharsetAccept = _parsed("HTTP_ACCEPT_CHARSET", "Charsets.", _accept("CharsetAccept"))
    accept_encodings: Accept = _parsed("HTTP_ACCEPT_ENCODING", "Codings, such as gzip.", _accept("Accept"))
    accept_languages: LanguageAccept = _parsed("HTTP_ACCEPT_LANGUAGE", "Languages.", _accept("LanguageAccept"))

    # Its conditions, and the part that it wants: `Response.make_conditional` obeys them (RFC 9110, 13 and 14)

    if_match: ETags = _parsed("HTTP_IF_MATCH", "Only if it has one of these entity tags; else 412.", _etags)
    if_none_match: ETags = _parsed("HTTP_IF_NONE_MATCH", "Only if it has none of these; else 304.", _etags)
    if_modified_since: datetime | None = _key("HTTP_IF_MODIFIED_SINCE", "Only if changed since.", grammar.parse_date)
    if_unmodified_since: datetime | None = _key("HTTP_IF_UNMODIFIED_SINCE", "Only if unchanged.", grammar.parse_date)

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
        return wsgi.get_content_length(self.environ)

    @cached_property
    def _parsed_content_type(self) -> tuple[str, dict[str, str]]:
        return grammar.parse_options_header(self.environ.get("CONTENT_TYPE"))

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

    max_content_length: int | None = _limit("MAX_CONTENT_LENGTH", None, "Bytes a body may have; more is a 413.")
    max_form_memory_size: int | None = _limit("MAX_FORM_MEMORY_SIZE", 500_000, "Bytes of all form fields together.")
    max_form_parts: int | None = _limit("MAX_FORM_PARTS", 1_000, "Parts that a multipart body may have.")

    # The body, which can be read once: whoever comes first of stream, get_data(), data, form, files and json has it.
    # get_data() keeps it for the others.

    @cached_property
    def input_stream(self) -> IO[bytes]:
        """The body as the server gives it, which may have no end: read `stream` instead."""
        return self.environ["wsgi.input"]

    @cached_property
    def stream(self) -> IO[bytes]:
        """The body as a stream that ends where the body ends, and is a 413 where it is larger than allowed."""
        if self.shallow:
            raise RuntimeError("a shallow request leaves the body alone; make it with shallow=False to read it")
        return wsgi.get_input_stream(self.environ, max_content_length=self.max_content_length)

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
        def get_data(self, cache: bool = ..., as_text: bool = ..., parse_form_data: bool = ...) -> bytes | str: ...

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
        """Whether form and files look into the body: if there is a Content-Type at all."""
        return bool(self.environ.get("CONTENT_TYPE"))

    def make_form_data_parser(self) -> FormDataParser:
        """Return the parser of this request's body, with its limits."""
        return self.form_data_parser_class(
            stream_factory=self._get_file_stream,
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
        if self._form_error is not None:
            raise self._form_error()
        # The stream is asked for also where there is no form: a body that is too large, or not ours to read, is so
        # for whoever asks.
        stream = io.BytesIO(self._data) if "_data" in self.__dict__ else self.stream
        if self.want_form_data_parsed:
            parser = self.make_form_data_parser()
            try:
                stream, form, files = parser.parse(stream, self.mimetype, self.content_length, self.mimetype_params)
            except HTTPException as error:
                # What is left of the body is no form: who asks again hears the same, in an error of its own, for this
                # one's traceback holds the request.
                self._form_error = partial(type(error), error.description)
                raise
        else:
            form, files = self.parameter_storage_class(), self.parameter_storage_class()
        if self.app is not None and self.app.debug and form and self.mimetype != "multipart/form-data":
            from .uploads import UnsentFiles  # for weight

            files = UnsentFiles(form, self.mimetype)
        self.__dict__.update(stream=stream, form=form, files=files)

    @cached_property
    def form(self) -> ImmutableMultiDict[str, str]:
        """The fields of a form that are no files, in the way of `args`; empty where the body is no form."""
        self._load_form_data()
        return self.__dict__["form"]

    @cached_property
    def files(self) -> ImmutableMultiDict[str, FileStorage]:
        """The files of a form, each a FileStorage: files["photo"].save(path).  They are closed with the request."""
        self._load_form_data()
        return self.__dict__["files"]

    @cached_property
    def values(self) -> CombinedMultiDict[str, str]:
        """args, and form unless the method is GET, whose body means nothing (RFC 9110, section 9.3.1)."""
        sources = [self.args] if self.method == "GET" else [self.args, self.form]
        return CombinedMultiDict([one if isinstance(one, MultiDict) else MultiDict(one) for one in sources])

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
                except HTTPException as error:  # its traceback holds this call: to keep it here would be a cycle
                    return error(environ, start_response)
                return answer(environ, start_response)

        return update_wrapper(application, function)

    def close(self) -> None:
        """Close the files of the form."""
        files = self.__dict__.get("files")
        if files:
            _call_all([file.close for _, file in iter_multi_items(files)])

    def __enter__(self: RequestType) -> RequestType:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


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
        if isinstance(response, (str, bytes, bytearray, memoryview)):
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
            headers._put(("Content-Type", self._content_type))
        if self._length is not None:
            headers._put(("Content-Length", str(self._length)))
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
        _call_all(self._on_close if close is None else (close, *self._on_close))

    def __enter__(self: ResponseType) -> ResponseType:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    # The fields

    location: str | None = _field("Location", "The address to go to, for 201 and 3xx.", None, iri_to_uri)
    retry_after: Retry = _field(
        "Retry-After", "When to come again, for 503.", grammar.parse_retry_after, grammar.dump_retry_after
    )
    www_authenticate: Challenge = _structure(
        "WWW-Authenticate", "How to say who one is, for 401; of several the first.", _challenge, _dump_challenge
    )
    allow: Names = _names("Allow", "The methods that are allowed here, for 405.")
    content_type: str | None = _field("Content-Type", "The media type with its parameters, such as the charset.")
    content_encoding: str | None = _field("Content-Encoding", 'The codings of the body, such as "gzip".')
    content_language: Names = _names("Content-Language", 'The languages of its readers, such as "de-AT".')
    content_length: int | None = _field("Content-Length", "Bytes of the body.", digits, str)
    content_location: str | None = _field("Content-Location", "An address of this very content.")
    content_md5: str | None = _field("Content-MD5", "A checksum of the body (RFC 1864).")

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

    content_security_policy: Policy = _structure("Content-Security-Policy", "What the page may load and do.", _policy)
    content_security_policy_report_only: Policy = _structure(
        "Content-Security-Policy-Report-Only", "The same, to be reported and not enforced.", _policy
    )
    cross_origin_opener_policy: COOP = _choice("Cross-Origin-Opener-Policy", "Who may reach its window.", COOP)
    cross_origin_embedder_policy: COEP = _choice("Cross-Origin-Embedder-Policy", "What it may embed.", COEP)
    access_control_allow_origin: str | None = _field("Access-Control-Allow-Origin", "Whose pages may read it, or *.")
    access_control_allow_headers: Names = _names("Access-Control-Allow-Headers", "The fields that they may send.")
    access_control_allow_methods: Names = _names("Access-Control-Allow-Methods", "The methods that they may use.")
    access_control_expose_headers: Names = _names("Access-Control-Expose-Headers", "The fields that they may read.")
    access_control_max_age: int | None = _field("Access-Control-Max-Age", "Seconds that this holds.", int, str)

    @property
    def access_control_allow_credentials(self) -> bool:
        """Whether they may ask with cookies, and so read what is for one user."""
        return self.headers.get("Access-Control-Allow-Credentials") == "true"

    @access_control_allow_credentials.setter
    def access_control_allow_credentials(self, value: bool | None) -> None:
        self.headers.setlist("Access-Control-Allow-Credentials", ["true"] if value is True else [])

    # For caches, and for clients that have been here before

    date: Moment = _date("Date", "When it was sent.")
    last_modified: Moment = _date("Last-Modified", "When the content changed last.")
    expires: Moment = _date("Expires", "When a cache must ask again.")
    age: Age = _field("Age", "How long it has been in caches.", grammar.parse_age, grammar.dump_age)
    vary: Names = _names("Vary", "The fields of the request that it depends on, for caches.")
    accept_ranges: str | None = _field("Accept-Ranges", '"bytes" if parts may be asked for.')
    cache_control: Caching = _structure("Cache-Control", "Who may keep it, and how long.", _caching, is_list=True)
    content_range: Part = _structure("Content-Range", "Which part this is, for 206.", _content_range)

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
        body, code = self.response, self._status_code
        is_untouched = len(self.__dict__) == 5 and type(self) is Response and self._length is not None
        is_one_block = type(body) is list and len(body) == 1 and type(body[0]) is bytes
        has_body = environ["REQUEST_METHOD"] != "HEAD" and (code == 200 or (code > 200 and code not in _bodiless))
        if is_untouched and is_one_block and has_body and self._content_type is not None:
            fields: list[Any] = [("Content-Type", self._content_type), ("Content-Length", str(self._length))]
            return [*body], self._status, fields
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


#: How an HTTPException becomes a Response (`HTTPException.get_response`); the exceptions stand in an earlier chapter.
HTTPException.response_class = Response
