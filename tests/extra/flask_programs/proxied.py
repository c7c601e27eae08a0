"""Werkzeug's middleware around a Flask application, and plain WSGI beside it."""

import io
import os

from flask import Flask, Response, request, url_for
from werkzeug import Request as PlainRequest
from werkzeug import Response as PlainResponse
from werkzeug.middleware.dispatcher import DispatcherMiddleware
from werkzeug.middleware.lint import LintMiddleware
from werkzeug.middleware.profiler import ProfilerMiddleware
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.middleware.shared_data import SharedDataMiddleware
from werkzeug.test import Client, EnvironBuilder, create_environ, run_wsgi_app
from werkzeug.wrappers import Request
from werkzeug.wrappers import Response as SameResponse
from werkzeug.wsgi import get_content_length, get_input_stream, get_path_info, responder

os.makedirs("shared", exist_ok=True)
for name, text in {"shared/a.txt": "shared a", "shared/b.secret": "secret"}.items():
    with open(name, "w", encoding="ascii") as file:
        file.write(text)
    os.utime(name, (1_600_000_000, 1_600_000_000))

app = Flask(__name__)
app.logger.disabled = True
other = Flask("other")


@app.get("/where")
def where():
    return {
        "url": request.url,
        "base": request.base_url,
        "root": request.script_root,
        "path": request.path,
        "remote": request.remote_addr,
        "route": request.access_route,
        "scheme": request.scheme,
        "secure": request.is_secure,
        "host": request.host,
        "external": url_for("where", _external=True),
    }


@other.get("/")
@other.get("/<path:rest>")
def index(rest=""):
    return f"other {rest} {request.script_root} {url_for('index', rest='x')}"


@PlainRequest.application
def plain(request):
    return PlainResponse(f"plain {request.method} {request.path} {request.args.get('a')} {request.root_path}")


@responder
def responding(environ, start_response):
    told = [get_path_info(environ), get_content_length(environ), get_input_stream(environ).read().decode()]
    return SameResponse(repr(told), mimetype="text/html")


def bare(environ, start_response):
    start_response("299 Bare", [("Content-Type", "text/plain"), ("X-Script", environ["SCRIPT_NAME"])])
    return [b"bare ", environ["PATH_INFO"].encode("latin-1")]


@app.get("/inner")
def inner():
    told = []
    for path in ("/", "/a/b"):
        body, status, headers = run_wsgi_app(bare, create_environ(path, "http://x.example/base"))
        told.append([b"".join(body).decode(), status, sorted(headers)])
    client = Client(plain)
    told.append([client.get("/x?a=1").get_data(as_text=True), client.post("/", data="x").status_code])
    builder = EnvironBuilder(path="/y", method="PUT", json=[1])
    request = Request(builder.get_environ())
    told.append([request.method, request.get_json(), request.content_type, request.content_length])
    builder.close()
    response = Response.from_app(plain, create_environ("/z"))
    told.append([response.status, response.get_data(as_text=True), response.mimetype])
    stream = io.StringIO()
    profiled = ProfilerMiddleware(plain, stream=stream, restrictions=(1,))
    told.append([Client(profiled).get("/").status, "function calls" in stream.getvalue()])
    told.append([Client(LintMiddleware(plain)).get("/").status])
    return told


app.wsgi_app = SharedDataMiddleware(
    app.wsgi_app,
    {"/shared": os.path.abspath("shared"), "/one": os.path.abspath("shared/a.txt")},
    disallow="*.secret",
    cache_timeout=60,
)
app.wsgi_app = DispatcherMiddleware(
    app.wsgi_app, {"/other": other, "/other/plain": plain, "/bare": bare, "/responding": responding}
)
app.wsgi_app = ProxyFix(app.wsgi_app, x_for=2, x_proto=1, x_host=1, x_port=1, x_prefix=1)

PROXIED = {
    "X-Forwarded-For": "1.1.1.1, 2.2.2.2, 3.3.3.3",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "front.example",
    "X-Forwarded-Port": "8443",
    "X-Forwarded-Prefix": "/prefix",
}
SCRIPT = [
    ("GET /where", {}),
    ("GET /where", {"headers": PROXIED}),
    *(("GET /where", {"headers": {name: value}}) for name, value in PROXIED.items()),
    ("GET /where", {"headers": {"X-Forwarded-For": "1.1.1.1"}}),
    ("GET /where", {"headers": {"X-Forwarded-Host": "a.example, b.example:81"}}),
    ("GET /where", {"headers": {"X-Forwarded-Port": "81", "X-Forwarded-Host": "a.example:82"}}),
    ("GET /where", {"headers": PROXIED, "base_url": "http://back.example:5000/base"}),
    ("GET /other/", {}),
    ("GET /other", {}),
    ("GET /other/a/b", {"headers": {"X-Forwarded-Prefix": "/p"}}),
    ("GET /other/plain/x?a=1", {}),
    ("POST /other/plain", {}),
    ("GET /otherwise", {}),
    ("GET /bare/x/y", {}),
    ("POST /responding/x", {"data": "body"}),
    ("GET /shared/a.txt", {}),
    ("HEAD /shared/a.txt", {}),
    ("GET /shared/a.txt", {"headers": {"If-None-Match": "{ETag}"}}),
    ("GET /shared/b.secret", {}),
    ("GET /shared/none.txt", {}),
    ("GET /shared/../proxied.py", {}),
    ("GET /one", {}),
    ("GET /inner", {}),
]
