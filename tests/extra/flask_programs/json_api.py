"""A JSON API: every kind of error handler, and all that jsonify takes."""

import dataclasses
import datetime
import decimal
import uuid

import flask.json
from flask import Blueprint, Flask, Response, abort, json, jsonify, make_response, request
from werkzeug.exceptions import (
    BadRequest,
    Conflict,
    Forbidden,
    Gone,
    HTTPException,
    ImATeapot,
    InternalServerError,
    MethodNotAllowed,
    RequestEntityTooLarge,
    ServiceUnavailable,
    TooManyRequests,
    Unauthorized,
    UnprocessableEntity,
    UnsupportedMediaType,
    default_exceptions,
)

app = Flask(__name__)
app.logger.disabled = True
items = Blueprint("items", __name__, url_prefix="/items")
plain = Blueprint("plain", __name__, url_prefix="/plain")
shelf = {1: {"name": "first"}}


class Trouble(Exception):
    def __init__(self, text, code=400):
        super().__init__(text)
        self.code = code


class MoreTrouble(Trouble):
    pass


class OutOfInk(HTTPException):
    code = 512
    description = "There is no ink."


@dataclasses.dataclass
class Point:
    x: int
    y: decimal.Decimal


class Html:
    def __html__(self):
        return "<b>bold & co</b>"


@app.errorhandler(HTTPException)
def any_http(error):
    response = error.get_response()
    response.data = json.dumps({"code": error.code, "name": error.name, "description": error.description})
    response.content_type = "application/json"
    return response


@app.errorhandler(404)
def missing(error):
    return jsonify(error="not here", path=request.path), 404


@app.errorhandler(Trouble)
def trouble(error):
    return {"trouble": str(error), "kind": type(error).__name__}, error.code


@app.errorhandler(ZeroDivisionError)
def division(error):
    return "no such number", 422, {"X-Kind": "division"}


@items.errorhandler(404)
def no_item(error):
    return {"error": "no item", "description": error.description}, 404


@items.errorhandler(MoreTrouble)
def more_trouble(error):
    return {"items": str(error)}, 418


plain.register_error_handler(409, lambda error: (f"conflict: {error.description}", 409))
plain.register_error_handler(KeyError, lambda error: (f"key {error}", 400))


@items.get("/")
def all_items():
    return [{"id": number, **item} for number, item in shelf.items()]


@items.post("/")
def add_item():
    item = request.get_json()
    if not isinstance(item, dict) or "name" not in item:
        abort(422, description="a name is needed")
    number = max(shelf) + 1
    shelf[number] = item
    return {"id": number}, 201, {"Location": f"/items/{number}"}


@items.route("/<int:number>", methods=["GET", "PUT", "DELETE", "PATCH"])
def one_item(number):
    if number not in shelf:
        abort(404, f"item {number}")
    if request.method == "DELETE":
        del shelf[number]
        return "", 204
    if request.method in ("PUT", "PATCH"):
        shelf[number].update(request.json)
    return shelf[number]


@items.get("/trouble/<kind>")
def item_trouble(kind):
    raise {"more": MoreTrouble, "some": Trouble}[kind]("of items")


@plain.get("/conflict")
def conflict():
    raise Conflict("twice")


@plain.get("/key")
def key():
    return {}["gone"]


@app.get("/kinds/<int:code>")
def kinds(code):
    abort(code)


@app.get("/raise/<name>")
def raise_it(name):
    raise {
        "trouble": Trouble("plain", 402),
        "more": MoreTrouble("more", 403),
        "zero": ZeroDivisionError(),
        "value": ValueError("unexpected"),
        "ink": OutOfInk(),
        "ink2": OutOfInk("Only a bit is left."),
        "gone": Gone(response=Response("really gone", status=410, headers={"X-Gone": "yes"})),
        "401": Unauthorized("who?", www_authenticate=None),
        "403": Forbidden(),
        "405": MethodNotAllowed(["PATCH", "GET"]),
        "413": RequestEntityTooLarge(),
        "415": UnsupportedMediaType(),
        "418": ImATeapot("short and stout"),
        "422": UnprocessableEntity(),
        "429": TooManyRequests(retry_after=120),
        "500": InternalServerError("on purpose"),
        "503": ServiceUnavailable(retry_after=datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)),
    }[name]


@app.get("/abort-with-response")
def abort_with_response():
    abort(make_response({"stopped": True}, 451))


@app.get("/abort-with-text")
def abort_with_text():
    abort(Response("as it is", 299))


@app.get("/types")
def types():
    return jsonify(
        date=datetime.date(2024, 2, 29),
        time=datetime.datetime(2024, 2, 29, 12, 30, 15, 999),  # noqa: DTZ001 (programs do that)
        aware=datetime.datetime(2024, 2, 29, 12, tzinfo=datetime.timezone(datetime.timedelta(hours=2))),
        decimal=decimal.Decimal("1.10"),
        uuid=uuid.UUID(int=5),
        point=Point(1, decimal.Decimal(2)),
        html=Html(),
        text="ü☃😀</script>",
        empty=None,
        tuple=(1, 2.5, True),
        nested={"b": [], "a": {}},
    )


@app.get("/jsonify/<how>")
def forms(how):
    made = {
        "nothing": lambda: jsonify(),
        "one": lambda: jsonify([1, 2]),
        "text": lambda: jsonify("text"),
        "null": lambda: jsonify(None),
        "several": lambda: jsonify(1, "two", None),
        "named": lambda: jsonify(b=1, a=2),
        "dict": lambda: jsonify({"b": 1, "a": {"d": 1, "c": 2}}),
        "both": lambda: jsonify(1, a=2),
    }
    return made[how]()


@app.post("/echo")
def echo():
    return {"json": request.json, "is_json": request.is_json, "mimetype": request.mimetype}


@app.post("/lenient")
def lenient():
    return jsonify(silent=request.get_json(silent=True), forced=request.get_json(force=True, silent=True))


@app.get("/dumps")
def dumps():
    loaded = flask.json.loads(b'{"a": [1, 2.0, "\\u00fc"]}')
    text = flask.json.dumps({"b": loaded, "a": Point(0, decimal.Decimal("0.1"))}, indent=1, sort_keys=False)
    return Response(text, mimetype="application/json")


@app.get("/pretty")
def pretty():
    app.json.compact, app.json.sort_keys, app.json.ensure_ascii = False, False, False
    try:
        return jsonify(b="ü", a=[1, {"c": 2}])
    finally:
        app.json.compact, app.json.sort_keys, app.json.ensure_ascii = None, True, True


@app.get("/returns/<what>")
def returns(what):
    made = {
        "none": None,
        "int": 42,
        "tuple": (),
        "status": ("text", "201 Made Here"),
        "headers": ("text", [("X-A", "1"), ("X-A", "2")]),
        "all": ("text", 202, {"X-A": ["1", "2"]}),
        "bytes": b"bytes \xff",
        "bytearray": bytearray(b"array"),
        "iterator": iter(["a", "b"]),
        "list": [],
        "dict": {},
        "response": (Response("mine", 200, {"X-B": "1"}), 203, {"X-B": "2"}),
        "wsgi": BadRequest("as an application"),
    }
    return made[what]


app.register_blueprint(items)
app.register_blueprint(plain)

SCRIPT = [
    *((f"GET /kinds/{code}", {"fails": code == 500}) for code in sorted(default_exceptions)),
    *((f"HEAD /kinds/{code}", {"fails": code == 500}) for code in (400, 404, 500)),
    *(
        (f"GET /raise/{name}", {"fails": name in ("value", "500")})
        for name in "trouble more zero value ink ink2 gone 401 403 405 413 415 418 422 429 500 503".split()
    ),
    ("GET /abort-with-response", {}),
    ("GET /abort-with-text", {}),
    ("GET /nowhere", {}),
    ("POST /types", {}),
    ("OPTIONS /types", {}),
    ("BREW /types", {}),
    ("GET /types", {}),
    ("HEAD /types", {}),
    *(
        (f"GET /jsonify/{how}", {"fails": how == "both"})
        for how in "nothing one text null several named dict both".split()
    ),
    ("POST /echo", {"json": {"a": [1, None, "ü"]}}),
    ("POST /echo", {"json": "text"}),
    ("POST /echo", {"data": "{}", "content_type": "application/vnd.api+json; charset=utf-8"}),
    ("POST /echo", {"data": "{}"}),
    ("POST /echo", {"data": "{}", "content_type": "text/plain"}),
    ("POST /echo", {"data": '{"a":', "content_type": "application/json"}),
    ("POST /echo", {"data": b"\xff", "content_type": "application/json"}),
    ("POST /echo", {"data": "", "content_type": "application/json"}),
    ("POST /lenient", {"data": '{"a": 1}', "content_type": "text/plain"}),
    ("POST /lenient", {"data": '{"a": 1}', "content_type": "application/json"}),
    ("POST /lenient", {"data": "{", "content_type": "application/json"}),
    ("GET /dumps", {}),
    ("GET /pretty", {}),
    *(
        (f"GET /returns/{what}", {"fails": what in ("none", "int", "tuple", "unknown")})
        for what in (
            "none int tuple status headers all bytes bytearray iterator list dict response wsgi unknown".split()
        )
    ),
    ("GET /items/", {}),
    ("GET /items", {}),
    ("POST /items", {"json": {}}),
    ("POST /items/", {"json": {"name": "second", "tags": ["ü"]}}),
    ("POST /items/", {"json": []}),
    ("GET /items/2", {}),
    ("PUT /items/2", {"json": {"name": "other"}}),
    ("PATCH /items/2", {"json": {"more": 1}}),
    ("DELETE /items/1", {}),
    ("DELETE /items/1", {}),
    ("POST /items/2", {"json": {}}),
    ("GET /items/x", {}),
    ("GET /items/trouble/more", {}),
    ("GET /items/trouble/some", {}),
    ("GET /items/trouble/none", {"fails": True}),
    ("GET /plain/conflict", {}),
    ("GET /plain/key", {}),
    ("GET /plain/nothing", {}),
]
