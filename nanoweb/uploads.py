"""Files that a client sent with a form.

In a request's way: the form parser makes a FileStorage of each file part, for request.files.
"""

from __future__ import annotations

import io
import os

from .dicts import ImmutableMultiDict, MultiDict
from .fields import Headers
from .headers import parse_options_header
from .properties import digits

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import IO, Any

__all__ = ["FileMultiDict", "FileStorage"]


class FileStorage:
    """One uploaded file: its stream, the name the client gave it, and the fields of its part.

    stream     a binary file at its start; reading, seeking and closing go to it
    filename   as the client sent it: never a path to open, see `secure_filename`.
               If None, the name that the stream has, if it has one
    name       the form field's name
    headers    the fields of the part (Content-Type and others)

    True if there is a file name: an empty file field has none.
    """

    def __init__(
        self,
        stream: IO[bytes] | None = None,
        filename: str | os.PathLike[str] | None = None,
        name: str | None = None,
        content_type: str | None = None,
        content_length: int | None = None,
        headers: Headers | None = None,
    ) -> None:
        self.stream = io.BytesIO() if stream is None else stream
        self.filename: str | None = _name_of(stream) if filename is None else os.fsdecode(filename)
        self.name = name
        self.headers = Headers() if headers is None else headers
        for field, value in (("Content-Type", content_type), ("Content-Length", content_length)):
            if value is not None:
                self.headers[field] = value

    @property
    def content_type(self) -> str | None:
        """The Content-Type of the part as sent."""
        return self.headers.get("Content-Type")

    @property
    def content_length(self) -> int:
        """The Content-Length of the part, 0 if the client gave none (most do not): bytes."""
        return self.headers.get("Content-Length", 0, digits)

    @property
    def mimetype(self) -> str:
        """The media type without parameters, in lower case."""
        return parse_options_header(self.content_type)[0].lower()

    @property
    def mimetype_params(self) -> dict[str, str]:
        """The parameters of the media type."""
        return parse_options_header(self.content_type)[1]

    def save(self, dst: str | os.PathLike[str] | IO[bytes], buffer_size: int = 16384) -> None:
        """Write what the stream still holds to a path or to an open binary file."""
        if isinstance(dst, (str, os.PathLike)):
            with open(dst, "wb") as file:
                self.save(file, buffer_size)
        else:
            from shutil import copyfileobj

            copyfileobj(self.stream, dst, buffer_size)

    def close(self) -> None:
        """Close the stream; a spooled file goes with it."""
        self.stream.close()

    def __bool__(self) -> bool:
        return bool(self.filename)

    def __getattr__(self, name: str) -> Any:
        # What copy and pickle ask for is not the stream's, which is not even there when they make the object.
        if name == "stream" or name.startswith("__"):
            raise AttributeError(name)
        # Before Python 3.11 a SpooledTemporaryFile hides some methods of the file that it keeps in _file.
        for file in (self.stream, getattr(self.stream, "_file", None)):
            if hasattr(file, name):
                return getattr(file, name)
        raise AttributeError(f"neither FileStorage nor its stream has {name!r}")

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.stream)

    def __repr__(self) -> str:
        return f"<{type(self).__name__}: {self.filename!r} ({self.content_type!r})>"


def _name_of(stream):
    """The name of the file that a stream was opened by; None for one without, a pipe for example."""
    name = getattr(stream, "name", None)
    name = os.fsdecode(name) if isinstance(name, (str, bytes)) else ""
    return None if name[:1] + name[-1:] in ("", "<>") else name


class FileMultiDict(MultiDict[str, FileStorage]):
    """A MultiDict of files to send, as tests do.

    >>> import io
    >>> files = FileMultiDict()
    >>> files.add_file("picture", io.BytesIO(b"GIF89a"), "cat.gif")
    >>> files["picture"]
    <FileStorage: 'cat.gif' ('image/gif')>
    """

    def add_file(
        self,
        name: str,
        file: str | os.PathLike[str] | IO[bytes] | FileStorage,
        filename: str | None = None,
        content_type: str | None = None,
    ) -> None:
        """Add a file to a form field.

        name            the field
        file            an open file, a FileStorage, which is taken as it is, or the path of a file,
                        which is opened; whoever sends the files closes them
        filename        the name to send; that of the file if there is none
        content_type    its media type; by default the one that the end of its name stands for
        """
        if not isinstance(file, FileStorage):
            stream: Any = open(file, "rb") if isinstance(file, (str, os.PathLike)) else file  # noqa: SIM115
            if not hasattr(stream, "read"):
                raise TypeError(f"{stream!r:.200} of form field {name!r} is neither an open file nor the path of one")
            file = FileStorage(stream, filename, name, content_type)
            if file.filename and content_type is None:
                file.headers["Content-Type"] = guess_content_type(file.filename)
        self.add(name, file)


class DebugFilesKeyError(KeyError, AssertionError):
    """Raised in debug mode where a file is looked for, and the browser has sent its name alone."""

    def __str__(self) -> str:
        return str(self.args[0])


class UnsentFiles(ImmutableMultiDict[str, FileStorage]):
    """The files of a form that has sent none, in debug mode: who looks for one that is a field is told why."""

    def __init__(self, fields: MultiDict[str, str], mimetype: str) -> None:
        super().__init__()
        self._fields, self._mimetype = fields, mimetype

    def __getitem__(self, key: str) -> FileStorage:
        if key not in self._fields:
            return super().__getitem__(key)
        raise DebugFilesKeyError(
            f"request.files has no {key!r}, but request.form has the name {self._fields[key]!r}: the form was sent as"
            f" {self._mimetype!r}, which carries no files. Write <form method=post enctype=multipart/form-data>."
            " Only debug mode tells so; else this is a plain KeyError and 400."
        )


def guess_content_type(filename: str) -> str:
    """Return the media type that the end of a file's name stands for."""
    from mimetypes import guess_type

    return guess_type(filename)[0] or "application/octet-stream"
