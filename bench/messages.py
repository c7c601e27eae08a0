"""Microseconds of making a response and sending it, and of reading what a request says.

    python bench/messages.py                              both contestants
    python bench/messages.py --only nanoweb               nothing to install
    python bench/messages.py --markdown                   the table in docs/

No application and no server: a Response is made, called as a WSGI application, read to its end and closed; a
Request is made of a new environ and asked for one thing, as a browser would have sent it.  Before any time is
taken, all contestants have to give the same answer to every question.  How to read the figures: bench/README.md.
"""

from __future__ import annotations

import importlib
import sys
from itertools import repeat

import contestants
import timing
from app import make_environ, start_response

# Messages alone: Werkzeug's are those of Flask.
contestants.PACKAGES["werkzeug"] = ("werkzeug", "markupsafe")
contestants.INSTALL["werkzeug"] = "python -m pip install werkzeug==3.1.9"

# contestant: where its Request and Response are
MODULES = {"nanoweb": "nanoweb.wrappers", "werkzeug": "werkzeug.wrappers"}

PAGE = "<!doctype html><title>Hello</title><p>Hello, World!"

# Responses: what is done with the class Response.


def text(Response):
    return Response(PAGE, mimetype="text/html")


def fields(Response):
    headers = {"X-Frame-Options": "DENY", "Vary": "Cookie"}
    response = Response(PAGE, status=404, headers=headers, mimetype="text/html")
    response.headers["Cache-Control"] = "no-store"
    return response


def cookie(Response):
    response = Response(PAGE, mimetype="text/html")
    response.set_cookie("session", "eyJ1c2VyIjo0Mn0.aR8fXw.Yk9v", httponly=True, samesite="Lax")
    return response


def redirect(Response):
    response = Response("", status=302, mimetype="text/html")
    response.location = "/caf\N{LATIN SMALL LETTER E WITH ACUTE}?page=2"
    return response


def stream(Response):
    return Response(iter(["one ", "two ", "three"]), mimetype="text/plain")


def unchanged(Response):
    response = Response(PAGE, mimetype="text/html")
    response.set_etag("5f2a")
    return response.make_conditional({"REQUEST_METHOD": "GET", "HTTP_IF_NONE_MATCH": '"5f2a"'})


RESPONSES = {
    "text": text,
    "with fields": fields,
    "with a cookie": cookie,
    "a redirect": redirect,
    "a stream": stream,
    "304": unchanged,
}

# Requests: what is special in the environ, beside what any browser sends; and what is read.

QUERY = {"QUERY_STRING": "q=caf%C3%A9+au+lait&page=2&tag=a&tag=b"}
COOKIES = {"HTTP_COOKIE": "session=eyJ1c2VyIjo0Mn0.aR8fXw.Yk9v; theme=dark; _ga=GA1.1.1234567890.1700000000"}

REQUESTS = {
    "args": (QUERY, lambda request: (request.args["q"], request.args.getlist("tag"))),
    "cookies": (COOKIES, lambda request: (request.cookies["theme"], request.cookies.get("lang"))),
    "headers": ({}, lambda request: (request.headers["User-Agent"], request.headers.get("X-Requested-With"))),
    "accept": ({}, lambda request: request.accept_mimetypes.best_match(["application/json", "text/html"])),
    "languages": ({}, lambda request: request.accept_languages.best_match(["de", "en"])),
    "media type": (
        {"CONTENT_TYPE": "Application/JSON; charset=utf-8"},
        lambda request: (request.mimetype, request.mimetype_params, request.is_json),
    ),
    "address": (QUERY, lambda request: (request.url, request.host, request.path)),
    "conditions": (
        {"HTTP_IF_NONE_MATCH": '"5f2a", W/"77c1"', "HTTP_IF_MODIFIED_SINCE": "Sun, 06 Nov 1994 08:49:37 GMT"},
        lambda request: ("5f2a" in request.if_none_match, request.if_modified_since),
    ),
    "authorization": (
        {"HTTP_AUTHORIZATION": "Basic YWRhOm9wZW4gc2VzYW1l"},
        lambda request: (request.authorization.username, request.authorization.password),
    ),
}


def make_sender(make, Response):
    """Return a function that makes a response and has it sent, a number of times."""
    environ = make_environ({"PATH_INFO": "/"})

    def run(number):
        for _ in repeat(None, number):
            body = make(Response)(environ, start_response)
            for _chunk in body:
                pass
            close = getattr(body, "close", None)
            if close is not None:
                close()

    return run


def make_reader(environ, read, Request):
    """Return a function that reads something of a new request, a number of times."""

    def run(number):
        for _ in repeat(None, number):
            read(Request(environ.copy()))

    return run


def answer(make, Response):
    """Return what is sent: status, fields in any order, body."""
    sent = []
    environ = make_environ({"PATH_INFO": "/"})
    body = make(Response)(environ, lambda status, headers, exc_info=None: sent.append((status, headers)))
    [(status, headers)] = sent
    data = b"".join(body)
    getattr(body, "close", lambda: None)()
    return status, sorted(field for field in headers if field[0] != "Date"), data


def cases(name):
    """Yield (case, run, answer) for each thing that is measured."""
    module = importlib.import_module(MODULES[name])
    for what, make in RESPONSES.items():
        yield f"response: {what}", make_sender(make, module.Response), answer(make, module.Response)
    for what, (changes, read) in REQUESTS.items():
        environ = make_environ({"PATH_INFO": "/search", **changes})
        yield f"request: {what}", make_reader(environ, read, module.Request), read(module.Request(environ.copy()))


def build(names):
    """Return {case: {name: run}}; end the program unless all contestants give the same answers."""
    runs, expected = {}, {}
    for name in names:
        for case, run, given in cases(name):
            if given != expected.setdefault(case, given):
                sys.exit(f"{name} answers {case!r} with {given!r}; expected {expected[case]!r}")
            runs.setdefault(case, {})[name] = run
    return runs


# The promises

TWICE = ["response: text", "request: args", "request: cookies", "request: headers", "request: accept"]


def broken_budgets(results):
    """Return a sentence for each promise that this run did not keep: some are twice as fast, and none is slower."""
    return [
        f"{case}: werkzeug takes {times['werkzeug']['ratio']:.2f} times as long, not {wanted}"
        for case, times in results.items()
        for wanted in [2 if case in TWICE else 1]
        if "werkzeug" in times and times["werkzeug"]["ratio"] < wanted
    ]


def main():
    parser = timing.make_parser(__doc__, MODULES)
    options = parser.parse_args()

    names = contestants.choose(options.only, among=MODULES)
    results = {
        case: timing.summarize(timing.take_turns(runs, options.rounds, options.duration), unit=1e-6)
        for case, runs in build(names).items()
    }
    versions = [contestants.version(name) for name in names]
    if options.form == "json":
        timing.show_json({"machine": timing.machine(), "versions": versions, "microseconds": results})
    else:
        rows = [
            [
                case,
                *(
                    f"{times['best']:.1f} \N{MICRO SIGN}s {times['ratio']:6.2f}\N{MULTIPLICATION SIGN}"
                    for times in result.values()
                ),
            ]
            for case, result in results.items()
        ]
        timing.show_table(["", *names], rows, options.form)
        print(f"\n{', '.join(versions)}\n{timing.machine()}")
    if options.check:
        sys.exit("\n".join(broken_budgets(results)) or 0)


if __name__ == "__main__":
    main()
