# ruff: noqa: F403, F405  as the old tutorials have it
"""Patterns of Flask's documentation: a star import, rules put into the map, lazy views, versions."""

import functools
import importlib.metadata
import sys

import flask
from flask import *
from flask.views import View
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BaseConverter, Rule, Submount
from werkzeug.utils import cached_property, import_string


class Numbers(BaseConverter):
    def to_python(self, value):
        return [int(number) for number in value.split("+")]

    def to_url(self, values):
        return "+".join(BaseConverter.to_url(self, value) for value in values)


class Site(Flask):
    def make_response(self, rv):
        if isinstance(rv, frozenset):
            rv = sorted(rv)
        return super().make_response(str(rv) if isinstance(rv, int) else rv)

    def dispatch_request(self):
        g.seen = ["dispatch"]
        return super().dispatch_request()

    def process_response(self, response):
        response.headers["X-Seen"] = " ".join(g.get("seen", []))
        return super().process_response(response)

    def add_url_rule(self, rule, *args, **options):
        return super().add_url_rule(rule if rule.startswith("/static") else f"/v1{rule}", *args, **options)

    def log_exception(self, exc_info):
        g.setdefault("seen", []).append(exc_info[0].__name__)


class LazyView:
    def __init__(self, import_name):
        self.__module__, self.__name__ = import_name.rsplit(".", 1)
        self.import_name = import_name

    @cached_property
    def view(self):
        return import_string(self.import_name)

    def __call__(self, *args, **values):
        return self.view(*args, **values)


class MethodOverride:
    def __init__(self, app):
        self.app = app

    def __call__(self, environ, start_response):
        method = environ.get("HTTP_X_HTTP_METHOD_OVERRIDE", "").upper()
        if method in ("PUT", "DELETE"):
            environ["REQUEST_METHOD"] = method
        return self.app(environ, start_response)


app = Site(__name__)
app.secret_key = "patterns"
app.wsgi_app = MethodOverride(app.wsgi_app)
app.url_map.converters["numbers"] = Numbers
app.url_map.add(Rule("/plain", endpoint="plain"))
app.url_map.add(Submount("/sub", [Rule("/<name>", endpoint="plain", methods=["GET"]), Rule("/", endpoint="unseen")]))
app.add_url_rule("/lazy", view_func=LazyView("posixpath.join"), defaults={"a": "lazy"})


def login_required(view):
    @functools.wraps(view)
    def wrapped(**values):
        if request.args.get("user") is None:
            return redirect(url_for("plain", next=request.url))
        return view(**values)

    return wrapped


class Partial(View):
    decorators = [login_required]

    def dispatch_request(self):
        return render_template_string("{{ request.args.user }} {{ g.seen }} {{ url_for('sums', numbers=[1, 2]) }}")


app.add_url_rule("/partial", view_func=Partial.as_view("partial"))
app.add_url_rule("/named", "named", functools.partial(make_response, "named", 203))


@app.endpoint("plain")
def plain(name="plain"):
    return f"{name} {request.method} {url_for('plain')} {url_for('plain', name='x/y')}"


@app.route("/sums/<numbers:numbers>", methods=["GET", "PUT", "DELETE"])
def sums(numbers):
    if request.method != "GET":
        return frozenset(numbers)
    return sum(numbers)


@app.route("/versions")
def versions():
    known = [flask.__version__, importlib.metadata.version("flask"), importlib.metadata.version("Werkzeug")]
    brought = vars(sys.modules[__name__])
    return json.jsonify(versions=known, names=[name for name in ("Flask", "jsonify", "views") if name in brought])


@app.route("/broken")
def broken():
    return 1 // 0


@app.errorhandler(Exception)
def any_error(error):
    if isinstance(error, HTTPException):
        return error
    g.setdefault("seen", []).append("handled")
    return {"error": type(error).__name__}, 500


SCRIPT = [
    ("GET /plain", {}),
    ("OPTIONS /plain", {}),
    ("GET /sub/name", {}),
    ("GET /v1/partial", {}),
    ("GET /v1/partial?user=ada", {}),
    ("GET /v1/named", {}),
    ("GET /v1/sums/1+2+39", {}),
    ("POST /v1/sums/3+1+2", {"headers": {"X-HTTP-Method-Override": "PUT"}}),
    ("POST /v1/sums/3", {}),
    ("GET /v1/versions", {}),
    ("GET /v1/broken", {"fails": True}),
    ("GET /v1/nowhere", {}),
    ("GET /static/nothing", {}),
]
