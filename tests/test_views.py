"""Views that are classes, as Flask's documentation has them."""

import asyncio
import functools
import inspect
import unittest

from nanoweb import App, request
from nanoweb.views import MethodView, View


class Site(App):
    """An application that shows what its ensure_sync() was asked for."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.testing = True
        self.asked = []

    def ensure_sync(self, func):
        self.asked.append(func.__name__)
        if inspect.iscoroutinefunction(func):
            return lambda *args, **kwargs: asyncio.run(func(*args, **kwargs))
        return func


class Greeting(View):
    """Greets."""

    def __init__(self, word="Hello"):
        self.word = word

    def dispatch_request(self, name="you"):
        return f"{self.word} {name}"


class Shelf(MethodView):
    def get(self, **values):
        return f"get {values}"

    def post(self):
        return "post", 201


class ViewTest(unittest.TestCase):
    """View: one class, one function."""

    def setUp(self):
        self.app = Site(__name__)

    def get(self, path, **kwargs):
        return self.app.test_client().get(path, **kwargs)

    def test_the_function_takes_the_rules_variables_and_the_class_what_as_view_was_given(self):
        self.app.add_url_rule("/hello/<name>", view_func=Greeting.as_view("hello"))
        self.app.add_url_rule("/bye/<name>", view_func=Greeting.as_view("bye", "Bye"))
        self.app.add_url_rule("/so/<name>", view_func=Greeting.as_view("so", word="So"))
        for path, text in [("/hello/Ada", "Hello Ada"), ("/bye/Ada", "Bye Ada"), ("/so/Ada", "So Ada")]:
            with self.subTest(path):
                self.assertEqual(self.get(path).text, text)

    def test_the_function_says_what_it_was_made_of(self):
        for cls, methods, automatic in [
            (Greeting, None, None),
            (type("Posting", (Greeting,), {"methods": ["POST"], "__doc__": "Posts."}), ["POST"], None),
            (type("Bare", (Greeting,), {"provide_automatic_options": False}), None, False),
            (Shelf, {"GET", "POST"}, None),
        ]:
            with self.subTest(cls.__name__):
                view = cls.as_view("known")
                self.assertEqual((view.__name__, view.__doc__), ("known", cls.__doc__))
                self.assertEqual((view.__module__, view.view_class), (cls.__module__, cls))
                self.assertEqual((view.methods, view.provide_automatic_options), (methods, automatic))

    def test_each_request_has_an_object_of_its_own_unless_the_class_says_otherwise(self):
        class Counting(View):
            made = 0

            def __init__(self):
                type(self).made += 1

            def dispatch_request(self):
                return str(self.made)

        class Kept(Counting):
            init_every_request = False

        self.app.add_url_rule("/new", view_func=Counting.as_view("new"))
        self.app.add_url_rule("/kept", view_func=Kept.as_view("kept"))
        self.assertEqual([self.get("/new").text for _ in range(3)], ["1", "2", "3"])
        self.assertEqual([self.get("/kept").text for _ in range(3)], ["1", "1", "1"])

    def test_arguments_that_do_not_fit_fail_at_as_view_if_one_object_serves_all(self):
        class Kept(Greeting):
            init_every_request = False

        self.assertRaises(TypeError, Kept.as_view, "kept", nonsense=1)

    def test_decorators_are_applied_from_the_first_to_the_last(self):
        def mark(text):
            def decorator(view):
                def decorated(**kwargs):
                    return text + view(**kwargs)

                return decorated

            return decorator

        class Marked(Greeting):
            methods = ["GET", "POST"]
            decorators = [*View.decorators, mark("1"), mark("2")]

        view = Marked.as_view("marked", "Hi")
        self.assertEqual((view.__name__, view.view_class, view.methods), ("marked", Marked, ["GET", "POST"]))
        self.app.add_url_rule("/", view_func=view)
        self.assertEqual(self.get("/").text, "21Hi you")

    def test_decorators_see_the_views_name(self):
        names = []

        def look(view):
            names.append((view.__name__, view.__module__, view.view_class))
            return functools.wraps(view)(lambda **kwargs: view(**kwargs))

        class Looked(Greeting):
            decorators = [look]

        Looked.as_view("looked")
        self.assertEqual(names, [("looked", __name__, Looked)])

    def test_a_test_may_put_another_class_in(self):
        class Fake(Greeting):
            def dispatch_request(self):
                return "fake"

        for decorators in [[], [lambda view: lambda **kwargs: view(**kwargs)]]:
            with self.subTest(decorators):
                view = type("Real", (Greeting,), {"decorators": decorators}).as_view("real")
                view.view_class = Fake
                with self.app.test_request_context():
                    self.assertEqual(view(), "fake")

    def test_the_application_is_asked_how_to_call_it(self):
        class Later(View):
            async def dispatch_request(self, name):
                await asyncio.sleep(0)
                return f"later {name}"

        self.app.add_url_rule("/<name>", view_func=Later.as_view("later"))
        self.assertEqual(self.get("/Ada").text, "later Ada")
        self.assertIn("dispatch_request", self.app.asked)

    def test_a_view_without_dispatch_request_says_so(self):
        class Empty(View):
            pass

        with self.app.test_request_context(), self.assertRaisesRegex(NotImplementedError, "Empty has no dispatch_"):
            Empty.as_view("empty")()

    def test_methods_of_the_class_are_the_rules(self):
        class Posting(Greeting):
            methods = ["POST"]

        class Bare(Greeting):
            methods = ["GET"]
            provide_automatic_options = False

        self.app.add_url_rule("/posting", view_func=Posting.as_view("posting"))
        self.app.add_url_rule("/bare", view_func=Bare.as_view("bare"))
        client = self.app.test_client()
        for path, method, status in [
            ("/posting", "GET", 405),
            ("/posting", "POST", 200),
            ("/posting", "OPTIONS", 200),
            ("/bare", "GET", 200),
            ("/bare", "HEAD", 200),
            ("/bare", "OPTIONS", 405),
        ]:
            with self.subTest(path=path, method=method):
                self.assertEqual(client.open(path, method=method).status_code, status)


class MethodsTest(unittest.TestCase):
    """Which methods a MethodView has."""

    def test_those_that_the_class_and_the_classes_above_it_have(self):
        def answer(self):
            return ""

        class Mixin:
            trace = patch = answer

        class Declared(View):
            methods = ["PROPFIND"]

        for bases, members, expected in [
            ((MethodView,), {}, None),
            ((MethodView,), {"get": answer}, {"GET"}),
            ((MethodView,), {"head": answer}, {"HEAD"}),
            ((MethodView,), {"options": answer, "delete": answer}, {"OPTIONS", "DELETE"}),
            ((MethodView,), {"connect": answer, "query": answer, "Get": answer}, None),
            ((MethodView,), {"get": None, "put": answer}, {"PUT"}),
            ((MethodView,), {"get": answer, "methods": ["PUT"]}, ["PUT"]),
            ((MethodView,), {"get": answer, "methods": None}, None),
            ((Shelf,), {}, {"GET", "POST"}),
            ((Shelf,), {"delete": answer}, {"GET", "POST", "DELETE"}),
            ((Mixin, MethodView), {}, {"TRACE", "PATCH"}),
            ((Mixin, Shelf), {"put": answer}, {"GET", "POST", "TRACE", "PATCH", "PUT"}),
            ((Shelf, Declared), {}, {"GET", "POST", "PROPFIND"}),
        ]:
            with self.subTest(bases=bases, members=list(members)):
                self.assertEqual(type("Made", bases, members).methods, expected)
        self.assertEqual(Shelf.methods, {"GET", "POST"}, "and a class has a set of its own")

    def test_a_class_below_one_that_set_its_methods_adds_to_them(self):
        class Fixed(Shelf):
            methods = ["PUT"]

        class Below(Fixed):
            pass

        self.assertEqual(Below.methods, {"PUT", "GET", "POST"})


class MethodViewTest(unittest.TestCase):
    """MethodView: each request goes to the method of its name."""

    def setUp(self):
        self.app = Site(__name__)
        self.client = self.app.test_client()

    def statuses(self, path, methods):
        return {method: self.client.open(path, method=method).status_code for method in methods.split()}

    def test_each_method_has_its_function_and_others_are_405(self):
        self.app.add_url_rule("/", view_func=Shelf.as_view("shelf"))
        self.app.add_url_rule("/<int:page>", view_func=Shelf.as_view("page"), methods=["GET"])
        expected = {"GET": 200, "POST": 201, "HEAD": 200, "OPTIONS": 200, "PUT": 405, "DELETE": 405, "GETS": 405}
        self.assertEqual(self.statuses("/", " ".join(expected)), expected)
        self.assertEqual(self.client.get("/7").text, "get {'page': 7}")
        self.assertEqual(self.client.post("/7").status_code, 405)
        allowed = self.client.put("/").headers["Allow"]
        self.assertEqual(sorted(allowed.split(", ")), ["GET", "HEAD", "OPTIONS", "POST"])

    def test_head_is_answered_by_head_or_else_by_get(self):
        class Both(Shelf):
            def head(self):
                return "", {"X-By": "head"}

        class Get(MethodView):
            def get(self):
                return "body", {"X-By": f"get for {request.method}"}

        self.app.add_url_rule("/both", view_func=Both.as_view("both"))
        self.app.add_url_rule("/get", view_func=Get.as_view("get"))
        for path, by in [("/both", "head"), ("/get", "get for HEAD")]:
            with self.subTest(path):
                response = self.client.head(path)
                self.assertEqual((response.headers["X-By"], response.text), (by, ""))

    def test_what_the_rule_lets_in_and_the_class_does_not_have_is_405(self):
        class Head(MethodView):
            def head(self):
                return ""

        class Less(Shelf):
            post = None

        class Nothing(MethodView):
            pass

        everything = ["GET", "POST", "HEAD", "PUT", "BREW"]
        for cls, expected, allowed in [
            (Shelf, {"GET": 200, "POST": 201, "HEAD": 200, "PUT": 405, "BREW": 405}, "GET, POST"),
            (Head, {"GET": 405, "POST": 405, "HEAD": 200, "PUT": 405, "BREW": 405}, "HEAD"),
            (Less, {"GET": 200, "POST": 405, "HEAD": 200, "PUT": 405, "BREW": 405}, "GET"),
            (Nothing, dict.fromkeys(everything, 405), None),
        ]:
            with self.subTest(cls.__name__):
                app = Site(__name__)
                app.add_url_rule("/", view_func=cls.as_view("view"), methods=everything)
                self.client = app.test_client()
                self.assertEqual(self.statuses("/", " ".join(everything)), expected)
                self.assertEqual(self.client.put("/").headers.get("Allow"), allowed)

    def test_methods_of_ones_own_need_only_be_named(self):
        class Folder(MethodView):
            methods = ["propfind", "GET"]

            def propfind(self):
                return "found"

            def get(self):
                return "got"

        self.app.add_url_rule("/", view_func=Folder.as_view("folder"))
        self.assertEqual(self.client.open("/", method="PROPFIND").text, "found")
        self.assertEqual(self.client.get("/").text, "got")

    def test_a_client_cannot_call_what_merely_has_a_name(self):
        self.app.add_url_rule("/", view_func=Shelf.as_view("shelf"))
        for method in ["DISPATCH_REQUEST", "AS_VIEW", "__INIT__", "_FIND"]:
            with self.subTest(method):
                self.assertEqual(self.client.open("/", environ_overrides={"REQUEST_METHOD": method}).status_code, 405)

    def test_a_method_may_be_a_coroutine_function(self):
        class Later(MethodView):
            async def get(self):
                await asyncio.sleep(0)
                return "later"

        self.app.add_url_rule("/", view_func=Later.as_view("later"))
        self.assertEqual(self.client.get("/").text, "later")
        self.assertEqual(self.app.asked[-2:], ["dispatch_request", "get"])


if __name__ == "__main__":
    unittest.main()
