"""The bodies that HTML forms send: urlencoded pairs, and multipart/form-data with files.

In a request's way: Request hands its stream to FormDataParser when a view first
looks at form or files.  A multipart body goes through two hands:

    bytes  ->  MultipartDecoder  ->  Part, Data, Part, Data ...  ->  MultiPartParser  ->  (form, files)

The decoder knows the grammar and never reads or writes a file; the parser reads
the stream, puts each part where it belongs, and cleans up when that fails.

WHATWG URL, section 5 (urlencoded); RFC 7578 and RFC 2046, section 5.1 (multipart).
"""

from __future__ import annotations

import re
from binascii import a2b_qp
from io import BytesIO

from .dicts import MultiDict
from .exceptions import ClientDisconnected, RequestEntityTooLarge
from .fields import Headers
from .headers import parse_options_header
from .uploads import FileStorage
from .wsgi import get_content_length, get_input_stream

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from typing import IO, Any

    StreamFactory = Callable[..., IO[bytes]]

__all__ = [
    "Data",
    "Epilogue",
    "FormDataParser",
    "MultiPartParser",
    "MultipartDecoder",
    "Part",
    "default_stream_factory",
    "encode_multipart",
    "parse_form_data",
    "parse_urlencoded",
]

_spool_size = 500 * 1024  # bytes of a file kept in memory
_max_header = 8 * 1024  # bytes of one part's header; the same before the first boundary
_charsets = frozenset(["ascii", "us-ascii", "utf-8", "iso-8859-1"])

# RFC 2046 allows fewer characters; "*****", which many programs copied from one another, is not among them.
_boundary_re = re.compile(rb"[ -~]{0,69}[!-~]")
# What browsers send for a field: nearly all parts of nearly all forms.
_plain_header = re.compile(rb'\r\nContent-Disposition: (form-data; name="([^\x00-\x1f"%\\\x7f]*)")').fullmatch
_control_re = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


# Urlencoded

_stray_percent = re.compile(r"%(?![0-9A-Fa-f][0-9A-Fa-f])").sub
_undecoded_re = re.compile("[\udc80-\udcff]+")  # what "surrogateescape" makes of bytes 80 to FF


def parse_urlencoded(source: bytes | str) -> list[tuple[str, str]]:
    """Split a query string or an urlencoded body into its pairs, in the order sent.

    >>> parse_urlencoded(b"name=J%C3%BCrgen+K&tag=a;b&tag=&empty")
    [('name', 'Jürgen K'), ('tag', 'a;b'), ('tag', ''), ('empty', '')]
    >>> parse_urlencoded("city=K%f6ln&rate=5%")      # not UTF-8, not quoted: left as it is
    [('city', 'K%F6ln'), ('rate', '5%')]

    Only "&" separates: a cache in front that does not know ";" would take
    other parameters for the request's than we do (CVE-2021-23336).
    """
    text = source if isinstance(source, str) else _decode(source)
    if "+" in text:
        text = text.replace("+", " ")
    quoted = "%" in text
    if quoted and "%26" not in text and "%3D" not in text and "%3d" not in text:
        text, quoted = _unquote(text), False  # all at once, for none will turn into a separator
    pairs = [piece.partition("=")[::2] for piece in text.split("&") if piece]
    if not quoted:
        return pairs
    return [(_unquote(key) if "%" in key else key, _unquote(text) if "%" in text else text) for key, text in pairs]


def _unquote(text):
    """Replace %41 by "A".  Quoted-printable is the same code with another sign, and Python has that one in C."""
    data = _stray_percent("%25", text).encode("utf-8", "surrogatepass")
    return _decode(a2b_qp(data.replace(b"=", b"=3D").replace(b"%", b"=")))


def _decode(data):
    """Bytes as text; those that are not UTF-8 are quoted, or stay so."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return _undecoded_re.sub(_quote, data.decode("utf-8", "surrogateescape"))


def _quote(match):
    return "%" + match[0].encode("utf-8", "surrogateescape").hex("%").upper()


# The grammar of multipart


class Part:
    """Event: a part begins; a field if filename is None, else a file ("" where the user chose none)."""

    __slots__ = ("filename", "headers", "name")

    def __init__(self, name: str, filename: str | None, headers: Headers) -> None:
        self.name = name
        self.filename = filename
        self.headers = headers


class Data:
    """Event: bytes of the part that began last; after those without more_data, it is over."""

    __slots__ = ("data", "more_data")

    def __init__(self, data: bytes, more_data: bool) -> None:
        self.data = data
        self.more_data = more_data


class Epilogue:
    """Event: the form is over, and so is the body."""

    __slots__ = ()


class MultipartDecoder:
    r"""Cuts a multipart body into events, in whatever pieces it arrives.

    >>> decoder = MultipartDecoder(b"cut")
    >>> decoder.receive_data(b'--cut\r\nContent-Disposition: form-data; name="a"\r\n\r\nhel')
    >>> decoder.next_event().name
    'a'
    >>> decoder.next_event().data
    b'hel'
    >>> decoder.next_event()            # None: it needs more data
    >>> decoder.receive_data(b"lo\r\n--cut--\r\n")
    >>> decoder.next_event().data
    b'lo'

    boundary    1 to 70 printable ASCII characters, the last of them no blank
    max_parts   how many parts there may be; None: any number
    raises      ValueError for another boundary; for the rest see next_event

    The line break after the first boundary, CRLF unless the client is sloppy, is
    the one that counts from there on.  Blanks after a boundary, which RFC 2046
    lets mail gateways add, are none of ours: such a line is data.

    Linear in the size of the body, whatever is in it: bytes.find looks for the
    boundary, and what has been looked at is handed out at once, except for the
    few bytes at the end that may be the beginning of a boundary.  What is received
    and is data from end to end is handed out as it is, and not copied.

    _buffer holds what was received, from _position on it is not yet handed out,
    and _step is the method that knows what comes next there.
    """

    def __init__(self, boundary: bytes, max_parts: int | None = None) -> None:
        if not _boundary_re.fullmatch(boundary):
            raise ValueError(f"multipart boundary {boundary!r}: it must be 1 to 70 printable ASCII characters")
        self.max_parts = max_parts
        self.complete = False
        self._parts = 0
        self._boundary = b"--" + boundary
        self._newline = self._delimiter = self._needle = b""  # known once the first boundary is
        self._released = b""  # what was kept back, and turned out to begin no boundary
        self._buffer = b""
        self._position = 0
        self._searched = 0  # up to where the first boundary is not
        self._skip = 0  # bytes of the line break between header and data
        self._step = MultipartDecoder._preamble

    def receive_data(self, data: bytes | None) -> None:
        """Take the next bytes of the body, once next_event() needs them; None: there are no more."""
        if data is None:
            self.complete = True
            return
        rest = self._buffer[self._position :]
        if self._step is MultipartDecoder._data and not self._skip and rest.rfind(self._newline[:1]) == 0:
            size = len(self._delimiter) + 2
            seam = rest + data[:size]
            if len(seam) >= size and not self._is_boundary(seam, 0):
                self._released += rest
                rest = b""
        self._buffer = rest + data
        self._position = 0

    def next_event(self) -> Part | Data | Epilogue | None:
        """Return what comes next in the body; None if more data is needed to tell.

        raises   ValueError if the body is malformed; ClientDisconnected (400) if it ends
                 before its closing boundary; RequestEntityTooLarge (413) for too many
                 parts or too large a header of one
        """
        event: Part | Data | Epilogue | None = self._step(self)
        if event is None and self.complete:
            if not self._newline:
                raise ValueError(f"the multipart body has no boundary {self._boundary!r}")
            raise ClientDisconnected(
                f"the multipart body broke off: it ends without its closing boundary {self._boundary + b'--'!r}"
            )
        return event

    def _preamble(self):
        """Look for the first boundary, at the start of a line; the line break after it is the one that counts."""
        buffer, boundary = self._buffer, self._boundary
        while (start := buffer.find(boundary, self._searched, _max_header)) >= 0:
            end = start + len(boundary)
            after = buffer[end : end + 2]
            if len(after) < 2:
                return None
            if start == 0 or buffer[start - 1] in b"\r\n":
                if after == b"--":
                    self._step = MultipartDecoder._epilogue
                    return self._epilogue()
                for newline in (b"\r\n", b"\n", b"\r"):
                    if after.startswith(newline):
                        self._newline, self._delimiter = newline, newline + boundary
                        self._needle = newline[-1:] + boundary
                        self._position, self._step = end, MultipartDecoder._header
                        return self._header()
            self._searched = start + 1
        if len(buffer) >= _max_header:
            raise ValueError(f"the multipart body has no boundary {boundary!r} in its first {_max_header} bytes")
        self._searched = max(self._searched, len(buffer) - len(boundary) + 1)
        return None

    def _header(self):
        """Read the header of a part, from the line break that ended the boundary to the empty line."""
        start, newline = self._position, self._newline
        end = self._buffer.find(newline * 2, start, start + _max_header)
        if end < 0:
            if len(self._buffer) - start >= _max_header:
                raise RequestEntityTooLarge(f"The header of a part is larger than {_max_header} bytes.")
            return None
        self._parts += 1
        if self.max_parts is not None and self._parts > self.max_parts:
            raise RequestEntityTooLarge(
                f"The form has more than the {self.max_parts} parts that MAX_FORM_PARTS allows."
            )
        self._position = end + len(newline)
        self._skip = len(newline)
        self._step = MultipartDecoder._data
        return _part_event(self._buffer[start:end], newline)

    def _data(self):
        """Hand out data up to the next boundary, or up to where one may have begun."""
        if self._released:
            data, self._released = self._released, b""
            return Data(data, True)
        buffer, delimiter = self._buffer, self._delimiter
        # The line break that ends the header may be the boundary's as well: then there is no data.
        start = self._position + self._skip
        stop = self._find_boundary()
        if stop >= 0:
            self._position = stop + len(delimiter)
            is_last = buffer.startswith(b"--", self._position)
            self._step = MultipartDecoder._epilogue if is_last else MultipartDecoder._header
            return Data(buffer[start:stop], False)
        stop = self._find_begun()
        if stop <= start:
            return None
        self._position, self._skip = stop, 0
        return Data(buffer[start:stop], True)

    def _find_boundary(self):
        """Where the next boundary line begins, at its line break in front; -1 if it is not in the buffer."""
        buffer, delimiter = self._buffer, self._delimiter
        # Without CR: before Python 3.11, find() goes byte by byte through a flood of what it looks for.  With LF: as
        # it stands in the needle but once, find() compares no byte twice, however the boundary repeats itself.
        lead = len(delimiter) - len(self._needle)
        start = buffer.find(self._needle, self._position + lead) - lead
        if start < 0:
            return -1
        if self._is_boundary(buffer, start):
            return start
        # Almost a boundary.  There may be thousands of these, so the search for a whole one must not be ours.
        next_part = buffer.find(delimiter + self._newline, self._position)
        closing = buffer.find(delimiter + b"--", self._position, next_part if next_part >= 0 else len(buffer))
        return closing if closing >= 0 else next_part

    def _is_boundary(self, data, start):
        """Whether a boundary line begins there, the two bytes behind the boundary included."""
        delimiter = self._delimiter
        return data.startswith(delimiter, start) and data.startswith((self._newline, b"--"), start + len(delimiter))

    def _find_begun(self):
        """Where a boundary line begins of which the rest is still to come; the end of the buffer if none does."""
        buffer, delimiter, line_break = self._buffer, self._delimiter, self._newline[:1]
        if buffer.endswith((delimiter + b"-", delimiter + line_break)):
            return len(buffer) - len(delimiter) - 1
        # Its first byte stands in it only once, so no other but the last in the buffer can have begun it.
        start = buffer.rfind(line_break, max(self._position, len(buffer) - len(delimiter)))
        return start if start >= 0 and delimiter.startswith(buffer[start:]) else len(buffer)

    def _epilogue(self):
        """Drop whatever follows the closing boundary."""
        self._position = len(self._buffer)
        return Epilogue() if self.complete else None


def _part_event(header, newline):
    """The event of a part that begins with this header; each line has its line break in front."""
    headers = Headers()
    # Not add(), which takes what can be sent in a response: names of files are UTF-8 here.
    fields = headers._list
    plain = _plain_header(header)
    if plain:
        disposition, name = plain.groups()
        fields.append(("Content-Disposition", disposition.decode()))
        return Part(name.decode(), None, headers)
    text, line_break = header[len(newline) :].decode(), newline.decode()
    text = text.replace(line_break + " ", " ").replace(line_break + "\t", " ")  # folded lines, RFC 2231
    for line in text.split(line_break) if text else ():
        name, colon, value = line.partition(":")
        if not colon or _control_re.search(line):
            raise ValueError(
                f"line {line!r:.200} in the header of a part: it must be a name, a colon and printable text"
            )
        fields.append((name.strip(" \t"), value.strip(" \t")))
    _, parameters = parse_options_header(headers.get("Content-Disposition"))
    name = parameters.get("name")
    if name is None:
        raise ValueError(f"header {text!r:.200} of a part: it must have a Content-Disposition with a name")
    return Part(name, parameters.get("filename"), headers)


# Multipart from a stream


def default_stream_factory(
    total_content_length: int | None,
    content_type: str | None,
    filename: str | None,
    content_length: int | None = None,
) -> IO[bytes]:
    """Return a file that is in memory up to 500 kB, and on disk, without a name there, from then on.

    total_content_length   bytes of the whole body, None if not known
    content_type           what the client says of this file, as the other two do
    filename               not used here; a factory of your own may go by it
    content_length         bytes; most clients say nothing, which is 0
    """
    if total_content_length is not None and total_content_length <= _spool_size:
        return BytesIO()  # it cannot grow larger than the body
    from tempfile import SpooledTemporaryFile

    return SpooledTemporaryFile(max_size=_spool_size)


class MultiPartParser:
    """Reads a multipart body: fields to memory, files to what stream_factory makes.

    buffer_size is how many bytes it asks the stream for at a time; the other
    arguments are FormDataParser's.
    """

    def __init__(
        self,
        stream_factory: StreamFactory | None = None,
        max_form_memory_size: int | None = None,
        cls: type[MultiDict[str, Any]] | None = None,
        buffer_size: int = 256 * 1024,
        max_form_parts: int | None = None,
    ) -> None:
        self.stream_factory = stream_factory or default_stream_factory
        self.max_form_memory_size = max_form_memory_size
        self.cls = cls or MultiDict
        self.buffer_size = buffer_size
        self.max_form_parts = max_form_parts

    def parse(
        self, stream: IO[bytes], boundary: bytes, content_length: int | None
    ) -> tuple[MultiDict[str, Any], MultiDict[str, Any]]:
        """Read a stream to its end: (form, files).

        raises   ValueError if the body is malformed; ClientDisconnected (400) if it
                 broke off; RequestEntityTooLarge (413) if it is over a limit

        Whatever is raised, also by the stream, no file stays open.
        """
        from contextlib import ExitStack

        form, files = [], []
        fields_size = 0
        events = self._events(stream, MultipartDecoder(boundary, self.max_form_parts))
        with ExitStack() as opened:
            for part in events:  # and each inner loop takes the data of that part from the same events
                if part.filename is None:
                    value = bytearray()
                    for event in events:
                        fields_size += len(event.data)
                        self._check_size(fields_size)
                        value += event.data
                        if not event.more_data:
                            break
                    form.append((part.name, value.decode(self.get_part_charset(part.headers), "replace")))
                else:
                    file = self.start_file_streaming(part, content_length)
                    opened.callback(file.close)
                    for event in events:
                        file.write(event.data)
                        if not event.more_data:
                            break
                    file.seek(0)
                    files.append((part.name, FileStorage(file, part.filename, part.name, headers=part.headers)))
            result = self.cls(form), self.cls(files)
            opened.pop_all()  # nothing failed: the files are the caller's now
        return result

    def _events(self, stream, decoder):
        """The parts and their data as they come from the stream."""
        while True:
            event = decoder.next_event()
            if event is None:
                decoder.receive_data(stream.read(self.buffer_size) or None)
            elif isinstance(event, Epilogue):
                return
            else:
                yield event

    def _check_size(self, size):
        limit = self.max_form_memory_size
        if limit is not None and size > limit:
            raise RequestEntityTooLarge(
                f"The fields of the form are larger than the {limit} bytes that MAX_FORM_MEMORY_SIZE allows."
            )

    def start_file_streaming(self, event: Part, total_content_length: int | None) -> IO[bytes]:
        """Return the file that the data of an upload is written to."""
        length = event.headers.get("Content-Length", "")
        return self.stream_factory(
            total_content_length=total_content_length,
            filename=event.filename,
            content_type=event.headers.get("Content-Type"),
            content_length=int(length) if length.isascii() and length.isdigit() and len(length) < 19 else 0,
        )

    def get_part_charset(self, headers: Headers) -> str:
        """Return the encoding of a field: one of the few that a client may choose, or UTF-8."""
        content_type = headers.get("Content-Type")
        charset = parse_options_header(content_type)[1].get("charset", "").lower() if content_type else ""
        return charset if charset in _charsets else "utf-8"


# Any form


def parse_form_data(
    environ: dict[str, Any],
    stream_factory: StreamFactory | None = None,
    max_form_memory_size: int | None = None,
    max_content_length: int | None = None,
    cls: type[MultiDict[str, Any]] | None = None,
    silent: bool = True,
    *,
    max_form_parts: int | None = None,
) -> tuple[IO[bytes], MultiDict[str, Any], MultiDict[str, Any]]:
    """Parse the body of a request: (stream, form, files).  The arguments are FormDataParser's."""
    return FormDataParser(
        stream_factory, max_form_memory_size, max_content_length, cls, silent, max_form_parts=max_form_parts
    ).parse_from_environ(environ)


class FormDataParser:
    """Reads a form, whichever way it is encoded.

    >>> from io import BytesIO
    >>> body = BytesIO(b"page=2&tag=a&tag=b")
    >>> stream, form, files = FormDataParser().parse(body, "application/x-www-form-urlencoded", 18)
    >>> form.getlist("tag")
    ['a', 'b']

    stream_factory         makes the file that an upload is written to, see default_stream_factory
    max_form_memory_size   bytes of all fields together that are not files (multipart only)
    max_content_length     bytes of the whole body, for parse_from_environ
    cls                    the class of form and files
    silent                 True: a malformed body is an empty form; False: it is a ValueError
    max_form_parts         how many fields and files there may be (multipart only)

    Silent or not, more than a limit allows is RequestEntityTooLarge (413), None being no
    limit; and half a form is no form, but ClientDisconnected (400).
    """

    def __init__(
        self,
        stream_factory: StreamFactory | None = None,
        max_form_memory_size: int | None = None,
        max_content_length: int | None = None,
        cls: type[MultiDict[str, Any]] | None = None,
        silent: bool = True,
        *,
        max_form_parts: int | None = None,
    ) -> None:
        self.stream_factory = stream_factory or default_stream_factory
        self.max_form_memory_size = max_form_memory_size
        self.max_content_length = max_content_length
        self.cls = cls or MultiDict
        self.silent = silent
        self.max_form_parts = max_form_parts

    def parse_from_environ(
        self, environ: dict[str, Any]
    ) -> tuple[IO[bytes], MultiDict[str, Any], MultiDict[str, Any]]:
        """Parse the body of a request: (stream, form, files)."""
        stream = get_input_stream(environ, max_content_length=self.max_content_length)
        mimetype, options = parse_options_header(environ.get("CONTENT_TYPE", ""))
        return self.parse(stream, mimetype.lower(), get_content_length(environ), options)

    def parse(
        self, stream: IO[bytes], mimetype: str, content_length: int | None, options: dict[str, str] | None = None
    ) -> tuple[IO[bytes], MultiDict[str, Any], MultiDict[str, Any]]:
        """Parse a body: (stream, form, files).

        stream           ends where the body ends, see get_input_stream; unread if it holds no form
        mimetype         what the body is
        content_length   bytes of the body, if known
        options          the parameters of Content-Type: the boundary
        """
        try:
            if mimetype == "application/x-www-form-urlencoded":
                return stream, self.cls(parse_urlencoded(stream.read())), self.cls()
            if mimetype == "multipart/form-data":
                parser = MultiPartParser(
                    self.stream_factory, self.max_form_memory_size, self.cls, max_form_parts=self.max_form_parts
                )
                boundary = (options or {}).get("boundary", "").encode("ascii")
                form, files = parser.parse(stream, boundary, content_length)
                return stream, form, files
        except ValueError:
            if not self.silent:
                raise
        return stream, self.cls(), self.cls()


# The way back


def encode_multipart(fields: Iterable[tuple[str, str | FileStorage]], boundary: str) -> bytes:
    r"""Make a multipart/form-data body, as a browser would send it.

    >>> print(encode_multipart([("title", "My cat")], "cut").decode().replace("\r", ""))
    --cut
    Content-Disposition: form-data; name="title"
    <BLANKLINE>
    My cat
    --cut--
    <BLANKLINE>

    fields     (name, text or FileStorage); a file is read from where it stands
    boundary   must not occur in what is sent: a random one does not

    HTML, "Multipart form data".
    """
    body = []
    for name, value in fields:
        parameters = f'name="{_quote_parameter(name)}"'
        headers: list[tuple[str, str]] = []
        if isinstance(value, FileStorage):
            if value.filename is not None:
                parameters += f'; filename="{_quote_parameter(value.filename)}"'
            headers = [("Content-Type", "application/octet-stream")] if value.content_type is None else []
            headers += [field for field in value.headers if field[0].lower() != "content-disposition"]
            data = value.stream.read()
        else:
            data = value.encode()
        lines = [f"--{boundary}", f"Content-Disposition: form-data; {parameters}"]
        lines += [f"{key}: {text}" for key, text in headers]
        body += ["\r\n".join(lines).encode(), b"\r\n\r\n", data, b"\r\n"]
    return b"".join(body) + f"--{boundary}--\r\n".encode()


def _quote_parameter(text):
    """A name as it stands between quotes: HTML quotes three characters, and "%" is not among them."""
    return text.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")
