"""Coroutines everywhere: views, hooks, error handlers, MethodViews, and what they carry with them."""

import asyncio
import contextvars

from flask import (
    Blueprint,
    Flask,
    abort,
    after_this_request,
    copy_current_request_context,
    current_app,
    g,
    jsonify,
    request,
    session,
    stream_with_context,
    url_for,
)
from flask.views import MethodView, View

app = Flask(__name__)
app.secret_key = "coroutines"
app.logger.disabled = True
part = Blueprint("part", __name__, url_prefix="/part")
color = contextvars.ContextVar("color", default="none")
torn = []


class Trouble(Exception):
    pass


@app.before_request
async def before():
    g.steps = ["before"]
    await asyncio.sleep(0)
    color.set("set before")
    if request.args.get("stop") == "before":
        return "stopped before"
    return None


@app.after_request
async def after(response):
    await asyncio.sleep(0)
    response.headers["X-Steps"] = ",".join([*g.steps, "after"])
    return response


@app.teardown_request
async def teardown(error):
    await asyncio.sleep(0)
    torn.append([request.path, type(error).__name__])


@app.teardown_appcontext
async def teardown_app(error):
    torn.append(["app", type(error).__name__])


@app.errorhandler(Trouble)
async def trouble(error):
    await asyncio.sleep(0)
    return f"trouble at {request.path}: {error}", 400


@app.errorhandler(404)
async def missing(error):
    return f"missing: {error.description}", 404


@app.route("/", methods=["GET", "POST"])
async def index():
    await asyncio.sleep(0)
    return {"method": request.method, "form": request.form, "url": url_for("index"), "app": current_app.name}


@app.get("/tasks")
async def tasks():
    async def one(number):
        await asyncio.sleep(0.001 * (3 - number))
        g.steps.append(str(number))
        return request.path, number

    return jsonify(await asyncio.gather(*(one(number) for number in range(3))))


@app.get("/trouble")
async def raise_trouble():
    await asyncio.sleep(0)
    raise Trouble("on purpose")


@app.get("/abort/<int:code>")
async def aborting(code):
    abort(code)


@app.get("/error")
async def error():
    raise ValueError("unexpected")


@app.get("/session")
async def count():
    session["count"] = session.get("count", 0) + 1
    return f"{session['count']} {color.get()}"


@app.get("/torn")
def what_was_torn():
    told, torn[:] = list(torn), []
    return jsonify(told)


@app.get("/after")
async def add_after():
    @after_this_request
    async def later(response):
        await asyncio.sleep(0)
        response.headers["X-Later"] = "yes"
        return response

    return "after"


@app.get("/copied")
async def copied():
    @copy_current_request_context
    def greet():
        return f"{request.path} {g.get('steps')}"

    return await asyncio.get_running_loop().run_in_executor(None, greet)


@app.get("/stream")
async def stream():
    @stream_with_context
    def parts():
        yield request.path
        yield "!"

    await asyncio.sleep(0)
    return parts(), {"Content-Type": "text/plain"}


@app.get("/sync")
def sync():
    async def inner():
        await asyncio.sleep(0)
        return f"inner {request.path}"

    return app.ensure_sync(inner)() + " " + app.async_to_sync(inner)() + f" {app.ensure_sync(sync) is sync}"


@part.before_request
async def part_before():
    g.steps.append("part")


@part.after_request
async def part_after(response):
    response.headers["X-Part"] = "yes"
    return response


@part.get("/")
async def part_index():
    return url_for(".part_index")


@part.errorhandler(Trouble)
async def part_trouble(error):
    return "trouble of a part", 418


@part.get("/trouble")
async def part_raises():
    raise Trouble


class Counter(MethodView):
    async def get(self):
        await asyncio.sleep(0)
        return "get"

    async def post(self):
        return await request_data(), 201


class Plain(View):
    methods = ("GET", "PUT")

    async def dispatch_request(self, name):
        await asyncio.sleep(0)
        return f"{request.method} {name}"


async def request_data():
    return request.get_data()


part.add_url_rule("/counter", view_func=Counter.as_view("counter"))
app.add_url_rule("/plain/<name>", view_func=Plain.as_view("plain"))
app.register_blueprint(part)

SCRIPT = [
    ("GET /", {}),
    ("POST /", {"data": {"a": "ü"}}),
    ("HEAD /", {}),
    ("OPTIONS /", {}),
    ("PUT /", {}),
    ("GET /torn", {}),
    ("GET /?stop=before", {}),
    ("GET /tasks", {}),
    ("GET /trouble", {}),
    ("GET /abort/404", {}),
    ("GET /abort/403", {}),
    ("GET /nowhere", {}),
    ("GET /torn", {}),
    ("GET /error", {"fails": True}),
    ("GET /session", {}),
    ("GET /session", {}),
    ("GET /after", {}),
    ("GET /copied", {}),
    ("GET /stream", {}),
    ("GET /sync", {}),
    ("GET /part/", {}),
    ("GET /part/trouble", {}),
    ("GET /part/counter", {}),
    ("HEAD /part/counter", {}),
    ("POST /part/counter", {"data": "body"}),
    ("DELETE /part/counter", {}),
    ("PUT /plain/x", {}),
    ("POST /plain/x", {}),
]
