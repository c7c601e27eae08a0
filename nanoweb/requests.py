"""Request: what the client sent, as a view sees it.

In a request's way: the context makes one of the environ; the view, and what stands around it, reads it.

It holds the environ and computes nothing before it is asked.  Most attributes are the fields of
RFC 9110, by their names.
"""

from __future__ import annotations

import io
from functools import partial, update_wrapper

from . import headers as grammar
from . import wsgi
from .attributes import (
    key,
    limit,
    load_accept,
    load_etags,
    load_header_set,
    load_if_range,
    load_range,
    load_request_caching,
    parsed,
)
from .cookies import parse_cookie
from .dicts import CombinedMultiDict, ImmutableList, ImmutableMultiDict, MultiDict, iter_multi_items
from .exceptions import BadRequest, HTTPException, UnsupportedMediaType
from .fields import EnvironHeaders
from .formparser import FormDataParser, default_stream_factory, parse_urlencoded
from .properties import cached_property, digits
from .wsgi import _call_all

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from typing import IO, Any, Literal, TypeVar, overload

    from .accept import Accept, CharsetAccept, LanguageAccept, MIMEAccept
    from .app import App
    from .conditions import ETags, IfRange, Range
    from .credentials import Authorization
    from .directives import HeaderSet, RequestCacheControl
    from .routing import Rule
    from .uploads import FileStorage
    from .wsgi import WSGIApplication

    RequestType = TypeVar("RequestType", bound="Request")

__all__ = ["Request", "UserAgent"]


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
    _is_form_read = False  # then form and files are there
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

    @cached_property
    def access_route(self) -> list[str]:
        """X-Forwarded-For as a list, or [remote_addr].  Anybody can send that field: rely on ProxyFix only."""
        if "HTTP_X_FORWARDED_FOR" in self.environ:
            return self.list_storage_class(grammar.parse_list_header(self.environ["HTTP_X_FORWARDED_FOR"]))
        return self.list_storage_class(() if self.remote_addr is None else [self.remote_addr])

    remote_addr: str | None = key("REMOTE_ADDR", "The address of the peer: of the client, or of the proxy in front.")
    remote_user: str | None = key("REMOTE_USER", "Who the user is, if the server in front has asked.")
    is_multithread: bool = key("wsgi.multithread", "Whether other threads handle requests too.")
    is_multiprocess: bool = key("wsgi.multiprocess", "Whether other processes do.")
    is_run_once: bool = key("wsgi.run_once", "Whether this process is for one request, as in CGI.")

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

    content_type: str | None = key("CONTENT_TYPE", "The media type of the body, as sent.")
    content_encoding: str | None = key("HTTP_CONTENT_ENCODING", 'Its codings, such as "gzip", which are not undone.')
    content_md5: str | None = key("HTTP_CONTENT_MD5", "A checksum of the body (RFC 1864).")
    date: datetime | None = key("HTTP_DATE", "When it was sent.", grammar.parse_date)
    max_forwards: int | None = key("HTTP_MAX_FORWARDS", "How many proxies a TRACE may still pass.", digits)
    referrer: str | None = key("HTTP_REFERER", "The address of the page that linked here.")
    origin: str | None = key("HTTP_ORIGIN", "The scheme, host and port of the page that asks; CORS goes by it.")
    access_control_request_method: str | None = key("HTTP_ACCESS_CONTROL_REQUEST_METHOD", "The method it would use.")
    access_control_request_headers: HeaderSet = parsed(
        "HTTP_ACCESS_CONTROL_REQUEST_HEADERS", "The fields it would send.", load_header_set
    )
    cache_control: RequestCacheControl = parsed(
        "HTTP_CACHE_CONTROL", "Which answers out of a cache the client takes.", load_request_caching
    )
    pragma: HeaderSet = parsed("HTTP_PRAGMA", 'What was Cache-Control in HTTP/1.0: "no-cache".', load_header_set)

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

    accept_mimetypes: MIMEAccept = parsed("HTTP_ACCEPT", "Media types.", load_accept("MIMEAccept"))
    accept_charsets: CharsetAccept = parsed("HTTP_ACCEPT_CHARSET", "Charsets.", load_accept("CharsetAccept"))
    accept_encodings: Accept = parsed("HTTP_ACCEPT_ENCODING", "Codings, such as gzip.", load_accept("Accept"))
    accept_languages: LanguageAccept = parsed("HTTP_ACCEPT_LANGUAGE", "Languages.", load_accept("LanguageAccept"))

    # Its conditions, and the part that it wants: `Response.make_conditional` obeys them (RFC 9110, 13 and 14)

    if_match: ETags = parsed("HTTP_IF_MATCH", "Only if it has one of these entity tags; else 412.", load_etags)
    if_none_match: ETags = parsed("HTTP_IF_NONE_MATCH", "Only if it has none of these; else 304.", load_etags)
    if_modified_since: datetime | None = key("HTTP_IF_MODIFIED_SINCE", "Only if changed since.", grammar.parse_date)
    if_unmodified_since: datetime | None = key("HTTP_IF_UNMODIFIED_SINCE", "Only if unchanged.", grammar.parse_date)
    if_range: IfRange = parsed(
        "HTTP_IF_RANGE", "The version that range is of: its entity tag or date.", load_if_range
    )
    range: Range | None = parsed("HTTP_RANGE", "The parts; None for the whole, and if unreadable.", load_range)

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

    max_content_length: int | None = limit("MAX_CONTENT_LENGTH", None, "Bytes a body may have; more is a 413.")
    max_form_memory_size: int | None = limit("MAX_FORM_MEMORY_SIZE", 500_000, "Bytes of all form fields together.")
    max_form_parts: int | None = limit("MAX_FORM_PARTS", 1_000, "Parts that a multipart body may have.")

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
        if self._is_form_read:
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
        self.__dict__.update(stream=stream, form=form, files=files, _is_form_read=True)

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
        if self.app is not None:
            return self.app.json
        import json  # for weight

        return json

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
        return blueprints_of(self.endpoint or "")

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
        if self._is_form_read and self.files:
            _call_all([file.close for _, file in iter_multi_items(self.files)])

    def __enter__(self: RequestType) -> RequestType:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()


def blueprints_of(endpoint: str) -> list[str]:
    """The names of the blueprint that an endpoint is in, and of those around it, the innermost first.

    >>> blueprints_of("site.admin.users")
    ['site.admin', 'site']
    """
    names = []
    while endpoint := endpoint.rpartition(".")[0]:
        names.append(endpoint)
    return names
