"""Cookies of all kinds: set, read, deleted, refused, and kept by the client."""

import datetime

from flask import Flask, Response, make_response, request
from werkzeug.http import dump_cookie, parse_cookie

app = Flask(__name__)
app.logger.disabled = True
WHEN = datetime.datetime(2031, 5, 6, 7, 8, 9, tzinfo=datetime.timezone.utc)
KINDS = [
    {"key": "plain", "value": "value"},
    {"key": "empty"},
    {"key": "quoted", "value": 'a "b"; c,d\\e'},
    {"key": "unicode", "value": "ü☃"},
    {"key": "age", "value": "1", "max_age": 3600},
    {"key": "delta", "value": "1", "max_age": datetime.timedelta(days=1, seconds=1.5)},
    {"key": "zero", "value": "1", "max_age": 0},
    {"key": "expires", "value": "1", "expires": WHEN},
    {"key": "text", "value": "1", "expires": "Tue, 06 May 2031 07:08:09 GMT"},
    {"key": "number", "value": "1", "expires": 1935644889},
    {"key": "path", "value": "1", "path": "/show"},
    {"key": "nopath", "value": "1", "path": None},
    {"key": "domain", "value": "1", "domain": "localhost.example"},
    {"key": "dotted", "value": "1", "domain": ".localhost"},
    {"key": "secure", "value": "1", "secure": True},
    {"key": "httponly", "value": "1", "httponly": True},
    {"key": "lax", "value": "1", "samesite": "lax"},
    {"key": "strict", "value": "1", "samesite": "Strict"},
    {"key": "none", "value": "1", "samesite": "NONE", "secure": True},
    {"key": "part", "value": "1", "partitioned": True},
    {"key": "__Host-all", "value": "1", "secure": True, "path": "/"},
    {
        "key": "all",
        "value": "x y",
        "max_age": 5,
        "expires": WHEN,
        "path": "/a b",
        "domain": "localhost",
        "secure": True,
        "httponly": True,
        "samesite": "Lax",
    },
    {"key": "odd", "value": "1", "samesite": "odd"},
]


@app.get("/set/<int:number>")
def set_one(number):
    response = make_response("set")
    response.set_cookie(**KINDS[number])
    return response


@app.get("/set/all")
def set_all():
    response = Response("set")
    for kind in KINDS[:-1]:
        response.set_cookie(**kind)
    return response


@app.get("/show")
@app.get("/show/deeper")
def show():
    return {
        "cookies": sorted(request.cookies.items(multi=True), key=lambda pair: pair[0]),
        "plain": request.cookies.get("plain", "none"),
    }


@app.get("/delete/<key>")
def delete(key):
    response = make_response("deleted")
    response.delete_cookie(key, path=request.args.get("path", "/"), domain=request.args.get("domain"))
    return response


@app.get("/delete-options")
def delete_options():
    response = make_response("deleted")
    response.delete_cookie("x", "/p", "localhost", secure=True, httponly=True, samesite="Strict", partitioned=True)
    return response


@app.get("/dumped")
def dumped():
    return [
        dump_cookie("a", "b c", expires=WHEN, path="/ü"),
        dump_cookie("a", "", sync_expires=False, max_age=0),
        list(parse_cookie('a=b; c="d\\"e"; f; =g; a=h; i="\\303\\274"; j = k ').items(multi=True)),
    ]


@app.get("/missing")
def missing():
    return request.cookies["nothing"]


@app.get("/big")
def big():
    app.config["MAX_COOKIE_SIZE"] = 0
    response = make_response(str(response_size := make_response("").max_cookie_size))
    response.set_cookie("big", "x" * (4000 + response_size))
    return response


SCRIPT = [
    *(
        (f"GET /set/{number}", {"client": str(number), "fails": KINDS[number]["key"] == "odd"})
        for number in range(len(KINDS))
    ),
    *(("GET /show", {"client": str(number)}) for number in range(len(KINDS))),
    ("GET /set/all", {}),
    ("GET /show", {}),
    ("GET /show/deeper", {}),
    ("GET /show", {"base_url": "https://localhost"}),
    ("GET /delete/plain", {}),
    ("GET /delete/path?path=/show", {}),
    ("GET /delete/all?path=/a%20b&domain=localhost", {}),
    ("GET /delete-options", {}),
    ("GET /show", {}),
    ("GET /dumped", {}),
    ("GET /missing", {}),
    ("GET /big", {"client": "big"}),
    ("GET /show", {"client": None}),
    *(
        ("GET /show", {"headers": {"Cookie": value}, "client": None})
        for value in (
            "plain=1",
            'plain="a b"; plain=2; other=3',
            "plain=a=b; x=; y",
            'q="\\303\\274\\042"; z="unclosed',
            "a=%FC; b=a,b;c=d",
            "  spaced  =  out  ;;; next=1",
        )
    ),
]
