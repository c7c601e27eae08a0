"""What goes wrong, wherever it does: in hooks, handlers, handlers of handlers, answers, and who is asked then."""

import threading

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    after_this_request,
    copy_current_request_context,
    flash,
    g,
    get_flashed_messages,
    jsonify,
    make_response,
    redirect,
    request,
    session,
    url_for,
)
from werkzeug.exceptions import (
    BadRequest,
    Forbidden,
    HTTPException,
    InternalServerError,
    MethodNotAllowed,
    NotFound,
    RequestTimeout,
    Unauthorized,
)
from werkzeug.routing import RequestRedirect

app = Flask(__name__)
app.logger.disabled = True
app.secret_key = "accidents"
app.config.update(SEND_FILE_MAX_AGE_DEFAULT=30, JSONIFY_PRETTYPRINT_REGULAR=True)
part = Blueprint("part", __name__, url_prefix="/part")
inner = Blueprint("inner", __name__, url_prefix="/inner")
strict = Blueprint("strict", __name__, url_prefix="/strict")
torn = []


class Base(Exception):
    pass


class Middle(Base):
    pass


class Leaf(Middle):
    pass


class Own404(NotFound):
    description = "own"


class Teapot(HTTPException):
    code = 418
    description = "<tea> & more"

    def get_headers(self, environ=None, scope=None):
        return [*super().get_headers(environ, scope), ("X-Tea", "yes")]

    def get_body(self, environ=None, scope=None):
        return f"tea for {(environ or {}).get('PATH_INFO')}"


@app.errorhandler(Exception)
def anything(error):
    if isinstance(error, HTTPException):
        return error
    return f"anything: {type(error).__name__}", 400


@app.errorhandler(Base)
def base(error):
    return f"base: {type(error).__name__}"


@app.errorhandler(Leaf)
def leaf(error):
    raise Middle("again") from error


@app.errorhandler(InternalServerError)
def internal(error):
    return f"internal: {type(error.original_exception).__name__}", 500


@app.errorhandler(403)
def forbidden(error):
    abort(401)


@app.errorhandler(MethodNotAllowed)
def method(error):
    response = error.get_response(request.environ)
    response.headers["X-Valid"] = ",".join(sorted(error.valid_methods))
    return response


@part.errorhandler(Middle)
def part_middle(error):
    return f"part middle: {type(error).__name__}", {"X-Part": "1"}


@part.errorhandler(HTTPException)
def part_http(error):
    return f"part http: {error.code}", error.code


@inner.errorhandler(404)
def inner_missing(error):
    return f"inner: {type(error).__name__}", 404


@strict.app_errorhandler(RequestTimeout)
def timeout(error):
    return redirect(url_for("index"))


@app.before_request
def before():
    kind = request.args.get("before")
    if kind == "raise":
        raise Leaf("before")
    if kind == "tuple":
        return "from before", 203, {"X-Before": "1"}
    if kind == "dict":
        return {"from": "before"}
    if kind == "abort":
        abort(Response("stopped", 299))
    if kind == "later":
        after_this_request(lambda response: Response("replaced by a later one", 201))
    return None


@app.after_request
def after(response):
    kind = request.args.get("after")
    if kind == "raise":
        raise ValueError("after")
    if kind == "abort":
        abort(404)
    if kind == "replace":
        return make_response("replaced", response.status_code)
    if kind == "data":
        response.set_data(response.get_data() + b" and more")
    return response


@app.teardown_request
def teardown(error):
    torn.append(f"{request.path} {type(error).__name__}")
    if request.args.get("teardown") == "raise":
        raise RuntimeError("teardown")


@app.get("/")
def index():
    return "index"


@app.get("/torn")
def tell():
    told, torn[:] = list(torn), []
    return told


KINDS = {
    "base": Base(),
    "middle": Middle(),
    "leaf": Leaf(),
    "value": ValueError("v"),
    "404": NotFound(),
    "own404": Own404(),
    "403": Forbidden("no"),
    "400": BadRequest("<script>"),
    "401": Unauthorized("who", response=None),
    "408": RequestTimeout(),
    "418": Teapot(),
    "500": InternalServerError("why", original_exception=KeyError("k")),
    "redirect": RequestRedirect("/elsewhere"),
    "response": HTTPException(response=Response("as it is", 210)),
    "empty": HTTPException("no code"),
    "system": LookupError(),
}


@app.get("/raise/<kind>")
@part.get("/raise/<kind>")
@inner.get("/raise/<kind>")
def raising(kind):
    raise KINDS[kind]


@app.get("/return/<kind>")
def returning(kind):
    return KINDS[kind]


def by_hand(environ, start_response):
    start_response("201 By Hand", [("X-A", "4")])
    return [b"by hand"]


@app.get("/parts/<kind>")
def parts(kind):
    made = {
        "headers-none": ("text", None),
        "status-none": ("text", None, {"X-A": "1"}),
        "status-text": ("text", "299 Odd Enough"),
        "status-bare": ("text", "204"),
        "no-content": ("", 204),
        "list-status": ([1, {"a": 2}], 201),
        "dict-headers": ({"a": "ü"}, {"Content-Type": "application/x-own"}),
        "response-status": (jsonify(1), "418 Tea"),
        "response-headers": (jsonify(1), {"Content-Type": "text/plain", "X-A": "2"}),
        "generator": ((str(number) for number in range(3)), 206, [("X-A", "3")]),
        "nested": (("text", 200), 201),
        "bad-headers": ("text", 200, "X: y"),
        "bytes-status": (b"\x00\xff", 200, {"Content-Type": "application/octet-stream"}),
        "markup": "<p>\u2603 \U0001f600",
        "surrogate": "\ud800",
        "application": by_hand,
    }
    return made[kind]


@app.get("/session/<kind>")
def sessions(kind):
    if kind == "big":
        session["big"] = "x" * 300
    elif kind == "odd":
        session["odd"] = {"1": (2, [3]), "b": b"\xff", "none": None, "float": 1.5}
    elif kind == "bad":
        session["bad"] = object()
    elif kind == "flash-many":
        for number in range(3):
            flash({"number": number}, f"kind{number % 2}")
    elif kind == "flashed":
        return jsonify(get_flashed_messages(with_categories=True, category_filter=("kind0",)))
    return jsonify(sorted(session))


@app.get("/thread")
def thread():
    told = []

    @copy_current_request_context
    def work(word):
        g.word = word
        told.append([request.path, session.get("big", "")[:3], g.word])

    thread = threading.Thread(target=work, args=("inside",))
    thread.start()
    thread.join()
    return [told, g.get("word")]


@app.get("/json/<how>")
def how_json(how):
    if how == "bad":
        return jsonify(object())
    if how == "keys":
        return jsonify({"b": 1, "a": {"d": float("inf"), "c": -0.0}, "ü": "\u2028</script>"})
    return jsonify({2: "two", 10: "ten"})


@strict.get("/post-only", strict_slashes=True)
@strict.post("/post-only/")
def post_only():
    return request.method


@strict.get("/weak/", strict_slashes=False)
def weak():
    return request.path


part.register_blueprint(inner)
app.register_blueprint(part)
app.register_blueprint(strict)

FAILING = {
    *("GET /?before=raise", "GET /?after=raise", "GET /?after=abort", "GET /nowhere?after=raise"),
    *("GET /raise/base?after=raise", "GET /raise/leaf", "GET /session/bad"),
    *(f"GET {prefix}/raise/{code}" for prefix in ("", "/part", "/part/inner") for code in ("403", "500")),
    *(f"GET /return/{kind}" for kind in ("base", "middle", "leaf", "value", "system", "500")),
    *(f"GET /parts/{kind}" for kind in ("nested", "bad-headers", "surrogate")),
}
PARTS = (
    "headers-none status-none status-text status-bare no-content list-status dict-headers response-status "
    "response-headers generator bytes-status markup application nested bad-headers surrogate"
).split()
SCRIPT = [
    ("GET /", {}),
    *((f"GET /?before={kind}", {}) for kind in ("raise", "tuple", "dict", "abort", "later")),
    *((f"GET /?after={kind}", {}) for kind in ("raise", "abort", "replace", "data")),
    ("GET /nowhere?after=raise", {}),
    ("GET /raise/base?after=raise", {}),
    ("GET /torn", {}),
    ("GET /?teardown=raise", {"raises": "RuntimeError"}),
    ("GET /torn", {}),
    *((f"GET {prefix}/raise/{kind}", {}) for prefix in ("", "/part", "/part/inner") for kind in KINDS),
    ("GET /torn", {}),
    *((f"GET /return/{kind}", {}) for kind in KINDS),
    *((f"GET /parts/{kind}", {}) for kind in PARTS),
    *((f"GET /session/{kind}", {}) for kind in "big odd flash-many flashed flashed plain bad plain".split()),
    ("GET /thread", {}),
    *((f"GET /json/{how}", {}) for how in ("bad", "keys", "numbers")),
    ("PATCH /", {}),
    ("GET /strict/post-only", {}),
    ("GET /strict/post-only/", {}),
    ("POST /strict/post-only", {"data": {"a": "b"}}),
    ("POST /strict/post-only/", {}),
    ("GET /strict/weak", {}),
    ("GET /strict/weak/", {}),
    ("GET /part/nowhere", {}),
    ("GET /part/inner/nowhere", {}),
]
SCRIPT = [(what, {**options, "fails": what in FAILING}) for what, options in SCRIPT]
