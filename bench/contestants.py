"""The frameworks that are compared, and the application that each of them is given.

All of them answer the same requests with the same content, each written as its own documentation would
write it.  nanoweb and Flask are given one and the same source.  "bare" is a WSGI callable without any
framework, written for these requests alone: what is left when a framework costs nothing.
"""

from __future__ import annotations

import importlib.machinery
import importlib.metadata
import importlib.util
import json
import sys
from pathlib import Path
from urllib.parse import parse_qs

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # measure this checkout, whatever is installed

BOOK = {"id": 42, "title": "Caf\N{LATIN SMALL LETTER E WITH ACUTE} society", "tags": ["a", "b", "c"], "lent": False}

# contestant: the top-level packages that make up its stack
PACKAGES = {
    "nanoweb": ("nanoweb",),
    "flask": ("flask", "werkzeug", "jinja2", "markupsafe", "itsdangerous", "blinker", "click"),
    "bottle": ("bottle",),
    "falcon": ("falcon",),
    "bare": (),
}

INSTALL = {
    "nanoweb": "run this script from a checkout",
    "flask": "python -m pip install flask==3.1.3",
    "bottle": "python -m pip install bottle==0.13.4",
    "falcon": "FALCON_DISABLE_CYTHON=1 python -m pip install --force-reinstall --no-binary falcon falcon==4.4.0",
}


def build_nanoweb():
    import nanoweb

    return build_flask_style(nanoweb.App, nanoweb.request)


def build_nanoweb_whole():
    import nanoweb

    return build_whole(nanoweb)


def build_flask():
    import flask

    return build_flask_style(flask.Flask, flask.request)


def build_flask_whole():
    import flask

    return build_whole(flask)


def build_whole(flask):
    """What only Flask's kind has: functions around a view, sessions, blueprints, handlers of errors."""
    app = flask.Flask("bench")
    app.secret_key = "a key for the bench"
    shop = flask.Blueprint("shop", "bench", url_prefix="/shop")
    hooked = flask.Blueprint("hooked", "bench", url_prefix="/hooked")

    @hooked.before_request
    def begin():
        flask.g.user = "Ada"

    @hooked.after_request
    def end(response):
        response.headers["X-User"] = flask.g.user
        return response

    @hooked.route("/")
    def greet():
        return f"Hello, {flask.g.user}!"

    @shop.route("/books/<int:number>")
    def book(number):
        return f"book {number}"

    @app.route("/links")
    def links():
        return flask.url_for("shop.book", number=7, page=2)

    @app.route("/list")
    def books():
        return flask.jsonify(BOOK)

    @app.route("/count")
    def count():
        flask.session["visits"] = flask.session.get("visits", 0) + 1
        return f"visit {flask.session['visits']}"

    @app.route("/broken")
    def broken():
        raise LookupError("a book")

    @app.errorhandler(LookupError)
    def explain(error):
        return f"no such thing: {error}", 404

    app.register_blueprint(shop)
    app.register_blueprint(hooked)
    serializer = app.session_interface.get_signing_serializer(app)
    app.cookie = f"theme=dark; session={serializer.dumps({'visits': 41})}"
    return app


def build_flask_style(App, request):
    app = App("bench")

    @app.route("/")
    def hello():
        return "Hello, World!"

    @app.route("/users/<int:number>")
    def user(number):
        return f"user {number}"

    @app.route("/book")
    def book():
        return BOOK

    @app.route("/search")
    def search():
        return f"{request.args['q']}, page {request.args['page']}"

    @app.route("/sign", methods=["POST"])
    def sign():
        return f"{request.form['name']}: {request.form['message']}"

    @app.route("/theme")
    def theme():
        return request.cookies["theme"]

    return app


def build_bottle():
    from bottle import Bottle, request

    app = Bottle()

    @app.route("/")
    def hello():
        return "Hello, World!"

    @app.route("/users/<number:int>")
    def user(number):
        return f"user {number}"

    @app.route("/book")
    def book():
        return BOOK

    @app.route("/search")
    def search():
        return f"{request.query.q}, page {request.query.page}"  # by attribute: as [] does not decode UTF-8

    @app.post("/sign")
    def sign():
        return f"{request.forms.name}: {request.forms.message}"

    @app.route("/theme")
    def theme():
        return request.get_cookie("theme")

    return app


def build_falcon():
    import falcon

    class Hello:
        def on_get(self, req, resp):
            resp.text = "Hello, World!"

    class User:
        def on_get(self, req, resp, number):
            resp.text = f"user {number}"

    class Book:
        def on_get(self, req, resp):
            resp.content_type = falcon.MEDIA_JSON
            resp.media = BOOK

    class Search:
        def on_get(self, req, resp):
            resp.text = f"{req.get_param('q')}, page {req.get_param('page')}"

    class Sign:
        def on_post(self, req, resp):
            form = req.get_media()
            resp.text = f"{form['name']}: {form['message']}"

    class Theme:
        def on_get(self, req, resp):
            resp.text = req.cookies["theme"]

    app = falcon.App(media_type=falcon.MEDIA_HTML)
    app.add_route("/", Hello())
    app.add_route("/users/{number:int}", User())
    app.add_route("/book", Book())
    app.add_route("/search", Search())
    app.add_route("/sign", Sign())
    app.add_route("/theme", Theme())
    return app


def build_bare():
    def app(environ, start_response):
        path = environ["PATH_INFO"]
        status, kind = "200 OK", "text/html; charset=utf-8"
        if path == "/":
            text = "Hello, World!"
        elif path.startswith("/users/"):
            text = f"user {int(path[7:])}"
        elif path == "/book":
            text, kind = json.dumps(BOOK), "application/json"
        elif path == "/search":
            query = parse_qs(environ["QUERY_STRING"])
            text = f"{query['q'][0]}, page {query['page'][0]}"
        elif path == "/sign":
            form = parse_qs(environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"])).decode())
            text = f"{form['name'][0]}: {form['message'][0]}"
        elif path == "/theme":
            text = dict(pair.split("=", 1) for pair in environ["HTTP_COOKIE"].split("; "))["theme"]
        else:
            text, status = "Not Found", "404 Not Found"
        body = text.encode()
        start_response(status, [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body]

    return app


BUILD = {
    "nanoweb": build_nanoweb,
    "flask": build_flask,
    "bottle": build_bottle,
    "falcon": build_falcon,
    "bare": build_bare,
}


BUILD_WHOLE = {"nanoweb": build_nanoweb_whole, "flask": build_flask_whole}


def choose(only=None, among=PACKAGES):
    """Return the names of the contestants to measure; end the program with instructions if one is not fit for it.

    only     comma-separated names, or None for all of them
    among    the names that this measurement knows
    """
    names = only.split(",") if only else list(among)
    problems = {}
    for name in names:
        if name not in among:
            sys.exit(f"no contestant {name!r}; there are {', '.join(among)}")
        missing = [package for package in PACKAGES[name] if importlib.util.find_spec(package) is None]
        if missing:
            problems[name] = f"{name}: {', '.join(missing)} is missing:\n    {INSTALL[name]}"
        elif name == "falcon" and compiled_parts("falcon"):
            problems[name] = f"{name}: it is compiled, and this compares Python with Python:\n    {INSTALL[name]}"
    if problems:
        fit = ",".join(name for name in names if name not in problems)
        sys.exit("\n".join([*problems.values(), *([f"or leave them out:\n    --only {fit}"] if fit else [])]))
    return names


def compiled_parts(package):
    """Return the files of a package that are machine code."""
    suffixes = tuple(importlib.machinery.EXTENSION_SUFFIXES)
    [folder] = importlib.util.find_spec(package).submodule_search_locations
    return [path for path in Path(folder).rglob("*") if path.name.endswith(suffixes)]


def version(name):
    """Return what is measured, as in 'flask 3.1.3 (werkzeug 3.1.9)'."""
    if name == "nanoweb":
        import nanoweb

        return f"nanoweb {nanoweb.__version__}"
    if name == "flask":
        return f"flask {importlib.metadata.version('flask')} (werkzeug {importlib.metadata.version('werkzeug')})"
    return f"{name} {importlib.metadata.version(name)}" if PACKAGES[name] else name
