"""Debug mode and tests: the help that a developer gets, and errors that come through."""

from flask import Flask, abort, request
from werkzeug.exceptions import BadRequestKeyError, InternalServerError

app = Flask(__name__)
app.logger.disabled = True
app.debug = True


@app.post("/upload")
def upload():
    return request.files["file"].filename


@app.post("/key")
def key():
    return request.form["name"]


@app.post("/caught")
def caught():
    try:
        return request.files["file"].filename
    except KeyError as error:
        return [type(error).__name__, isinstance(error, AssertionError)]


@app.route("/slash/", methods=["GET", "POST"])
def slash():
    return request.form.get("a", "none")


@app.get("/json")
def some_json():
    return {"b": [1, {"a": None}], "a": "ü"}


@app.post("/json")
def read_json():
    return request.get_json()


@app.get("/error/<kind>")
def error(kind):
    raise {"value": ValueError("text"), "http": InternalServerError("ours"), "original": KeyError("k")}[kind]


@app.get("/abort/<int:code>")
def aborting(code):
    abort(code)


@app.get("/none")
def none():
    return None


@app.get("/odd")
def odd():
    return object()


@app.get("/tuple")
def four():
    return "a", 200, {}, "b"


@app.get("/state")
def state():
    return [app.debug, app.testing, app.config["DEBUG"], app.json.compact]


@app.errorhandler(InternalServerError)
def unexpected(error):
    return f"{type(error.original_exception).__name__} {error.description}", 500


@app.errorhandler(BadRequestKeyError)
def no_key(error):
    return f"no {error.args[0]!r}", 400


@app.get("/quiet")
def quiet():
    app.debug = False
    return "debug is off"


SCRIPT = [
    ("GET /json", {}),
    ("POST /json", {"data": "{", "content_type": "application/json"}),
    ("POST /json", {"data": "{}"}),
    ("POST /key", {"data": {"name": "x"}}),
    ("POST /key", {"data": {}}),
    ("POST /caught", {"data": {"file": "name.txt"}}),
    ("POST /upload", {"data": {"file": "name.txt"}, "raises": "DebugFilesKeyError"}),
    ("GET /slash", {}),
    ("POST /slash", {"data": {"a": "b"}}),
    ("GET /error/value", {"raises": "ValueError"}),
    ("GET /error/http", {"fails": True}),
    ("GET /abort/404", {}),
    ("GET /abort/500", {"fails": True}),
    ("GET /none", {"raises": "TypeError"}),
    ("GET /odd", {"raises": "TypeError"}),
    ("GET /tuple", {"raises": "TypeError"}),
    ("GET /state", {}),
    ("GET /quiet", {}),
    ("GET /json", {}),
    ("POST /slash", {"data": {"a": "b"}}),
    ("POST /upload", {"data": {"file": "name.txt"}}),
    ("GET /error/value", {"fails": True}),
    ("GET /error/original", {"fails": True}),
    ("GET /error/http", {"fails": True}),
    ("GET /none", {"fails": True}),
]
