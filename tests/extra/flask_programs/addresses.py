"""url_for in all its forms, redirects, and addresses outside of a request."""

from flask import Blueprint, Flask, current_app, redirect, request, url_for
from werkzeug.exceptions import HTTPException
from werkzeug.routing import BuildError
from werkzeug.urls import iri_to_uri, uri_to_iri
from werkzeug.utils import append_slash_redirect
from werkzeug.utils import redirect as plain_redirect
from werkzeug.wsgi import get_current_url, get_host

app = Flask(__name__)
app.logger.disabled = True
part = Blueprint("part", __name__, url_prefix="/part")


@app.route("/")
@app.route("/start")
def index():
    return "index"


@app.route("/item/<int:number>", methods=["GET"])
@app.route("/item/<int:number>/", methods=["POST"])
def item(number):
    return str(number)


@app.route("/path/<path:rest>")
def path(rest):
    return rest


@app.route("/name/<name>")
def name(name):
    return name


@app.route("/pages/", defaults={"page": 1})
@app.route("/pages/<int:page>")
def pages(page):
    return f"{page} {url_for('pages', page=1)} {url_for('pages', page=2)}"


@app.route("/slash/")
def slash():
    return "slash"


@app.route("/no-slash")
def no_slash():
    return "no slash"


@app.route("/lax/", strict_slashes=False)
def lax():
    return "lax"


app.add_url_rule("/old/<name>", endpoint="old", redirect_to="/name/<name>")
app.add_url_rule("/alias/<name>", endpoint="name", view_func=name, alias=True)
app.add_url_rule("/built", endpoint="built", build_only=True)
app.add_url_rule("/socket", endpoint="socket", websocket=True)

FORMS = [
    ("index", {}),
    ("item", {"number": 5}),
    ("item", {"number": 5, "_method": "POST"}),
    ("item", {"number": 5, "a": 1, "b": ["x", "y"], "c": None, "d": ""}),
    ("item", {"number": 5, "_anchor": "a b/ü#"}),
    ("item", {"number": 5, "_external": True}),
    ("item", {"number": 5, "_external": True, "_scheme": "https"}),
    ("item", {"number": 5, "_scheme": "https"}),
    ("item", {"number": 5, "_scheme": ""}),
    ("item", {"number": 5, "_scheme": "", "_external": True}),
    ("item", {"number": 5, "_scheme": "https", "_external": False}),
    ("item", {"number": "x"}),
    ("item", {}),
    ("path", {"rest": "a/b c/ü?#&%"}),
    ("name", {"name": "a/b c"}),
    ("name", {"name": "~-._!$&'()*+,;=:@"}),
    ("name", {"name": "☃", "q": "☃ &=+/?"}),
    ("name", {"name": 1}),
    ("pages", {}),
    ("pages", {"page": 1}),
    ("pages", {"page": 3}),
    ("static", {"filename": "css/site.css", "v": "1"}),
    ("slash", {"_anchor": ""}),
    ("built", {}),
    ("socket", {}),
    ("part.index", {}),
    ("part.index", {"_external": True, "_anchor": "x", "y": "z"}),
    ("nothing", {}),
    (".index", {}),
    (".nothing", {}),
    ("item", {"number": 5, "_unknown": 1}),
    ("index", {"_method": "DELETE"}),
]


def forms():
    told = []
    for endpoint, values in FORMS:
        try:
            told.append([url_for(endpoint, **values), app.url_for(endpoint, **values)])
        except (BuildError, ValueError) as error:
            told.append(type(error).__name__)
    return told


@app.route("/forms")
def app_forms():
    return forms()


@part.route("/")
def index_of():
    return "part"


part.add_url_rule("/index", "index", index_of)


@part.route("/forms")
def part_forms():
    return forms()


def outside():
    told = []
    other = Flask("other")
    other.add_url_rule("/x/<y>", "x")
    other.config.update(SERVER_NAME="other.example", APPLICATION_ROOT="/root", PREFERRED_URL_SCHEME="https")
    with other.app_context():
        told += [url_for("x", y=1), url_for("x", y=1, _external=False), url_for("x", y=1, _scheme="http")]
        told += [current_app.url_for("x", y=1, _anchor="z"), other.create_url_adapter(None).server_name]
    with other.test_request_context("/here", base_url="http://third.example:81/base/"):
        told += [url_for("x", y=1), url_for("x", y=1, _external=True), request.url, request.script_root]
    try:
        with Flask("third").app_context():
            told.append(url_for("static", filename="x", _external=True))
    except RuntimeError:
        told.append("refused")
    return told


told_outside = outside()
app.add_url_rule("/outside", "outside", lambda: told_outside)


@app.route("/redirects/<how>")
def redirects(how):
    made = {
        "plain": lambda: redirect("/name/x"),
        "relative": lambda: redirect("x"),
        "dots": lambda: redirect("../name/x"),
        "query": lambda: redirect("?a=1"),
        "full": lambda: redirect("https://example.com/ü?q=☃#f", 301),
        "other": lambda: redirect(url_for("item", number=1, _external=True), code=307),
        "html": lambda: redirect('/name/<"&>', 308),
        "own": lambda: redirect("/", 303, Response=app.response_class),
        "app": lambda: app.redirect("/", 302),
        "werkzeug": lambda: plain_redirect("/x", 305),
        "append": lambda: append_slash_redirect({**request.environ, "PATH_INFO": "/a/b", "QUERY_STRING": "c=d"}),
        "bad": lambda: redirect("/", 200),
    }
    return made[how]()


@app.route("/urls")
def urls():
    environ = request.environ
    return [
        iri_to_uri("http://ü.example/ü?ü#ü"),
        uri_to_iri("http://xn--tda.example/%C3%BC%2F?a=%26%C3%BC"),
        get_host(environ),
        get_current_url(environ),
        get_current_url(environ, root_only=True),
        get_current_url(environ, strip_querystring=True),
        get_current_url(environ, host_only=True),
        request.url,
        request.base_url,
        request.root_url,
        request.url_root,
        request.host_url,
        request.full_path,
        request.path,
        request.script_root,
        request.host,
    ]


@app.errorhandler(HTTPException)
def wrong(error):
    return f"{error.code} {error.name}", error.code


app.register_blueprint(part)

SCRIPT = [
    ("GET /forms", {}),
    ("GET /forms", {"base_url": "https://shop.example:8443/base"}),
    ("GET /part/forms", {}),
    ("GET /outside", {}),
    *(
        (f"GET /redirects/{how}", {})
        for how in "plain relative dots query full other html own app werkzeug append bad".split()
    ),
    ("GET /urls?a=%C3%BC&b=%FF", {}),
    ("GET /urls", {"base_url": "https://localhost:443/base/x"}),
    ("GET /urls", {"headers": {"Host": "other.example:80"}}),
    ("GET /", {}),
    ("GET /start", {}),
    ("GET /pages/1", {}),
    ("GET /pages/1?a=b", {}),
    ("GET /pages/", {}),
    ("GET /pages/2", {}),
    ("GET /slash", {}),
    ("GET /slash?a=1&b=%C3%BC", {}),
    ("POST /slash", {}),
    ("GET /no-slash/", {}),
    ("GET /lax", {}),
    ("GET /lax/", {}),
    ("GET /old/anna", {}),
    ("GET /alias/anna", {}),
    ("GET /built", {}),
    ("GET /name//x", {}),
    ("GET //name/x", {"follow_redirects": True}),
    ("GET /path/a//b", {}),
    ("GET /path/a%2Fb%20c", {}),
    ("GET /name/a%2Fb", {}),
    ("GET /item/5/", {}),
    ("POST /item/5", {}),
    ("POST /item/5/", {}),
    ("GET /item/-5", {}),
    ("GET /item/05", {}),
    ("GET /name/%C3%BC%E2%98%83", {}),
    ("GET /name/%FF", {}),
    ("GET /redirects/plain", {"follow_redirects": True}),
]
