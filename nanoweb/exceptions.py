"""The errors that answer: each HTTPException is its own page.

In a request's way: whatever finds something wrong raises one of these (routing
a NotFound, a form a BadRequestKeyError, a view by abort()); App catches it and
asks the error handlers, and if none wants it, the exception itself goes to the
client: it is a WSGI application, and needs no Response for that.

The table of statuses and the check of header fields stand here because this is
the first chapter that puts an answer on the wire; headers hands both on.
RFC 9110, section 15.
"""

from __future__ import annotations

import re
from time import asctime

from .markup import Markup, escape

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime
    from typing import Any, NoReturn

__all__ = [
    "HTTP_STATUS_CODES",
    "Aborter",
    "BadGateway",
    "BadHost",
    "BadRequest",
    "BadRequestKeyError",
    "ClientDisconnected",
    "Conflict",
    "ExpectationFailed",
    "FailedDependency",
    "Forbidden",
    "GatewayTimeout",
    "Gone",
    "HTTPException",
    "HTTPVersionNotSupported",
    "ImATeapot",
    "InternalServerError",
    "LengthRequired",
    "Locked",
    "MethodNotAllowed",
    "MisdirectedRequest",
    "NotAcceptable",
    "NotFound",
    "NotImplemented",
    "PreconditionFailed",
    "PreconditionRequired",
    "RequestEntityTooLarge",
    "RequestHeaderFieldsTooLarge",
    "RequestTimeout",
    "RequestURITooLarge",
    "RequestedRangeNotSatisfiable",
    "SecurityError",
    "ServiceUnavailable",
    "TooManyRequests",
    "Unauthorized",
    "UnavailableForLegalReasons",
    "UnprocessableEntity",
    "UnsupportedMediaType",
    "abort",
    "check_header",
    "default_exceptions",
]

HTTP_STATUS_CODES: dict[int, str] = {
    100: "Continue",
    101: "Switching Protocols",
    102: "Processing",
    103: "Early Hints",
    200: "OK",
    201: "Created",
    202: "Accepted",
    203: "Non Authoritative Information",
    204: "No Content",
    205: "Reset Content",
    206: "Partial Content",
    207: "Multi Status",
    208: "Already Reported",
    226: "IM Used",
    300: "Multiple Choices",
    301: "Moved Permanently",
    302: "Found",
    303: "See Other",
    304: "Not Modified",
    305: "Use Proxy",
    306: "Switch Proxy",
    307: "Temporary Redirect",
    308: "Permanent Redirect",
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    406: "Not Acceptable",
    407: "Proxy Authentication Required",
    408: "Request Timeout",
    409: "Conflict",
    410: "Gone",
    411: "Length Required",
    412: "Precondition Failed",
    413: "Request Entity Too Large",
    414: "Request URI Too Long",
    415: "Unsupported Media Type",
    416: "Requested Range Not Satisfiable",
    417: "Expectation Failed",
    418: "I'm a teapot",
    421: "Misdirected Request",
    422: "Unprocessable Entity",
    423: "Locked",
    424: "Failed Dependency",
    425: "Too Early",
    426: "Upgrade Required",
    428: "Precondition Required",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    449: "Retry With",
    451: "Unavailable For Legal Reasons",
    500: "Internal Server Error",
    501: "Not Implemented",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    505: "HTTP Version Not Supported",
    506: "Variant Also Negotiates",
    507: "Insufficient Storage",
    508: "Loop Detected",
    510: "Not Extended",
    511: "Network Authentication Failed",
}

# What describes a body, and is left out where none is sent.  Content-Location and Expires
# are not among them: a 304 carries those (RFC 9110, 15.4.5).
_ABOUT_THE_BODY = frozenset(
    "allow content-encoding content-language content-length content-md5"
    " content-range content-type last-modified".split()
)

_TOKEN = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_is_token = re.compile(_TOKEN).fullmatch


def check_header(name: str, value: Any) -> tuple[str, str]:
    """Return a header field as text, or refuse one that breaks the answer apart or cannot be sent.

    >>> check_header("Content-Length", 12)
    ('Content-Length', '12')
    >>> check_header("Location", "/home\\r\\nSet-Cookie: admin=1")  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    ValueError: header Location: '/home\\r\\nSet-Cookie: admin=1' holds '\\r': ...

    name     a token: letters, digits and !#$%&'*+-.^_`|~
    value    text of any characters up to U+00FF but control characters (a tab is allowed),
             or what str() turns into such text
    raises   ValueError that shows the field, the rule and the cure; TypeError for bytes

    RFC 9110, sections 5.1 and 5.5; PEP 3333 for U+00FF.
    """
    if _is_token(name) is None:
        raise ValueError(f"header name {name!r:.200} is not a token: use letters, digits and any of !#$%&'*+-.^_`|~")
    if not isinstance(value, str):
        if isinstance(value, (bytes, bytearray)):
            raise TypeError(f"header {name}: {value!r:.200} is bytes, not text: decode it, as Latin-1 if it came so")
        value = str(value)
    if value.isascii() and value.isprintable():
        return name, value
    wrong = re.search(r"[^\t\x20-\x7e\x80-\xff]", value)
    if wrong is not None:
        raise ValueError(
            f"header {name}: {value!r:.200} holds {wrong.group()!r}: control characters and those over U+00FF"
            " cannot be sent in a header; leave them out, or encode them (in a URL, urllib.parse.quote())"
        )
    return name, value


def _imf_fixdate(moment):
    """Format a struct_time in UTC; asctime(), unlike strftime(), speaks English in every locale."""
    text = asctime(moment)  # "Sun Nov  6 08:49:37 1994"
    return f"{text[:3]}, {moment[2]:02} {text[4:7]} {moment[0]:04} {text[11:19]} GMT"


class HTTPException(Exception):
    """An answer that is raised instead of returned; the base of all.

    >>> try:
    ...     raise NotFound("There is no page <7>.")
    ... except HTTPException as error:
    ...     print(error.code, error.name)
    ...     print(error.get_description())
    404 Not Found
    <p>There is no page &lt;7&gt;.</p>

    description    text for the page, escaped there unless it is Markup
    response       a WSGI application to answer with instead of the page

    code is the status, and description what a subclass says when nothing else is given.
    response_class is what get_response() makes; wrappers puts Response there.
    """

    code: int | None = None
    description: str | None = None
    response_class: Any = None

    def __init__(self, description: str | None = None, response: Any = None) -> None:
        if description is not None:
            self.description = description
        self.response = response

    @property
    def name(self) -> str:
        """The words of the status: "Not Found"."""
        return HTTP_STATUS_CODES.get(self.code, "Unknown Error")  # type: ignore[arg-type]

    def get_description(self, environ: Any = None, scope: dict[str, Any] | None = None) -> str:
        """Return the description as a paragraph of HTML."""
        text = escape("" if self.description is None else self.description).replace("\n", Markup("<br>"))
        # A view may repeat what a client sent, and JSON can bring half a surrogate pair.
        return f"<p>{text}</p>".encode("utf-8", "replace").decode()

    def get_body(self, environ: Any = None, scope: dict[str, Any] | None = None) -> str:
        """Return the page as HTML."""
        name = escape(self.name)
        head = f"<!doctype html>\n<html lang=en>\n<title>{self.code} {name}</title>\n"
        return f"{head}<h1>{name}</h1>\n{self.get_description(environ)}\n"

    def get_headers(self, environ: Any = None, scope: dict[str, Any] | None = None) -> list[tuple[str, str]]:
        """Return the header fields, without Content-Length."""
        return [("Content-Type", "text/html; charset=utf-8"), *self._own_fields()]

    def _own_fields(self):
        """The fields that this status calls for."""
        return []

    def get_response(self, environ: Any = None, scope: dict[str, Any] | None = None) -> Any:
        """Return the answer as a Response that can still be changed.

        environ    the WSGI environ, or a Request, for pages that depend on it
        returns    the response given when the exception was made, or a new Response
        """
        if self.response is not None:
            return self.response
        if self.response_class is None:
            raise RuntimeError("HTTPException.response_class is not set: import nanoweb, which sets it to Response")
        environ = getattr(environ, "environ", environ)
        return self.response_class(self.get_body(environ, scope), self.code, self.get_headers(environ, scope))

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[[str, list[tuple[str, str]]], Any]
    ) -> Iterable[bytes]:
        """Answer as a WSGI application."""
        code = self.code or 200
        is_odd = self.response is not None or type(self).get_response is not HTTPException.get_response
        if is_odd or code < 200 or code in (204, 304):  # Response knows what goes without a body
            return self.get_response(environ)(environ, start_response)
        fields = [check_header(*field) for field in self.get_headers(environ)]
        headers = [field for field in fields if field[0].lower() != "content-length"]
        if not any(name.lower() == "content-type" for name, _ in headers):
            headers.append(("Content-Type", "text/plain; charset=utf-8"))
        body: Any = self.get_body(environ)
        data = body if isinstance(body, bytes) else body.encode()
        headers.append(("Content-Length", str(len(data))))
        start_response(f"{code} {HTTP_STATUS_CODES.get(code, 'Unknown').upper()}", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [data]

    def __str__(self) -> str:
        return f"{'???' if self.code is None else self.code} {self.name}: {self.description}"

    def __repr__(self) -> str:
        return f"<{type(self).__name__} '{'???' if self.code is None else self.code}: {self.name}'>"


class BadRequest(HTTPException):
    """400: the client sent something that cannot be understood."""

    code = 400
    description = "The browser (or proxy) sent a request that this server could not understand."


class BadRequestKeyError(BadRequest, KeyError):
    """400 for a field that was asked for and not sent; a KeyError to who looked it up.

    >>> error = BadRequestKeyError("e-mail")
    >>> isinstance(error, KeyError), error.args
    (True, ('e-mail',))
    >>> error.show_exception = True     # when debugging: the page names the key
    >>> print(error)
    400 Bad Request: The browser (or proxy) sent a request that this server could not understand.
    KeyError: 'e-mail'
    """

    show_exception = False
    _description: str = BadRequest.description

    def __init__(self, arg: object = None, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.args = () if arg is None else (arg,)

    @property
    def description(self) -> str:
        """What the page says; with show_exception, and the key."""
        if self.show_exception:
            return f"{self._description}\nKeyError: {KeyError.__str__(self)}"
        return self._description

    @description.setter
    def description(self, value: str) -> None:
        self._description = value


class ClientDisconnected(BadRequest):
    """400 that nobody reads: the client left before its request was complete."""


class SecurityError(BadRequest):
    """400: the request is an attack, or looks like one."""


class BadHost(BadRequest):
    """400: the Host is no host name."""


class Unauthorized(HTTPException):
    """401: log in first.

    >>> Unauthorized(www_authenticate='Basic realm="kitchen"').get_headers()[1]
    ('WWW-Authenticate', 'Basic realm="kitchen"')

    www_authenticate    how to log in: a WWWAuthenticate, the text of one, or several of
                        them; each becomes a field of its own
    """

    code = 401
    description = (
        "The server could not verify that you are authorized to access the URL requested."
        " You either supplied the wrong credentials (e.g. a bad password), or your browser"
        " doesn't understand how to supply the credentials required."
    )

    def __init__(self, description: str | None = None, response: Any = None, www_authenticate: Any = None) -> None:
        super().__init__(description, response)
        if isinstance(www_authenticate, str) or hasattr(www_authenticate, "to_header"):
            www_authenticate = (www_authenticate,)
        self.www_authenticate = www_authenticate

    def _own_fields(self):
        return [("WWW-Authenticate", str(challenge)) for challenge in self.www_authenticate or ()]


class Forbidden(HTTPException):
    """403: logged in or not, this is not for you."""

    code = 403
    description = (
        "You don't have the permission to access the requested resource."
        " It is either read-protected or not readable by the server."
    )


class NotFound(HTTPException):
    """404: there is nothing at this URL."""

    code = 404
    description = (
        "The requested URL was not found on the server."
        " If you entered the URL manually please check your spelling and try again."
    )


class MethodNotAllowed(HTTPException):
    """405: something is here, but not for this method.

    >>> MethodNotAllowed(["GET", "HEAD"]).get_headers()[1]
    ('Allow', 'GET, HEAD')

    valid_methods    what the client may use instead: names, or one name
    """

    code = 405
    description = "The method is not allowed for the requested URL."

    def __init__(
        self, valid_methods: Iterable[str] | None = None, description: str | None = None, response: Any = None
    ) -> None:
        super().__init__(description, response)
        self.valid_methods = valid_methods

    def _own_fields(self):
        methods = self.valid_methods or ""
        text = methods if isinstance(methods, str) else ", ".join(methods)
        return [("Allow", text)] if text else []


class NotAcceptable(HTTPException):
    """406: nothing here is of a kind that the client's Accept fields ask for."""

    code = 406
    description = (
        "The resource identified by the request is only capable of generating response entities"
        " which have content characteristics not acceptable according to the accept headers sent"
        " in the request."
    )


class RequestTimeout(HTTPException):
    """408: the request did not come to its end in time."""

    code = 408
    description = (
        "The server closed the network connection because the browser didn't finish the request"
        " within the specified time."
    )


class Conflict(HTTPException):
    """409: somebody else changed it first."""

    code = 409
    description = (
        "A conflict happened while processing the request."
        " The resource might have been modified while the request was being processed."
    )


class Gone(HTTPException):
    """410: it was here, and will not come back."""

    code = 410
    description = (
        "The requested URL is no longer available on this server and there is no forwarding"
        " address. If you followed a link from a foreign page, please contact the author of this page."
    )


class LengthRequired(HTTPException):
    """411: a body needs a Content-Length here."""

    code = 411
    description = "A request with this method requires a valid <code>Content-Length</code> header."


class PreconditionFailed(HTTPException):
    """412: If-Match or If-Unmodified-Since does not hold."""

    code = 412
    description = "The precondition on the request for the URL failed positive evaluation."


class RequestEntityTooLarge(HTTPException):
    """413: the body is over a limit."""

    code = 413
    description = "The data value transmitted exceeds the capacity limit."


class RequestURITooLarge(HTTPException):
    """414: the URL is over a limit."""

    code = 414
    description = (
        "The length of the requested URL exceeds the capacity limit for this server. The request cannot be processed."
    )


class UnsupportedMediaType(HTTPException):
    """415: the body is of a kind that is not read here."""

    code = 415
    description = "The server does not support the media type transmitted in the request."


class RequestedRangeNotSatisfiable(HTTPException):
    """416: the part that Range asks for is not there.

    >>> RequestedRangeNotSatisfiable(1000).get_headers()[1]
    ('Content-Range', 'bytes */1000')

    length    the size of the whole, in units
    units     what length counts
    """

    code = 416
    description = "The server cannot provide the requested range."

    def __init__(
        self, length: int | None = None, units: str = "bytes", description: str | None = None, response: Any = None
    ) -> None:
        super().__init__(description, response)
        self.length = length
        self.units = units

    def _own_fields(self):
        return [] if self.length is None else [("Content-Range", f"{self.units} */{self.length}")]


class ExpectationFailed(HTTPException):
    """417: what Expect asks for is not done here."""

    code = 417
    description = "The server could not meet the requirements of the Expect header"


class ImATeapot(HTTPException):
    """418: short and stout (RFC 2324)."""

    code = 418
    description = "This server is a teapot, not a coffee machine"


class MisdirectedRequest(HTTPException):
    """421: this server does not answer for that host."""

    code = 421
    description = "The server is not able to produce a response."


class UnprocessableEntity(HTTPException):
    """422: well formed, and makes no sense."""

    code = 422
    description = "The request was well-formed but was unable to be followed due to semantic errors."


class Locked(HTTPException):
    """423: somebody holds the lock (RFC 4918)."""

    code = 423
    description = "The resource that is being accessed is locked."


class FailedDependency(HTTPException):
    """424: another step failed, and this one depends on it (RFC 4918)."""

    code = 424
    description = (
        "The method could not be performed on the resource because the requested action depended"
        " on another action and that action failed."
    )


class PreconditionRequired(HTTPException):
    """428: say which version you change, by If-Match (RFC 6585)."""

    code = 428
    description = 'This request is required to be conditional; try using "If-Match" or "If-Unmodified-Since".'


class _RetryAfter(HTTPException):
    """Base of the errors that pass.

    retry_after    seconds, or the datetime (UTC if it names no zone), for Retry-After
    """

    def __init__(
        self, description: str | None = None, response: Any = None, retry_after: datetime | int | None = None
    ) -> None:
        super().__init__(description, response)
        self.retry_after = retry_after

    def _own_fields(self):
        if not self.retry_after:
            return []
        # Asked by the method: most programs never load datetime for this.
        utctimetuple = getattr(self.retry_after, "utctimetuple", None)
        return [("Retry-After", str(self.retry_after) if utctimetuple is None else _imf_fixdate(utctimetuple()))]


class TooManyRequests(_RetryAfter):
    """429: slower, please (RFC 6585).

    >>> TooManyRequests(retry_after=60).get_headers()[1]
    ('Retry-After', '60')
    """

    code = 429
    description = "This user has exceeded an allotted request count. Try again later."


class RequestHeaderFieldsTooLarge(HTTPException):
    """431: one header field, or all of them, are over a limit (RFC 6585)."""

    code = 431
    description = "One or more header fields exceeds the maximum size."


class UnavailableForLegalReasons(HTTPException):
    """451: a court or a government forbids it (RFC 7725)."""

    code = 451
    description = "Unavailable for legal reasons."


class InternalServerError(HTTPException):
    """500: our fault.

    original_exception    what the view raised, for error handlers and logs; the page
                          tells nothing of it
    """

    code = 500
    description = (
        "The server encountered an internal error and was unable to complete your request."
        " Either the server is overloaded or there is an error in the application."
    )

    def __init__(
        self, description: str | None = None, response: Any = None, original_exception: BaseException | None = None
    ) -> None:
        super().__init__(description, response)
        self.original_exception = original_exception


class NotImplemented(HTTPException):
    """501: this server cannot do that at all."""

    code = 501
    description = "The server does not support the action requested by the browser."


class BadGateway(HTTPException):
    """502: the server behind this one answered nonsense."""

    code = 502
    description = "The proxy server received an invalid response from an upstream server."


class ServiceUnavailable(_RetryAfter):
    """503: not now; retry_after says when."""

    code = 503
    description = (
        "The server is temporarily unable to service your request due to maintenance downtime or"
        " capacity problems. Please try again later."
    )


class GatewayTimeout(HTTPException):
    """504: the server behind this one did not answer in time."""

    code = 504
    description = "The connection to an upstream server timed out."


class HTTPVersionNotSupported(HTTPException):
    """505: not in this version of HTTP."""

    code = 505
    description = "The server does not support the HTTP protocol version used in the request."


#: The exception for each status: those classes that name their own code.
default_exceptions: dict[int, type[HTTPException]] = {
    vars(found)["code"]: found
    for found in list(globals().values())
    if isinstance(found, type) and issubclass(found, HTTPException) and vars(found).get("code")
}


class Aborter:
    """abort(), over a table of one's own.

    >>> class Closed(HTTPException):
    ...     code = 555
    >>> Aborter(extra={555: Closed})(555)
    Traceback (most recent call last):
    nanoweb.exceptions.Closed: 555 Unknown Error: None

    mapping    status to exception; by default default_exceptions
    extra      more of the same, which win over mapping
    """

    def __init__(
        self,
        mapping: Mapping[int, type[HTTPException]] | None = None,
        extra: Mapping[int, type[HTTPException]] | None = None,
    ) -> None:
        self.mapping = dict(default_exceptions if mapping is None else mapping)
        self.mapping.update(extra or {})

    def __call__(self, code: Any, *args: Any, **kwargs: Any) -> NoReturn:
        if callable(code) and not isinstance(code, type):
            raise HTTPException(response=code)
        if code not in self.mapping:
            known = ", ".join(map(str, sorted(self.mapping)))
            raise LookupError(f"no exception for {code!r}: abort() takes a WSGI application, or one of {known}")
        raise self.mapping[code](*args, **kwargs)


_aborter = Aborter()


def abort(status: Any, *args: Any, **kwargs: Any) -> NoReturn:
    """Stop here and answer with an error.

    >>> abort(404, "Nothing here.")
    Traceback (most recent call last):
    nanoweb.exceptions.NotFound: 404 Not Found: Nothing here.

    status    a code of default_exceptions, or a Response (any WSGI application) to answer with
    args      go to the exception: a description, mostly
    raises    the HTTPException; LookupError if there is none for status
    """
    _aborter(status, *args, **kwargs)
