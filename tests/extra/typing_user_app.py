"""A program as people write them, annotated.  Type checkers read it; nobody runs it.

mypy --strict and pyright's strict mode must find nothing here, with the package installed
as a user has it: what they say is what our annotations say to somebody who trusts them.
"""
# pyright: strict, reportMissingModuleSource=false

from __future__ import annotations

import typing as t
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from functools import wraps

from typing_extensions import assert_type

from nanoweb import (
    App,
    Response,
    abort,
    current_app,
    flash,
    g,
    get_flashed_messages,
    get_template_attribute,
    jsonify,
    make_response,
    redirect,
    render_template,
    render_template_string,
    request,
    session,
    stream_template,
    template_rendered,
    url_for,
)
from nanoweb.accept import LanguageAccept, MIMEAccept
from nanoweb.conditions import ETags, Range
from nanoweb.credentials import Authorization, WWWAuthenticate
from nanoweb.directives import ContentSecurityPolicy, HeaderSet
from nanoweb.exceptions import HTTPException, NotFound
from nanoweb.headers import COOP
from nanoweb.template import DictLoader, Environment, Template, pass_context
from nanoweb.template.contexts import Context
from nanoweb.wrappers import Request, UserAgent

if t.TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

View = t.TypeVar("View", bound=Callable[..., t.Any])

app = App(__name__)
app.secret_key = "not a secret"
app.config["MAX_CONTENT_LENGTH"] = 16 * 1024
app.config.update(SESSION_COOKIE_SAMESITE="Lax", PERMANENT_SESSION_LIFETIME=timedelta(days=31))
app.config.from_mapping({"TESTING": True})


class User:
    def __init__(self, number: int, name: str) -> None:
        self.number = number
        self.name = name


USERS = {1: User(1, "Ada")}


# ---- what a view may return


@app.route("/")
def index() -> str:
    return "Hello, World!"


@app.get("/bytes")
def as_bytes() -> bytes:
    return b"Hello, World!"


@app.get("/dict")
def as_dict() -> dict[str, t.Any]:
    return {"hello": "World"}


@app.get("/list")
def as_list() -> list[str]:
    return ["Hello", "World"]


@app.get("/iterator")
def as_iterator() -> Iterator[str]:
    yield "Hello, "
    yield "World!"


@app.get("/response")
def as_response() -> Response:
    return Response("Hello, World!", status=200, headers={"X-Hello": "World"}, mimetype="text/plain")


@app.get("/status")
def with_status() -> tuple[str, int]:
    return "Hello, World!", 201


@app.get("/headers")
def with_headers() -> tuple[str, dict[str, str]]:
    return "Hello, World!", {"X-Hello": "World"}


@app.get("/both")
def with_both() -> tuple[str, int, dict[str, str]]:
    return "Hello, World!", 201, {"X-Hello": "World"}


def wsgi_program(environ: WSGIEnvironment, start_response: StartResponse) -> list[bytes]:
    start_response("200 OK", [("Content-Type", "text/plain")])
    return [environ["PATH_INFO"].encode()]


@app.get("/wsgi")
def as_wsgi() -> t.Any:
    return wsgi_program


# ---- the ways to register one


@app.route("/form", methods=["GET", "POST"], endpoint="the_form", strict_slashes=False)
def form() -> str | Response:
    if request.method == "POST":
        name: str = request.form["name"]
        session["name"] = name
        flash(f"Thank you, {name}.", "thanks")
        return redirect(url_for("index"), code=303)
    messages = get_flashed_messages(with_categories=True)
    return f"{len(messages)} messages"


@app.get("/report")
def report() -> Response:
    response = Response("report", mimetype="text/csv")
    response.cache_control.max_age = 60
    response.cache_control.private = True
    response.vary.add("Cookie")
    response.allow = ["GET", "HEAD"]
    response.last_modified = datetime(2025, 1, 1, tzinfo=timezone.utc)
    response.expires = 1893456000
    response.age = timedelta(minutes=5)
    response.retry_after = 120
    assert_type(response.retry_after, t.Optional[datetime])
    response.content_security_policy = "default-src 'none'"
    response.content_security_policy.img_src = "'self'"
    response.content_security_policy_report_only = ContentSecurityPolicy({"img-src": "*"})
    response.www_authenticate = WWWAuthenticate("basic", {"realm": "kitchen"})
    response.www_authenticate = [WWWAuthenticate("basic", {"realm": "kitchen"}), WWWAuthenticate("bearer")]
    response.access_control_allow_origin = "*"
    response.access_control_allow_headers = ["X-Hello"]
    response.cross_origin_opener_policy = COOP.SAME_ORIGIN
    response.mimetype_params["header"] = "present"
    response.stream.write(b" and more")
    response.add_etag()
    return response.make_conditional(request, accept_ranges=True, complete_length=15)


@app.get("/users/<int:number>")
def show_user(number: int) -> dict[str, t.Any]:
    user = USERS.get(number)
    if user is None:
        abort(404, f"There is no user {number}.")
    return {"name": user.name}  # abort() does not return: user is a User here


@app.post("/users")
def add_user() -> tuple[Response, int, dict[str, str]]:
    data = request.get_json()
    return jsonify(name=data["name"]), 201, {"Location": url_for("show_user", number=2, _external=True)}


@app.put("/users/<int:number>")
def replace_user(number: int) -> Response:
    return jsonify({"number": number})


@app.patch("/users/<int:number>")
def change_user(number: int) -> Response:
    return make_response({"number": number}, 200)


@app.delete("/users/<int:number>")
def delete_user(number: int) -> tuple[str, int]:
    return "", 204


app.add_url_rule("/again", view_func=index)
app.add_url_rule("/lambda", "short", lambda: "Hello, World!", methods=["GET"])


def login_required(view: View) -> View:
    """The decorator that every program has."""

    @wraps(view)
    def checked(*args: t.Any, **kwargs: t.Any) -> t.Any:
        if "name" not in session:
            abort(401)
        return view(*args, **kwargs)

    return t.cast(View, checked)


@app.get("/private")
@login_required
def private() -> str:
    return "private"


# ---- hooks and errors


@app.before_request
def find_user() -> Response | None:
    g.user = USERS.get(session.get("number", 0))
    return redirect("/") if request.path == "/old" else None


@app.after_request
def stamp(response: Response) -> Response:
    response.headers["X-Frame-Options"] = "DENY"
    response.headers.setdefault("X-Content-Type-Options", "nosniff")
    response.set_cookie("seen", "1", max_age=3600, secure=True, httponly=True, samesite="Lax")
    response.delete_cookie("old")
    return response


@app.teardown_request
def close(error: BaseException | None) -> None:
    connection = g.pop("connection", None)
    if connection is not None:
        connection.close()


@app.teardown_appcontext
def release(error: BaseException | None) -> None:
    pass


@app.errorhandler(404)
def not_found(error: NotFound) -> tuple[str, int]:
    return error.description or "", 404


@app.errorhandler(HTTPException)
def http_error(error: HTTPException) -> tuple[dict[str, t.Any], int]:
    return {"error": error.name}, error.code or 500


@app.errorhandler(ValueError)
def wrong_value(error: ValueError) -> tuple[str, int]:
    return str(error), 400


@app.errorhandler(Exception)
def anything(error: Exception) -> Response:
    return make_response("It broke.", 500)


def gone(error: HTTPException) -> str:
    return "gone"


app.register_error_handler(410, gone)


# ---- the types that people rely on: assert_type() wants exactly this one, Any would not do


@app.get("/types")
def types() -> str:
    assert_type(request.args.get("q"), t.Optional[str])
    assert_type(request.args.get("q", ""), str)
    assert_type(request.args.get("page", 1, type=int), int)
    assert_type(request.args.get("page", type=int), t.Optional[int])
    assert_type(request.args.getlist("tag"), list[str])
    assert_type(request.args.getlist("number", type=int), list[int])
    assert_type(request.form["name"], str)
    assert_type(request.headers.get("User-Agent"), t.Optional[str])
    assert_type(request.cookies.get("seen"), t.Optional[str])
    assert_type(request.method, str)
    assert_type(request.path, str)
    assert_type(request.url, str)
    assert_type(request.host, str)
    assert_type(request.is_secure, bool)
    assert_type(request.is_json, bool)
    assert_type(request.remote_addr, t.Optional[str])
    assert_type(request.endpoint, t.Optional[str])
    assert_type(request.view_args, t.Optional[dict[str, t.Any]])
    assert_type(request.get_data(), bytes)
    assert_type(request.get_data(as_text=True), str)
    assert_type(request.content_length, t.Optional[int])
    assert_type(request.mimetype, str)

    assert_type(request.accept_mimetypes, MIMEAccept)
    assert_type(request.accept_languages, LanguageAccept)
    assert_type(request.accept_languages.best_match(["de", "en"]), t.Optional[str])
    assert_type(request.accept_mimetypes.best_match(["text/html"], "text/html"), str)
    assert_type(request.authorization, t.Optional[Authorization])
    if request.authorization is not None:
        assert_type(request.authorization.username, t.Optional[str])
    assert_type(request.user_agent, UserAgent)
    assert_type(request.user_agent.string, str)
    assert_type(request.if_none_match, ETags)
    assert_type(request.if_modified_since, t.Optional[datetime])
    assert_type(request.range, t.Optional[Range])
    assert_type(request.cache_control.no_cache, bool)
    assert_type(request.cache_control.max_age, t.Optional[int])
    assert_type(request.max_forwards, t.Optional[int])
    assert_type(request.is_multithread, bool)
    assert_type(request.access_route, list[str])
    assert_type(Request.from_values("/", method="POST"), Request)

    response = report()
    assert_type(response, Response)
    assert_type(response.vary, HeaderSet)
    assert_type(response.access_control_allow_headers, HeaderSet)
    assert_type(response.content_length, t.Optional[int])
    assert_type(response.last_modified, t.Optional[datetime])
    assert_type(response.retry_after, t.Optional[datetime])
    assert_type(response.age, t.Optional[timedelta])
    assert_type(response.content_security_policy.default_src, t.Optional[str])
    assert_type(response.www_authenticate, WWWAuthenticate)
    assert_type(response.cross_origin_opener_policy, COOP)
    assert_type(response.access_control_allow_credentials, bool)
    assert_type(response.get_etag(), t.Union[tuple[str, bool], tuple[None, None]])

    session.permanent = True
    session["count"] = session.get("count", 0) + 1
    session.setdefault("started", 0)
    session.pop("old", None)
    assert_type(session.modified, bool)

    assert_type("user" in g, bool)
    current_app.logger.info("the user is %s", g.get("user"))
    assert_type(current_app.name, str)
    assert_type(url_for("show_user", number=1), str)
    assert_type(make_response("Hello"), Response)
    assert_type(jsonify(hello="World"), Response)
    assert_type(redirect("/"), Response)

    # A decorated view is still the function that it was.
    assert_type(index(), str)
    assert_type(show_user(number=1), dict[str, t.Any])
    assert_type(private(), str)
    return "Everything is what it says."


# ---- templates


@app.template_filter("shout")
def shout(text: str) -> str:
    return text.upper()


@app.template_test()
def even(number: int) -> bool:
    return number % 2 == 0


@app.template_global()
@pass_context
def who(context: Context) -> str:
    return str(context.get("name"))


@app.context_processor
def names() -> dict[str, t.Any]:
    return {"year": 2026}


@app.get("/page")
def page() -> str:
    return render_template("page.html", name="Ada") + render_template_string("{{ name|shout }}", name="Ada")


@app.get("/stream")
def stream_page() -> Iterator[str]:
    return stream_template(["own.html", "page.html"], name="Ada")


@template_rendered.connect
def tell(sender: App, template: Template, context: dict[str, t.Any]) -> None:
    print(template.name, sorted(context))


def render_apart() -> str:
    environment = Environment(loader=DictLoader({"a": "{{ x }}"}), autoescape=True)
    environment.filters["shout"] = shout
    template = environment.get_template("a")
    assert_type(template, Template)
    assert_type(template.render(x=1), str)
    assert_type(shout("a"), str)
    assert_type(even(2), bool)
    return str(get_template_attribute("macros.html", "hello")("Ada"))


# ---- trying it out


def try_it() -> None:
    client = app.test_client()
    response = client.get("/", query_string={"q": "1"}, headers={"X-Hello": "World"})
    assert_type(response.status_code, int)
    assert_type(response.status, str)
    assert_type(response.get_data(as_text=True), str)
    assert_type(response.data, bytes)
    assert_type(response.headers.get("Content-Type"), t.Optional[str])
    client.post("/users", json={"name": "Grace"})
    client.post("/form", data={"name": "Grace"})

    with app.app_context():
        print(current_app.name)
    with app.test_request_context("/types?q=1", method="GET"):
        print(request.args["q"], url_for("show_user", number=1))


if __name__ == "__main__":
    app.run(host="127.0.0.1", port=8000, debug=True)
