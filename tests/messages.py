"""Environs, the requests made of them, and what an application answers: for the tests of Request and Response."""

import io
import sys
from wsgiref.validate import validator

from nanoweb.wrappers import Request

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=cut"
UPLOAD = (
    b'--cut\r\nContent-Disposition: form-data; name="title"\r\n\r\nMy cat\r\n'
    b'--cut\r\nContent-Disposition: form-data; name="photo"; filename="cat.png"\r\n'
    b"Content-Type: image/png\r\n\r\nmeow\r\n--cut--\r\n"
)


def environ(body=None, **keys):
    """A GET of "/", or of what the keys say; a "__" in their names stands for a dot."""
    made = {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "PATH_INFO": "/",
        "QUERY_STRING": "",
        "SERVER_NAME": "example.com",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body or b""),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    if body is not None:
        made.update(REQUEST_METHOD="POST", CONTENT_LENGTH=str(len(body)))
    made.update({key.replace("__", "."): value for key, value in keys.items()})
    return {key: value for key, value in made.items() if value is not None}


def request(body=None, **keys):
    return Request(environ(body, **keys))


def posted(body, content_type, **keys):
    return request(body, CONTENT_TYPE=content_type, **keys)


def call(app, method="GET", **keys):
    """(status, fields, body) of what an application answers, through the standard library's validator."""
    answer = []

    def start_response(status, headers, exc_info=None):
        answer[:] = [status, headers]
        return lambda data: None

    iterable = validator(app)(environ(REQUEST_METHOD=method, **keys), start_response)
    try:
        body = b"".join(iterable)
    finally:
        iterable.close()
    return answer[0], answer[1], body


def send(app, method="GET", **keys):
    """The same without the validator, and the body as the blocks that it came in."""
    answer = []
    iterable = app(environ(REQUEST_METHOD=method, **keys), lambda status, headers: answer.extend([status, headers]))
    try:
        blocks = list(iterable)
    finally:
        if hasattr(iterable, "close"):
            iterable.close()
    return (*answer, blocks)
