"""A WSGI environ made to order: a request without a server.

Loaded when a test, `Request.from_values` or `App.test_request_context` first needs it.
"""

from __future__ import annotations

import io
import json as json_module
import os
import re
import sys
from contextlib import closing
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes, urlencode, urlsplit

from .dicts import CallbackDict, MultiDict
from .fields import EnvironHeaders, Headers
from .formparser import encode_multipart as _encode_parts
from .headers import dump_options_header, get_content_type, parse_options_header
from .properties import header_property
from .uploads import FileMultiDict, FileStorage, guess_content_type
from .urls import iri_to_uri
from .wsgi import _server, get_content_length

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import IO, Any

    from .app import App
    from .credentials import Authorization
    from .wrappers import Request

__all__ = ["AppEnvironBuilder", "EnvironBuilder", "create_environ", "encode_multipart"]

_safe_in_path = "%!$&'()*+,/:;=@~[]"
_safe_in_query = "%!$&'()*+,/:;=?@[]~"
_safe_in_field = "!$'()*,/:;?@"
_is_full_address = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://", re.ASCII).match

_urlencoded = "application/x-www-form-urlencoded"
_multipart = "multipart/form-data"
_body_arguments = frozenset(["data", "json", "input_stream"])


def _container(name, factory, other):
    """args, form or files of a builder: made when first looked at.

    There is none where the other thing was given: the query string as text, the body as a stream.
    """

    def get(self):
        if getattr(self, other):
            raise AttributeError(f"no {name}: there is {other[1:]}; change that, or set it to None first")
        if getattr(self, f"_{name}") is None:
            setattr(self, f"_{name}", factory())
        return getattr(self, f"_{name}")

    def set(self, value):
        setattr(self, f"_{name}", value if value is None or isinstance(value, MultiDict) else factory(value))
        setattr(self, other, None)

    return property(get, set)


class EnvironBuilder:
    """A WSGI environ made to order.

    >>> builder = EnvironBuilder("/search?page=2", query_string={"q": "größe"}, method="POST", json={"a": 1})
    >>> environ = builder.get_environ()
    >>> environ["QUERY_STRING"], environ["CONTENT_TYPE"], environ["wsgi.input"].read()
    ('page=2&q=gr%C3%B6%C3%9Fe', 'application/json', b'{"a": 1}')

    path              below the base address, or a full address; may have a query string
    base_url          scheme, host and the path where the application is mounted, or that path alone
    query_string      text, a dict, or pairs; added to what the path has
    headers           further fields
    data              the body: bytes, text, an open file, or a dict of form fields; a value may be
                      a list of several, a file, or a tuple (file, name, content type) with an
                      open file or the path of one
    json              an object to send as JSON instead
    input_stream      a stream to hand over as it is instead
    content_type      of the body, where it does not go without saying; mimetype: the same,
                      and text types get the charset
    content_length    where there is no body to count
    auth              an Authorization, or (user, password) for the Basic scheme
    environ_base      keys that others may overwrite; environ_overrides: keys that win

    All but data, json and auth are attributes too, and can be changed until get_environ is
    called; of data there are form and files, of base_url also url_scheme, host and script_root.
    """

    server_protocol = "HTTP/1.1"
    wsgi_version = (1, 0)
    #: Turns json into text.
    json_dumps: Any = staticmethod(json_module.dumps)
    #: What get_request makes: Request, which stands in a later chapter and is put here by `testing`.
    request_class: type[Request]

    closed = False
    _query_string: str | None = None
    _input_stream: IO[bytes] | None = None
    _args: MultiDict[str, Any] | None = None
    _form: MultiDict[str, Any] | None = None
    _files: FileMultiDict | None = None
    #: What the query string is made of.
    args: MultiDict[str, Any] = _container("args", MultiDict, "_query_string")
    #: The fields and the files of the form that is the body.
    form: MultiDict[str, Any] = _container("form", MultiDict, "_input_stream")
    files: FileMultiDict = _container("files", FileMultiDict, "_input_stream")

    def __init__(
        self,
        path: str = "/",
        base_url: str | None = None,
        query_string: Mapping[str, Any] | Iterable[tuple[str, Any]] | str | bytes | None = None,
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
        auth: Authorization | tuple[str, str] | None = None,
    ) -> None:
        self.path, query, address = _split_path(path)
        self.base_url = base_url or address
        if query or isinstance(query_string, (str, bytes)):
            self.query_string = "&".join(part for part in (query, _encode_query(query_string)) if part)
        elif query_string is not None:
            self._args = MultiDict(query_string)
        self.method = method.upper()
        self.errors_stream = sys.stderr if errors_stream is None else errors_stream
        self.multithread, self.multiprocess, self.run_once = multithread, multiprocess, run_once
        self.environ_base, self.environ_overrides = environ_base, environ_overrides
        self.headers = Headers(headers)
        self.content_length = content_length
        content_type = content_type if mimetype is None else get_content_type(mimetype)
        if content_type is not None:
            self.content_type = content_type
        if auth is not None:
            if isinstance(auth, tuple):
                from .credentials import Authorization

                auth = Authorization("basic", {"username": auth[0], "password": auth[1]})
            self.headers["Authorization"] = auth.to_header()
        if json is not None:
            if data is not None:
                raise TypeError("a request has one body: give data or json, not both")
            data = self.json_dumps(json)
            self.headers.setdefault("Content-Type", "application/json")
        self.input_stream = input_stream
        if data:
            self._take(data)

    @classmethod
    def from_environ(cls, environ: dict[str, Any], **kwargs: Any) -> EnvironBuilder:
        """Return a builder that makes this environ again, but for what the keyword arguments say."""
        headers = Headers(EnvironHeaders(environ))
        headers.remove("Host")
        given = {
            "method": environ["REQUEST_METHOD"],
            "errors_stream": environ.get("wsgi.errors"),
            "environ_base": {key: environ[key] for key in environ if not key.startswith(("HTTP_", "CONTENT_"))},
            "headers": headers,
            **{name: environ.get(f"wsgi.{name}", False) for name in ("multithread", "multiprocess", "run_once")},
        }
        if _body_arguments.isdisjoint(kwargs):
            given.update(input_stream=environ.get("wsgi.input"), content_length=get_content_length(environ))
        else:
            headers.remove("Content-Type")
        builder = cls(**{**given, **kwargs})
        builder.server_protocol = environ.get("SERVER_PROTOCOL", cls.server_protocol)
        if "base_url" not in kwargs:
            builder.url_scheme = environ["wsgi.url_scheme"]
            builder.host = environ.get("HTTP_HOST") or _server(environ)
            builder.script_root = _from_wsgi(environ.get("SCRIPT_NAME", ""))
        if "path" not in kwargs:
            builder.path = _from_wsgi(environ.get("PATH_INFO", ""))
        if "query_string" not in kwargs and not builder._query_string:
            builder.query_string = environ.get("QUERY_STRING", "").encode("latin-1")
        return builder

    # The address

    @property
    def base_url(self) -> str:
        """Scheme, host and the path where the application is mounted, which ends in "/"."""
        return f"{self.url_scheme}://{self.host}{self.script_root}/"

    @base_url.setter
    def base_url(self, value: str | None) -> None:
        self.url_scheme, self.host, self.script_root = _split_base(value or "/")

    @property
    def server_name(self) -> str:
        """The host without its port."""
        return _split_server(self.url_scheme, self.host)[0]

    @property
    def server_port(self) -> int:
        """The port, where the host says none that of the scheme."""
        return int(_split_server(self.url_scheme, self.host)[1])

    @property
    def query_string(self) -> str:
        """What follows the "?" of the address: args, or a text that was set."""
        return _encode_query(self._args) if self._query_string is None else self._query_string

    @query_string.setter
    def query_string(self, value: str | bytes | None) -> None:
        self._query_string = None if value is None else _encode_query(value)
        self._args = None

    @property
    def request_uri(self) -> str:
        """The path and the query string as they stand in the request's first line."""
        path = quote(self.path, safe=_safe_in_path)
        return f"{path}?{self.query_string}" if self.query_string else path

    # The body

    @property
    def content_type(self) -> str | None:
        """The media type of the body with its parameters; None: there is none."""
        return self.headers.get("Content-Type", _multipart if self._files else _urlencoded if self._form else None)

    @content_type.setter
    def content_type(self, value: str | None) -> None:
        self.headers.setlist("Content-Type", [] if value is None else [value])

    @property
    def mimetype(self) -> str | None:
        """The media type without parameters, in lower case."""
        return parse_options_header(self.content_type)[0].lower() or None

    @mimetype.setter
    def mimetype(self, value: str | None) -> None:
        self.content_type = get_content_type(value)

    @property
    def mimetype_params(self) -> CallbackDict[str, str]:
        """The parameters of the media type; a change of them changes it."""
        mimetype, params = parse_options_header(self.content_type)
        return CallbackDict(params, lambda new: setattr(self, "content_type", dump_options_header(mimetype, new)))

    #: Bytes of the body, where they can be told before get_environ makes it.
    content_length = header_property["int | None"]("Content-Length", None, int, str)

    @property
    def input_stream(self) -> IO[bytes] | None:
        """The body as a stream; None if it is a form.  To set it is to forget the form."""
        return self._input_stream

    @input_stream.setter
    def input_stream(self, value: IO[bytes] | None) -> None:
        self._input_stream, self._form, self._files = value, None, None

    def _take(self, data):
        """Keep a body: bytes, text, an open file or form fields."""
        if self._input_stream is not None:
            raise TypeError("a request has one body: give data or input_stream, not both")
        if hasattr(data, "read"):
            data = data.read()
        if isinstance(data, str):
            data = data.encode()
        if isinstance(data, (bytes, bytearray)):
            self._input_stream, self.content_length = _Whole(data), len(data)
            return
        for name, value in _fields(data):
            if isinstance(value, tuple):
                self.files.add_file(name, *value)
            elif hasattr(value, "read"):
                self.files.add_file(name, value)
            elif isinstance(value, (dict, set)):
                raise TypeError(f"form field {name!r} is {value!r:.200}: give text, a number, a file, or a list")
            else:
                self.form.add(name, value)

    # What is made of it

    def get_environ(self) -> dict[str, Any]:
        """Return the environ, new each time; so is its body, but for input streams and files."""
        name, port = _split_server(self.url_scheme, self.host)
        content_type, content_length, stream = self._body()
        environ = {
            **(self.environ_base or {}),
            "REQUEST_METHOD": self.method,
            "SCRIPT_NAME": _to_wsgi(self.script_root),
            "PATH_INFO": _to_wsgi(self.path),
            "QUERY_STRING": self.query_string,
            "REQUEST_URI": self.request_uri,
            "RAW_URI": self.request_uri,
            "SERVER_NAME": name,
            "SERVER_PORT": port,
            "HTTP_HOST": self.host,
            "SERVER_PROTOCOL": self.server_protocol,
            "wsgi.version": self.wsgi_version,
            "wsgi.url_scheme": self.url_scheme,
            "wsgi.input": stream,
            "wsgi.errors": self.errors_stream,
            "wsgi.multithread": self.multithread,
            "wsgi.multiprocess": self.multiprocess,
            "wsgi.run_once": self.run_once,
            **self._header_keys(),
        }
        if content_type is not None:
            environ["CONTENT_TYPE"] = content_type
        if content_length is not None:
            environ["CONTENT_LENGTH"] = str(content_length)
        environ.update(self.environ_overrides or {})
        return environ

    def _header_keys(self):
        """The header fields as keys of an environ; several of one name are joined."""
        keys = {"HTTP_" + name.upper().replace("-", "_"): self.headers.getlist(name) for name, _ in self.headers}
        return {
            key: ("; " if key == "HTTP_COOKIE" else ", ").join(values)
            for key, values in keys.items()
            if key not in ("HTTP_CONTENT_TYPE", "HTTP_CONTENT_LENGTH")
        }

    def _body(self):
        """(Content-Type, Content-Length, stream), None for what is not sent."""
        content_type, content_length, stream = self.content_type, self.content_length, self._input_stream
        if isinstance(stream, _Whole):
            data = stream.getvalue()
            return content_type, len(data), io.BytesIO(data)
        if stream is not None:
            return content_type, _bytes_left(stream, content_length), stream
        mimetype = self.mimetype
        if mimetype in (_urlencoded, _multipart):
            content_type, data = self._encode_form(content_type, mimetype)
            return content_type, len(data), io.BytesIO(data)
        if self._form or self._files:
            _warn_unsent(content_type)
        return content_type, content_length, io.BytesIO()

    def _encode_form(self, content_type, mimetype):
        fields = [(name, value) for name, value in self.form.items(multi=True) if value is not None]
        if mimetype == _multipart:
            given = self.mimetype_params.get("boundary")
            boundary, data = encode_multipart([*fields, *self.files.items(multi=True)], given)
            return f'{_multipart}; boundary="{boundary}"', data
        if self._files:
            _warn_unsent(content_type)
        return content_type, urlencode(fields, safe=_safe_in_field).encode("ascii")

    def get_request(self, cls: type[Request] | None = None) -> Request:
        """Return a request with this environ."""
        return (cls or self.request_class)(self.get_environ())

    def close(self) -> None:
        """Close the files that were given as data."""
        if self._files is not None:
            for _, file in self._files.items(multi=True):
                file.close()
        self.closed = True

    __del__ = close


class AppEnvironBuilder(EnvironBuilder):
    """A builder whose base address is what an application's configuration says, and its JSON the application's.

    Of a full address as the path, what lies above APPLICATION_ROOT is the base, and the rest the path.
    """

    def __init__(
        self,
        app: App,
        path: str = "/",
        base_url: str | None = None,
        subdomain: str | None = None,
        url_scheme: str | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> None:
        self.app = app
        if base_url is None:
            host = app.config["SERVER_NAME"] or "localhost"
            host = f"{subdomain}.{host}" if subdomain else host
            root = "/" + app.config["APPLICATION_ROOT"].strip("/")
            address = f"{url_scheme or app.config['PREFERRED_URL_SCHEME']}://{host}"
            if _is_full_address(path):
                below, query, address = _split_path(path)
                path = f"{_split_root(root, below)[1]}?{query}"
            base_url = address + root
        elif subdomain or url_scheme:
            raise ValueError("base_url says it all: subdomain and url_scheme do not go with it")
        super().__init__(path, base_url, *args, **kwargs)

    def json_dumps(self, obj: Any, **kwargs: Any) -> str:
        """Return the object as the application writes it."""
        return self.app.json.dumps(obj, **kwargs)


class _Whole(io.BytesIO):
    """A body that was given as a whole: each environ has it from its start."""


def create_environ(*args: Any, **kwargs: Any) -> dict[str, Any]:
    """Return an environ; the arguments are EnvironBuilder's."""
    with closing(EnvironBuilder(*args, **kwargs)) as builder:
        return builder.get_environ()


def encode_multipart(
    values: Mapping[str, Any] | Iterable[tuple[str, Any]], boundary: str | None = None
) -> tuple[str, bytes]:
    """Make a multipart/form-data body of fields and files; return (boundary, body).

    values     a dict or pairs; a value may be text, an open file or FileStorage, or a list of such
    boundary   must not occur in what is sent; random if it is not given
    """
    boundary = boundary or f"nanoweb-{os.urandom(12).hex()}"
    return boundary, _encode_parts([(name, _part(value)) for name, value in _fields(values)], boundary)


# Addresses


def _split_path(path):
    """(path, query string, scheme and host or None) of a path or a full address, without its fragment.

    "//host/x" is a path here: that is what a server would make of it.
    """
    address = None
    if _is_full_address(path):
        parts = urlsplit(path)
        address, path, query = f"{parts.scheme}://{parts.netloc}", parts.path or "/", parts.query
    else:
        path, _, query = path.partition("#")[0].partition("?")
    return path, _encode_query(query), address


@lru_cache(maxsize=64)
def _split_base(base_url):
    """(scheme, host, path of the application's root) of a base address."""
    parts = urlsplit(iri_to_uri(f"http://localhost{base_url}" if re.match("/(?!/)", base_url) else base_url))
    if parts.query or parts.fragment:
        raise ValueError(f"base_url {base_url!r} has a query string or a fragment: it must end with the path")
    if not (parts.scheme and parts.hostname):
        raise ValueError(f"base_url {base_url!r} must have a scheme and a host, as in 'http://localhost/'")
    return parts.scheme, parts.netloc.rpartition("@")[2], parts.path.rstrip("/")


def _split_server(scheme, host):
    """(name, port) of a host, the port being the scheme's where the host has none."""
    name, _, port = host.rpartition(":") if ":" in host.rpartition("]")[2] else (host, "", "")
    return name.strip("[]"), port or ("443" if scheme in ("https", "wss") else "80")


def _encode_query(query):
    if isinstance(query, (str, bytes)):
        return quote(query, safe=_safe_in_query)
    pairs = MultiDict(query).items(multi=True)
    return urlencode([(name, value) for name, value in pairs if value is not None], safe=_safe_in_field)


def _to_wsgi(path):
    """A path, quoted or not, as an environ has it: its bytes disguised as Latin-1 (PEP 3333)."""
    return unquote_to_bytes(path).decode("latin-1")


def _from_wsgi(path):
    """A path of an environ, quoted."""
    return quote(path.encode("latin-1"), safe=_safe_in_path.replace("%", ""))


def _split_root(root, path):
    """(root, what of a path lies below it), or ("", the path) if it does not lie there."""
    root = root.rstrip("/")
    is_below = path == root or path.startswith(root + "/")
    return (root, path[len(root) :]) if is_below else ("", path)


# Bodies


def _fields(data):
    """Every (name, value) of form fields; a list stands for several values."""
    if not hasattr(data, "__iter__"):
        raise TypeError(f"data {data!r:.200} is no body: give bytes, text, an open file or a dict of form fields")
    if isinstance(data, MultiDict):
        data = data.items(multi=True)
    for name, value in data.items() if hasattr(data, "items") else data:
        for one in value if isinstance(value, list) else [value]:
            yield name, one


def _part(value):
    """A field as it is sent: text, or a file with a media type, which is guessed by its name if need be."""
    if not hasattr(value, "read"):
        return value.decode() if isinstance(value, bytes) else str(value)
    file = value if isinstance(value, FileStorage) else FileStorage(value)
    if file.content_type is None and file.filename:
        guess = guess_content_type(file.filename)
        file = FileStorage(file.stream, file.filename, file.name, guess, headers=Headers(file.headers))
    return file


def _warn_unsent(content_type):
    from warnings import warn

    warn(f"form fields or files are not sent as {content_type!r}: give data as text or bytes, or json", stacklevel=5)


def _bytes_left(stream, known):
    """Content-Length of a stream: what it still holds if it can be asked, else what is known."""
    if not (hasattr(stream, "seekable") and stream.seekable()):
        return known
    position = stream.tell()
    size = stream.seek(0, io.SEEK_END) - position
    stream.seek(position)
    return size if size or known is not None else None
