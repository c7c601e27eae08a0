"""Requests, responses, blueprints and contexts taken apart: the steps between WSGI and a view, called one by one."""

import io
import json

from flask import Blueprint, Config, Flask, Request, Response, g, jsonify, request
from flask.blueprints import BlueprintSetupState
from flask.json.provider import DefaultJSONProvider
from werkzeug.datastructures import ImmutableDict, ImmutableList, ImmutableMultiDict, MultiDict
from werkzeug.exceptions import BadRequest, RequestEntityTooLarge
from werkzeug.formparser import FormDataParser, default_stream_factory, parse_form_data
from werkzeug.http import COEP, COOP
from werkzeug.test import create_environ
from werkzeug.user_agent import UserAgent
from werkzeug.wsgi import LimitedStream

app = Flask(__name__)
app.logger.disabled = True
part = Blueprint("part", __name__, url_prefix="/part")
torn = []


class Agent(UserAgent):
    browser = "own"

    def __init__(self, string):
        super().__init__(string.upper())
        self.version = "1"


class Parser(FormDataParser):
    def parse(self, stream, mimetype, content_length, options=None):
        stream, form, files = super().parse(stream, mimetype, content_length, options)
        return stream, MultiDict([*form.items(multi=True), ("parsed", mimetype)]), files


class Upper:
    @staticmethod
    def loads(text):
        return json.loads(text)

    @staticmethod
    def dumps(value, **options):
        return json.dumps(value).upper()


class OwnRequest(Request):
    user_agent_class = Agent
    form_data_parser_class = Parser
    parameter_storage_class = MultiDict
    dict_storage_class = ImmutableMultiDict
    list_storage_class = list
    max_form_memory_size = 1000

    def make_form_data_parser(self):
        g.parser_made = True
        return super().make_form_data_parser()

    def _get_file_stream(self, total_content_length, content_type, filename=None, content_length=None):
        g.factory = [content_type, filename]
        return default_stream_factory(total_content_length, content_type, filename, content_length)


class OwnResponse(Response):
    automatically_set_content_length = False
    implicit_sequence_conversion = False


app.request_class = OwnRequest


@app.route("/request", methods=["GET", "POST"])
def own_request():
    told = [
        str(request.user_agent),
        request.user_agent.browser,
        request.user_agent.string,
        request.user_agent.version,
    ]
    told += [type(request.args).__name__, type(request.form).__name__, sorted(request.form.items(multi=True))]
    told += [
        g.get("parser_made"),
        type(request.access_route).__name__,
        g.get("factory"),
        request.files.to_dict(False) != {},
    ]
    request.args.add("added", "1")
    return jsonify([*told, sorted(request.args)])


@app.post("/stream")
def stream():
    first = request.stream.read(3)
    return [first.decode(), request.input_stream is not None, request.stream.read().decode()]


@app.post("/exhausted")
def exhausted():
    limited = LimitedStream(io.BytesIO(b"0123456789"), 4)
    told = [limited.read(2).decode(), limited.tell(), bool(limited.exhaust()), limited.is_exhausted]
    environ = {**request.environ, "wsgi.input": io.BytesIO(b"a=1&b=2")}
    _, form, files = parse_form_data(environ)
    return jsonify([*told, form.to_dict(), files.to_dict()])


@app.get("/values")
def values():
    made = Request.from_values("/x?a=1", base_url="http://v.example/base", method="POST", data={"f": "g"})
    told = [made.url, made.form.to_dict(), made.method]
    made.json_module = Upper
    told += [made.application is not None, made.is_json, repr(made)]
    with made:
        told.append(made.values.to_dict())
    for kind, text in ((BadRequest, "x"), (RequestEntityTooLarge, None)):
        told.append(kind(text).code)
    return told


@app.get("/response")
def response():
    environ = create_environ("/here", "http://r.example/base")
    made = OwnResponse(iter(["a", "b"]), mimetype="text/plain")
    told = [made.is_sequence, made.automatically_set_content_length]
    try:
        made.get_data()
    except RuntimeError:
        told.append("not read")
    plain = Response("text", headers={"Location": "/there"})
    told += [plain.get_wsgi_headers(environ).to_wsgi_list(), b"".join(plain.get_app_iter(environ)).decode()]
    plain.autocorrect_location_header = True
    body, status, headers = plain.get_wsgi_response(environ)
    told += [b"".join(body).decode(), status, headers]
    head = Response("text").get_wsgi_response(create_environ("/", method="HEAD"))
    told += [b"".join(head[0]).decode(), head[2]]
    for code in (204, 304, 100):
        body, status, headers = Response("text", code).get_wsgi_response(environ)
        told.append([b"".join(body).decode(), status, headers])
    plain.cross_origin_opener_policy = COOP.SAME_ORIGIN
    plain.cross_origin_embedder_policy = COEP.REQUIRE_CORP
    told += [
        plain.cross_origin_opener_policy.value,
        plain.cross_origin_embedder_policy.value,
        plain.json_module is app.json,
    ]
    told.append([value for name, value in plain.headers if name.startswith("Cross")])
    return jsonify(told)


@app.get("/config")
def config():
    made = Config("/nowhere", {"A": 1})
    made.update(B=2)
    told = [
        made.pop("B"),
        made.popitem(),
        made.setdefault("C", 3),
        made.copy(),
        sorted(made.keys()),
        list(made.values()),
    ]
    told += [dict.fromkeys(["x"], 1), Config.fromkeys is not None, made.root_path, list(made.items()), made.clear()]
    file = io.StringIO()
    provider = DefaultJSONProvider(app)
    provider.dump({"b": 1, "a": 2}, file)
    told += [file.getvalue(), provider.load(io.StringIO("[1]")), provider.mimetype]
    told += [ImmutableDict(a=1).copy(), ImmutableList([1]) == [1]]
    return jsonify(told)


@app.get("/setup")
def setup():
    other = Flask("other")
    state = part.make_setup_state(other, {"url_prefix": "/elsewhere"}, first_registration=True)
    told = [
        isinstance(state, BlueprintSetupState),
        state.url_prefix,
        state.subdomain,
        state.name,
        state.first_registration,
    ]
    state.add_url_rule("/<x>", "added", lambda x: x, methods=["PUT"])
    part.register(other, {"name": "again"})
    told.append(sorted(f"{rule} {rule.endpoint}" for rule in other.url_map.iter_rules()))
    return told


@app.get("/teardown")
def teardown():
    other = Flask("other")
    other.teardown_request(lambda error: torn.append(f"request {error!r}"))
    other.teardown_appcontext(lambda error: torn.append(f"context {error!r}"))
    torn.clear()
    with other.test_request_context("/"):
        other.do_teardown_request(ValueError("x"))
        other.do_teardown_appcontext(None)
        told = [list(torn)]
        torn.clear()
    return [*told, torn]


@part.get("/")
def index():
    return "part"


app.register_blueprint(part)

SCRIPT = [
    ("GET /request", {}),
    ("GET /request?a=b", {"headers": {"User-Agent": "agent/2"}}),
    ("POST /request", {"data": {"f": "g", "file": (b"x", "x.txt", "text/x")}}),
    ("POST /request", {"data": {"f": "g"}}),
    ("POST /stream", {"data": b"0123456789"}),
    ("POST /exhausted", {"data": b"a=1&b=2", "content_type": "application/x-www-form-urlencoded"}),
    *((f"GET /{name}", {}) for name in "values response config setup teardown part/".split()),
]
