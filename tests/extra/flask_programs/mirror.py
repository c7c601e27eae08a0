"""What a request says of itself, and what a response is told to say: attribute by attribute."""

import datetime

from flask import Flask, Response, g, jsonify, make_response, request
from flask.wrappers import Request
from werkzeug.datastructures import (
    Accept,
    Authorization,
    CombinedMultiDict,
    ContentRange,
    ContentSecurityPolicy,
    ETags,
    Headers,
    HeaderSet,
    ImmutableMultiDict,
    MultiDict,
    WWWAuthenticate,
)

app = Flask(__name__)
app.logger.disabled = True
app.config["MAX_CONTENT_LENGTH"] = 5000
WHEN = datetime.datetime(2024, 2, 29, 12, 30, 15, tzinfo=datetime.timezone.utc)

ASKED = """
accept_charsets accept_encodings accept_languages accept_mimetypes access_control_request_method access_route
base_url blueprint blueprints cache_control content_encoding content_length content_md5 content_type date endpoint
full_path host host_url if_match if_modified_since if_none_match if_range if_unmodified_since is_json
is_multiprocess is_multithread is_run_once is_secure max_content_length max_form_memory_size max_form_parts
max_forwards method mimetype mimetype_params origin path pragma query_string range referrer remote_addr
remote_user root_path root_url routing_exception scheme script_root trusted_hosts url url_root url_rule user_agent
view_args want_form_data_parsed
""".split()


@app.route("/ask/<int:number>", methods=["GET", "POST", "PUT"])
def ask(number):
    told = {}
    for name in ASKED:
        value = getattr(request, name)
        told[name] = value if isinstance(value, (bool, int, type(None))) else f"{value}"
    told["access_control_request_headers"] = str(request.access_control_request_headers or "none")
    told["args"] = list(request.args.items(multi=True))
    told["form"] = list(request.form.items(multi=True))
    told["values"] = list(request.values.items(multi=True))
    told["data"] = request.data.decode("latin-1")
    told["environ"] = request.environ["REQUEST_METHOD"] + request.environ["SERVER_PROTOCOL"]
    told["headers"] = sorted(request.headers.items())
    return told


@app.get("/accept")
def accept():
    kinds, words = request.accept_mimetypes, request.accept_languages
    return [
        kinds.best_match(["text/html", "application/json", "image/png"]),
        kinds.best_match(["image/png"], "none"),
        kinds.best,
        [kinds[name] for name in ("text/html", "application/json", "text/plain")],
        kinds.accept_html,
        kinds.accept_json,
        kinds.accept_xhtml,
        "text/html" in kinds,
        list(kinds.values()),
        words.best_match(["en", "de", "fr-CA"]),
        str(words),
        request.accept_encodings.best,
        isinstance(kinds, Accept),
        "gzip" in request.accept_encodings,
    ]


@app.get("/login")
def login():
    auth = request.authorization
    if auth is None:
        response = make_response("who?", 401)
        response.www_authenticate = WWWAuthenticate("basic", {"realm": "the <site>"})
        return response
    assert isinstance(auth, Authorization)
    return [auth.type, auth.username, auth.password, auth.token, auth.parameters, auth.to_header()]


@app.get("/cached")
def cached():
    control = request.cache_control
    return [
        control.max_age,
        control.no_cache,
        control.no_store,
        control.max_stale,
        str(control),
        request.pragma.to_header(),
    ]


@app.get("/args")
def args():
    lists = request.args
    told = [
        lists.get("a"),
        lists.getlist("a"),
        lists.get("n", type=int),
        lists.get("n", 7, type=int),
        lists.getlist("n", int),
    ]
    told += [lists.to_dict(), lists.to_dict(flat=False), "b" in lists, len(lists), sorted(lists), list(lists.lists())]
    told += [isinstance(lists, ImmutableMultiDict), isinstance(request.values, CombinedMultiDict)]
    try:
        lists["x"] = 1
    except TypeError:
        told.append("immutable")
    copy = lists.copy()
    copy.add("a", 5)
    told.append([isinstance(copy, MultiDict), copy.poplist("a"), copy.setdefault("z", 1), list(copy.values())])
    return told


@app.get("/response")
def response():
    made = Response(
        "text", status="299 Odd", headers=Headers([("X-One", "1"), ("X-One", "2")]), mimetype="text/x-odd"
    )
    made.age = 5
    made.allow.update(["GET", "PUT"])
    made.accept_ranges = "bytes"
    made.access_control_allow_credentials = True
    made.access_control_allow_headers = ["X-A", "X-B"]
    made.access_control_allow_methods = ["GET"]
    made.access_control_allow_origin = "https://example.com"
    made.access_control_expose_headers = ["X-C"]
    made.access_control_max_age = 60
    made.cache_control.public = True
    made.cache_control.max_age = 60
    made.cache_control.no_transform = True
    made.content_encoding = "identity"
    made.content_language.add("en")
    made.content_location = "/ü"
    made.content_md5 = "x"
    made.content_range = ContentRange("bytes", 0, 4, 10)
    made.content_security_policy = ContentSecurityPolicy({"default-src": "'self'"})
    made.content_security_policy_report_only.script_src = "'none'"
    made.date = WHEN
    made.expires = WHEN
    made.last_modified = WHEN
    made.location = "/there?ü"
    made.retry_after = 30
    made.set_etag("tag", weak=True)
    made.vary.add("Cookie")
    made.vary.update(["Accept", "cookie"])
    made.headers.add("X-Params", "value", filename="ü.txt", more="a b")
    made.headers.setdefault("X-One", "3")
    made.headers["X-Two"] = "two"
    made.headers.extend({"X-Three": ["3", "4"]})
    return made


@app.get("/read-back")
def read_back():
    made = Response("text", 203, {"ETag": 'W/"tag"', "Vary": "a, b", "Allow": "GET", "Age": "3", "X": "1"})
    made.mimetype = "text/css"
    told = [
        made.status,
        made.status_code,
        made.mimetype,
        made.content_type,
        made.charset if hasattr(made, "charset") else 0,
    ]
    told += [
        made.get_etag(),
        sorted(made.vary),
        made.allow.as_set() == {"get"},
        str(made.age),
        made.headers.get("x", type=int),
    ]
    told += [made.content_length, made.is_json, made.is_streamed, made.is_sequence, made.get_data(as_text=True)]
    made.status_code = 404
    made.status = 405
    told += [
        made.status,
        made.default_mimetype,
        made.default_status,
        made.mimetype_params,
        made.get_json(silent=True),
    ]
    made.data, made.content_type = '{"a": 1}', "application/problem+json"
    told += [made.json, made.calculate_content_length(), isinstance(made.vary, HeaderSet), repr(made)]
    made.headers.remove("X")
    del made.headers["Age"]
    told += [
        sorted(made.headers.keys()),
        made.headers.getlist("ETag"),
        made.headers.get_all("Vary"),
        made.headers.has_key("X") if hasattr(made.headers, "has_key") else 0,
    ]
    return jsonify(told)


@app.get("/conditional")
def conditional():
    made = make_response("0123456789")
    made.last_modified = WHEN
    made.add_etag()
    return made.make_conditional(request, accept_ranges=True, complete_length=10)


@app.get("/etags")
def etags():
    tags = request.if_none_match
    return [
        isinstance(tags, ETags),
        tags.contains("a"),
        tags.contains_weak("b"),
        tags.is_weak("b"),
        tags.star_tag,
        bool(tags),
    ]


@app.post("/limits")
def limits():
    return [request.max_content_length, len(request.get_data())]


@app.before_request
def plain_request():
    g.kind = isinstance(request._get_current_object(), Request)


RICH = {
    "Accept": "text/html;q=0.5, application/json, */*;q=0.1",
    "Accept-Charset": "utf-8, latin1;q=0.5",
    "Accept-Encoding": "gzip;q=0.5, br",
    "Accept-Language": "de-AT, de;q=0.9, en;q=0.8, *;q=0",
    "Access-Control-Request-Headers": "X-A, X-B",
    "Access-Control-Request-Method": "PUT",
    "Cache-Control": "no-cache, max-age=5, max-stale",
    "Content-Encoding": "identity",
    "Content-MD5": "abc",
    "Date": "Thu, 29 Feb 2024 12:30:15 GMT",
    "If-Match": '"a", W/"b"',
    "If-None-Match": 'W/"b", "c"',
    "If-Modified-Since": "Thu, 29 Feb 2024 12:30:15 GMT",
    "If-Unmodified-Since": "Thursday, 29-Feb-24 12:30:15 GMT",
    "If-Range": '"tag"',
    "Max-Forwards": "7",
    "Origin": "https://origin.example",
    "Pragma": "no-cache, x",
    "Range": "bytes=0-4,10-",
    "Referer": "http://referrer.example/ü",
    "User-Agent": "Agent/1.0 (test)",
    "X-Forwarded-For": "1.1.1.1, 2.2.2.2",
}
BASIC = "Basic YW5uYTpzw6RjcmV0OnBhc3M="
SCRIPT = [
    ("GET /ask/1", {}),
    ("GET /ask/2?a=1&b=%C3%BC&a=2&c&=d", {"headers": {**RICH, "Referer": "http://referrer.example/"}}),
    ("POST /ask/3?x=1", {"data": {"y": "2", "x": "3"}, "base_url": "https://www.example:8443/root"}),
    ("PUT /ask/4", {"json": {"a": 1}}),
    ("POST /ask/5", {"data": b"raw \xff", "content_type": 'Text/Plain; Charset=UTF-8; a="b;c"'}),
    ("POST /ask/6", {"data": b"a=%FC&b=+%2B&c=1;d=2", "content_type": "application/x-www-form-urlencoded"}),
    (
        "GET /ask/7",
        {"environ_overrides": {"REMOTE_ADDR": "9.9.9.9", "REMOTE_USER": "anna", "wsgi.multithread": True}},
    ),
    ("GET /accept", {}),
    ("GET /accept", {"headers": RICH}),
    ("GET /accept", {"headers": {"Accept": "text/*;q=0.3, text/html;level=1, */*;q=0"}}),
    ("GET /accept", {"headers": {"Accept": "application/xhtml+xml,text/html;q=0.9", "Accept-Language": "fr"}}),
    ("GET /login", {}),
    ("GET /login", {"headers": {"Authorization": BASIC}}),
    ("GET /login", {"auth": ("ben", "pass:word")}),
    ("GET /login", {"headers": {"Authorization": "Bearer abc.def"}}),
    (
        "GET /login",
        {"headers": {"Authorization": 'Digest username="anna", realm="x", nonce="n", uri="/", response="r"'}},
    ),
    ("GET /login", {"headers": {"Authorization": "Basic ???"}}),
    ("GET /cached", {}),
    ("GET /cached", {"headers": RICH}),
    ("GET /cached", {"headers": {"Cache-Control": 'no-store, max-stale=3, x="a, b"'}}),
    ("GET /args?a=1&a=2&n=x&n=3&b=", {}),
    ("GET /args", {"query_string": {"a": ["ü", "&"], "n": "5"}}),
    ("GET /response", {}),
    ("GET /read-back", {}),
    ("GET /conditional", {}),
    ("GET /conditional", {"headers": {"If-None-Match": "{ETag}"}}),
    ("GET /conditional", {"headers": {"If-Modified-Since": "Thu, 29 Feb 2024 12:30:15 GMT"}}),
    ("GET /conditional", {"headers": {"Range": "bytes=2-3"}}),
    ("GET /conditional", {"headers": {"Range": "bytes=20-30"}}),
    ("HEAD /conditional", {}),
    ("GET /etags", {"headers": RICH}),
    ("GET /etags", {"headers": {"If-None-Match": "*"}}),
    ("GET /etags", {}),
    ("POST /limits", {"data": b"x" * 5000}),
    ("POST /limits", {"data": b"x" * 5001}),
]
