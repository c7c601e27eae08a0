"""Files that are sent, and names of files that a client may choose.

In a request's way: a view, or SharedDataMiddleware, calls send_from_directory() or
send_file(), and what comes out is a Response that the server reads the file through.

A name that a client sent is never opened as it came: safe_join() keeps it below a
directory, secure_filename() makes a plain name of it.  Text in, text out, and no look
at the disk, so every rule can be tried at the prompt.
"""

from __future__ import annotations

import errno
import io
import os
import posixpath
import re
import stat
import time
from zlib import adler32

from .exceptions import NotFound, PreconditionFailed
from .fields import Headers
from .headers import dump_age, dump_options_header, http_date, quote_etag
from .urls import quote
from .wrappers import Response
from .wsgi import FileWrapper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime, timedelta
    from typing import IO, Any

__all__ = ["safe_join", "secure_filename", "send_file", "send_from_directory"]

#: Whether safe_join refuses what Windows alone understands: devices, drives and streams.  Set it to True on
#: another system if the files lie on a disk that Windows reads too.
windows_rules = os.name == "nt"

# Windows opens a device whatever the case, the extension, or the blanks behind the name.
_DEVICE = r"(?:CON|PRN|AUX|NUL|CONIN\$|CONOUT\$|(?:COM|LPT)[0-9\xb9\xb2\xb3]) *(?:\..*)?"
_is_device = re.compile(_DEVICE, re.ASCII | re.IGNORECASE | re.DOTALL).fullmatch

_BLOCK_SIZE = 65536  # bytes read at a time, for servers that leave it to us

# What a path may raise that was a file's a moment ago.
_GONE = (FileNotFoundError, IsADirectoryError, NotADirectoryError)


# Names


def safe_join(directory: str | os.PathLike[str], *untrusted: str) -> str | None:
    """Join paths that a client chose to a directory, and never leave it.

    >>> safe_join("/srv/files", "2024/report.pdf")
    '/srv/files/2024/report.pdf'
    >>> safe_join("/srv/files", "../secret") is None
    True

    directory   one of ours, "" for the current one
    untrusted   each with "/" between its components, decoded once and no more
    returns     None for a path that starts with "/" or leads upwards, and on every
                system for a NUL, a backslash, and a component that ends with a dot or
                a blank, which Windows would drop; with windows_rules also for a colon
                (drives, streams) and for devices such as NUL or com1.txt

    Only the text is looked at.  A symbolic link in the directory is followed, wherever
    it leads: whoever can make links there decides what is served.
    """
    parts = [os.fspath(directory) or "."]
    for part in filter(None, untrusted):
        # The NUL before normpath(), which ends at it on some Pythons (CVE-2023-41105).
        path = "/" if "\0" in part or "\\" in part else posixpath.normpath(part)
        if path[0] == "/" or not all(map(_is_plain, path.split("/"))):
            return None
        parts.append(path)
    return posixpath.join(*parts)


def _is_plain(name):
    """Whether a component of a path names what it seems to name, on every system; ".." does not."""
    if windows_rules and (":" in name or _is_device(name)):
        return False
    return name == "." or name[-1] not in " ."


def secure_filename(filename: str) -> str:
    """Make a name of ASCII letters, digits and "_.-" that can be used for a file on every system.

    >>> secure_filename("My cool größe.txt"), secure_filename("../../etc/passwd")
    ('My_cool_groe.txt', 'etc_passwd')
    >>> secure_filename("C:\\\\temp\\\\aux.txt"), secure_filename("报告")
    ('C_temp_aux.txt', '')

    returns  "" where nothing is left: have a name of your own for that.  It says nothing
             about a file of that name being there already.
    """
    name = _to_ascii(filename).replace("/", " ").replace("\\", " ")
    name = re.sub(r"[^A-Za-z0-9_.-]", "", "_".join(name.split())).strip("._")
    return f"_{name}" if _is_device(name) else name


def _to_ascii(text):
    """The text without accents and what else is not ASCII.

    Each character by itself, since to normalize a row of accents takes quadratic time.
    """
    if text.isascii():
        return text
    from unicodedata import normalize

    return "".join([normalize("NFKD", letter) for letter in text]).encode("ascii", "ignore").decode("ascii")


def _guess_type(name):
    """(media type, coding) by the extension, each None if there is none that we know."""
    from mimetypes import guess_type  # reads the system's tables

    return guess_type(f"./{name}")  # "data:text/html,x.png" would be taken for an address that says its type


# Files


def send_from_directory(
    directory: str | os.PathLike[str], path: str | os.PathLike[str], environ: dict[str, Any], **kwargs: Any
) -> Response:
    """Send a file that a client chose, from below a directory.

    >>> send_from_directory("/srv/files", "../secret", {"REQUEST_METHOD": "GET"})  # doctest: +ELLIPSIS
    Traceback (most recent call last):
    nanoweb.exceptions.NotFound: 404 Not Found: ...

    directory   all files in it may be seen by everybody, those that its links lead to as well
    path        what the client asked for, below the directory
    kwargs      those of send_file
    raises      NotFound (404) if there is no such file, or if safe_join refuses the path
    """
    found = safe_join(directory, os.fspath(path))
    if found is None or not os.path.isfile(found):
        raise NotFound
    try:
        return send_file(found, environ, **kwargs)
    except _GONE:
        raise NotFound from None


def send_file(
    path_or_file: str | os.PathLike[str] | IO[bytes],
    environ: dict[str, Any],
    mimetype: str | None = None,
    as_attachment: bool = False,
    download_name: str | None = None,
    conditional: bool = True,
    etag: bool | str = True,
    last_modified: datetime | float | None = None,
    max_age: timedelta | int | Callable[[str | None], timedelta | int | None] | None = None,
    use_x_sendfile: bool = False,
    response_class: type[Response] | None = None,
) -> Response:
    """Send a file that the program chose; see send_from_directory for those that a client chooses.

    >>> response = send_file(io.BytesIO(b"1,2"), {"REQUEST_METHOD": "GET"}, download_name="größen.csv", max_age=60)
    >>> response.headers["Content-Disposition"], response.headers["Cache-Control"]
    ("inline; filename=groen.csv; filename*=UTF-8''gr%C3%B6%C3%9Fen.csv", 'public, max-age=60')

    path_or_file     a path, or a binary file at its start, which is closed in the end
    mimetype         if None, what the extension of the name says, else application/octet-stream
    as_attachment    the browser shall save the file and not show it
    download_name    under this name; by default that of the path
    conditional      answer 304 to a client that has the file, 206 to one that wants a part
    etag             an entity tag, or True to make one of the path, the size and the time
    last_modified    by default that of the path
    max_age          how long the client may keep the file without asking, in seconds; a function of
                     the path may say it; None: it asks each time
    use_x_sendfile   leave it to the server in front to send the file, by the field X-Sendfile
    raises           FileNotFoundError, IsADirectoryError and the like for the path; ValueError for a
                     text file; TypeError where a name is needed and there is none;
                     RequestedRangeNotSatisfiable (416) and PreconditionFailed (412)
    """
    path, headers = None, Headers()
    file: Any = None
    try:
        if isinstance(path_or_file, (str, os.PathLike)):
            path = _absolute(path_or_file)
            status = _check_kind(path, os.stat(path))
            if not use_x_sendfile and environ["REQUEST_METHOD"] != "HEAD":
                file = _File(path)
                status = _check_kind(path, file.status)  # something else may have taken its place meanwhile
            size, modified = status.st_size, status.st_mtime
            download_name = os.path.basename(path) if download_name is None else download_name
            etag = f"{modified}-{size}-{adler32(os.fsencode(path))}" if etag is True else etag
            # No later than now, whatever the clock said when the file was written (RFC 9110, 8.8.2.1).
            last_modified = min(modified, time.time()) if last_modified is None else last_modified
        else:
            file = path_or_file
            size = _size_of(file)
        if mimetype is None:
            mimetype = _set_type(headers, download_name, as_attachment)
        _set_disposition(headers, download_name, as_attachment)
        _set_age(headers, max_age(path) if callable(max_age) else max_age)
        if last_modified is not None:
            headers.add("Last-Modified", http_date(last_modified))
        if isinstance(etag, str):
            headers.add("ETag", quote_etag(etag))
        if use_x_sendfile and path is not None:
            headers.add("X-Sendfile", os.fsencode(path).decode("latin-1"))
        elif size is not None:
            headers.add("Content-Length", size)
        # The server's own wrapper is fast, but few can seek: to send a part they would read all in front of it.
        wrap = FileWrapper if "HTTP_RANGE" in environ else environ.get("wsgi.file_wrapper", FileWrapper)
        body = None if file is None else wrap(file, _BLOCK_SIZE)
        response = (response_class or Response)(body, None, headers, mimetype, direct_passthrough=True)
        return _make_conditional(response, environ, size) if conditional else response
    except BaseException:
        FileWrapper(file).close()  # if it can be closed, and if there is one
        raise


def _absolute(path):
    """The path as the disk understands it: abspath() takes "link/.." off, and ends at a NUL on some Pythons."""
    path = os.fspath(path)
    return path if os.path.isabs(path) else os.path.join(os.getcwd(), path)


class _File(io.FileIO):
    """A file that ends where it ended when it was opened: a log that grows must not outgrow its Content-Length."""

    def __init__(self, path):
        # Not to wait: a pipe, which waits for whoever may write to it, may have taken the file's place.
        super().__init__(path, opener=lambda name, flags: os.open(name, flags | getattr(os, "O_NONBLOCK", 0)))
        self.status = os.fstat(self.fileno())

    def read(self, size=-1):
        left = max(self.status.st_size - self.tell(), 0)
        return super().read(left if size is None or size < 0 else min(size, left))


def _check_kind(path, status):
    if not stat.S_ISREG(status.st_mode):
        code = errno.EISDIR if stat.S_ISDIR(status.st_mode) else errno.EINVAL
        raise OSError(code, "only a regular file can be sent; this is none", path)
    return status


def _size_of(file):
    """Bytes of a binary file; None if that cannot be known at once, or if it is not at its start."""
    if isinstance(file, io.TextIOBase):
        raise ValueError(f"{file!r:.200} gives text, whose bytes nobody knows: open it in mode 'rb', or use BytesIO")
    if not hasattr(file, "read"):
        raise TypeError(f"{file!r:.200} is neither the path of a file nor a file")
    raw = getattr(file, "raw", file)
    if isinstance(file, io.BytesIO):
        size = file.getbuffer().nbytes
    elif isinstance(raw, io.FileIO) and stat.S_ISREG(os.fstat(raw.fileno()).st_mode):  # a device has none
        size = os.fstat(raw.fileno()).st_size
    else:  # not by seeking: the end of a compressed file is found by unpacking it all
        return None
    return None if file.tell() else size


# What the fields say


def _set_type(headers, name, as_attachment):
    """Return the media type that the name says; what the file is packed by goes to a field, unless it is saved so."""
    if name is None:
        raise TypeError("the type of a file without a name is not known: give download_name or mimetype")
    mimetype, coding = _guess_type(name)
    if coding is not None and not as_attachment:
        headers.add("Content-Encoding", coding)
    return mimetype or "application/octet-stream"


def _set_disposition(headers, name, as_attachment):
    """Whether to show or to save, and the name, in ASCII for old clients and in full (RFC 6266; RFC 8187)."""
    if name is None:
        if as_attachment:
            raise TypeError("a file to be saved needs a name: give download_name")
        return
    names = {"filename": name}
    if not (name.isascii() and name.isprintable()):
        names["filename"] = "".join(filter(str.isprintable, _to_ascii(name)))
        names["filename*"] = "UTF-8''" + quote(name, safe="!#$&+-.^_`|~", errors="replace")
    headers.add("Content-Disposition", dump_options_header("attachment" if as_attachment else "inline", names))


def _set_age(headers, age):
    """How long the client may keep it: without an age it asks each time, and gets a 304 where nothing has changed."""
    if age is None:
        headers.add("Cache-Control", "no-cache")
        return
    seconds = int(dump_age(age) or 0)
    headers.add("Cache-Control", f"{'public' if seconds else 'no-cache'}, max-age={seconds}")
    headers.add("Expires", http_date(time.time() + seconds))


def _make_conditional(response, environ, size):
    """Answer what the client asks about the file; a server in front cuts what it sends by itself."""
    in_front = "X-Sendfile" in response.headers
    response = response.make_conditional(environ, size is not None, None if in_front else size)
    if response.status_code == 412:
        raise PreconditionFailed  # a page of its own, and not the file
    if response.status_code == 304:  # some would send the file all the same
        response.headers.remove("X-Sendfile")
    return response
