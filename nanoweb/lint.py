"""LintMiddleware warns where a server or an application breaks a rule of WSGI or HTTP.

In a request's way: around an application while it is written or tested, under any server.
The rules for keys and fields are tables: what must hold, and how a warning puts it.
wsgiref.validate stops at the first fault; this goes on, and knows some HTTP.

PEP 3333; RFC 9110, sections 8 and 15.
"""

from __future__ import annotations

import re
import sys
import warnings

from .exceptions import _is_token, check_header
from .headers import is_entity_header, is_hop_by_hop_header
from .wsgi import FileWrapper

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

    from .wsgi import StartResponse, WSGIApplication

__all__ = ["HTTPWarning", "LintMiddleware", "WSGIWarning"]


class WSGIWarning(Warning):
    """A rule of WSGI is broken."""


class HTTPWarning(Warning):
    """A rule of HTTP is broken by an answer."""


_is_number = re.compile(r"[0-9]{1,18}").fullmatch
_is_latin = re.compile(r"[\x00-\xff]*").fullmatch
_is_path = re.compile(r"(?:/[\x00-\xff]*)?").fullmatch
_is_status = re.compile(r"[1-9][0-9]{2} [\t\x20-\x7e\x80-\xff]*").fullmatch
_is_etag = re.compile(r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"').fullmatch


def _never(value):
    return False


# Keys of an environ: whether it must be there, what must hold, and that in words.
_KEYS = {
    "REQUEST_METHOD": (True, _is_token, "a word such as GET"),
    "SCRIPT_NAME": (False, lambda value: _is_path(value) and value[-1:] != "/", "empty, or '/' and more"),
    "PATH_INFO": (False, _is_path, "empty, or starts with '/'"),
    "SERVER_NAME": (True, len, "the name of a host"),
    "SERVER_PORT": (True, _is_number, "digits"),
    "CONTENT_LENGTH": (False, lambda value: not value or _is_number(value), "digits"),
    "HTTP_CONTENT_LENGTH": (False, _never, "to be found under CONTENT_LENGTH"),
    "HTTP_CONTENT_TYPE": (False, _never, "to be found under CONTENT_TYPE"),
    "wsgi.version": (True, lambda value: value == (1, 0), "(1, 0)"),
    "wsgi.url_scheme": (True, _is_token, "a word such as http"),
    "wsgi.input": (True, lambda value: value.read, "a binary file"),
    "wsgi.errors": (True, lambda value: value.write, "a text file"),
    "wsgi.multithread": (True, lambda value: value in (True, False), "True or False"),
    "wsgi.multiprocess": (True, lambda value: value in (True, False), "True or False"),
    "wsgi.run_once": (True, lambda value: value in (True, False), "True or False"),
}

# Fields of an answer, in lower case: what must hold, that in words, and whose rule it is.
_FIELDS = {
    "content-length": (_is_number, "digits", HTTPWarning),
    "etag": (_is_etag, "between quotes, and behind W/ if it is weak", HTTPWarning),
    "status": (_never, "start_response's to say: CGI would take this field for it", WSGIWarning),
}


def _holds(test, value):
    try:
        return bool(test(value))
    except (AttributeError, TypeError):
        return False


def _warn(message, category=WSGIWarning):
    """Warn, and name the place outside of this module that led here."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals is globals():
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


class LintMiddleware:
    """An application that is looked at, as is the server that calls it; what is wrong becomes a warning.

    >>> from nanoweb import App
    >>> app = App(__name__)
    >>> app.wsgi_app = LintMiddleware(app.wsgi_app)

    The warnings are of the classes WSGIWarning and HTTPWarning: ``python -W error`` makes errors of
    them, as everywhere.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self.app = app

    def __call__(self, environ: dict[str, Any], start_response: StartResponse) -> Iterable[bytes]:
        _check_environ(environ)
        for key in {"wsgi.input", "wsgi.errors"} & environ.keys():
            environ[key] = _Stream(environ[key], key, environ.get("wsgi.input_terminated"))
        environ["wsgi.file_wrapper"] = FileWrapper  # a server may send its own without a look at us
        answer = _Answer(environ, start_response)
        return answer.take(self.app(environ, answer.start_response))


def _check_environ(environ):
    if type(environ) is not dict:
        _warn(f"environ is a {type(environ).__name__}: it must be a dict, and no subclass")
    for key, (is_required, test, rule) in _KEYS.items():
        if key not in environ:
            if is_required:
                _warn(f"environ has no {key}: it must be {rule}")
        elif not _holds(test, environ[key]):
            _warn(f"environ[{key!r}] is {environ[key]!r:.80}: it must be {rule}")
    for key, value in environ.items():
        if type(key) is not str:
            _warn(f"environ has {key!r:.80}: its keys are str")
        elif "." not in key and not (type(value) is str and _is_latin(value)):
            _warn(f"environ[{key!r}] is {value!r:.80}: it must be a str of characters up to U+00FF")


class _Stream:
    """wsgi.input or wsgi.errors; has_end is whether reading on comes to an end."""

    def __init__(self, stream, name, has_end):
        self._stream, self._name, self._has_end = stream, name, has_end

    def __getattr__(self, name):
        return getattr(self._stream, name)

    def __iter__(self):
        return iter(self._stream)

    def read(self, *size):
        return self._read("read", size)

    def readline(self, *size):
        return self._read("readline", size)

    def _read(self, method, size):
        if not self._has_end and (size or (None,))[0] in (None, -1):
            _warn(f"{self._name}.{method}() may wait for ever, for a socket has no end: say how many bytes")
        return getattr(self._stream, method)(*size)

    def write(self, text):
        if type(text) is not str:
            _warn(f"{self._name}.write() got {text!r:.80}: it must be a str")
        return self._stream.write(text)

    def close(self):
        _warn(f"{self._name} was closed by the application: that is for the server to do")
        self._stream.close()


class _Answer:
    """What an application answers, on its way to the server.

    code, fields   of the last call of start_response, names in lower case; 0 if there was none that can be read
    sent           bytes of the body so far
    """

    code = sent = 0
    is_started = is_over = False
    is_closed = True  # until there is a body

    def __init__(self, environ, start_response):
        self._method = environ.get("REQUEST_METHOD")
        self._start = start_response

    def start_response(self, *args, **kwargs):
        if kwargs or len(args) not in (2, 3):
            _warn("start_response() takes a status, a list of fields and maybe exc_info, and no keywords")
        if self.is_started and not (any(args[2:]) or kwargs.get("exc_info")):
            _warn("start_response() was called twice: the second call needs exc_info")
        self._write = self._start(*args, **kwargs)
        self.is_started = True
        if len(args) > 1:
            self._check_head(*args[:2])
        return self.write

    def _check_head(self, status, headers):
        self.code = int(status[:3]) if _holds(_is_status, status) else 0
        if not self.code:
            _warn(f"status {status!r:.80} is not three digits, a blank and a text, as '200 OK'")
        if type(headers) is not list:
            _warn(f"the fields come in {headers!r:.80}: it must be a list")
        self.fields = {}
        for field in headers:
            if type(field) is tuple and [type(part) for part in field] == [str, str]:
                self.fields[field[0].lower()] = field[1]
                _check_field(*field)
            else:
                _warn(f"field {field!r:.80} must be a tuple of a name and a value, both str")

    def write(self, data):
        self._count(data)
        return self._write(data)

    def _count(self, data):
        if type(data) is bytes:
            self.sent += len(data)
        else:
            _warn(f"the body has {data!r:.80} in it: it must be bytes")

    def take(self, body):
        """Be the iterable that the server gets."""
        if isinstance(body, (str, bytes)):
            _warn(f"the body is {body!r:.80}, and goes out one by one: put it into a list")
        self._body, self._next, self.is_closed = body, iter(body).__next__, False
        return self

    def __iter__(self):
        return self

    def __next__(self):
        if self.is_closed:
            _warn("the server reads on after it has closed the body")
        try:
            data = self._next()
        except StopIteration:
            self.is_over = True
            raise
        if not self.is_started:
            _warn("the body began before start_response() was called")
        self._count(data)
        return data

    def close(self):
        self.is_closed = True
        if hasattr(self._body, "close"):
            self._body.close()
        if self.code:
            self._check_end()

    def __del__(self):
        if not self.is_closed:
            _warn("the server has not closed the body")

    def _check_end(self):
        """What shows when all is sent.  A body is also short where the client has left, and that is no fault."""
        has_body = self._method != "HEAD" and self.code >= 200 and self.code not in (204, 304)
        if self.sent and not has_body:
            _warn(f"{self.sent} bytes in answer {self.code} to {self._method}, which has no body", HTTPWarning)
        wrong = set()
        if self.code == 304:
            wrong = {name for name in self.fields if is_entity_header(name)} - {"content-location", "expires"}
        elif self.code < 200 or self.code == 204:
            wrong = {"content-length"} & self.fields.keys()
        for name in sorted(wrong):
            _warn(f"field {name} in answer {self.code} is about a body, which it has not: leave it out", HTTPWarning)
        length = self.fields.get("content-length", "")
        if has_body and _is_number(length) and (self.is_over or self.sent > int(length)) and self.sent != int(length):
            _warn(f"the body has {self.sent} bytes, and its Content-Length says {length}")


def _check_field(name, value):
    try:
        check_header(name, value)
    except ValueError as error:
        _warn(str(error))
    if is_hop_by_hop_header(name):
        _warn(f"field {name} is about the connection: that is the server's matter")
    test, rule, category = _FIELDS.get(name.lower(), (str, "", None))
    if category and not _holds(test, value):
        _warn(f"field {name} is {value!r:.80}: it must be {rule}", category)
