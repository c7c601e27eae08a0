"""The two stacks, and the proxies over their tops."""

import asyncio
import gc
import io
import threading
import unittest
from concurrent.futures import ThreadPoolExecutor

import nanoweb.context
from nanoweb import (
    App,
    after_this_request,
    copy_current_request_context,
    current_app,
    g,
    has_app_context,
    has_request_context,
    request,
    session,
    stream_with_context,
    url_for,
)
from nanoweb.context import app_ctx, request_ctx
from nanoweb.routing import BaseConverter, ValidationError
from nanoweb.signals import appcontext_popped, appcontext_pushed
from nanoweb.testing import create_environ


class OutsideTest(unittest.TestCase):
    """Touching a proxy where there is nothing behind it."""

    def test_the_error_names_the_proxy_and_the_ways_out(self):
        ways_for_requests = ["test_request_context", "copy_current_request_context"]
        ways_for_apps = ["app.app_context()"]
        for name, touch, first_line, ways in [
            ("request", lambda: request.args, "Working outside of request context.", ways_for_requests),
            ("session", lambda: session["x"], "Working outside of request context.", ways_for_requests),
            ("g", lambda: g.user, "Working outside of application context.", ways_for_apps),
            ("current_app", lambda: current_app.name, "Working outside of application context.", ways_for_apps),
            ("request_ctx", lambda: request_ctx.app, "Working outside of request context.", ways_for_requests),
            ("app_ctx", lambda: app_ctx.app, "Working outside of application context.", ways_for_apps),
        ]:
            with self.subTest(name):
                with self.assertRaises(RuntimeError) as caught:
                    touch()
                text = str(caught.exception)
                self.assertEqual(text.splitlines()[0], first_line)
                self.assertIn(f"{name!r} is", text)
                self.assertIn(f"thread {threading.current_thread().name!r}", text)
                for way in ways:
                    self.assertIn(way, text)

    def test_writing_is_an_error_too(self):
        for write in [
            lambda: setattr(g, "user", 1),
            lambda: session.update(a=1),
            lambda: setattr(current_app, "debug", True),
        ]:
            with self.assertRaisesRegex(RuntimeError, "Working outside"):
                write()

    def test_functions_that_need_a_request_say_so(self):
        for call, name in [
            (lambda: after_this_request(len), "after_this_request"),
            (lambda: copy_current_request_context(len), "copy_current_request_context"),
            (lambda: stream_with_context(iter("text")), "stream_with_context"),
        ]:
            with self.subTest(name), self.assertRaisesRegex(RuntimeError, f"{name!r} is"):
                call()

    def test_one_can_ask_first(self):
        app = App("example")
        self.assertEqual((has_app_context(), has_request_context(), bool(request)), (False, False, False))
        with app.app_context():
            self.assertEqual((has_app_context(), has_request_context()), (True, False))
        with app.test_request_context():
            self.assertEqual((has_app_context(), has_request_context(), bool(request)), (True, True, True))
        self.assertEqual((has_app_context(), has_request_context()), (False, False))


class NestingTest(unittest.TestCase):
    """Contexts inside contexts."""

    def setUp(self):
        self.app, self.other = App("one"), App("two")
        self.log = []
        for app in (self.app, self.other):
            app.teardown_request(lambda error, app=app: self.log.append(f"request of {app.name}"))
            app.teardown_appcontext(lambda error, app=app: self.log.append(f"app {app.name}"))

    def test_a_request_uses_the_application_context_that_is_there(self):
        with self.app.app_context():
            g.value = 1
            with self.app.test_request_context("/a"):
                self.assertEqual(g.value, 1)
                with self.app.test_request_context("/b"):
                    self.assertEqual((request.path, g.value), ("/b", 1))
                self.assertEqual(request.path, "/a")
            self.assertEqual(self.log, ["request of one", "request of one"])
        self.assertEqual(self.log[2:], ["app one"])

    def test_another_application_gets_its_own(self):
        with self.app.test_request_context("/a"):
            g.value = 1
            with self.other.test_request_context("/b"):
                self.assertEqual((current_app.name, request.path, g.get("value")), ("two", "/b", None))
            with self.other.app_context():
                self.assertEqual((current_app.name, request.path), ("two", "/a"))
            self.assertEqual((current_app.name, g.value), ("one", 1))

    def test_a_context_may_be_entered_again(self):
        context = self.app.test_request_context()
        with context:
            g.value = 1
            with context:
                self.assertEqual(g.value, 1)
            self.assertEqual(self.log, [])
        self.assertEqual(self.log, ["request of one", "app one"])

        context = self.app.app_context()
        with context, context:
            self.assertEqual(current_app.name, "one")
        self.assertEqual(self.log[2:], ["app one"])

    def test_the_contexts_themselves_can_be_had(self):
        with self.app.app_context() as outer, self.other.test_request_context() as inner:
            self.assertIs(request_ctx._get_current_object(), inner)
            self.assertIs(app_ctx._get_current_object(), inner)
            with outer:
                self.assertIs(app_ctx._get_current_object(), outer)

    def test_an_adapter_is_made_when_it_is_asked_for_unless_somebody_makes_his_own(self):
        asked = []

        def create_url_adapter(app, request):
            asked.append(request)
            return App.create_url_adapter(app, request)

        patched, changed = App("example"), type("Changed", (App,), {})("example")
        patched.create_url_adapter = lambda request: create_url_adapter(patched, request)
        type(changed).create_url_adapter = create_url_adapter
        derived = type("Derived", (App,), {"create_url_adapter": create_url_adapter})("example")
        for app in [self.app, patched, changed, derived]:
            app.add_url_rule("/<name>", "page", lambda name: name)
            asked.clear()
            with self.subTest(app), app.test_request_context("/ada") as ctx:
                self.assertEqual(ctx.request.view_args, {"name": "ada"})
                self.assertEqual(("url_adapter" in vars(ctx), len(asked)), (app is not self.app,) * 2)
                self.assertEqual(ctx.url_adapter.build("page", {"name": "bob"}), "/bob")

    def test_a_converter_is_asked_once_also_where_it_refuses(self):
        asked = []

        class Refusing(BaseConverter):
            def to_python(self, value):
                asked.append(value)
                raise ValidationError

        self.app.url_map.converters["refusing"] = Refusing
        self.app.add_url_rule("/<refusing:name>", "page", lambda name: name)
        self.assertEqual(self.app.test_client().get("/ada").status_code, 404)
        self.assertEqual(asked, ["ada"])

    def test_popping_in_the_wrong_order_is_an_error(self):
        first, second = self.app.app_context(), self.other.app_context()
        first.push()
        second.push()
        with self.assertRaisesRegex(RuntimeError, "'two'>] was pushed after <AppContext of 'one'> and never popped"):
            first.pop()
        self.assertFalse(has_app_context())

    def test_a_context_that_a_view_forgets_to_pop_does_not_reach_the_next_request(self):
        for forget in [lambda: self.other.app_context().push(), lambda: self.app.test_request_context().push()]:
            app = App("forgetful")
            app.add_url_rule("/forget", "forget", lambda forget=forget: (forget(), "x")[1])
            app.add_url_rule("/remember/<name>", "remember", lambda name: str(g.setdefault("name", name)))
            client = app.test_client()
            with self.assertRaisesRegex(RuntimeError, "was pushed after .* and never popped"):
                client.get("/forget")
            self.assertEqual((has_app_context(), has_request_context()), (False, False))
            self.assertEqual([client.get(f"/remember/{name}").text for name in "ab"], ["a", "b"])

    def test_popping_what_was_not_pushed_changes_nothing(self):
        with self.app.app_context():
            for context in [self.other.app_context(), self.other.test_request_context()]:
                with self.assertRaisesRegex(RuntimeError, "popped more often than it was pushed"):
                    context.pop()
            self.assertEqual(current_app.name, "one")

    def test_popping_in_another_thread_changes_nothing_there(self):
        context = self.app.app_context()
        context.push()

        def elsewhere():
            with self.other.app_context():
                try:
                    context.pop()
                except RuntimeError as error:
                    return f"{error}", current_app.name
            return None

        with ThreadPoolExecutor(1) as pool:
            text, name = pool.submit(elsewhere).result()
        self.assertEqual((text, name), ("<AppContext of 'one'> is popped where it was not pushed", "two"))
        self.assertIs(nanoweb.context._app_ctx_stack.pop(), context)

    def test_the_two_stacks_have_each_their_own_order_and_none_between_them(self):
        outer, inner = self.app.app_context(), self.other.app_context()
        request_context = self.app.test_request_context("/there")
        for context in (outer, request_context, inner):
            context.push()
        request_context.pop()
        self.assertEqual((current_app.name, has_request_context()), ("two", False))
        request_context = self.app.test_request_context("/again")
        request_context.push()
        with self.assertRaisesRegex(RuntimeError, "was pushed after"):
            inner.pop()
        self.assertEqual((current_app.name, request.path), ("one", "/again"))
        with self.assertRaisesRegex(RuntimeError, "popped where it was not pushed"):
            request_context.pop()
        outer.pop()
        self.assertFalse(has_app_context() or has_request_context())

    def test_an_application_context_that_ends_below_a_request_is_current_no_more(self):
        ended = []
        self.app.teardown_appcontext(ended.append)
        outer = self.app.app_context()
        outer.push()
        g.value = "of the one before"
        request_context = self.app.test_request_context("/there")
        request_context.push()
        outer.pop()
        self.assertEqual((ended, has_app_context(), request.path), ([None], False, "/there"))
        with self.app.test_request_context("/next"):
            self.assertNotIn("value", g)
        self.assertEqual(ended, [None, None])
        request_context.pop()
        self.assertFalse(has_request_context())

    def test_a_request_pushed_twice_may_end_below_an_application_context(self):
        request_context, inner = self.app.test_request_context("/there"), self.app.app_context()
        for context in (request_context, request_context, inner):
            context.push()
        for context in (request_context, inner, request_context):
            context.pop()
        self.assertFalse(has_app_context() or has_request_context())

    def test_the_old_names_of_the_stacks_can_be_pushed_and_popped(self):
        stack = nanoweb.context._request_ctx_stack
        self.assertIsNone(stack.pop())
        context = self.app.test_request_context("/there")
        stack.push(context)
        with self.other.app_context():
            self.assertEqual((request.path, current_app.name), ("/there", "two"))
        self.assertIs(stack.pop(), context)
        self.assertFalse(has_app_context() or has_request_context())

    def test_a_context_entered_anew_has_a_new_g(self):
        context = self.app.test_request_context()
        with context:
            g.value = 1
        with context:
            self.assertIsNone(g.get("value"))

    def test_the_error_reaches_the_teardown_functions(self):
        seen = []
        self.app.teardown_request(seen.append)
        self.app.teardown_appcontext(seen.append)
        error = LookupError("x")
        with self.assertRaises(LookupError), self.app.test_request_context():
            raise error
        self.assertEqual(seen, [error, error])

    def test_all_teardown_functions_run_though_one_fails(self):
        def fail(error):
            raise LookupError("in the teardown")

        self.app.teardown_request_funcs[None].append(fail)  # it is called first
        with self.assertRaisesRegex(LookupError, "in the teardown"), self.app.test_request_context():
            pass
        self.assertEqual(self.log, ["request of one", "app one"])
        self.assertFalse(has_app_context())

    def test_a_context_that_cannot_be_entered_is_left(self):
        def refuse(sender):
            raise LookupError("not now")

        for make in [self.app.app_context, self.app.test_request_context]:
            with appcontext_pushed.connected_to(refuse), self.assertRaises(LookupError), make():
                self.fail("it was entered")
            self.assertEqual((has_app_context(), has_request_context()), (False, False))

    def test_beginning_and_end_of_an_application_context_are_told_once(self):
        log = []

        def pushed(sender):
            log.append(("pushed", sender.name, has_app_context()))

        def popped(sender):
            log.append(("popped", sender.name, has_app_context()))

        told = [("pushed", "one", True), ("popped", "one", False)]
        self.app.add_url_rule("/", "view", lambda: stream_with_context(iter("text")))
        with appcontext_pushed.connected_to(pushed), appcontext_popped.connected_to(popped):
            for make in [self.app.app_context, self.app.test_request_context]:
                context = make()
                with context, context:
                    pass
                self.assertEqual(log, told)
                log.clear()
            with self.app.app_context(), self.app.test_request_context():
                pass
            self.assertEqual(log, told)
            log.clear()
            self.assertEqual(self.app.test_client().get("/").text, "text")
            self.assertEqual(log, told)


class HoldTest(unittest.TestCase):
    """A context that somebody goes on with, after the request."""

    def setUp(self):
        self.app = App("held")
        self.log = []
        self.app.teardown_request(lambda error: self.log.append(("request", error)))
        self.app.teardown_appcontext(lambda error: self.log.append(("app", error)))

    def test_it_ends_when_it_is_released(self):
        for context in [self.app.test_request_context(), self.app.app_context()]:
            self.log.clear()
            with context:
                holders = [context.hold(), context.hold()]
                g.value = 1
            self.assertEqual((self.log, has_app_context()), ([], False))
            with context:
                self.assertEqual((g.value, self.log), (1, []))
            for _ in range(2):  # the second time is none
                context.release(holders[0])
                self.assertEqual(self.log, [])
            context.release(holders[1])
            self.assertEqual((self.log[-1], has_app_context()), (("app", None), False))

    def test_one_that_is_released_before_its_end_ends_as_usual(self):
        with self.app.test_request_context() as context:
            context.release(context.hold())
            self.assertEqual((self.log, has_request_context()), ([], True))
        self.assertEqual(self.log, [("request", None), ("app", None)])

    def test_the_error_that_ended_the_work_is_kept_for_the_teardown_functions(self):
        error = LookupError("x")
        for context in [self.app.test_request_context(), self.app.app_context()]:
            self.log.clear()
            with self.assertRaises(LookupError), context:
                holder = context.hold()
                raise error
            self.assertEqual(self.log, [])
            context.release(holder)
            self.assertEqual(self.log[-1], ("app", error))
            self.assertIsNone(context.error)

    def test_it_brings_its_application_context_along_wherever_it_goes_on(self):
        with self.app.app_context():
            g.value = "outer"
            with self.app.test_request_context() as inner:
                inner_holder = inner.hold()
        with self.app.test_request_context() as own:
            own_holder = own.hold()
            g.value = "own"
        with self.app.app_context():
            g.value = "another"
            with inner:
                self.assertEqual(g.value, "outer")
            with own:
                self.assertEqual(g.value, "own")
            self.assertEqual(g.value, "another")
            own.release(own_holder)
            inner.release(inner_holder)
            self.assertEqual(g.value, "another")
        self.assertEqual([what for what, _ in self.log], ["app", "request", "app", "request", "app"])


class StreamTest(unittest.TestCase):
    """stream_with_context: what is sent when the view has returned."""

    def setUp(self):
        self.log = []

    def make_app(self, view):
        """An application with one view, which logs what its teardown functions get."""
        app = App("streams")
        app.secret_key = "key"
        app.teardown_request(lambda error: self.log.append(repr(error)))
        app.add_url_rule("/", "view", view)
        return app

    def stream(self, view):
        """The body that the application returns for a view."""
        return iter(self.make_app(view)(create_environ("/"), lambda *args: None))

    def words(self):
        """A generator that looks at all there is."""
        try:
            yield f"{request.path} "
            yield f"{g.value} "
            yield session["value"]
        finally:
            self.log.append(f"closed, {request.path}")

    def fill(self):
        g.value = "g"
        session["value"] = "session"

    def test_a_generator_or_its_function_or_an_iterable_can_be_streamed(self):
        class Words:
            def __iter__(words):
                return self.words()

            def __call__(words):
                raise AssertionError("an iterable is not called")

        def function(start, end=""):
            "What it does."
            yield start
            yield from self.words()
            yield end

        for make in [
            lambda: stream_with_context(self.words()),
            lambda: stream_with_context(Words()),
            lambda: stream_with_context(function)("", end=""),
        ]:
            app = self.make_app(lambda make=make: (self.fill(), make())[1])
            self.assertEqual(app.test_client().get("/").text, "/ g session")
        self.assertEqual(stream_with_context(function).__doc__, "What it does.")

    def test_a_coroutine_may_return_one(self):
        async def view():
            self.fill()
            await asyncio.sleep(0)
            return stream_with_context(self.words())

        self.assertEqual(self.make_app(view).test_client().get("/").text, "/ g session")

    def test_between_its_steps_there_is_no_context_and_teardown_comes_after_the_last(self):
        body = self.stream(lambda: (self.fill(), stream_with_context(self.words()))[1])
        for word in [b"/ ", b"g ", b"session"]:
            self.assertEqual((next(body), has_request_context(), self.log), (word, False, []))
        self.assertEqual(list(body), [])
        self.assertEqual(self.log, ["closed, /", "None"])

    def test_one_that_is_not_read_to_its_end_is_torn_down_when_it_is_closed(self):
        body = self.stream(lambda: (self.fill(), stream_with_context(self.words()))[1])
        next(body)
        body.close()
        body.close()
        self.assertEqual((self.log, list(body)), (["closed, /", "None"], []))

    def test_and_when_it_is_forgotten(self):
        body = self.stream(lambda: (self.fill(), stream_with_context(self.words()))[1])
        next(body)
        del body
        gc.collect()  # where it is not noticed at once
        self.assertEqual((self.log, has_request_context()), (["closed, /", "None"], False))

        def view():
            stream_with_context(self.words()).close()
            self.log.append(request.path)
            return "never sent"

        self.log.clear()
        self.make_app(view).test_client().get("/")
        self.assertEqual(self.log, ["/", "None"])

    def test_when_the_view_fails_after_all_it_ends_at_once_with_that_error(self):
        def fail():
            stream = stream_with_context(self.words())
            raise LookupError(f"after {type(stream).__name__}")

        def answer(error):
            yield from [b"sorry, ", request.path.encode()]

        def streamed(error):
            return stream_with_context(answer(error))

        self.addCleanup(gc.enable)
        gc.disable()
        for handler, text in [(None, b"Internal Server Error"), (streamed, b"sorry, /")]:
            self.log.clear()
            app = self.make_app(fail)
            app.logger.disabled = True
            if handler:
                app.register_error_handler(500, handler)
            body = app(create_environ("/"), lambda *args: None)
            self.assertEqual(len(self.log), 0 if handler else 1)
            self.assertIn(text, b"".join(body))
            self.assertEqual(self.log, ["LookupError('after _ContextStream')"])

    def test_its_error_reaches_the_teardown_functions(self):
        def fail():
            yield "begin"
            raise LookupError("in the middle")

        body = self.stream(lambda: stream_with_context(fail()))
        next(body)
        with self.assertRaisesRegex(LookupError, "in the middle"):
            next(body)
        self.assertEqual((self.log, list(body)), (["LookupError('in the middle')"], []))

        def fail_at_the_end():
            try:
                yield "begin"
            finally:
                raise LookupError("at the end")

        self.log.clear()
        body = self.stream(lambda: stream_with_context(fail_at_the_end()))
        next(body)
        with self.assertRaisesRegex(LookupError, "at the end"):
            body.close()
        self.assertEqual(self.log, ["LookupError('at the end')"])

    def test_it_runs_in_any_thread_and_leaves_nothing_there(self):
        body = self.stream(lambda: (self.fill(), stream_with_context(self.words()))[1])
        with ThreadPoolExecutor(1) as first, ThreadPoolExecutor(1) as second:
            words = [pool.submit(next, body, None).result() for pool in (first, second, first, second)]
            left = [pool.submit(has_app_context).result() for pool in (first, second)]
        self.assertEqual((words, left), ([b"/ ", b"g ", b"session", None], [False, False]))
        self.assertEqual(self.log, ["closed, /", "None"])

    def test_outside_of_a_request_it_streams_with_the_application(self):
        with App("streams").app_context():
            g.value = "kept"
            stream = stream_with_context(f"{current_app.name} {g.value}" for _ in range(1))
        self.assertEqual(list(stream), ["streams kept"])


class GTest(unittest.TestCase):
    """The namespace g."""

    def test_it_is_a_namespace_with_some_of_a_dicts_methods(self):
        with App("example").app_context():
            g.a = 1
            self.assertEqual((g.a, g.get("a"), g.get("b"), g.get("b", 2)), (1, 1, None, 2))
            self.assertEqual((g.setdefault("a", 5), g.setdefault("c", 3)), (1, 3))
            self.assertEqual((g.pop("c"), g.pop("c", 4), g.pop("c", default=None)), (3, 4, None))
            self.assertEqual(("a" in g, "c" in g, sorted(g)), (True, False, ["a"]))
            del g.a
            for missing in [lambda: g.a, lambda: delattr(g, "a")]:
                with self.assertRaisesRegex(AttributeError, "g has no 'a'"):
                    missing()
            with self.assertRaises(KeyError):
                g.pop("a")
            self.assertEqual(repr(g), "<g of 'example'>")

    def test_it_is_new_for_each_request(self):
        app = App("example")
        app.add_url_rule("/", "view", lambda: str(g.setdefault("count", 0)))
        app.before_request(lambda: setattr(g, "count", g.get("count", 0) + 1))
        client = app.test_client()
        self.assertEqual([client.get("/").text, client.get("/").text], ["1", "1"])


class HelperTest(unittest.TestCase):
    """after_this_request and copy_current_request_context."""

    def test_after_this_request_is_for_this_one_alone(self):
        app = App("example")

        @app.route("/<int:n>")
        def view(n):
            if n == 1:

                @after_this_request
                def mark(response):
                    response.headers["X-Mark"] = "yes"
                    return response

            return "x"

        client = app.test_client()
        self.assertEqual([client.get(f"/{n}").headers.get("X-Mark") for n in (1, 2)], ["yes", None])

    def test_after_this_request_may_be_called_in_one_of_these_functions(self):
        app = App("example")

        @app.route("/")
        def view():
            @after_this_request
            def first(response):
                after_this_request(lambda response: response.headers.add("X-Second", "yes") or response)
                return response

            return "x"

        self.assertEqual(app.test_client().get("/").headers.get("X-Second"), "yes")

    def test_a_function_can_carry_the_request_into_threads(self):
        app = App("example")
        app.secret_key = "key"

        @app.route("/<name>")
        def view(name):
            session["name"] = name

            @copy_current_request_context
            def work():
                return request.view_args["name"], session["name"], url_for("view", name="x"), current_app.name

            with ThreadPoolExecutor(4) as pool:
                return {"all": [future.result() for future in [pool.submit(work) for _ in range(8)]]}

        self.assertEqual(app.test_client().get("/me").json["all"], [["me", "me", "/x", "example"]] * 8)

    def test_a_copy_leaves_the_files_of_a_form_open(self):
        app = App("example")

        @app.route("/", methods=["POST"])
        def view():
            file = request.files["file"]
            with ThreadPoolExecutor(1) as pool:
                begin = pool.submit(copy_current_request_context(lambda: request.files["file"].read(2))).result()
            files.append(file)
            return begin + file.read()

        files = []
        data = {"file": (io.BytesIO(b"content"), "a.txt")}
        self.assertEqual(app.test_client().post("/", data=data).data, b"content")
        self.assertTrue(files[0].stream.closed)


def hammer(app, threads=50, rounds=10):
    """Send requests from many threads at once; returns what did not come back as it was sent."""
    barrier = threading.Barrier(threads)
    wrong = []

    def work(number):
        client = app.test_client()
        barrier.wait()
        for round in range(rounds):
            mine = f"{number}.{round}"
            try:
                answer = client.get("/", query_string={"value": mine}).text
            except Exception as error:
                answer = repr(error)
            if answer != " ".join([mine] * 4):
                wrong.append((mine, answer))

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return wrong


def reading_app(pause):
    """An application that puts its argument everywhere, waits for others to do so too, and reads it back."""
    app = App("example")
    app.secret_key = "key"

    @app.route("/")
    def view():
        value = request.args["value"]
        g.value = session["value"] = value
        pause()
        return " ".join([value, request.args["value"], g.value, session["value"]])

    return app


class IsolationTest(unittest.TestCase):
    """Whoever looks sees the own request."""

    def setUp(self):
        self.halfway = threading.Barrier(2)

    def pause(self):
        """Wait until another request has come as far as this one, so that each is in the middle of another."""
        try:
            self.halfway.wait(timeout=0.02)
        except threading.BrokenBarrierError:
            self.halfway.reset()

    def test_fifty_threads_never_see_each_others_values(self):
        self.assertEqual(hammer(reading_app(self.pause)), [])

    def test_and_they_would_if_the_stacks_were_shared(self):
        class SharedVariable:
            """What stands behind a LocalStack must not be: one value for all."""

            value = (None, None)

            def get(self, default=None):
                return self.value

            def set(self, value):
                self.value = value

        stacks = nanoweb.context._request_ctx_stack, nanoweb.context._app_ctx_stack
        saved = nanoweb.context._tops
        app = reading_app(self.pause)
        app.testing = True
        try:
            nanoweb.context._tops = stacks[0]._storage = stacks[1]._storage = SharedVariable()
            self.assertNotEqual(hammer(app, threads=8), [])
        finally:
            nanoweb.context._tops = stacks[0]._storage = stacks[1]._storage = saved

    def test_tasks_never_see_each_others_values(self):
        app = App("example")

        async def work(number):
            with app.test_request_context(f"/?n={number}"):
                g.number = number
                await asyncio.sleep(0)
                child = await asyncio.create_task(self.read())
                await asyncio.sleep(0)
                return (number, int(request.args["n"]), g.number, child)

        async def main():
            return await asyncio.gather(*map(work, range(50)))

        self.assertEqual(asyncio.run(main()), [(n, n, n, n) for n in range(50)])
        self.assertFalse(has_request_context())

    async def read(self):
        """What a task sees that was started under a request."""
        await asyncio.sleep(0)
        return int(request.args["n"])


if __name__ == "__main__":
    unittest.main()
