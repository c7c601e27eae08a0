"""Microseconds of one request through the WSGI callable: what a framework costs, without a server.

    python bench/app.py                              all contestants
    python bench/app.py --only nanoweb,bare          nothing to install
    python bench/app.py --markdown                   the table in docs/

An iteration does what a server does for a request: it makes a new environ with a new body to read, calls
the application, takes all of the answer, closes it.  Before any time is taken, every contestant has to give
the right answer to every request.  How to read the figures: bench/README.md.
"""

from __future__ import annotations

import json
import sys
from io import BytesIO
from itertools import repeat

import contestants
import timing

# What a browser sends with every request.
FIELDS = {
    "HTTP_HOST": "www.example.com",
    "HTTP_USER_AGENT": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "HTTP_ACCEPT": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
    "HTTP_ACCEPT_LANGUAGE": "en-US,en;q=0.5",
    "HTTP_ACCEPT_ENCODING": "gzip, deflate, br, zstd",
    "HTTP_CONNECTION": "keep-alive",
}

FORM = b"name=Ada+Lovelace&message=caf%C3%A9+%26+more"

# case: what is special in its environ, the body sent; the status, and the content expected (None: each its own)
CASES = {
    "hello": ({"PATH_INFO": "/"}, b"", 200, "Hello, World!"),
    "variable": ({"PATH_INFO": "/users/42"}, b"", 200, "user 42"),
    "JSON": ({"PATH_INFO": "/book"}, b"", 200, contestants.BOOK),
    "query": (
        {"PATH_INFO": "/search", "QUERY_STRING": "q=caf%C3%A9+au+lait&page=2"},
        b"",
        200,
        "caf\N{LATIN SMALL LETTER E WITH ACUTE} au lait, page 2",
    ),
    "form": (
        {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": "/sign",
            "CONTENT_TYPE": "application/x-www-form-urlencoded",
            "CONTENT_LENGTH": str(len(FORM)),
        },
        FORM,
        200,
        "Ada Lovelace: caf\N{LATIN SMALL LETTER E WITH ACUTE} & more",
    ),
    "cookie": ({"PATH_INFO": "/theme", "HTTP_COOKIE": "visits=42; theme=dark; lang=en"}, b"", 200, "dark"),
    "404": ({"PATH_INFO": "/nothing/here"}, b"", 404, None),
}
# The same for what only nanoweb and Flask have.
WHOLE_CASES = {
    "hooks": ({"PATH_INFO": "/hooked/"}, b"", 200, "Hello, Ada!"),
    "session": ({"PATH_INFO": "/count", "HTTP_COOKIE": None}, b"", 200, "visit 42"),
    "blueprint": ({"PATH_INFO": "/shop/books/42"}, b"", 200, "book 42"),
    "url_for": ({"PATH_INFO": "/links"}, b"", 200, "/shop/books/7?page=2"),
    "jsonify": ({"PATH_INFO": "/list"}, b"", 200, contestants.BOOK),
    "error handler": ({"PATH_INFO": "/broken"}, b"", 404, "no such thing: a book"),
}
ALL_CASES = {**CASES, **WHOLE_CASES}


def make_environ(changes, app=None):
    if "HTTP_COOKIE" in changes and changes["HTTP_COOKIE"] is None:
        changes = {**changes, "HTTP_COOKIE": app.cookie}
    return {
        "REQUEST_METHOD": "GET",
        "SCRIPT_NAME": "",
        "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8000",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "REMOTE_ADDR": "127.0.0.1",
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        **FIELDS,
        **changes,
    }


def start_response(status, headers, exc_info=None):
    """Take the head of an answer, as a server does that buffers it."""
    return None


def make_run(app, template, body):
    """Return a function that has the application answer a request a number of times."""

    def run(number):
        for _ in repeat(None, number):
            environ = template.copy()
            environ["wsgi.input"] = BytesIO(body)
            answer = app(environ, start_response)
            for _chunk in answer:
                pass
            close = getattr(answer, "close", None)
            if close is not None:
                close()

    return run


def check(name, case, app):
    """Have one request answered; end the program unless the answer is what all contestants must give."""
    changes, body, expected_status, expected = ALL_CASES[case]
    heads = []
    answer = app(
        {**make_environ(changes, app), "wsgi.input": BytesIO(body)},
        lambda status, headers, exc_info=None: heads.append((status, headers)),
    )
    data = b"".join(answer)
    getattr(answer, "close", lambda: None)()
    [(status, headers)] = heads
    fields = {field.lower(): value for field, value in headers}
    kind = fields["content-type"].lower()
    text = data.decode("utf-8")
    if expected is None:
        right = len(text) > 0
    elif isinstance(expected, str):
        right = text == expected and kind == "text/html; charset=utf-8"
    else:
        right = json.loads(text) == expected and kind == "application/json"
    if not right or status[:4] != f"{expected_status} " or fields["content-length"] != str(len(data)):
        sys.exit(
            f"{name} answers {case!r} with {status}, {fields}, {text!r}; expected {expected_status}, {expected!r}"
        )


def measure(apps, case, rounds, duration):
    changes, body, _, _ = ALL_CASES[case]
    runs = {name: make_run(app, make_environ(changes, app), body) for name, app in apps.items()}
    return timing.summarize(timing.take_turns(runs, rounds, duration), unit=1e-6)


def show(times):
    return f"{times['best']:.1f} \N{MICRO SIGN}s {times['ratio']:6.2f}\N{MULTIPLICATION SIGN}"


def broken_budgets(results):
    """Return a sentence for each promise that this run did not keep."""
    broken = []
    for case, result in results.items():
        ratios = {name: times["ratio"] for name, times in result.items()}
        if case in WHOLE_CASES and ratios.get("flask", 4) < 4:
            broken.append(f"{case}: not 4 times faster than Flask, {ratios['flask']:.2f} times")
        if case != "404" and ratios.get("bottle", 2) <= 1:
            broken.append(f"{case}: not faster than Bottle")
        if case == "hello" and ratios.get("flask", 6) < 6:
            broken.append(f"hello: not 6 times faster than Flask, {ratios['flask']:.2f} times")
        if case in {"hello", "variable"} and ratios.get("falcon", 1) < 1 / 1.4:
            broken.append(f"{case}: not within 1.4 times Falcon, {1 / ratios['falcon']:.2f} times")
    return broken


def main():
    parser = timing.make_parser(__doc__, contestants.BUILD)
    parser.add_argument("--cases", metavar="CASES", help=f"some of {','.join(ALL_CASES)}")
    options = parser.parse_args()

    names = contestants.choose(options.only)
    cases = options.cases.split(",") if options.cases else list(ALL_CASES)
    apps = {name: contestants.BUILD[name]() for name in names}
    whole = {name: contestants.BUILD_WHOLE[name]() for name in names if name in contestants.BUILD_WHOLE}
    who = {case: whole if case in WHOLE_CASES else apps for case in cases if case in CASES or whole}
    for case, asked in who.items():
        for name, app in asked.items():
            check(name, case, app)
    results = {case: measure(asked, case, options.rounds, options.duration) for case, asked in who.items()}

    versions = [contestants.version(name) for name in names]
    if options.form == "json":
        timing.show_json({"machine": timing.machine(), "versions": versions, "microseconds": results})
    else:
        rows = [
            [
                case,
                *(show(result[name]) if name in result else "" for name in names),
            ]
            for case, result in results.items()
        ]
        timing.show_table(["", *names], rows, options.form)
        print(f"\n{', '.join(versions)}\n{timing.machine()}")
    if options.check:
        sys.exit("\n".join(broken_budgets(results)) or 0)


if __name__ == "__main__":
    main()
