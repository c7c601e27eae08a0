"""Configuration from everywhere, and what it changes."""

import datetime
import json
import os
import sys
import types

from flask import Config, Flask, abort, current_app, jsonify, request, session
from werkzeug.utils import import_string

with open("settings.cfg", "w", encoding="utf-8") as file:
    file.write("FROM_FILE = 'ü'\nlower = 1\nCOMPUTED = 2 * 3\n")
with open("settings.json", "w", encoding="utf-8") as file:
    file.write('{"FROM_JSON": [1, 2], "lower": 1}')
os.environ.update(
    FLASK_TEXT="plain",
    FLASK_NUMBER="7",
    FLASK_NESTED__DEEP__KEY='"value"',
    FLASK_NESTED__other="[1]",
    OWN_FLAG="true",
    OWN_FILE=os.path.abspath("settings.cfg"),
)


class Base:
    TESTING = False
    BASE = "base"
    hidden = "hidden"

    @property
    def COMPUTED_LATER(self):
        return self.BASE + "!"


class Special(Base):
    SPECIAL = True


sys.modules["special_settings"] = types.SimpleNamespace(MODULE="from a module", lower=1)

app = Flask(__name__, instance_relative_config=False)
app.logger.disabled = True
app.config.from_object(Special)
app.config.from_object("special_settings")
app.config.from_pyfile(os.path.abspath("settings.cfg"))
app.config.from_file(os.path.abspath("settings.json"), load=json.load)
app.config.from_envvar("OWN_FILE")
app.config.from_mapping({"MAPPED": 1, "lower": 2}, NAMED=2)
app.config.from_prefixed_env()
app.config.from_prefixed_env("OWN", loads=str.upper)
app.secret_key = "one"
app.config["IMAGE_STORE_TYPE"] = "fs"
app.config["IMAGE_STORE_PATH"] = "/images"
app.config["SECRET_KEY_FALLBACKS"] = ["old", "older"]

KEYS = "FROM_FILE COMPUTED FROM_JSON BASE SPECIAL MODULE MAPPED NAMED TEXT NUMBER NESTED FLAG TESTING".split()


@app.get("/all")
def everything():
    return {key: app.config[key] for key in KEYS}


@app.get("/defaults")
def defaults():
    return {
        key: str(value)
        for key, value in Flask("plain").config.items()
        if not key.startswith("TEMPLATES") and key != "EXPLAIN_TEMPLATE_LOADING"
    }


@app.get("/attributes")
def attributes():
    told = [app.secret_key, app.testing, app.debug, str(app.permanent_session_lifetime), app.name]
    app.permanent_session_lifetime = 60
    told.append(str(app.config["PERMANENT_SESSION_LIFETIME"]))
    app.config["PERMANENT_SESSION_LIFETIME"] = datetime.timedelta(days=31)
    told.append(current_app.config is app.config)
    return told


@app.get("/namespace")
def namespace():
    return [
        app.config.get_namespace("IMAGE_STORE_"),
        app.config.get_namespace("IMAGE_STORE_", lowercase=False, trim_namespace=False),
    ]


@app.get("/loading")
def loading():
    config = Config(os.getcwd(), {"A": 1})
    told = [config.from_pyfile("settings.cfg"), sorted(config), config.from_pyfile("none.cfg", silent=True)]
    told += [config.from_envvar("NOT_SET", silent=True), config.from_file("none.json", load=json.load, silent=True)]
    config.from_object(Special())
    told += [config["COMPUTED_LATER"], "hidden" in config, config.from_prefixed_env("NOTHING")]
    for ask in (
        lambda: config.from_pyfile("none.cfg"),
        lambda: config.from_envvar("NOT_SET"),
        lambda: config.from_file("none.json", load=json.load),
        lambda: config.from_object("no.such.module"),
        lambda: config.from_mapping({}, {}),
        lambda: import_string("flask:nothing"),
    ):
        try:
            ask()
        except (OSError, RuntimeError, ImportError, TypeError) as error:
            told.append([isinstance(error, kind) for kind in (OSError, RuntimeError, ImportError)])
    told.append(import_string("flask.Flask") is Flask)
    told.append(import_string("no.such.module", silent=True))
    return told


@app.get("/login")
def login():
    session["user"] = request.args.get("user", "anna")
    session.permanent = "permanent" in request.args
    return "in"


@app.get("/user")
def user():
    return str(session.get("user"))


@app.get("/logout")
def logout():
    session.pop("user", None)
    session.permanent = False
    return "out"


@app.get("/untouched")
def untouched():
    return "untouched"


@app.get("/touched/<how>")
def touched(how):
    asked = {
        "in": lambda: "user" in session,
        "len": lambda: len(session),
        "bool": lambda: bool(session),
        "keys": lambda: sorted(session),
        "get": lambda: session.get("user"),
        "new": lambda: session.new,
        "modified": lambda: session.modified,
        "permanent": lambda: session.permanent,
        "accessed": lambda: session.accessed,
        "pop": lambda: session.pop("nothing", None),
        "update": lambda: session.update(),
        "same": lambda: session == {},
        "delete": lambda: session.__delitem__("user"),
        "clear": lambda: session.clear(),
    }
    return str(asked[how]())


@app.get("/nested-change")
def nested_change():
    session.setdefault("list", [])
    session["list"].append(1)
    session.modified = "modify" in request.args
    return str(session["list"])


@app.get("/key/<name>")
def get_key(name):
    return request.args[name]


@app.get("/no-key")
def no_key():
    session["a"] = 1
    return "never"


@app.get("/failing")
def failing():
    return 1 / 0


@app.get("/abort")
def aborting():
    abort(404)


@app.post("/set")
def change():
    values = {key: None if value == "None" else value for key, value in request.json.items()}
    app.config.update(values)
    return jsonify(sorted(values))


def changed(**values):
    return ("POST /set", {"json": values, "client": None})


TOUCHED = "in len bool keys get new modified permanent accessed pop update same delete clear in".split()
SCRIPT = [
    *((f"GET /{name}", {}) for name in "all defaults attributes namespace loading".split()),
    ("GET /login", {}),
    ("GET /user", {}),
    ("GET /untouched", {}),
    ("GET /login?permanent=1", {}),
    ("GET /user", {}),
    ("GET /untouched", {}),
    *((f"GET /touched/{how}", {"client": "new", "fails": how == "delete"}) for how in TOUCHED),
    ("GET /login", {"client": "new"}),
    *((f"GET /touched/{how}", {"client": "new"}) for how in TOUCHED),
    changed(SESSION_REFRESH_EACH_REQUEST=False),
    ("GET /untouched", {}),
    ("GET /user", {}),
    changed(SESSION_REFRESH_EACH_REQUEST=True),
    ("GET /logout", {}),
    ("GET /nested-change", {}),
    ("GET /nested-change?modify=1", {}),
    ("GET /nested-change", {}),
    changed(
        SESSION_COOKIE_NAME="own_session",
        SESSION_COOKIE_PATH="/user",
        SESSION_COOKIE_SECURE=True,
        SESSION_COOKIE_HTTPONLY=False,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_DOMAIN="localhost.example",
        SESSION_COOKIE_PARTITIONED=True,
    ),
    ("GET /login?permanent=1", {"client": "other"}),
    changed(
        SESSION_COOKIE_NAME="session",
        SESSION_COOKIE_PATH="None",
        SESSION_COOKIE_SECURE=False,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_DOMAIN="None",
        SESSION_COOKIE_PARTITIONED=False,
    ),
    changed(SECRET_KEY="old"),
    ("GET /login", {"client": "old"}),
    changed(SECRET_KEY="one"),
    ("GET /user", {"client": "old"}),
    ("GET /login?user=ben", {"client": "old"}),
    changed(SECRET_KEY_FALLBACKS="None"),
    ("GET /user", {"client": "old"}),
    changed(PERMANENT_SESSION_LIFETIME=500),
    ("GET /login?permanent=1", {"client": "short"}),
    ("GET /user", {"client": "short"}),
    changed(SECRET_KEY="None"),
    ("GET /no-key", {"client": "none", "fails": True}),
    ("GET /user", {"client": "none"}),
    changed(SECRET_KEY="one"),
    ("GET /key/a", {}),
    changed(TRAP_BAD_REQUEST_ERRORS=True),
    ("GET /key/a", {"fails": True}),
    changed(TRAP_BAD_REQUEST_ERRORS=False, TRAP_HTTP_EXCEPTIONS=True),
    ("GET /abort", {"fails": True}),
    changed(TRAP_HTTP_EXCEPTIONS=False),
    ("GET /failing", {"fails": True}),
    changed(PROPAGATE_EXCEPTIONS=True),
    ("GET /failing", {"raises": "ZeroDivisionError"}),
    changed(PROPAGATE_EXCEPTIONS="None", TESTING=True),
    ("GET /failing", {"raises": "ZeroDivisionError"}),
    ("GET /abort", {}),
    changed(TESTING=False, PREFERRED_URL_SCHEME="https"),
    changed(TRUSTED_HOSTS=["localhost", ".example"]),
    ("GET /untouched", {}),
    ("GET /untouched", {"base_url": "http://www.example"}),
    ("GET /untouched", {"base_url": "http://evil.test"}),
    ("POST /set", {"base_url": "http://evil.test", "json": {}}),
]
