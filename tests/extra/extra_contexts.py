"""What a request leaves behind (nothing), and what those at the same time see of it (nothing): all features, often.

    python -m unittest tests.extra.extra_contexts

Development equipment, not part of the test command: pip install greenlet.
"""

import asyncio
import gc
import io
import itertools
import logging
import sys
import threading
import unittest
from contextlib import contextmanager

import greenlet

from nanoweb import (
    App,
    Blueprint,
    Response,
    abort,
    after_this_request,
    copy_current_request_context,
    current_app,
    flash,
    g,
    get_flashed_messages,
    has_app_context,
    has_request_context,
    redirect,
    render_template,
    render_template_string,
    request,
    send_file,
    session,
    stream_template,
    stream_with_context,
    url_for,
)
from nanoweb.template import DictLoader
from nanoweb.views import MethodView

TEMPLATES = {
    "base.html": """\
<title>{% block title %}base{% endblock %}</title>{% include "path.html" %}{% block body %}{% endblock %}""",
    "path.html": "{{ request.path }} {{ g.begun }} {{ spice }}",
    "macros.html": "{% macro row(name) %}<p>{{ name }} {{ caller() }}</p>{% endmacro %}",
    "page.html": """\
{% extends "base.html" %}{% from "macros.html" import row %}{% block title %}{{ super() }}{% endblock %}
{%- block body %}
{%- for name in names %}{% call row(name) %}{{ loop.index }}{% endcall %}{% endfor %}{% endblock %}""",
    "broken.html": "{% for n in [1, 0] %}{{ 1 // n }}{% endfor %}",
}

COUNT = 100_000  # requests
WORKERS = 64
BLOCKS = 500  # of memory: what caches may still take after the first tenth of them


class Item(MethodView):
    def get(self, number):
        return {"number": number, "address": url_for(".item", number=number)}

    async def put(self, number):
        await asyncio.sleep(0)
        return f"{number} {request.get_json()}", 201


def hooks(app, log):
    """Functions around every view, which count in log what began and ended."""

    @app.before_request
    def before():
        log["begun"] += 1
        g.begun, g.context = True, g._get_current_object()  # a cycle, which is ours to break

    @app.after_request
    def after(response):
        response.headers["X-Begun"] = str(g.begun)
        return response

    @app.teardown_request
    def teardown_request(error):
        log["requests"] += 1
        g.pop("context", None)

    @app.teardown_appcontext
    async def teardown_appcontext(error):
        log["contexts"] += 1

    @app.errorhandler(ArithmeticError)
    def answer(error):
        return f"answered {error}", 500


def make_app(log):
    app = App("features", static_folder=None)
    app.secret_key = "key"
    app.config["PROPAGATE_EXCEPTIONS"] = False
    hooks(app, log)
    items = Blueprint("items", __name__, url_prefix="/items")
    items.add_url_rule("/<int:number>", view_func=Item.as_view("item"))
    app.register_blueprint(items)

    @app.route("/session/<name>")
    def keep(name):
        flash(name)
        session["names"] = [*session.get("names", [])[-3:], name]
        return ",".join(session["names"])

    @app.route("/flashes/")
    def flashes():
        return "; ".join(get_flashed_messages())

    @app.route("/stream")
    def stream():
        g.words = ["one", "two"]
        return stream_with_context(f"{request.path} {word} " for word in g.words)

    app.jinja_env.loader = DictLoader(TEMPLATES)
    app.context_processor(lambda: {"spice": "pepper"})
    app.add_url_rule("/page", "page", lambda: render_template("page.html", names=["<a>", "b"]))
    app.add_url_rule("/string", "string", lambda: render_template_string("{{ session.names|length }}{{ spice }}"))
    app.add_url_rule("/broken", "broken", lambda: render_template("broken.html"))
    app.add_url_rule("/page/stream", "page_stream", lambda: stream_template("page.html", names=["<a>", "b"]))

    @app.route("/half")
    def half():
        def fail():
            yield "half"
            raise ZeroDivisionError

        return stream_with_context(fail())

    @app.route("/await")
    async def waits():
        @after_this_request
        async def mark(response):
            response.headers["X-Awaited"] = "yes"
            return response

        return await asyncio.gather(asyncio.sleep(0, "a"), asyncio.create_task(asyncio.sleep(0, "b")))

    @app.route("/await/error")
    async def fails():
        await asyncio.sleep(0)
        raise OverflowError("a coroutine")

    @app.route("/thread")
    def thread():
        results = []
        work = copy_current_request_context(lambda: results.append(request.path))
        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        return Response(results)

    @app.route("/upload", methods=["POST"])
    def upload():
        return f"{request.form['name']} {len(request.files['file'].read())}"

    app.add_url_rule("/division", "division", lambda: 1 // 0)
    app.add_url_rule("/error", "error", lambda: {}["missing"])
    app.add_url_rule("/abort", "abort", lambda: abort(403))
    app.add_url_rule("/redirect", "redirect", lambda: redirect(url_for("stream")))
    app.add_url_rule("/file", "file", lambda: send_file(io.BytesIO(b"content"), download_name="a.txt"))
    return app


def upload():
    return {"data": {"name": "ada", "file": (io.BytesIO(b"x" * 5000), "a.txt")}}


# Method, path, other arguments of a request or what makes them, status, what the body has in it.
REQUESTS = [
    ("GET", "/items/5", {}, 200, '{"address":"/items/5","number":5}'),
    ("PUT", "/items/6", {"json": [1, 2]}, 201, "6 [1, 2]"),
    ("OPTIONS", "/items/6", {}, 200, ""),
    ("DELETE", "/items/6", {}, 405, "Method Not Allowed"),
    ("GET", "/session/ada", {}, 200, "ada"),
    ("GET", "/flashes/", {}, 200, "ada"),
    ("GET", "/flashes", {}, 308, "/flashes/"),
    ("GET", "/stream", {}, 200, "/stream one /stream two"),
    ("GET", "/await", {}, 200, '["a","b"]'),
    ("GET", "/await/error", {}, 500, "answered a coroutine"),
    ("GET", "/thread", {}, 200, "/thread"),
    ("POST", "/upload", upload, 200, "ada 5000"),
    ("POST", "/upload", {"data": {"name": "ada"}}, 400, "Bad Request"),
    ("GET", "/error", {}, 500, "Internal Server Error"),
    ("GET", "/division", {}, 500, "answered integer division"),
    ("GET", "/abort", {}, 403, "Forbidden"),
    ("GET", "/redirect", {"follow_redirects": True}, 200, "/stream one"),
    ("GET", "/file", {"headers": {"Range": "bytes=0-1"}}, 206, "co"),
    ("HEAD", "/file", {}, 200, ""),
    ("GET", "/missing", {}, 404, "Not Found"),
    ("GET", "/page", {}, 200, "<title>base</title>/page True pepper<p>&lt;a&gt; 1</p><p>b 2</p>"),
    ("GET", "/page/stream", {}, 200, "/page/stream True pepper<p>&lt;a&gt; 1</p>"),
    ("GET", "/string", {}, 200, "pepper"),
    ("GET", "/broken", {}, 500, "answered integer division"),
    ("GET", "/half", {}, 200, None),  # it breaks off while it is read
]


def send(client, method, path, kwargs, status, text):
    """Send one of these; returns what is not as it should be."""
    with client.open(path, method=method, **(kwargs() if callable(kwargs) else kwargs)) as response:
        try:
            body = response.text
        except ZeroDivisionError:
            body = None
        found = body is text or text in body
        return [] if response.status_code == status and found else [(method, path, response.status, body)]


@contextmanager
def quiet(app):
    """Without the tracebacks of errors that are meant."""
    app.logger.disabled = True
    try:
        yield
    finally:
        app.logger.disabled = False


def leftovers(client, count):
    """Send so many requests; return how many were sent, what was wrong, and how many blocks of memory are kept."""
    wrong, blocks = [], 0
    for number, what in zip(range(count), itertools.cycle(REQUESTS)):
        if number == count // 10:
            gc.collect()
            blocks = sys.getallocatedblocks()
        wrong += send(client, *what)
        if has_app_context() or has_request_context():
            wrong.append((what, "left a context"))
    gc.collect()
    return number + 1, wrong, sys.getallocatedblocks() - blocks


class LeftoversTest(unittest.TestCase):
    """After a request it is as if it had never been."""

    def setUp(self):
        self.log = {"begun": 0, "requests": 0, "contexts": 0}
        self.app = make_app(self.log)

    def test_many_requests_through_all_features_leave_memory_flat_and_no_context(self):
        with quiet(self.app):
            sent, wrong, blocks = leftovers(self.app.test_client(), COUNT)
        self.assertEqual((sent, wrong[:3]), (COUNT, []))
        self.assertLess(blocks, BLOCKS)
        extra = {path: 1 for _, path, *_ in REQUESTS if path in ("/redirect", "/thread")}  # another one each
        rounds = COUNT // len(REQUESTS)
        self.assertGreaterEqual(self.log["requests"], COUNT + rounds * len(extra))
        self.assertEqual(self.log["contexts"], self.log["requests"])

    def test_so_do_those_that_a_test_looks_at(self):
        with quiet(self.app), self.app.test_client() as client:
            for what in REQUESTS[:-1] * 3:
                self.assertEqual(send(client, *what), [])
                self.assertTrue(has_request_context())
                with client.session_transaction() as opened:
                    opened["seen"] = True
        self.assertFalse(has_app_context())

    def test_no_request_leaves_work_to_the_garbage_collector(self):
        client = self.app.test_client()
        self.addCleanup(gc.enable)
        gc.disable()
        with quiet(self.app):
            for what in REQUESTS:
                send(client, *what)  # whatever is loaded when first used
                gc.collect()
                send(client, *what)
                with self.subTest(what[:2]):
                    self.assertEqual(gc.collect(), 0)

    def test_one_that_keeps_something_is_noticed(self):
        kept = []
        self.app.before_request(lambda: kept.append(request._get_current_object()))
        with quiet(self.app):
            self.assertGreater(leftovers(self.app.test_client(), 1000)[2], BLOCKS)


class Turns:
    """Many at once in one view, each of which looks again at what it wrote when all others have written too."""

    def __init__(self, pause):
        self.app = make_app({"begun": 0, "requests": 0, "contexts": 0})
        self.app.add_url_rule("/turn/<name>", "turn", self.view)
        self.pause = pause

    def view(self, name):
        self.write(name)
        self.pause()
        return self.read()

    def write(self, name):
        g.name = session["name"] = name
        flash(name)

    def read(self):
        seen = [request.view_args["name"], g.name, session["name"], *get_flashed_messages()]
        return " ".join([*seen, current_app.name, url_for("turn", name=g.name)])

    def expected(self, count):
        return [f"{n} {n} {n} {n} features /turn/{n}" for n in range(count)]

    def get(self, number):
        return self.app.test_client().get(f"/turn/{number}").text


class IsolationTest(unittest.TestCase):
    """Whoever looks sees the own request."""

    def get_in_threads(self, turns):
        results = {}
        threads = [threading.Thread(target=lambda n=n: results.update({n: turns.get(n)})) for n in range(WORKERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual([results.get(n) for n in range(WORKERS)], turns.expected(WORKERS))

    def test_threads(self):
        barrier = threading.Barrier(WORKERS)
        turns = Turns(lambda: barrier.wait(timeout=30))
        for _ in range(20):
            self.get_in_threads(turns)

    def test_greenlets(self):
        main = greenlet.getcurrent()
        turns = Turns(main.switch)
        for _ in range(20):
            workers = [greenlet.greenlet(turns.get) for _ in range(WORKERS)]
            for number, worker in enumerate(workers):
                worker.switch(number)
            self.assertFalse(has_app_context())
            self.assertEqual([worker.switch() for worker in workers], turns.expected(WORKERS))

    def test_tasks(self):
        turns = Turns(None)

        async def work(number):
            with turns.app.test_request_context(f"/turn/{number}"):
                turns.write(str(number))
                await asyncio.sleep(0)
                inner = await asyncio.create_task(self.look(turns))
                await asyncio.sleep(0)
                return inner, turns.read()

        async def main():
            return await asyncio.gather(*map(work, range(WORKERS)))

        for _ in range(20):
            expected = [(text, text) for text in turns.expected(WORKERS)]
            self.assertEqual(asyncio.run(main()), expected)
        self.assertFalse(has_app_context())

    async def look(self, turns):
        await asyncio.sleep(0)
        return turns.read()

    def test_coroutine_views_in_threads(self):
        logger = logging.getLogger("asyncio")  # in Python's development mode it tells of each slow step
        self.addCleanup(logger.setLevel, logger.level)
        logger.setLevel(logging.ERROR)
        barrier = threading.Barrier(WORKERS)
        turns = Turns(None)

        async def view(name):
            turns.write(name)
            await asyncio.get_running_loop().run_in_executor(None, barrier.wait, 30)
            return turns.read()

        turns.app.view_functions["turn"] = view
        self.get_in_threads(turns)


if __name__ == "__main__":
    unittest.main()
