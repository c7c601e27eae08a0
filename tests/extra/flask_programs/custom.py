"""Everything of one's own: converters, rules, JSON, sessions, requests, responses, g, config, aborter, client."""

import datetime
import hashlib
import json
import uuid

from flask import Config, Flask, Request, Response, abort, g, jsonify, request, session, url_for
from flask.app import Flask as SameFlask
from flask.json.provider import DefaultJSONProvider, JSONProvider
from flask.json.tag import JSONTag, TaggedJSONSerializer
from flask.sessions import (
    NullSession,
    SecureCookieSession,
    SecureCookieSessionInterface,
    SessionInterface,
    SessionMixin,
)
from flask.testing import EnvironBuilder, FlaskClient
from itsdangerous import BadSignature, Signer
from markupsafe import Markup
from werkzeug.datastructures import CallbackDict, ImmutableDict
from werkzeug.exceptions import Aborter, HTTPException
from werkzeug.routing import (
    AnyConverter,
    BaseConverter,
    BuildError,
    EndpointPrefix,
    FloatConverter,
    IntegerConverter,
    Map,
    MapAdapter,
    PathConverter,
    RequestRedirect,
    Rule,
    RuleTemplate,
    Subdomain,
    Submount,
    UnicodeConverter,
    UUIDConverter,
    ValidationError,
)


class ListConverter(BaseConverter):
    part_isolating = False

    def __init__(self, map, separator="+"):
        super().__init__(map)
        self.separator = separator

    def to_python(self, value):
        return value.split(self.separator)

    def to_url(self, values):
        return self.separator.join(super(ListConverter, self).to_url(value) for value in values)


class DateConverter(BaseConverter):
    regex = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
    weight = 50

    def to_python(self, value):
        try:
            return datetime.date.fromisoformat(value)
        except ValueError:
            raise ValidationError from None

    def to_url(self, value):
        return value.isoformat()


class OwnRule(Rule):
    def __init__(self, string, *args, **kwargs):
        super().__init__("/own" + string if string.startswith("/prefixed") else string, *args, **kwargs)


class OwnRequest(Request):
    max_form_parts = 2

    @property
    def shout(self):
        return self.path.upper()

    def on_json_loading_failed(self, error):
        abort(400, f"no JSON: {type(error).__name__}")


class OwnResponse(Response):
    default_mimetype = "application/x-own"
    default_status = 202
    autocorrect_location_header = True

    @classmethod
    def force_type(cls, rv, environ=None):
        if isinstance(rv, set):
            rv = cls(",".join(sorted(rv)))
        return super().force_type(rv, environ)


class OwnJSON(DefaultJSONProvider):
    mimetype = "application/x-json"
    compact = False
    ensure_ascii = False

    @staticmethod
    def default(obj):
        return f"<{obj}>" if isinstance(obj, complex) else DefaultJSONProvider.default(obj)


class UpperJSON(JSONProvider):
    def dumps(self, obj, **kwargs):
        return json.dumps(obj, **kwargs).upper()

    def loads(self, s, **kwargs):
        return json.loads(s, **kwargs)


class Globals:
    def __init__(self):
        self.begun = "begun"


class OwnConfig(Config):
    def is_set(self, key):
        return self.get(key) is not None


class OwnAborter(Aborter):
    def __init__(self):
        super().__init__(extra={477: Odd})


class Odd(HTTPException):
    code = 477
    description = "odd"


class SignedSession(CallbackDict, SessionMixin):
    def __init__(self, initial=None):
        super().__init__(initial, lambda own: setattr(own, "modified", True))
        self.modified = False


class SignedSessions(SessionInterface):
    pickle_based = False

    def open_session(self, app, request):
        value = request.cookies.get("own", "")
        try:
            return SignedSession(json.loads(Signer("key").unsign(value).decode()))
        except BadSignature:
            return SignedSession()

    def save_session(self, app, session, response):
        if session.modified:
            value = Signer("key").sign(json.dumps(dict(session))).decode()
            response.set_cookie("own", value, path=self.get_cookie_path(app), httponly=self.get_cookie_httponly(app))
        response.headers["X-Cookie"] = ",".join(
            str(one)
            for one in (
                self.get_cookie_name(app),
                self.get_cookie_domain(app),
                self.get_cookie_secure(app),
                self.get_cookie_samesite(app),
                self.get_cookie_partitioned(app),
                self.get_expiration_time(app, session),
                self.should_set_cookie(app, session),
                self.is_null_session(session),
                self.is_null_session(self.make_null_session(app)),
                self.null_session_class is NullSession,
            )
        )


class Strong(SecureCookieSessionInterface):
    salt = "strong"
    digest_method = staticmethod(hashlib.sha256)
    key_derivation = "django-concat"


class OwnClient(FlaskClient):
    def open(self, *args, **kwargs):
        kwargs.setdefault("headers", {}).setdefault("X-Client", "own")
        return super().open(*args, **kwargs)


class OwnFlask(Flask):
    request_class = OwnRequest
    response_class = OwnResponse
    json_provider_class = OwnJSON
    app_ctx_globals_class = Globals
    config_class = OwnConfig
    aborter_class = OwnAborter
    url_rule_class = OwnRule
    url_map_class = Map
    session_interface = SignedSessions()
    test_client_class = OwnClient
    default_config = ImmutableDict({**Flask.default_config, "OWN": "default"})

    def make_config(self, instance_relative=False):
        config = super().make_config(instance_relative)
        config["MADE"] = True
        return config

    def make_aborter(self):
        return super().make_aborter()

    def should_ignore_error(self, error):
        return super().should_ignore_error(error)

    def inject_url_defaults(self, endpoint, values):
        super().inject_url_defaults(endpoint, values)
        if endpoint == "injected":
            values.setdefault("what", "default")

    def handle_url_build_error(self, error, endpoint, values):
        if endpoint == "elsewhere":
            return "https://elsewhere.example/"
        return super().handle_url_build_error(error, endpoint, values)

    def raise_routing_exception(self, request):
        request.routing_exception.description = f"{request.routing_exception.description} (own)"
        super().raise_routing_exception(request)


app = OwnFlask(__name__)
app.logger.disabled = True
app.url_map.converters["list"] = ListConverter
app.url_map.converters["date"] = DateConverter


@app.get("/lists/<list:words>/<list(separator='-'):more>")
def lists(words, more):
    return jsonify(words=words, more=more, url=url_for("lists", words=["ü", "/"], more=["a"]))


@app.get("/dates/<date:day>")
def dates(day):
    return f"{day!r} {url_for('dates', day=day)}"


@app.get("/dates/<word>")
def no_date(word):
    return f"word {word}"


@app.get("/prefixed/<int(fixed_digits=3, min=5, max=500):number>")
def prefixed(number):
    return f"{request.url_rule} {number} {url_for('prefixed', number=7)}"


@app.get("/kinds/<any(a, 'b c'):one>/<uuid:two>/<float(signed=True):three>/<string(length=2):four>/<path:five>")
def kinds(one, two, three, four, five):
    return {"args": [one, str(two), three, four, five], "url": url_for("kinds", **request.view_args)}


@app.get("/injected/<what>")
def injected(what):
    return f"{what} {url_for('injected')} {url_for('elsewhere')}"


@app.post("/json")
def own_json():
    return jsonify(number=1j, text="ü", got=request.json)


@app.post("/form")
def form():
    return str(len(request.form))


@app.get("/set")
def a_set():
    return {"b", "a"}


@app.get("/own")
def own():
    told = [request.shout, g.begun, app.config.is_set("OWN"), app.config.is_set("SECRET_KEY"), app.config["MADE"]]
    told += [request.headers["X-Client"], isinstance(app, SameFlask), type(request._get_current_object()).__name__]
    return jsonify(told), 200


@app.get("/odd/<int:code>")
def odd(code):
    app.aborter(code)


@app.get("/count")
def count():
    session["count"] = session.get("count", 0) + 1
    return str(session["count"])


@app.get("/away")
def away():
    return "", 302, {"Location": "/own?a=b c"}


@app.get("/upper")
def upper():
    provider = UpperJSON(app)
    return [
        provider.response({"a": "b"}).get_data(as_text=True),
        provider.response(1, 2).mimetype,
        provider.loads("[1]"),
    ]


@app.get("/tagged")
def tagged():
    class TagSet(JSONTag):
        __slots__ = ()
        key = " s"

        def check(self, value):
            return isinstance(value, frozenset)

        def to_json(self, value):
            return sorted(value)

        def to_python(self, value):
            return frozenset(value)

    serializer = TaggedJSONSerializer()
    serializer.register(TagSet, index=0)
    value = {
        "tuple": (1, (2,)),
        "bytes": b"\xff",
        "markup": Markup("<b>"),
        "uuid": uuid.UUID(int=1),
        "date": datetime.datetime(2024, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc),
        "set": frozenset("ba"),
        "odd": {" t": [1]},
        "plain": [1, None, {"a": {}}],
    }
    text = serializer.dumps(value)
    return Response(text + str(serializer.loads(text) == value), mimetype="text/plain")


@app.get("/cookie-session")
def cookie_session():
    interface, other = SecureCookieSessionInterface(), Flask("other")
    told = [interface.get_signing_serializer(other), interface.salt, interface.key_derivation]
    other.secret_key = "other"
    serializer = interface.get_signing_serializer(other)
    told += [
        serializer.dumps({"a": (1, b"2")}),
        Strong().get_signing_serializer(other).dumps({}),
        interface.session_class.__name__,
    ]
    own = SecureCookieSession({"a": 1})
    told += [own.modified, own.accessed, own.new, own.permanent]
    own.get("a"), own.setdefault("b", 2)
    own.permanent = True
    told += [own.modified, own.permanent, sorted(own)]
    null = NullSession({"a": 1})
    try:
        null["b"] = 1
    except RuntimeError:
        told.append([null["a"], "refused"])
    return jsonify(told)


@app.get("/map")
def a_map():
    rules = [
        Rule("/", endpoint="index"),
        Submount("/blog", [Rule("/", endpoint="blog"), Rule("/<int:year>/<slug>", endpoint="post", methods=["GET"])]),
        EndpointPrefix("user/", [Subdomain("u", [Rule("/<name>", endpoint="show")])]),
        RuleTemplate([Rule("/$what/<path:rest>", endpoint="$what")])(what="files"),
        Rule("/old/<int:year>", redirect_to="blog/<year>/x"),
        Rule("/all/", defaults={"page": 1}, endpoint="all"),
        Rule("/all/page/<int:page>", endpoint="all"),
        Rule("/ws", endpoint="ws", websocket=True),
        Rule("/build-only", endpoint="only", build_only=True),
    ]
    urls = Map(rules, default_subdomain="www", strict_slashes=True)
    adapter = urls.bind("example.com", "/base", url_scheme="https", query_args={"q": "ü"})
    told = [isinstance(adapter, MapAdapter), urls.is_endpoint_expecting("post", "slug")]
    for subdomain, path, method in (
        ("www", "/", "GET"),
        ("www", "/blog", "GET"),
        ("www", "/blog/2024/x", "GET"),
        ("www", "/blog/2024/x", "POST"),
        ("u", "/anna", "GET"),
        ("www", "/files/a/b", "GET"),
        ("www", "/old/7", "GET"),
        ("www", "/all/page/1", "GET"),
        ("www", "/ws", "GET"),
        ("www", "/build-only", "GET"),
    ):
        here = urls.bind("example.com", "/base", subdomain, "https", query_args={"q": "ü"})
        try:
            told.append(here.match(path, method=method))
        except RequestRedirect as redirect:
            told.append([redirect.code, redirect.new_url])
        except HTTPException as error:
            told.append([error.code, sorted(getattr(error, "valid_methods", None) or ())])
        told.append([here.test(path, method), sorted(here.allowed_methods(path))])
    for endpoint, values, options in (
        ("index", {}, {}),
        ("post", {"year": 1, "slug": "a b", "q": ["1", "2"]}, {}),
        ("user/show", {"name": "ü"}, {}),
        ("user/show", {"name": "n"}, {"url_scheme": "http"}),
        ("all", {"page": 1}, {"force_external": True}),
        ("ws", {}, {"force_external": True}),
        ("only", {"none": None}, {"append_unknown": False}),
        ("post", {"year": 1}, {}),
    ):
        try:
            told.append(adapter.build(endpoint, values, **options))
        except BuildError as error:
            told.append([error.endpoint, error.values])
    told.append([rule.endpoint for rule in urls.iter_rules("all")])
    kinds = (AnyConverter, FloatConverter, IntegerConverter, PathConverter, UnicodeConverter, UUIDConverter)
    told.append([one.weight for one in kinds])
    return jsonify(told)


@app.get("/builder")
def builder():
    with app.test_request_context("/x?a=1", method="POST", json={"b": 1}, headers={"X-A": "1"}):
        told = [request.args, request.json, request.method, request.headers["X-A"], request.content_type]
    made = EnvironBuilder(app, "/y", subdomain=None, query_string={"q": "ü"})
    told.append(made.get_request(app.request_class).full_path)
    made.close()
    with app.test_client() as client:
        with client.session_transaction() as inner:
            inner["count"] = 41
        told.append(client.get("/count").get_data(as_text=True))
        told.append(client.get_cookie("own") is not None)
        client.set_cookie("mine", "1")
        client.delete_cookie("own")
        told.append(client.get("/count").get_data(as_text=True))
    return jsonify(told)


DAY = "2024-02-29"
SCRIPT = [
    ("GET /lists/a+b/c-d", {}),
    ("GET /lists/a/", {}),
    (f"GET /dates/{DAY}", {}),
    ("GET /dates/2024-02-x", {}),
    ("GET /own/prefixed/007", {}),
    ("GET /own/prefixed/004", {}),
    ("GET /own/prefixed/7", {}),
    ("GET /prefixed/007", {}),
    ("GET /kinds/b%20c/00000000-0000-0000-0000-000000000001/-1.5/xy/z/%C3%BC", {}),
    ("GET /kinds/c/00000000-0000-0000-0000-000000000001/-1.5/xy/z", {}),
    ("GET /kinds/a/00000000-0000-0000-0000-000000000001/1.5/xyz/z", {}),
    ("GET /injected/x", {}),
    ("POST /json", {"json": [1]}),
    ("POST /json", {"data": "x", "content_type": "application/json"}),
    ("POST /form", {"data": {"a": "1", "b": "2", "c": (b"x", "x")}}),
    ("GET /set", {"fails": True}),
    ("GET /own", {}),
    ("GET /odd/477", {}),
    ("GET /odd/404", {}),
    ("GET /odd/299", {"fails": True}),
    ("GET /nothing", {}),
    ("PUT /own", {}),
    ("GET /count", {}),
    ("GET /count", {}),
    ("GET /count", {"headers": {"Cookie": "own=bad.value"}, "client": None}),
    ("GET /away", {}),
    ("GET /upper", {}),
    ("GET /tagged", {}),
    ("GET /cookie-session", {}),
    ("GET /map", {}),
    ("GET /builder", {}),
]
