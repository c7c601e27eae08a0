"""Coroutine functions as views, and around them."""

import asyncio
import contextvars
import functools
import gc
import logging
import os
import subprocess
import sys
import threading
import unittest

from nanoweb import App, Response, after_this_request, copy_current_request_context, flash, g, request, session
from nanoweb.coroutines import async_to_sync, is_loop_running
from nanoweb.signals import request_finished
from nanoweb.views import MethodView, View


def make_app():
    app = App("example", static_folder=None)
    app.secret_key = "key"
    app.testing = True
    return app


async def hello():
    await asyncio.sleep(0)
    return f"hello from {request.path}"


class Greeter:
    async def greet(self):
        return "a method"

    async def __call__(self):
        return "an object"


class ViewTest(unittest.TestCase):
    """Wherever a plain function may be given, a coroutine function may."""

    def setUp(self):
        self.app = make_app()
        self.client = self.app.test_client()

    def test_whatever_gives_a_coroutine_is_a_view(self):
        for number, (view, text) in enumerate(
            [
                (hello, "hello from /0"),
                (functools.partial(hello), "hello from /1"),
                (Greeter().greet, "a method"),
                (Greeter(), "an object"),
                (lambda: hello(), "hello from /4"),
            ]
        ):
            with self.subTest(text):
                self.app.add_url_rule(f"/{number}", f"view{number}", view)
        for number, text in enumerate(["hello from /0", "hello from /1", "a method", "an object", "hello from /4"]):
            self.assertEqual(self.client.get(f"/{number}").text, text)

    def test_so_are_the_methods_of_classes(self):
        class Whole(View):
            async def dispatch_request(self):
                return await hello()

        class Parts(MethodView):
            async def get(self):
                return await hello()

            def post(self):
                return "a plain one"

        self.app.add_url_rule("/whole", view_func=Whole.as_view("whole"))
        self.app.add_url_rule("/parts", view_func=Parts.as_view("parts"))
        self.assertEqual(self.client.get("/whole").text, "hello from /whole")
        self.assertEqual(self.client.get("/parts").text, "hello from /parts")
        self.assertEqual(self.client.post("/parts").text, "a plain one")

    def test_functions_around_the_view_share_its_request(self):
        log = []

        async def before():
            await asyncio.sleep(0)
            g.number = 1

        async def after(response):
            response.headers["X-Number"] = f"{g.number} {session['x']}"
            return response

        async def teardown(error):
            log.append((request.path, repr(error)))

        async def answer(error):
            return f"answered {error}", 499

        async def listen(sender, response):
            log.append((request.path, response.status_code))

        self.app.before_request(before)
        self.app.after_request(after)
        self.app.teardown_request(teardown)
        self.app.teardown_appcontext(teardown)
        self.app.register_error_handler(KeyError, answer)

        @self.app.route("/<what>")
        async def view(what):
            g.number += 1
            session["x"] = "in the session"
            flash("too")

            @after_this_request
            async def mark(response):
                response.headers["X-Mark"] = "yes"
                return response

            if what == "fail":
                raise KeyError(what)
            return {"what": what}

        with request_finished.connected_to(listen, self.app):
            response = self.client.get("/fine")
            self.assertEqual((response.json, response.headers["X-Mark"]), ({"what": "fine"}, "yes"))
            self.assertEqual(response.headers["X-Number"], "2 in the session")
            self.assertEqual(log, [("/fine", 200), ("/fine", "None"), ("/fine", "None")])
            self.assertEqual(self.client.get("/fail").text, "answered 'fail'")

    def test_an_error_comes_out_as_itself_and_leaves_nothing_behind(self):
        @self.app.route("/")
        async def view():
            await asyncio.sleep(0)
            raise LookupError("from a coroutine")

        for expected in [LookupError, LookupError]:
            with self.assertRaisesRegex(expected, "from a coroutine") as caught:
                self.client.get("/")
        del caught
        self.app.testing = False
        logging.disable()
        self.addCleanup(logging.disable, logging.NOTSET)
        gc.collect()
        self.app(request_to("/"), lambda *args: None)
        self.assertEqual(gc.collect(), 0)

    def test_the_application_may_run_them_in_its_own_way(self):
        calls = []

        class Runs(App):
            def async_to_sync(self, func):
                calls.append("async_to_sync")
                return lambda *args, **kwargs: asyncio.run(func(*args, **kwargs))

        class Ensures(App):
            def ensure_sync(self, func):
                calls.append("ensure_sync")
                return lambda *args, **kwargs: asyncio.run(func(*args, **kwargs))

        for cls, name in [(Runs, "async_to_sync"), (Ensures, "ensure_sync")]:
            app = cls("example", static_folder=None)
            app.add_url_rule("/", "view", hello)
            self.assertEqual((app.test_client().get("/").text, calls.pop()), ("hello from /", name))

    def test_an_asynchronous_generator_is_no_response(self):
        async def view():
            yield "text"

        self.app.add_url_rule("/", "view", view)
        with self.assertRaisesRegex(TypeError, "'view' did not return .* returned a async_generator"):
            self.client.get("/")

    def test_a_plain_function_is_left_as_it_is(self):
        self.assertIs(self.app.ensure_sync(len), len)

        async def add(a, b=1):
            return a + b

        wrapped = self.app.ensure_sync(add)
        self.assertEqual((wrapped(1, b=2), wrapped.__name__), (3, "add"))


def request_to(path):
    from nanoweb.testing import create_environ

    return create_environ(path)


class LoopTest(unittest.TestCase):
    """Each thread has a loop, for as long as it lives."""

    def test_calls_of_a_thread_share_one_loop_and_threads_do_not(self):
        async def loop():
            return asyncio.get_running_loop()

        def elsewhere():
            loops.append(async_to_sync(loop)())

        loops = [async_to_sync(loop)(), async_to_sync(loop)()]
        for _ in range(2):
            thread = threading.Thread(target=elsewhere)
            thread.start()
            thread.join()
        self.assertIs(loops[0], loops[1])
        self.assertEqual(len(set(map(id, loops))), 3)
        gc.collect()
        self.assertEqual([loop.is_closed() for loop in loops], [False, False, True, True])

    def test_a_loop_that_somebody_closed_is_replaced(self):
        async def loop():
            return asyncio.get_running_loop()

        async_to_sync(loop)().close()
        self.assertFalse(async_to_sync(loop)().is_closed())

    def test_within_a_running_loop_another_thread_runs_it(self):
        app = make_app()
        app.add_url_rule("/", "view", hello)
        error = LookupError("from there")

        async def fail():
            raise error

        async def main():
            self.assertTrue(is_loop_running())
            with self.assertRaises(LookupError) as caught:
                app.async_to_sync(fail)()
            self.assertIs(caught.exception, error)
            return app.test_client().get("/").text

        self.assertEqual(asyncio.run(main()), "hello from /")
        self.assertFalse(is_loop_running())

    def test_context_variables_go_in_and_come_out(self):
        variable = contextvars.ContextVar("variable", default="unset")

        async def change(value):
            before = variable.get()
            variable.set(value)
            await asyncio.sleep(0)
            if value is None:
                raise LookupError
            return before

        def work():
            variable.set("outside")
            seen = [async_to_sync(change)("a"), async_to_sync(change)("b"), variable.get()]
            with self.assertRaises(LookupError):
                async_to_sync(change)(None)
            return [*seen, variable.get()]

        async def main():
            return work()

        self.assertEqual(contextvars.copy_context().run(work), ["outside", "a", "b", None])
        self.assertEqual(asyncio.run(main()), ["outside", "a", "b", None])
        self.assertEqual(variable.get(), "unset")

    def test_tasks_left_behind_are_cancelled(self):
        log = []

        async def background(name):
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                log.append(f"{name} cancelled")
                raise

        async def view():
            tasks.append(asyncio.create_task(background("task")))
            await asyncio.sleep(0)
            return "done"

        tasks = []
        self.assertEqual((async_to_sync(view)(), log), ("done", ["task cancelled"]))
        self.assertTrue(tasks[0].cancelled())

    def test_generators_left_behind_are_closed(self):
        log = []

        async def rows(name):
            try:
                yield 1
                yield 2
            finally:
                await asyncio.sleep(0)
                log.append(name)

        async def view():
            async for _ in rows("dropped"):
                break
            kept.append(rows("kept"))
            await kept[-1].__anext__()
            return "done"

        kept = []
        self.assertEqual(async_to_sync(view)(), "done")
        gc.collect()  # where it is not dropped at once
        self.assertEqual(async_to_sync(view)(), "done")
        self.assertLessEqual({"dropped", "kept"}, set(log))

    def test_what_fails_in_one_left_behind_is_logged(self):
        async def stubborn():
            try:
                await asyncio.sleep(60)
            finally:
                raise LookupError("at the end")

        async def view():
            tasks.append(asyncio.create_task(stubborn()))
            await asyncio.sleep(0)

        tasks = []
        with self.assertLogs("asyncio", "ERROR") as logs:
            async_to_sync(view)()
        self.assertIn("LookupError: at the end", logs.output[0])

    def test_ctrl_c_ends_the_coroutine_and_leaves_the_loop_usable(self):
        log = []

        async def background():
            try:
                await asyncio.sleep(60)
            finally:
                log.append("background")

        async def view():
            tasks.append(asyncio.create_task(background()))
            await asyncio.sleep(0)
            try:
                raise KeyboardInterrupt
            finally:
                log.append("view")

        tasks = []
        for error in [KeyboardInterrupt, KeyboardInterrupt]:
            with self.assertRaises(error):
                async_to_sync(view)()
        self.assertEqual(log, ["view", "background"] * 2)

        async def add(a, b):
            return a + b

        self.assertEqual(async_to_sync(add)(1, 2), 3)


PROGRAM = """
import asyncio, os, sys, threading
from nanoweb.coroutines import async_to_sync

async def work():
    return await asyncio.get_running_loop().run_in_executor(None, lambda: "worked")

print(async_to_sync(work)())
thread = threading.Thread(target=async_to_sync(work))
thread.start()
thread.join()
if hasattr(os, "fork"):
    child = os.fork()
    if not child:
        ok = async_to_sync(work)() == "worked"
        os._exit(0 if ok else 1)
    assert os.waitpid(child, 0)[1] == 0
print(async_to_sync(work)())
"""


class ProcessTest(unittest.TestCase):
    """A loop has descriptors: whoever forgets them hears of it."""

    def test_nothing_is_left_open_at_the_end_and_a_forked_child_has_its_own(self):
        command = [sys.executable, "-X", "dev", "-W", "error", "-W", "ignore::DeprecationWarning", "-c", PROGRAM]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, env={**os.environ}, check=False)
        self.assertEqual((done.stdout.split(), done.stderr, done.returncode), (["worked", "worked"], "", 0))


class CopyTest(unittest.TestCase):
    """copy_current_request_context around a coroutine function."""

    def test_it_may_be_awaited_in_tasks_and_called_in_threads(self):
        app = make_app()

        @app.route("/<name>")
        async def view(name):
            @copy_current_request_context
            async def work(number):
                "What work does."
                await asyncio.sleep(0)
                return request.path, number

            def call():
                results.append(work(9))

            results = list(await asyncio.gather(*(asyncio.create_task(work(number)) for number in range(3))))
            await asyncio.get_running_loop().run_in_executor(None, call)
            self.assertEqual((work.__name__, work.__doc__), ("work", "What work does."))
            return Response(repr(results))

        self.assertEqual(app.test_client().get("/a").text, repr([("/a", number) for number in (0, 1, 2, 9)]))


if __name__ == "__main__":
    unittest.main()
