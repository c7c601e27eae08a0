"""A WSGI environ made to order: a request without a server.

Loaded when a test, `Request.from_values` or `App.test_request_context` first needs it.
"""

from __future__ import annotations

import io
import json as json_module
import os
import re
import sys
from urllib.parse import quote, unquote_to_bytes, urlencode, urlsplit

from .dicts import MultiDict
from .fields import Headers
from .formparser import encode_multipart
from .headers import get_content_type, parse_options_header
from .uploads import FileStorage
from .urls import iri_to_uri

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from typing import IO, Any

    from .app import App
    from .wrappers import Request

__all__ = ["EnvironBuilder", "create_environ"]

_safe_in_path = "%!$&'()*+,/:;=@~[]"
_safe_in_query = "%!$&'()*+,/:;=?@[]~"
_form_types = frozenset(["application/x-www-form-urlencoded", "multipart/form-data"])
_full_address_re = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://", re.ASCII)


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
    data              the body: bytes, text, an open file, or a dict of form fields; a value may be
                      a list of several, a file, or a tuple (file, name, content type) with an
                      open file or the path of one
    json              an object to send as JSON instead
    content_type      of the body, where it does not go without saying; mimetype: the same,
                      and text types get the charset
    content_length    where there is no body to count
    environ_base      keys that others may overwrite; environ_overrides: keys that win

    form and files are MultiDicts that can be changed until get_environ is called.
    """

    #: Turns json into text.
    json_dumps: Any = staticmethod(json_module.dumps)
    #: What get_request makes: Request, which stands in a later chapter and puts itself here.
    request_class: type[Request]

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
        self.path, query, address = _split_path(path)
        self.url_scheme, self.host, self.script_root = _split_base(base_url or address or "http://localhost/")
        self.query_string = "&".join(part for part in (query, _encode_query(query_string)) if part)
        self.method = method.upper()
        self.errors_stream = sys.stderr if errors_stream is None else errors_stream
        self.flags = {"multithread": multithread, "multiprocess": multiprocess, "run_once": run_once}
        self.environ_base = environ_base or {}
        self.environ_overrides = environ_overrides or {}
        self.headers = Headers(headers)
        self.headers.remove("Content-Length")  # a body is counted, whatever it says elsewhere
        if mimetype is not None:
            self.headers["Content-Type"] = get_content_type(mimetype)
        elif content_type is not None:
            self.headers["Content-Type"] = content_type
        self.content_length = content_length
        self.input_stream = input_stream
        self.form: MultiDict[Any] = MultiDict()
        self.files: MultiDict[FileStorage] = MultiDict()
        self._data = b""
        if json is not None:
            if data is not None:
                raise TypeError("a request has one body: give data or json, not both")
            data = self.json_dumps(json)
            self.headers.setdefault("Content-Type", "application/json")
        if data:
            self._take(data)

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
        """Return a builder whose base address is what the application's configuration says.

        Of a full address as the path, what lies above APPLICATION_ROOT is the base, and the rest the path.
        """
        if base_url is None:
            host = app.config["SERVER_NAME"] or "localhost"
            host = f"{subdomain}.{host}" if subdomain else host
            root = "/" + app.config["APPLICATION_ROOT"].strip("/")
            below, query, address = _split_path(path)
            if address is None:
                address = f"{url_scheme or app.config['PREFERRED_URL_SCHEME']}://{host}"
            else:
                inside = _below(root, below)
                path = below if inside is None else inside
                path = f"{path}?{query}" if query else path
            base_url = address + root
        elif subdomain or url_scheme:
            raise ValueError("base_url says it all: subdomain and url_scheme do not go with it")
        builder = cls.__new__(cls)
        builder.json_dumps = app.json.dumps  # before __init__, which needs it
        builder.__init__(path, base_url, **kwargs)  # type: ignore[misc]
        return builder

    @property
    def content_type(self) -> str | None:
        """The media type of the body with its parameters; None: what goes without saying."""
        return self.headers.get("Content-Type")

    @content_type.setter
    def content_type(self, value: str) -> None:
        self.headers["Content-Type"] = value

    def _take(self, data):
        """Keep a body: bytes, text, an open file or form fields."""
        if self.input_stream is not None:
            raise TypeError("a request has one body: give data or input_stream, not both")
        if hasattr(data, "read"):
            data = data.read()
        if isinstance(data, str):
            data = data.encode()
        if isinstance(data, (bytes, bytearray)):
            self._data = bytes(data)
            return
        for name, value in _fields(data):
            (self.files if isinstance(value, FileStorage) else self.form).add(name, value)

    def _body(self):
        """(Content-Type, Content-Length, stream), None for what is not sent; the stream is new each time if ours."""
        content_type = self.headers.get("Content-Type")
        if self.input_stream is not None:
            return content_type, _bytes_left(self.input_stream, self.content_length), self.input_stream
        if self._data:
            return content_type, len(self._data), io.BytesIO(self._data)
        mimetype = parse_options_header(content_type)[0].lower()
        if self.form or self.files or mimetype in _form_types:
            content_type, data = self._encode_form(content_type, mimetype)
            return content_type, self.content_length if data is None else len(data), io.BytesIO(data or b"")
        return content_type, self.content_length, io.BytesIO()

    def _encode_form(self, content_type, mimetype):
        """(Content-Type, body) of the form; body None if the type that was asked for is not one of a form."""
        fields = [(name, value) for name, value in self.form.items(multi=True) if value is not None]
        if mimetype == "multipart/form-data" or (self.files and not mimetype):
            boundary = f"nanoweb-{os.urandom(12).hex()}"
            parts = [(name, value.decode() if isinstance(value, bytes) else value) for name, value in fields]
            data = encode_multipart([*parts, *self.files.items(multi=True)], boundary)
            return f'multipart/form-data; boundary="{boundary}"', data
        if not mimetype or mimetype in _form_types:
            return content_type or "application/x-www-form-urlencoded", urlencode(fields).encode("ascii")
        from warnings import warn

        warn(f"form fields are not sent as {content_type!r}: give data as text or bytes, or use json=", stacklevel=4)
        return content_type, None

    def get_environ(self) -> dict[str, Any]:
        """Return the environ, new each time."""
        content_type, content_length, stream = self._body()
        environ = {
            **self.environ_base,
            "REQUEST_METHOD": self.method,
            **_address_keys(self.url_scheme, self.host, self.script_root, self.path, self.query_string),
            "SERVER_PROTOCOL": "HTTP/1.1",
            "wsgi.version": (1, 0),
            "wsgi.input": stream,
            "wsgi.errors": self.errors_stream,
            **{f"wsgi.{name}": value for name, value in self.flags.items()},
        }
        environ.update(self._header_keys())
        if content_type is not None:
            environ["CONTENT_TYPE"] = content_type
        if content_length is not None:
            environ["CONTENT_LENGTH"] = str(content_length)
        environ.update(self.environ_overrides)
        return environ

    def _header_keys(self):
        """The header fields as keys of an environ; several of one name are joined."""
        keys: dict[str, str] = {}
        for name, value in self.headers:
            key = "HTTP_" + name.upper().replace("-", "_")
            keys[key] = f"{keys[key]}, {value}" if key in keys else value
        keys.pop("HTTP_CONTENT_TYPE", None)
        return keys

    def get_request(self, cls: type[Request] | None = None) -> Request:
        """Return a request with this environ."""
        return (cls or self.request_class)(self.get_environ())

    def close(self) -> None:
        """Close the files that were given as data."""
        for _, file in self.files.items(multi=True):
            file.close()


def create_environ(*args: Any, **kwargs: Any) -> dict[str, Any]:
    """Return an environ; the arguments are EnvironBuilder's."""
    builder = EnvironBuilder(*args, **kwargs)
    try:
        return builder.get_environ()
    finally:
        builder.close()


# Addresses


def _split_path(path):
    """(path, query string, scheme and host or None) of a path or a full address, without its fragment.

    "//host/x" is a path here: that is what a server would make of it.
    """
    address = None
    if _full_address_re.match(path):
        parts = urlsplit(path)
        address, path, query = f"{parts.scheme}://{parts.netloc}", parts.path or "/", parts.query
    else:
        path, _, query = path.partition("#")[0].partition("?")
    return path, quote(query.encode(), safe=_safe_in_query), address


def _split_base(base_url):
    """(scheme, host, path of the application's root) of a base address."""
    parts = urlsplit(iri_to_uri(base_url))
    if parts.query or parts.fragment:
        raise ValueError(f"base_url {base_url!r} has a query string or a fragment: it must end with the path")
    if not (parts.scheme and parts.hostname):
        raise ValueError(f"base_url {base_url!r} must have a scheme and a host, as in 'http://localhost/'")
    return parts.scheme, _without_user(parts.netloc), parts.path.rstrip("/")


def _without_user(netloc):
    return netloc.rpartition("@")[2]


def _encode_query(query):
    if query is None or isinstance(query, (str, bytes)):
        return quote(query or "", safe=_safe_in_query)
    pairs = MultiDict(query).items(multi=True)
    return urlencode([(name, value) for name, value in pairs if value is not None])


def _address_keys(scheme, host, root, path, query):
    """The keys of an environ that are about the address."""
    name, _, port = host.rpartition(":") if ":" in host.rpartition("]")[2] else (host, "", "")
    raw = quote(path, safe=_safe_in_path)
    target = f"{raw}?{query}" if query else raw
    return {
        "wsgi.url_scheme": scheme,
        "HTTP_HOST": host,
        "SERVER_NAME": name.strip("[]"),
        "SERVER_PORT": port or ("443" if scheme in ("https", "wss") else "80"),
        "SCRIPT_NAME": _to_wsgi(root),
        "PATH_INFO": _to_wsgi(path),
        "QUERY_STRING": query,
        "REQUEST_URI": target,
        "RAW_URI": target,
    }


def _to_wsgi(path):
    """A path, quoted or not, as an environ has it: its bytes disguised as Latin-1 (PEP 3333)."""
    return unquote_to_bytes(path).decode("latin-1")


def _from_wsgi(path):
    """A path of an environ, quoted."""
    return quote(path.encode("latin-1"), safe=_safe_in_path.replace("%", ""))


def _below(root, path):
    """What of a path lies below another one; None if it does not."""
    root = root.rstrip("/")
    return path[len(root) :] if path == root or path.startswith(root + "/") else None


# Bodies


def _fields(data):
    """Every (name, value) of form fields; a list stands for several values, a tuple for one file."""
    if isinstance(data, MultiDict):
        items = data.items(multi=True)
    elif hasattr(data, "items"):
        items = data.items()
    elif hasattr(data, "__iter__"):
        items = data
    else:
        raise TypeError(f"data {data!r:.200} is no body: give bytes, text, an open file or a dict of form fields")
    for name, value in items:
        for one in value if isinstance(value, list) else [value]:
            yield name, _field(name, one)


def _field(name, value):
    """A form field's value: text, bytes, None or a FileStorage."""
    if value is None or isinstance(value, (str, bytes)):
        return value
    if isinstance(value, FileStorage):
        return _typed_file(name, value.stream, value.filename, value.content_type, value.headers)
    if isinstance(value, tuple):
        return _typed_file(name, *value)
    if hasattr(value, "read"):
        return _typed_file(name, value, getattr(value, "name", None))
    if isinstance(value, (dict, set)):
        raise TypeError(
            f"form field {name!r} is {value!r:.200}: a form has text, numbers and files, or lists of them"
        )
    return str(value)


def _typed_file(name, file, filename=None, content_type=None, headers=None):
    """A FileStorage of an open file or of the path of one, its type guessed by its name."""
    if not hasattr(file, "read"):
        if not isinstance(file, (str, os.PathLike)):
            raise TypeError(f"file {file!r:.200} of form field {name!r} is neither an open file nor the path of one")
        file, filename = open(file, "rb"), filename or os.fspath(file)  # noqa: SIM115  close() closes it
    if content_type is None and filename:
        from mimetypes import guess_type

        content_type = guess_type(filename)[0]
    return FileStorage(file, filename, name, content_type, headers=Headers(headers))


def _bytes_left(stream, known):
    """Content-Length of a stream: what it still holds if it can be asked, else what is known."""
    if not (hasattr(stream, "seekable") and stream.seekable()):
        return known
    position = stream.tell()
    size = stream.seek(0, io.SEEK_END) - position
    stream.seek(position)
    return size
