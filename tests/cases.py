r"""The one list of requests: bytes in, and what a server has to make of them.

    from tests.cases import CASES

Each stands under the norm that decides it.  Each is sent over a connection of its own, and a good request after it
must be answered: on the same connection where that is to stay, else on a new one.  What runs the list is in matrix.
"""

from __future__ import annotations

import json
import tempfile
from collections import namedtuple
from wsgiref.validate import validator

from .raw import HELLO, SMUGGLED, chunked, request

# What is sent, and what must come of it.
#   data     the bytes; a tuple of them if the client waits for an answer before each next part
#   codes    the statuses that come, those of "100 Continue" among them
#   ends     "kept": the connection stays.  "closed": the server ends it.  "refused": that, whatever else is sent,
#            and the one who is refused is told why.  "dropped": the server ends it, and could not say so before.
#            "cut": the client says its last, and the server too.
#   body     of the last answer: bytes, or a dict of what the application must have seen of the request; None: any
#   is_whole    whether the last answer ends as its head said it would
#   fails    how many tracebacks the log tells of
Case = namedtuple("Case", "norm what data codes ends body is_whole fails")
Expected = namedtuple("Expected", "codes ends body is_whole fails", defaults=[None, True, 0])


def told(**seen):
    """The request is in order, and this is what the application sees of it; None is a key that must not be there."""
    return Expected((200,), "kept", seen)


def kept(*codes, body=None, fails=0):
    return Expected(codes or (200,), "kept", body, True, fails)


def closed(*codes, body=None, fails=0):
    return Expected(codes or (200,), "closed", body, True, fails)


def dropped(body, is_whole=True, fails=0):
    return Expected((200,), "dropped", body, is_whole, fails)


def refused(*codes):
    return Expected(codes, "refused")


def cut(*codes):
    return Expected(codes, "cut")


def get(target="/", *fields, version="1.1", method="GET"):
    return request(f"{method} {target} HTTP/{version}", *fields)


def old(target="/", *fields):
    """HTTP/1.0 without a Host."""
    return "\r\n".join([f"GET {target} HTTP/1.0", *fields, "", ""]).encode("latin-1")


def post(*fields, body=b"hello", target="/"):
    return request(f"POST {target} HTTP/1.1", *fields, body=body)


def sized(body, target="/", *fields):
    return post(f"Content-Length: {len(body)}", *fields, body=body, target=target)


# What answers


@validator
def tell(environ, start_response):
    """Say what has arrived, as JSON."""
    body = environ["wsgi.input"].read(-1)
    seen = {key: value for key, value in environ.items() if isinstance(value, str)}
    text = json.dumps({**seen, "body": body.decode("latin-1")}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(text)))])
    return [text]


def send_file(environ, start_response):
    file = tempfile.TemporaryFile()  # noqa: SIM115 (the wrapper closes it)
    file.write(b"0123456789")
    file.seek(2)
    start_response("200 OK", [("Content-Length", "5")] if environ["QUERY_STRING"] else [])
    return environ["wsgi.file_wrapper"](file, 4)


def write_some(environ, start_response):
    write = start_response("200 OK", [])
    write(b"hel")
    return [b"lo"]


def repair(environ, start_response):
    start_response("200 OK", [("Content-Length", "99")])
    try:
        raise KeyError("first")
    except KeyError as error:
        start_response("503 Oh", [], (KeyError, error, error.__traceback__))
    return [b"repaired"]


def fail_after(*pieces):
    yield from pieces
    raise KeyError("as it was told")


# {path: (status, fields, what makes the body)} for answers of all kinds; each other path tells what has arrived.
ANSWERS = {
    "/list": ("200 OK", [], lambda: [b"hel", b"", b"lo"]),
    "/pieces": ("200 OK", [], lambda: iter([b"hel", b"", b"lo"])),
    "/counted": ("200 OK", [("Content-Length", "5")], lambda: iter([b"hel", b"lo"])),
    "/empty": ("200 OK", [], list),
    "/nothing": ("200 OK", [], lambda: iter([b"", b""])),
    "/large": ("200 OK", [], lambda: [b"x" * 300000]),
    "/204": ("204 No Content", [], lambda: [b"hello"]),
    "/205": ("205 Reset Content", [], lambda: [b"hello"]),
    "/304": ("304 Not Modified", [("Content-Length", "5")], lambda: [b"hello"]),
    "/413": ("413 Too Large", [], lambda: [b"too large"]),
    "/499": ("499", [], lambda: [b"a number"]),
    "/unread": ("200 OK", [], lambda: [b"unread"]),
    "/short": ("200 OK", [("Content-Length", "9")], lambda: [b"hello"]),
    "/short-later": ("200 OK", [("Content-Length", "9")], lambda: iter([b"hello"])),
    "/long": ("200 OK", [("Content-Length", "4")], lambda: [b"hello"]),
    "/long-later": ("200 OK", [("Content-Length", "7")], lambda: iter([b"hello", b"hello"])),
    "/fail": ("200 OK", [], lambda: fail_after()),
    "/fail-later": ("200 OK", [], lambda: fail_after(b"begun")),
    "/fail-counted": ("200 OK", [("Content-Length", "9")], lambda: fail_after(b"begun")),
    "/text": ("200 OK", [], lambda: ["hello"]),
    "/split": ("200 OK", [("A", "b\r\nSet-Cookie: c=d")], list),
    "/split-name": ("200 OK", [("A\r\nSet-Cookie", "b")], list),
    "/split-status": ("200 OK\r\nSet-Cookie: c=d", [], list),
    "/nul": ("200 OK", [("A", "b\0")], list),
    "/hop": ("200 OK", [("Transfer-Encoding", "chunked")], lambda: [b"0\r\n\r\n"]),
    "/keep": ("200 OK", [("Connection", "keep-alive"), ("Keep-Alive", "timeout=5")], lambda: [b"kept"]),
    "/close": ("200 OK", [("connection", "Close")], lambda: [b"closed"]),
    "/lengths": ("200 OK", [("Content-Length", "5"), ("content-length", "6")], lambda: [b"hello"]),
    "/1xx": ("101 Switching Protocols", [], list),
}
OTHERS = {"/file": send_file, "/write": write_some, "/repair": repair, "/mute": lambda *args: [b"hello"]}


def application(environ, start_response):
    path = environ["PATH_INFO"]
    if path not in ANSWERS:
        return OTHERS.get(path, tell)(environ, start_response)
    status, fields, make_body = ANSWERS[path]
    start_response(status, fields)
    return make_body()


# The list: (topic, {norm: [(what, data, what is expected)]})

LONG = b"x" * 300000  # more than a server throws away
ASKS = "Expect: 100-continue"
CHUNKED = "Transfer-Encoding: chunked"
LAST = b"0\r\n\r\n"

REQUEST_LINE = {
    "RFC 9112, 3": [
        ("a plain request", HELLO, told(PATH_INFO="/hello", QUERY_STRING="", SERVER_PROTOCOL="HTTP/1.1")),
        ("no request line", b"garbage\r\n\r\n", refused(400)),
        ("two spaces", get(" /"), refused(400)),
        ("a tab for a space", request("GET\t/ HTTP/1.1"), refused(400)),
        ("a tab for the other space", request("GET /\tHTTP/1.1"), refused(400)),
        ("\\x0b for a space", request("GET\x0b/ HTTP/1.1"), refused(400)),
        ("\\xa0 for a space", request("GET\xa0/ HTTP/1.1"), refused(400)),
        ("a space in the target", get("/a b"), refused(400)),
        ("a space at the end", request("GET / HTTP/1.1 "), refused(400)),
        ("a space before", b" " + HELLO, refused(400)),
        ("no method", request(" / HTTP/1.1"), refused(400)),
        ("no target", request("GET  HTTP/1.1"), refused(400)),
        ("a second version", request("GET / HTTP/1.1 HTTP/1.1"), refused(400)),
    ],
    "RFC 9112, 2.2": [
        ("empty lines before", b"\r\n\r\n" + get("/after"), told(PATH_INFO="/after")),
        ("ten of them", b"\r\n" * 10 + get("/after"), told(PATH_INFO="/after")),
        ("eleven", b"\r\n" * 11 + get("/after"), refused(400)),
        ("without end", b"\r\n" * 50000, closed(400)),
        ("between requests", (get("/1") + b"\r\n" * 9) * 3 + get("/after"), kept(*[200] * 4)),
        ("an empty line after a body", sized(b"hello") + b"\r\n", told(body="hello")),
        ("a bare LF before", b"\n" + HELLO, refused(400)),
        ("a bare CR before", b"\r" + HELLO, refused(400)),
        ("blanks after the request line", b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", refused(400)),
        ("LF CR", b"GET / HTTP/1.1\n\rHost: a\n\r\n\r", refused(400)),
        ("CR CR LF", b"GET / HTTP/1.1\r\r\nHost: a\r\r\n\r\r\n", refused(400)),
        ("bare CR in a field", get("/", "X: y\rZ: 1"), refused(400)),
        ("bare CR in an unfinished head", b"GET / HTTP/1.1\r\nHost: a\rX: y", closed(400)),
        ("bare CR for the end", b"GET / HTTP/1.1\rHost: a\r\r", closed(400)),
        ("NUL before", b"\0" + HELLO, refused(400)),
    ],
    "CVE-2019-16785": [
        ("bare LF throughout", b"GET / HTTP/1.1\nHost: a\n\n", refused(400)),
        ("bare LF after the request line", b"GET / HTTP/1.1\nHost: a\r\n\r\n", refused(400)),
        ("bare LF after a field", b"GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", refused(400)),
        ("bare LF for the empty line", b"GET / HTTP/1.1\r\nHost: a\r\n\n", refused(400)),
        ("bare LF in an unfinished head", b"GET / HTTP/1.1\r\nHost: a\nX", closed(400)),
    ],
    "RFC 9110, 9.1": [
        ("a method in small letters is another", get(method="get"), told(REQUEST_METHOD="get")),
        ("a method of all that a token may hold", get(method="!#$%&'*+-.^_`|~0Az"), kept()),
        *(
            (f"a method with {char!r}", get(method=f"G{char}T"), refused(400))
            for char in '@(),/:;<=>?[\\]{}"\x7f\xe9'
        ),
        *(
            (method, get(method=method), told(REQUEST_METHOD=method))
            for method in ["PUT", "PATCH", "DELETE", "TRACE"]
        ),
    ],
    "RFC 9110, 2.5": [
        ("HTTP/1.0 needs no Host", old("/old"), Expected((200,), "closed", {"SERVER_PROTOCOL": "HTTP/1.0"})),
        ("a later minor version", get(version="1.2"), told(SERVER_PROTOCOL="HTTP/1.2")),
        ("HTTP/1.9", get(version="1.9"), told(SERVER_PROTOCOL="HTTP/1.9")),
        ("HTTP/2.0", get(version="2.0"), refused(505)),
        ("HTTP/3", get(version="3"), refused(505)),
        ("HTTP/0.9 by name", get(version="0.9"), refused(505)),
    ],
    "RFC 9112, 2.3": [
        ("in small letters", request("GET / http/1.1"), refused(400)),
        *(
            (f"HTTP/{version}", get(version=version), refused(400))
            for version in ["1.10", "01.1", "1.", ".1", "1", "11", "1,1", "1.1.", "1.x", "-1.1", "", "1.\xb9"]
        ),
        ("a digit of another script", "GET / HTTP/1.\u0661\r\nHost: a\r\n\r\n".encode(), refused(400)),
        ("another protocol", request("GET / HTTPS/1.1"), refused(400)),
    ],
}

TARGETS = {
    "RFC 9112, 3.2.1": [
        (
            "the path is decoded, the query is not",
            get("/a%20b/%C3%A9%2F?x=%41+b"),
            told(PATH_INFO="/a b/\xc3\xa9/", QUERY_STRING="x=%41+b", RAW_URI="/a%20b/%C3%A9%2F?x=%41+b"),
        ),
        ("a relative target", get("index.html"), refused(400)),
        ("a query alone", get("?a=b"), refused(400)),
        ("? in the query", get("/a?b?c"), told(PATH_INFO="/a", QUERY_STRING="b?c")),
        ("an empty query", get("/a?"), told(PATH_INFO="/a", QUERY_STRING="", RAW_URI="/a?")),
    ],
    "RFC 3986, 2.1": [
        ("a % that is no escape stays", get("/100%/%zz"), told(PATH_INFO="/100%/%zz")),
        ("a NUL in an escape is the application's to refuse", get("/a%00b"), told(PATH_INFO="/a\0b")),
        ("an escape of no UTF-8", get("/%ff%FE"), told(PATH_INFO="/\xff\xfe")),
        ("what is decoded is not decoded again", get("/%2541"), told(PATH_INFO="/%41")),
        ("CR LF in escapes is text", get("/%0d%0aX:y?%0d%0a"), told(PATH_INFO="/\r\nX:y", QUERY_STRING="%0d%0a")),
        ("bytes over 127", b"GET /\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", told(PATH_INFO="/\xc3\xa9")),
    ],
    "RFC 3986, 3.3": [
        ("two slashes stay two (waitress 260)", get("//x/y"), told(PATH_INFO="//x/y", REQUEST_URI="//x/y")),
        (
            "CVE-2021-28861: no host is made of them",
            get("//evil.example/%2f.."),
            told(PATH_INFO="//evil.example//.."),
        ),
        ("dots are the application's to resolve", get("/a/../../b/./c"), told(PATH_INFO="/a/../../b/./c")),
        ("marks that a path may hold", get("/a;b=c,d:e@f!$&'()*+~"), told(PATH_INFO="/a;b=c,d:e@f!$&'()*+~")),
        ("a backslash", get("/\\evil"), told(PATH_INFO="/\\evil")),
    ],
    "RFC 3986, 3.5": [
        ("a fragment", get("/#a"), refused(400)),
        ("a fragment after a query", get("/?a#b"), refused(400)),
        *((f"a target with {char!r}", get(f"/{char}"), refused(400)) for char in "\0\x01\x0b\x1b\x7f"),
    ],
    "RFC 9112, 3.2.2": [
        (
            "absolute-form, whose host counts",
            get("http://real.example:8080/x?y", "Host: other.example"),
            told(PATH_INFO="/x", QUERY_STRING="y", HTTP_HOST="real.example:8080"),
        ),
        ("no path", get("http://h"), told(PATH_INFO="/", HTTP_HOST="h")),
        ("no path, a query", get("HTTP://h?a"), told(PATH_INFO="/", QUERY_STRING="a")),
        ("https", get("hTTps://h/a"), told(PATH_INFO="/a", HTTP_HOST="h")),
        ("an IPv6 address", get("http://[::1]:80/a"), told(PATH_INFO="/a", HTTP_HOST="[::1]:80")),
        ("two slashes in its path", get("http://h//x"), told(PATH_INFO="//x")),
        ("HTTP/1.0, no Host", old("http://h/a"), closed(body={"HTTP_HOST": "h", "PATH_INFO": "/a"})),
        ("another scheme", get("ftp://a/"), refused(400)),
        ("one slash", get("http:/a"), refused(400)),
        ("no slash", get("http:a"), refused(400)),
    ],
    "RFC 9110, 4.2": [
        ("4.2.4: a user in the target", get("http://me:pw@a/"), refused(400)),
        ("4.2.1: no host in the target", get("http:///a"), refused(400)),
        ("no host but a port", get("http://:80/a"), refused(400)),
        ("a port of letters", get("http://h:http/a"), refused(400)),
        ("a bracket too few", get("http://[::1/a"), refused(400)),
        ("a backslash in the host", get("http://h\\@evil/"), refused(400)),
        ("an escape in the host", get("http://h%2f/"), refused(400)),
    ],
    "RFC 9112, 3.2.3": [
        ("authority-form outside CONNECT", get("example.com:80"), refused(400)),
        ("CONNECT (RFC 9110, 9.3.6)", get("example.com:443", method="CONNECT"), refused(501)),
        ("CONNECT to no authority", get("http://a/", method="CONNECT"), refused(501)),
    ],
    "RFC 9112, 3.2.4": [
        ("asterisk-form", get("*", method="OPTIONS"), told(PATH_INFO="", RAW_URI="*")),
        ("* outside OPTIONS", get("*"), refused(400)),
        ("* and more", get("*?a", method="OPTIONS"), refused(400)),
    ],
}

FIELDS = {
    "RFC 9110, 5.3": [
        ("a field twice", get("/", "A: 1", "a: 2"), told(HTTP_A="1,2")),
        ("one of them empty", get("/", "A:", "A: 2"), told(HTTP_A=",2")),
        ("two types of content", post("Content-Type: a/b", "Content-Type: c/d", "Content-Length: 5"), refused(400)),
        ("two types of content, the same", post("Content-Type: a/b", "content-type: a/b"), refused(400)),
        (
            "the type of a body",
            sized(b"hello", "/", "content-TYPE: a/b"),
            told(CONTENT_TYPE="a/b", HTTP_CONTENT_TYPE=None),
        ),
    ],
    "RFC 6265, 5.4": [("cookies twice", get("/", "Cookie: a=1", "cookie: b=2"), told(HTTP_COOKIE="a=1; b=2"))],
    "RFC 9112, 5": [
        ("blanks around a value", get("/", "A: \t x y\t ", "B:", "C:1"), told(HTTP_A="x y", HTTP_B="", HTTP_C="1")),
        ("colons in a value", get("/", "A: b:c: d"), told(HTTP_A="b:c: d")),
        ("a tab in a value", get("/", "A: b\tc"), told(HTTP_A="b\tc")),
        ("no colon", get("/", "Nonsense"), refused(400)),
        ("no name", get("/", ": a"), refused(400)),
        ("a request line for a field", get("/", "GET /smuggled HTTP/1.1"), refused(400)),
    ],
    "RFC 9112, 5.1": [
        ("a space before the colon", get("/", "A : b"), refused(400)),
        ("a tab before the colon", get("/", "A\t: b"), refused(400)),
        ("a space before the colon of a length", post("Content-Length : 5"), refused(400)),
        ("a space before the colon of a coding", post("Transfer-Encoding : chunked"), refused(400)),
        ("a space before the first field", b"GET / HTTP/1.1\r\n Host: a\r\nA: b\r\n\r\n", refused(400)),
    ],
    "RFC 9112, 5.2": [
        ("a folded field", get("/", "A: b", " c"), refused(400)),
        ("folded at once", get("/", "A:", "\tb"), refused(400)),
        ("a folded coding (CVE-2019-16786)", post("Transfer-Encoding:", " chunked"), refused(400)),
        ("a folded length", post("Content-Length: 5", " 0"), refused(400)),
        ("a folded Host", b"GET / HTTP/1.1\r\nHost: a\r\n\tb\r\n\r\n", refused(400)),
    ],
    "RFC 9110, 5.1": [
        *(
            (f"a name with {char!r}", get("/", f"A{char}B: c"), refused(400))
            for char in '(),/;<=>?@[\\]{}" \x0c\x1c\xe9'
        ),
        ("a letter that grows into ASCII", post("Content-Len\xb5th: 5"), refused(400)),
        ("all that a token may hold", get("/", "!#$%&'*+-.^`|~0Az: b"), told(**{"HTTP_!#$%&'*+_.^`|~0AZ": "b"})),
    ],
    "RFC 9110, 5.5": [
        ("bytes over 127", get("/", "A: \xe9\xa0"), told(HTTP_A="\xe9\xa0")),
        *(
            (f"a value with {char!r}", get("/", f"A: b{char}c"), refused(400))
            for char in "\0\x01\x08\x0b\x0c\x1b\x7f"
        ),
        ("CVE-2020-5236: a bad byte after 8 kB", get("/", "X: " + "a " * 4000 + "\0"), refused(400)),
        ("a bad byte after 30 kB of blanks", get("/", "X:" + " " * 30000 + "\0"), refused(400)),
        ("a bad byte in a field that is not shown", get("/", "A_B: \0"), refused(400)),
    ],
    "CVE-2019-16789": [
        (f"{char!r} {where}", post(form.replace("?", char)), refused(400))
        for char in "\x0b\x0c\x1c"
        for where, form in [
            ("before the value", "Transfer-Encoding:?chunked"),
            ("after the value", "Transfer-Encoding: chunked?"),
            ("before the colon", "Transfer-Encoding?: chunked"),
        ]
    ],
    'PEP 3333, "environ Variables"': [
        ("X_Y is not X-Y (Werkzeug 2622)", get("/", "X-Real: 1", "X_Real: 2"), told(HTTP_X_REAL="1")),
        ("nor is it alone", get("/", "X_Forwarded_For: 1"), told(HTTP_X_FORWARDED_FOR=None)),
        (
            "a length by another name",
            get("/", "Content_Length: 7"),
            told(CONTENT_LENGTH=None, HTTP_CONTENT_LENGTH=None),
        ),
        ("a coding by another name", sized(b"hi", "/", "Transfer_Encoding: chunked"), told(body="hi")),
        ("a Host by another name", get("/", "X_HOST: a", "HTTP_HOST: b"), told(HTTP_HOST="localhost")),
        ("CVE-2016-5385: Proxy", get("/", "Proxy: http://evil"), told(HTTP_PROXY=None)),
        (
            "what no field can set",
            get("/", "REMOTE-ADDR: 6.6.6.6", "wsgi.input: x"),
            told(HTTP_REMOTE_ADDR="6.6.6.6"),
        ),
    ],
}

HOST = {
    "RFC 9112, 3.2": [
        ("no Host", b"GET / HTTP/1.1\r\n\r\n", refused(400)),
        ("no Host in HTTP/1.2", b"GET / HTTP/1.2\r\n\r\n", refused(400)),
        ("no Host, though the target has one", b"GET http://a/ HTTP/1.1\r\n\r\n", refused(400)),
        ("a bad Host, though the target has a good one", get("http://a/", "Host: a b"), refused(400)),
        ("two Hosts", get("/", "Host: a", "Host: b"), refused(400)),
        ("two Hosts, the same", get("/", "Host: a", "host: a"), refused(400)),
        ("two Hosts, one empty", get("/", "Host: a", "Host:"), refused(400)),
        ("two Hosts in HTTP/1.0", old("/", "Host: a", "Host: a"), refused(400)),
        ("a bad Host in HTTP/1.0", old("/", "Host: a/b"), refused(400)),
        ("an empty Host", get("/", "Host:"), told(HTTP_HOST="")),
        ("nothing but blanks", get("/", "Host: \t "), told(HTTP_HOST="")),
    ],
    "RFC 9110, 7.2": [
        ("an IPv6 address", get("/", "Host: [::1]:80"), told(HTTP_HOST="[::1]:80")),
        ("an address with a scope", get("/", "Host: [fe80::1%25eth0]"), told(HTTP_HOST="[fe80::1%25eth0]")),
        ("an IPv4 address", get("/", "Host: 127.0.0.1:8080"), told(HTTP_HOST="127.0.0.1:8080")),
        ("a port without a number", get("/", "Host: a:"), told(HTTP_HOST="a:")),
        ("names that are in use", get("/", "Host: my_host.-x~."), told(HTTP_HOST="my_host.-x~.")),
        *(
            (f"Host: {host}", get("/", f"Host: {host}"), refused(400))
            for host in [
                *("a b", "a,b", "a/b", "user@a", "a<b>", "a:b", "a:80:80"),
                *("a:+80", "[::1", "::1", "[g]", "[]", "a\xe9"),
                *("a?b", "a#b", "a%41", "a\\b", "a'b", "a;b", "http://a", "a:123456", "[::1]x", "a[::1]"),
            ]
        ),
    ],
}

LENGTHS = {
    "RFC 9112, 6.3": [
        ("no length is no body", post(body=b""), told(body="", CONTENT_LENGTH=None)),
        ("a length of zero", sized(b""), told(body="", CONTENT_LENGTH="0")),
        ("a body with GET", request("GET / HTTP/1.1", "Content-Length: 2", body=b"hi"), told(body="hi")),
        ("a body with HTTP/1.0", old("/", "Content-Length: 2") + b"hi", closed(body={"body": "hi"})),
        ("a length of zeros and digits", post("Content-Length: 005"), told(body="hello", CONTENT_LENGTH="005")),
        ("a length with blanks around", post("Content-Length: \t5 "), told(body="hello", CONTENT_LENGTH="5")),
        ("a body that looks like a head", sized(SMUGGLED), told(body=SMUGGLED.decode())),
        ("a body of all bytes", sized(bytes(range(256))), told(body=bytes(range(256)).decode("latin-1"))),
        ("100 kB, more than is kept in advance", sized(b"x" * 100000), told(body="x" * 100000)),
    ],
    "RFC 9112, 6.1": [
        ("both lengths", post("Content-Length: 5", CHUNKED), refused(400)),
        ("both, the other way round", post(CHUNKED, "Content-Length: 5"), refused(400)),
        ("both, and no body", post("Content-Length: 0", CHUNKED, body=LAST), refused(400)),
        ("both, the coding unknown", post("Content-Length: 5", "Transfer-Encoding: x"), refused(400)),
        ("both, in HTTP/1.0", old("/", "Content-Length: 5", CHUNKED) + b"hello", refused(400)),
        ("with GET", request("GET / HTTP/1.1", "Content-Length: 5", CHUNKED, body=LAST), refused(400)),
        ("CVE-2024-1135: a coding in HTTP/1.0", old("/", CHUNKED) + LAST, refused(400)),
        ("with keep-alive", old("/", "Connection: keep-alive", CHUNKED) + LAST, refused(400)),
    ],
    "RFC 9110, 8.6": [
        ("CVE-2019-16792: two lengths", post("Content-Length: 5", "Content-Length: 6"), refused(400)),
        ("two lengths, the same", post("Content-Length: 5", "content-length: 5"), refused(400)),
        ("two lengths, one empty", post("Content-Length: 5", "Content-Length:"), refused(400)),
        *(
            (f"a length of {length!r}", post(f"Content-Length: {length}"), refused(400))
            for length in ["5, 5", "5,5", "", "5 5", "5.0", "5e0", "\xb2", "five", '"5"', "5;", "1_0", "5\xa0"]
        ),
    ],
    "CVE-2022-24761": [
        (f"a length of {length!r}", post(f"Content-Length: {length}"), refused(400))
        for length in ["+5", "-5", "-0", "0x5", "0x10", "5_0", "0b1", "0o7"]
    ],
    "CVE-2020-10735": [
        ("a length of 19 digits", post("Content-Length: " + "9" * 19), refused(413)),
        ("of 10,000 digits", post("Content-Length: " + "9" * 10000), refused(413)),
        ("of 10,000 zeros", post("Content-Length: " + "0" * 10000), refused(413)),
    ],
    "CVE-2019-16786": [
        ("two codings", post(CHUNKED, CHUNKED), refused(400)),
        ("two codings, the second unknown", post(CHUNKED, "Transfer-Encoding: x"), refused(400)),
        *(
            (f"a coding of {coding!r}", post(f"Transfer-Encoding: {coding}"), refused(code))
            for code, codings in [
                (501, ["gzip, chunked", "x,chunked", ",chunked"]),  # RFC 9112, 6.3: the others have no end
                (400, ["chunked, chunked", "chunked, gzip", "xchunked", "chunkedx", "identity", "gzip", ""]),
                (400, ["chunked;q=1", '"chunked"', "chunked,", "chun ked", "chunked\xa0"]),
            ]
            for coding in codings
        ),
    ],
    "CVE-2024-6827": [
        ("a coding in other letters", post("Transfer-Encoding: ChunKED", body=b"1\r\nx\r\n" + LAST), told(body="x")),
        (
            "a coding with blanks around",
            post("Transfer-Encoding: \tchunked ", body=b"1\r\ny\r\n" + LAST),
            told(body="y"),
        ),
        ("a name with a letter more", post("XTransfer-Encoding: chunked", "Content-Length: 5"), told(body="hello")),
    ],
}

CHUNKS = {
    "RFC 9112, 7.1": [
        ("one chunk", chunked(b"5\r\nhello\r\n", LAST), told(body="hello", CONTENT_LENGTH=None)),
        ("none", chunked(LAST), told(body="")),
        ("zeros before a size", chunked(b"0000000000000005\r\nhello\r\n000\r\n\r\n"), told(body="hello")),
        (
            "letters of either case",
            chunked(b"a\r\n0123456789\r\nB\r\n0123456789a\r\n", LAST),
            told(body="01234567890123456789a"),
        ),
        ("a hundred small ones", chunked(b"1\r\nx\r\n" * 100, LAST), told(body="x" * 100)),
        ("100 kB in two", chunked(b"c350\r\n%b\r\n" % (b"x" * 50000) * 2, LAST), told(body="x" * 100000)),
        ("a chunk that looks like the end", chunked(b"5\r\n" + LAST + b"\r\n", LAST), told(body="0\r\n\r\n")),
        *(
            (f"a size of {size!r}", chunked(size, b"\r\nhello\r\n", LAST), refused(400))
            for size in [
                *(b"", b"g", b"5 ", b" 5", b"\t5", b"5h", b"5\0"),
                *(b"\xd9\xa5", b"5.", b"0" * 17, b"5, 5", b"five", b";x"),
            ]
        ),
        ("a chunk longer than it said", chunked(b"5\r\nhello!\r\n", LAST), refused(400)),
        ("a chunk shorter than it said", chunked(b"6\r\nhello\r\n", LAST), refused(400)),
        ("a chunk without its line end", chunked(b"5\r\nhello", LAST), refused(400)),
        ("blanks after a chunk", chunked(b"5\r\nhello \r\n", LAST), refused(400)),
        ("bare LF throughout", chunked(b"5\nhello\n0\n\n"), refused(400)),
        ("bare LF after the size", chunked(b"5\nhello\r\n", LAST), refused(400)),
        ("bare LF after a chunk", chunked(b"5\r\nhello\n", LAST), refused(400)),
        ("bare CR after the size", chunked(b"5\rhello\r\n", LAST), refused(400)),
        ("bare LF at the end", chunked(b"5\r\nhello\r\n0\r\n\n"), refused(400)),
    ],
    "CVE-2022-24761: chunks": [
        (f"a size of {size!r}", chunked(size, b"\r\nhello\r\n", LAST), refused(400))
        for size in [b"+5", b"-5", b"-0", b"0x5", b"0X5", b"5_0", b"5\x0b", b"5\xa0"]
    ],
    "RFC 9112, 7.1.1": [
        ("extensions", chunked(b"5;x=y;z\r\nhello\r\n0;last\r\n\r\n"), told(body="hello")),
        ("with blanks and quotes", chunked(b'5; a = "b\\"c;\t\xe9";d\r\nhello\r\n', LAST), told(body="hello")),
        *(
            (f"a size and {rest!r}", chunked(b"5", rest, b"\r\nhello\r\n", LAST), refused(400))
            for rest in [
                *(b";", b";;a", b";=a", b";a=", b";a b", b';a="b', b';a="b"c', b';a="\\"', b";\xe9", b";a=b,c"),
                *(b" ;x", b";\x01", b";a\rb", b';a="\x7f"', b";" + b"x" * 300, b";a=b" * 100),
            ]
        ),
        ("an extension without end", chunked(b"5;a=", b"b" * 5000), closed(400)),
        ("a size without end", chunked(b"0" * 5000), closed(400)),
    ],
    "RFC 9112, 7.1.2": [
        (
            "trailers are dropped",
            chunked(b"1\r\nx\r\n0\r\nX-Late: 1\r\nB:\r\n\r\n"),
            told(body="x", HTTP_X_LATE=None),
        ),
        ("8 kB of them", chunked(b"0\r\n", b"A: b\r\n" * 1000, b"\r\n"), told(body="")),
        ("too many", chunked(b"0\r\n", b"A: b\r\n" * 3000, b"\r\n"), refused(400)),
        ("one without end", chunked(b"0\r\nA: ", b"x" * 70000), closed(400)),
        ("no field", chunked(b"0\r\nGET / HTTP/1.1\r\n\r\n"), refused(400)),
        ("a control byte", chunked(b"0\r\nA: \0\r\n\r\n"), refused(400)),
        ("a space before the colon", chunked(b"0\r\nA : b\r\n\r\n"), refused(400)),
        ("a folded one", chunked(b"0\r\nA: b\r\n c\r\n\r\n"), refused(400)),
        ("no name", chunked(b"0\r\n: b\r\n\r\n"), refused(400)),
    ],
    "RFC 9110, 6.5.1": [
        (f"{name} in a trailer", chunked(b"0\r\n%b: 5\r\n\r\n" % name), refused(400))
        for name in [b"Content-Length", b"transfer-encoding", b"HOST"]
    ],
}

CUT = {
    "RFC 9112, 8": [
        *(
            (f"chunks cut after {data[start:]!r}", data, cut(400))
            for whole in [chunked(b"5\r\nhello\r\n", LAST)]
            for start in [whole.index(b"\r\n\r\n") + 4]
            for data in [whole[:end] for end in range(start, len(whole))]
        ),
        ("a body of 5 bytes cut after 4", post("Content-Length: 5", body=b"hell"), cut(400)),
        ("a body cut before its first byte", post("Content-Length: 5", body=b""), cut(400)),
        ("a large body cut", post("Content-Length: 100000", body=b"hello"), cut(400)),
        ("a large body cut that nobody reads", post("Content-Length: 100000", body=b"x", target="/unread"), cut(200)),
        ("nothing at all", b"", cut()),
        ("one empty line", b"\r\n", cut()),
        ("half a request line", b"GET / HT", cut()),
        ("half a head", b"GET / HTTP/1.1\r\nHost: a", cut()),
        ("a head without its last byte", HELLO[:-1], cut()),
        ("a request, and half a request", HELLO + HELLO[:20], cut(200)),
    ],
}

EXPECT = {
    "RFC 9110, 10.1.1": [
        (
            "leave is given when the application reads",
            (post("Content-Length: 5", ASKS, body=b""), b"hello"),
            kept(100, 200, body={"body": "hello"}),
        ),
        ("in other letters", (post("Content-Length: 5", "Expect: 100-CONTINUE", body=b""), b"hello"), kept(100, 200)),
        (
            "for chunks",
            (post(CHUNKED, ASKS, body=b""), b"5\r\nhello\r\n" + LAST),
            kept(100, 200, body={"body": "hello"}),
        ),
        ("for a large body", (post("Content-Length: 100000", ASKS, body=b""), b"x" * 100000), kept(100, 200)),
        (
            "it is not given where nobody reads",
            post("Content-Length: 5", ASKS, body=b"", target="/unread"),
            closed(200, body=b"unread"),
        ),
        (
            "nor with a refusal",
            post("Content-Length: 500000", ASKS, body=b"", target="/413"),
            closed(413, body=b"too large"),
        ),
        ("nor where chunks would come", post(CHUNKED, ASKS, body=b"", target="/unread"), closed(200, body=b"unread")),
        ("nor where the body is here", sized(b"hello", "/", ASKS), told(body="hello")),
        ("nor where there is none", get("/", ASKS), told(body="")),
        ("nor in HTTP/1.0", old("/", ASKS, "Content-Length: 2") + b"hi", closed(200, body={"body": "hi"})),
        ("a list with one member twice", get("/", "Expect: 100-continue, 100-CONTINUE,"), kept()),
        ("nothing is expected", get("/", "Expect:"), kept()),
        ("an unknown expectation", post("Expect: 200-ok", "Content-Length: 5"), refused(417)),
        ("an unknown one behind a known one", get("/", "Expect: 100-continue, x"), refused(417)),
        ("one with a parameter", get("/", "Expect: 100-continue;a=b"), refused(417)),
        ("an unknown one in HTTP/1.0", old("/", "Expect: x"), closed(200)),
    ],
}

CONNECTION = {
    "RFC 9112, 9.3": [
        ("HTTP/1.1", get("/1"), kept()),
        ("close", get("/", "Connection: close"), closed()),
        ("close among others, in other letters", get("/", "Connection: Keep-Alive, CLOSE"), closed()),
        ("close in a second field", get("/", "Connection: x", "Connection: close"), closed()),
        ("close between blanks", get("/", "Connection: x ,\tclose\t,"), closed()),
        ("closed is not close", get("/", "Connection: closed"), kept()),
        ("close in HTTP/1.2", get("/", "Connection: close", version="1.2"), closed()),
        ("nothing", get("/", "Connection:"), kept()),
        ("HTTP/1.0", old("/1"), closed()),
        ("HTTP/1.0 and keep-alive", old("/", "Connection: keep-alive"), kept()),
        ("keep-alive among others", old("/", "Connection: x, Keep-Alive"), kept()),
        ("keep-alive and close", old("/", "Connection: keep-alive, close"), closed()),
        ("keep-alive by another name", old("/", "Keep-Alive: timeout=5"), closed()),
        ("keep-alive through a proxy is not for us", old("/", "Proxy-Connection: keep-alive"), closed()),
    ],
    "RFC 9112, 9.3.2": [
        ("two in one packet", get("/1") + get("/2"), kept(200, 200, body={"PATH_INFO": "/2"})),
        ("twenty", b"".join(get(f"/{n}") for n in range(20)), kept(*[200] * 20, body={"PATH_INFO": "/19"})),
        ("a body, then another", sized(b"one") + sized(b"two"), kept(200, 200, body={"body": "two"})),
        (
            "chunks, then a request",
            chunked(b"1\r\nx\r\n", LAST) + get("/2"),
            kept(200, 200, body={"PATH_INFO": "/2"}),
        ),
        ("HEAD, then GET", request("HEAD /list HTTP/1.1") + get("/list"), kept(200, 200, body=b"hello")),
        ("large answers", get("/large") + get("/large?2"), kept(200, 200, body=LONG)),
        ("chunks out, twice", get("/pieces") + get("/pieces?2"), kept(200, 200, body=b"hello")),
        ("versions mixed", old("/1", "Connection: keep-alive") + get("/2"), kept(200, 200)),
        ("nothing after a close", get("/1", "Connection: close") + get("/2"), closed(200, body={"PATH_INFO": "/1"})),
        ("a good one, then a bad one", HELLO + b"GET /\r\n\r\n", refused(200, 400)),
        ("a body, then a bad one", sized(b"hello") + b"G@T / HTTP/1.1\r\n\r\n", refused(200, 400)),
        ("an unread body, then a bad one", sized(b"hello", "/unread") + get("/", "A : b"), refused(200, 400)),
        ("a failure, then a good one", get("/fail") + get("/2"), closed(500, fails=1)),
    ],
    "CVE-2024-49768": [("nothing after a refusal", b"GET\r\n\r\n" + get("/after"), refused(400))],
    "RFC 9112, 9.6": [
        ("a body that nobody reads is not the next request", sized(SMUGGLED, "/unread"), kept(body=b"unread")),
        (
            "in chunks",
            chunked(b"%x\r\n%b\r\n" % (len(SMUGGLED), SMUGGLED), LAST, path="/unread"),
            kept(body=b"unread"),
        ),
        ("100 kB", sized(b"x" * 100000, "/unread"), kept(body=b"unread")),
        ("100 kB in chunks", chunked(b"186a0\r\n%b\r\n" % LONG[:100000], LAST, path="/unread"), kept(body=b"unread")),
        ("too much of it", sized(LONG, "/unread"), closed(200, body=b"unread")),
        (
            "too much of it, in chunks",
            chunked(b"fffff\r\n%b\r\n" % LONG, path="/unread"),
            closed(200, body=b"unread"),
        ),
        ("no end of it", chunked(b"fff0\r\n%b\r\n" % LONG[:0xFFF0] * 10, path="/unread"), dropped(body=b"unread")),
        ("too much of it is announced", post("Content-Length: 999999999999", target="/unread"), closed(200)),
        ("2 MB that are refused (flask 2690)", sized(LONG * 7, "/413"), closed(413, body=b"too large")),
        (
            "bad chunks that nobody reads",
            chunked(b"186a0\r\n%b\r\nx" % LONG[:100000], LAST, path="/unread"),
            dropped(body=b"unread"),
        ),
    ],
}

RESPONSES = {
    "RFC 9112, 6": [
        ("pieces of a list have a length", get("/list"), kept(body=b"hello")),
        ("others go in chunks", get("/pieces"), kept(body=b"hello")),
        ("unless their length is told", get("/counted"), kept(body=b"hello")),
        ("HTTP/1.0 knows no chunks", old("/pieces"), closed(200, body=b"hello")),
        ("not even kept alive", old("/pieces", "Connection: keep-alive"), closed(200, body=b"hello")),
        ("HTTP/1.0 kept alive, a length", old("/counted", "Connection: keep-alive"), kept(body=b"hello")),
        ("nothing", get("/empty"), kept(body=b"")),
        ("nothing in pieces", get("/nothing"), kept(body=b"")),
        ("300 kB", get("/large"), kept(body=LONG)),
    ],
    "RFC 9110, 9.3.2": [
        *(
            (f"HEAD {path}", get(path, method="HEAD"), kept(body=b""))
            for path in ["/", "/list", "/pieces", "/counted", "/empty", "/large", "/file", "/write"]
        ),
        ("HEAD in HTTP/1.0", b"HEAD /pieces HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", kept(body=b"")),
        ("HEAD of nothing, refused", b"HEAD / HTTP/1.1\r\n\r\n", closed(400)),
        ("HEAD that fails", get("/fail", method="HEAD"), closed(500, body=b"", fails=1)),
        ("HEAD that would fail later", get("/fail-later", method="HEAD"), kept(body=b"")),
    ],
    "RFC 9110, 15.3.5": [
        ("204 has no body", get("/204"), kept(204, body=b"")),
        ("for HEAD", get("/204", method="HEAD"), kept(204, body=b"")),
    ],
    "RFC 9110, 15.3.6": [("205 has an empty one", get("/205"), kept(205, body=b""))],
    "RFC 9110, 15.4.5": [
        ("304 has none, but a length", get("/304"), kept(304, body=b"")),
        ("for HEAD", get("/304", method="HEAD"), kept(304, body=b"")),
        ("304 in HTTP/1.0", old("/304", "Connection: keep-alive"), kept(304, body=b"")),
    ],
    'PEP 3333, "The start_response() Callable"': [
        ("write()", get("/write"), kept(body=b"hello")),
        ("write() in HTTP/1.0", old("/write"), closed(200, body=b"hello")),
        ("a status without a text", get("/499"), kept(499, body=b"a number")),
        ("another answer instead", get("/repair"), kept(503, body=b"repaired")),
        ("no answer at all", get("/mute"), closed(500, fails=1)),
    ],
    'PEP 3333, "Optional Platform-Specific File Handling"': [
        ("a file from where it stands", get("/file"), kept(body=b"23456789")),
        ("some of it", get("/file?5"), kept(body=b"23456")),
        ("in HTTP/1.0", old("/file"), closed(200, body=b"23456789")),
    ],
    'PEP 3333, "Error Handling"': [
        ("the application fails", get("/fail"), closed(500, fails=1)),
        ("it fails later: no last chunk", get("/fail-later"), dropped(body=b"begun", is_whole=False, fails=1)),
        ("it fails later: bytes are missing", get("/fail-counted"), dropped(body=b"begun", is_whole=False, fails=1)),
        ("text for bytes", get("/text"), closed(500, fails=1)),
    ],
    'PEP 3333, "Handling the Content-Length Header"': [
        ("less than was told", get("/short"), closed(500, fails=1)),
        ("less, and the head is out", get("/short-later"), dropped(body=b"hello", is_whole=False, fails=1)),
        ("more than was told", get("/long"), closed(500, fails=1)),
        ("more, and the head is out", get("/long-later"), dropped(body=b"hello", is_whole=False, fails=1)),
    ],
    "RFC 9110, 7.6.1": [
        ("an application says keep-alive by habit", get("/keep"), kept(body=b"kept")),
        ("it does not keep what the client closes", get("/keep", "Connection: close"), closed(200, body=b"kept")),
        ("it may close", get("/close"), closed(200, body=b"closed")),
    ],
    "CVE-2018-1000164": [
        (f"no response is split: {path}", get(path), closed(500, fails=1))
        for path in ["/split", "/split-name", "/split-status", "/nul", "/hop", "/lengths", "/1xx"]
    ],
}

LIMITS = {
    "RFC 9110, 15.5.15": [
        ("8190 bytes of request line", get("/" + "a" * 8176), told(PATH_INFO="/" + "a" * 8176)),
        ("8191 bytes", get("/" + "a" * 8177), refused(414)),
        ("60 kB", get("/" + "a" * 60000), refused(414)),
        ("a request line without end", b"GET /" + b"a" * 70000, closed(414)),
        ("a method without end", b"G" * 70000, closed(414)),
        ("a name without end for a first line", b"\r\n" + b"a" * 9000, closed(414)),
    ],
    "RFC 6585, 5": [
        ("100 fields", get("/", *(f"F{n}: {n}" for n in range(99))), told(HTTP_F98="98")),
        ("101 fields", get("/", *(f"F{n}: {n}" for n in range(100))), refused(431)),
        ("32 kB in a field", get("/", f"A: {'x' * 32765}"), told(HTTP_A="x" * 32765)),
        ("a byte more", get("/", f"A: {'x' * 32766}"), refused(431)),
        ("60 kB in two", get("/", *[f"A: {'x' * 30000}"] * 2), told(HTTP_A=",".join(["x" * 30000] * 2))),
        ("60 kB in a field", get("/", f"A: {'x' * 60000}"), refused(431)),
        ("70 kB in a field", get("/", f"A: {'x' * 70000}"), refused(431)),
        ("a field without end", b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"a" * 200000, closed(431)),
        ("a name without end", b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X" * 70000, closed(431)),
        ("1 MB of fields", get("/", *["A: " + "b" * 1000] * 1000), refused(431)),
        ("20,000 short fields", get("/", *["A:"] * 20000), refused(431)),
        ("a name of 256 characters", get("/", "A" * 256 + ": b"), told(**{"HTTP_" + "A" * 256: "b"})),
        ("a name of 257", get("/", "A" * 257 + ": b"), refused(431)),
    ],
}

OTHER_PROTOCOLS = {
    "RFC 9112, 3: HTTP/0.9": [
        ("a request", b"GET /\r\n\r\n", refused(400)),
        ("a request, and nothing after", b"GET /\r\n", closed(400)),
        ("another method", b"POST /\r\n", refused(400)),
    ],
    "RFC 9113, 3.4": [
        ("the preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", refused(505)),
        ("and a frame", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\x06\x04\0\0\0\0\0\0\x03\0\0\0\x64", closed(505)),
        ("its first line", b"PRI * HTTP/2.0\r\n", closed(505)),
    ],
    "RFC 9110, 7.8": [
        (
            "an upgrade to HTTP/2",
            get("/", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: A"),
            kept(),
        ),
        (
            "to a websocket that nobody offers",
            get("/", "Connection: Upgrade", "Upgrade: WebSocket") + SMUGGLED,
            closed(body={"HTTP_UPGRADE": "WebSocket"}),
        ),
        ("to TLS, with a body", sized(b"hello", "/", "Connection: Upgrade", "Upgrade: TLS/1.3"), told(body="hello")),
        ("with a body that nobody reads", sized(b"hello", "/unread", "Connection: Upgrade", "Upgrade: x"), kept()),
        ("in HTTP/1.0", old("/", "Connection: Upgrade", "Upgrade: websocket"), closed()),
    ],
    "RFC 8446, 4.1.2": [
        ("a TLS hello", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + bytes(range(256)), closed(400)),
        ("its first bytes", b"\x16\x03\x01", closed(400)),
    ],
    "RFC 4253, 4.2": [("SSH", b"SSH-2.0-OpenSSH_9.6\r\n", closed(400))],
    "RFC 5321, 4.1.1": [("SMTP", b"EHLO example.com\r\n", closed(400))],
    "RFC 7826, 20.1": [("RTSP", b"DESCRIBE rtsp://a/b RTSP/2.0\r\nCSeq: 1\r\n\r\n", refused(400))],
    "RFC 3261, 7.1": [("SIP", b"OPTIONS sip:a@b SIP/2.0\r\nVia: x\r\n\r\n", refused(400))],
    "RFC 1928, 3": [("SOCKS", b"\x05\x01\0", closed(400))],
    "HAProxy, PROXY protocol, 2": [
        ("in text", b"PROXY TCP4 10.0.0.1 10.0.0.2 1 80\r\n" + HELLO, refused(400)),
        ("in bytes", b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c" + bytes(12), closed(400)),
    ],
    "ISO 10646, 5.9": [("a byte order mark", b"\xef\xbb\xbf" + HELLO, refused(400))],
}

TOPICS = {
    "request line": REQUEST_LINE,
    "targets": TARGETS,
    "fields": FIELDS,
    "host": HOST,
    "lengths": LENGTHS,
    "chunks": CHUNKS,
    "cut": CUT,
    "expect": EXPECT,
    "connection": CONNECTION,
    "responses": RESPONSES,
    "limits": LIMITS,
    "other protocols": OTHER_PROTOCOLS,
}

CASES = [
    Case(norm, f"{topic}: {what}", data, *expected)
    for topic, norms in TOPICS.items()
    for norm, rows in norms.items()
    for what, data, expected in rows
]
