"""Applications around an application: files served, paths given away, a proxy's word taken, time measured.

In a request's way: between the server and App.  Each wraps any WSGI application
and is one itself, so they can be put around each other: ``app.wsgi_app = ProxyFix(app.wsgi_app)``.
"""

from __future__ import annotations

import os
import re
import sys
import time
from contextlib import suppress
from io import BytesIO
from threading import Lock

from .exceptions import HTTPException
from .files import _GONE, _guess_type, safe_join, secure_filename, send_file
from .headers import generate_etag
from .wsgi import _split_host, get_path_info, run_wsgi_app

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import IO, Any

    from .wsgi import StartResponse, WSGIApplication

__all__ = ["DispatcherMiddleware", "ProfilerMiddleware", "ProxyFix", "SharedDataMiddleware"]


class DispatcherMiddleware:
    """Several applications as one: each has a path, and what lies below it.

    >>> from nanoweb.exceptions import NotFound
    >>> from nanoweb.wsgi import run_wsgi_app
    >>> def api(environ, start_response):
    ...     start_response("200 OK", [])
    ...     return [f"{environ['SCRIPT_NAME']} and {environ['PATH_INFO']}".encode()]
    >>> app = DispatcherMiddleware(NotFound(), {"/api": api})
    >>> run_wsgi_app(app, {"SCRIPT_NAME": "", "PATH_INFO": "/api/users"}, buffered=True)[0]
    [b'/api and /users']

    app      for paths that nobody else has
    mounts   applications by path: "/api" has /api and /api/x, not /apis; of two the longer path wins
    """

    def __init__(self, app: WSGIApplication, mounts: dict[str, WSGIApplication] | None = None) -> None:
        self.app = app
        self.mounts = {} if mounts is None else mounts
        for path in self.mounts:
            if path and (path[0] != "/" or path[-1] == "/"):
                raise ValueError(f"mount {path!r} never matches: write {'/' + path.strip('/')!r}, or '' for all")

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        for mount in sorted(self.mounts, key=len, reverse=True):  # a list: another thread may add one meanwhile
            prefix = mount.encode().decode("latin-1")
            if f"{path}/".startswith(f"{prefix}/"):
                environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + prefix
                environ["PATH_INFO"] = path[len(prefix) :]
                return self.mounts[mount](environ, start_response)
        return self.app(environ, start_response)


# Behind proxies: what each field says, where it can be true


def _take_for(environ, value):
    from ipaddress import ip_address

    found = _split_host(value) or _split_host(f"[{value}]")  # some write a port, too, and few IPv6 in brackets
    address = found[0].strip("[]") if found else ""
    with suppress(ValueError):  # "unknown", or a name made up to hide behind (RFC 7239, section 6)
        ip_address(address)
        environ["REMOTE_ADDR"] = address


def _take_proto(environ, value):
    if value.lower() in ("http", "https", "ws", "wss"):
        environ["wsgi.url_scheme"] = value.lower()


def _take_host(environ, value):
    found = _split_host(value)
    if found is not None:
        environ["HTTP_HOST"], environ["SERVER_NAME"] = value, found[0].strip("[]")
        if found[1]:
            environ["SERVER_PORT"] = found[1]


def _take_port(environ, value):
    if value and _split_host(f"host:{value}"):
        environ["SERVER_PORT"] = value
        found = _split_host(environ.get("HTTP_HOST", ""))
        if found is not None:
            environ["HTTP_HOST"] = f"{found[0]}:{value}"


# No "//", with which all our paths would lead to another host.
_is_prefix = re.compile(r"(?:/[^\x00-\x20/\\?#\x7f]+)*/?").fullmatch


def _take_prefix(environ, value):
    if value and _is_prefix(value):
        environ["SCRIPT_NAME"] = value.rstrip("/")


_TAKE = {"FOR": _take_for, "PROTO": _take_proto, "HOST": _take_host, "PORT": _take_port, "PREFIX": _take_prefix}


class ProxyFix:
    """An application that stands behind proxies, and learns from them whom it talks to.

    >>> from nanoweb import App
    >>> app = App(__name__)
    >>> app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1, x_host=1)  # one proxy, which sets these three

    x_for      how many proxies add a value to X-Forwarded-For, which becomes REMOTE_ADDR
    x_proto    ... to X-Forwarded-Proto, which becomes wsgi.url_scheme
    x_host     ... to X-Forwarded-Host: HTTP_HOST, SERVER_NAME and, where it has one, SERVER_PORT
    x_port     ... to X-Forwarded-Port: SERVER_PORT, and the port in HTTP_HOST
    x_prefix   ... to X-Forwarded-Prefix: SCRIPT_NAME

    Anybody can send these fields, so the numbers must be true: each proxy adds one value at the
    end, and all before those may be the client's invention.  0 leaves a field alone.  So does a
    value that is no address, no scheme of the web, no host, no port or no path.

    environ["werkzeug.proxy_fix.orig"] is a dict of what stood in the six keys.
    """

    def __init__(
        self,
        app: WSGIApplication,
        x_for: int = 1,
        x_proto: int = 1,
        x_host: int = 0,
        x_port: int = 0,
        x_prefix: int = 0,
    ) -> None:
        self.app = app
        self._trusted = {"FOR": x_for, "PROTO": x_proto, "HOST": x_host, "PORT": x_port, "PREFIX": x_prefix}
        for name, count in self._trusted.items():
            if not isinstance(count, int) or count < 0:
                raise ValueError(f"x_{name.lower()}: {count!r} is no number of proxies; 0 leaves the field alone")

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        keys = ("REMOTE_ADDR", "wsgi.url_scheme", "HTTP_HOST", "SERVER_NAME", "SERVER_PORT", "SCRIPT_NAME")
        environ["werkzeug.proxy_fix.orig"] = {key: environ.get(key) for key in keys}
        for name, count in self._trusted.items():
            # Every comma counts: a quote or an empty value, which a client may send, must not hide the proxy's.
            values = environ.get(f"HTTP_X_FORWARDED_{name}", "").split(",")
            if 0 < count <= len(values):
                _TAKE[name](environ, values[-count].strip(" \t"))
        return self.app(environ, start_response)


# Files


class SharedDataMiddleware:
    """An application with files at some of its paths, for GET and HEAD; what is no file goes to the application.

    >>> from nanoweb import App
    >>> app = App(__name__)
    >>> app.wsgi_app = SharedDataMiddleware(app.wsgi_app, {"/static": "/srv/static", "/logo.png": "/srv/logo.png"})

    exports             files and directories by path, a dict or pairs; a tuple ("package", "directory")
                        stands for what a package brings along, be it in a zip file
    disallow            patterns as in a shell, "*.py", one or several: files of such names, in capitals or
                        not, are not there
    cache               False: clients ask each time whether the file has changed
    cache_timeout       seconds in which they do not ask
    fallback_mimetype   of files whose extension says nothing

    The files go through send_file; see send_from_directory on links.
    """

    def __init__(
        self,
        app: WSGIApplication,
        exports: Mapping[str, str | tuple[str, str]] | Iterable[tuple[str, str | tuple[str, str]]],
        disallow: str | Iterable[str] | None = None,
        cache: bool = True,
        cache_timeout: int = 60 * 60 * 12,
        fallback_mimetype: str = "application/octet-stream",
    ) -> None:
        self.app = app
        pairs: Any = exports.items() if hasattr(exports, "items") else exports
        self.exports = [(path.rstrip("/"), _find_source(path, source)) for path, source in pairs]
        self.disallow = [disallow] if isinstance(disallow, str) else list(disallow or ())
        self.cache = cache
        self.cache_timeout = cache_timeout
        self.fallback_mimetype = fallback_mimetype

    def is_allowed(self, filename: str) -> bool:
        """Whether a file of that name may be seen; the name is without directories."""
        from fnmatch import fnmatchcase

        name = filename.casefold()  # on many a disk CODE.PY is code.py
        return not any(fnmatchcase(name, pattern.casefold()) for pattern in self.disallow)

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] in ("GET", "HEAD"):
            for file in self._find(get_path_info(environ)):
                answer = self._respond(file, environ)
                if answer is not None:
                    return answer(environ, start_response)
        return self.app(environ, start_response)

    def _find(self, path):
        """Yield the files that a path stands for, whether they are there or not."""
        for mount, source in self.exports:
            if path == mount:
                yield source
            elif path.startswith(f"{mount}/"):
                below = safe_join("", path[len(mount) + 1 :])
                if below not in (None, "."):
                    yield source.joinpath(below[2:])

    def _respond(self, file, environ):
        """The response with a file; None if there is none, or none to be seen."""
        if not self.is_allowed(file.name):
            return None
        options = {"max_age": self.cache_timeout if self.cache else None, "download_name": file.name}
        if not _guess_type(file.name)[0]:
            options["mimetype"] = self.fallback_mimetype
        is_path = hasattr(file, "__fspath__")
        if not (os.path.isfile(file) if is_path else file.is_file()):
            return None
        try:
            if not is_path:  # but in a zip file
                data = file.read_bytes()
                options["etag"] = generate_etag(data)
                file = BytesIO(data)
            response = send_file(file, environ, **options)
        except (*_GONE, KeyError):  # Python 3.9 calls everything in a zip file a file that is no directory
            return None
        except HTTPException as error:  # there is no such range
            return error
        response.headers.remove("Content-Disposition")
        return response


def _find_source(path, source):
    """What has joinpath(), name and read_bytes() for an export: a pathlib.Path or, in a zip file, its like."""
    if isinstance(source, (str, os.PathLike)):
        from pathlib import Path

        return Path(source)
    if not isinstance(source, tuple):
        raise TypeError(f"export {path!r} is {source!r}: give a path, or a tuple of a package and a path in it")
    from importlib.resources import files

    package, inside = source
    return files(package).joinpath(inside)


# Time


class ProfilerMiddleware:
    """An application whose requests are profiled, to find out what takes the time.

    >>> from nanoweb import App
    >>> app = App(__name__)
    >>> app.wsgi_app = ProfilerMiddleware(app.wsgi_app, restrictions=[30])  # the first 30 functions

    stream            what the tables are written to; None for none
    sort_by           columns, see pstats.Stats.sort_stats; restrictions: see print_stats
    profile_dir       where a file for pstats or other tools is made of each request
    filename_format   the name of that file, with {method}, {path}, {elapsed} in milliseconds and {time};
                      or a function of the environ that returns it: there the two times are in
                      environ["werkzeug.profiler"], a dict

    A request that comes while another is profiled goes unprofiled: Python profiles one at a time.
    """

    _is_busy = Lock()  # of all of them

    def __init__(
        self,
        app: WSGIApplication,
        stream: IO[str] | None = sys.stdout,
        sort_by: Iterable[str] = ("time", "calls"),
        restrictions: Iterable[str | float] = (),
        profile_dir: str | os.PathLike[str] | None = None,
        filename_format: str | Callable[[dict[str, Any]], str] = "{method}.{path}.{elapsed:.0f}ms.{time:.0f}.prof",
    ) -> None:
        self.app = app
        self.stream = stream
        self.sort_by = sort_by
        self.restrictions = restrictions
        self.profile_dir = profile_dir
        self.filename_format = filename_format

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        if not self._is_busy.acquire(blocking=False):
            return self.app(environ, start_response)
        try:
            body, status, headers = self._profile(environ)
        finally:
            self._is_busy.release()
        start_response(status, headers.to_wsgi_list())
        return body

    def _profile(self, environ):
        from cProfile import Profile
        from pstats import Stats

        profile, start = Profile(), time.time()
        answer = profile.runcall(run_wsgi_app, self.app, environ, buffered=True)
        if self.profile_dir is not None:
            name = self._name_file(environ, (time.time() - start) * 1000)
            profile.dump_stats(os.path.join(self.profile_dir, name))
        if self.stream is not None:
            print(f"{'-' * 80}\nPATH: {environ.get('PATH_INFO', '')!a}", file=self.stream)
            Stats(profile, stream=self.stream).sort_stats(*self.sort_by).print_stats(*self.restrictions)
        return answer

    def _name_file(self, environ, elapsed):
        times = {"elapsed": elapsed, "time": time.time()}
        if callable(self.filename_format):
            environ["werkzeug.profiler"] = times
            return self.filename_format(environ)
        path = secure_filename(get_path_info(environ).strip("/").replace("/", "."))[:100] or "root"
        return self.filename_format.format(method=secure_filename(environ["REQUEST_METHOD"])[:20], path=path, **times)
