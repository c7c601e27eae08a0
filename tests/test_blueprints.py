"""Blueprints: what is written down in them, and what an application makes of it."""

import os
import tempfile
import unittest
from pathlib import Path

from nanoweb import App, Blueprint, abort, g, request, url_for
from nanoweb.blueprints import BlueprintSetupState
from nanoweb.exceptions import HTTPException, NotFound
from nanoweb.views import MethodView


class Site(App):
    """An application without files, where a request of whatever host is for the host it names."""

    def __init__(self, **options):
        super().__init__("site", static_folder=None, **options)

    def get_text(self, path, host="localhost", method="GET"):
        return self.test_client().open(path, method=method, base_url=f"http://{host}").text


def rules_of(app):
    """[(address, endpoint)] in the order of registration."""
    return [(rule.rule, rule.endpoint) for rule in app.url_map.iter_rules()]


def show_place():
    return f"{request.endpoint} of {request.blueprint}, {request.blueprints}"


class PrefixTest(unittest.TestCase):
    """Where the rules of a blueprint stand."""

    def test_one_slash_stands_between_the_prefix_and_the_rule(self):
        for prefix, rule, expected in [
            (None, "/", "/"),
            (None, "/x", "/x"),
            ("", "/x", "/x"),
            ("/", "/x", "/x"),
            ("/a", "/", "/a/"),
            ("/a", "", "/a"),
            ("/a/", "/x/", "/a/x/"),
            ("/a//", "x", "/a/x"),
            ("/<int:n>", "/x", "/<int:n>/x"),
        ]:
            for where in "blueprint", "registration":
                with self.subTest(prefix=prefix, rule=rule, where=where):
                    app = Site()
                    own = prefix if where == "blueprint" or prefix is None else "/other"
                    blueprint = Blueprint("b", "site", url_prefix=own)
                    blueprint.add_url_rule(rule, "v", show_place)
                    options = {} if where == "blueprint" else {"url_prefix": prefix}
                    app.register_blueprint(blueprint, **options)
                    self.assertEqual(rules_of(app), [(expected, "b.v")])

    def test_a_rule_that_is_not_below_its_prefix_is_refused_where_the_blueprint_is_registered(self):
        for prefix, rule in [("a", "/x"), (None, "x"), (None, "")]:
            with self.subTest(prefix=prefix, rule=rule):
                blueprint = Blueprint("b", "site", url_prefix=prefix)
                blueprint.add_url_rule(rule, "v", show_place)
                with self.assertRaises(ValueError):
                    Site().register_blueprint(blueprint)

    def test_variables_of_the_prefix_can_be_taken_out_before_the_view_and_put_in_again_by_url_for(self):
        blueprint = Blueprint("pages", "site", url_prefix="/<language>", url_defaults={"color": "red"})

        @blueprint.url_value_preprocessor
        def take(endpoint, values):
            g.language = values.pop("language")

        @blueprint.url_defaults
        def put(endpoint, values):
            values.setdefault("language", g.language)

        @blueprint.route("/about", defaults={"page": 1})
        @blueprint.route("/about/<int:page>")
        def about(page, color):
            return f"{g.language} {page} {color} {url_for('.about', page=3)}"

        app = Site()
        app.register_blueprint(blueprint, url_defaults={"color": "blue"})
        self.assertEqual(app.get_text("/de/about/2"), "de 2 blue /de/about/3")
        self.assertEqual(app.get_text("/en/about"), "en 1 blue /en/about/3")

    def test_an_endpoint_with_a_dot_in_front_is_one_of_the_blueprint_of_the_request(self):
        outer, inner = Blueprint("outer", "site"), Blueprint("inner", "site", url_prefix="/inner")
        inner.add_url_rule("/", "index", lambda: f"{url_for('.index')} {url_for('outer.index')}")
        outer.add_url_rule("/", "index", lambda: f"{url_for('.index')} {url_for('.inner.index')}")
        outer.register_blueprint(inner)
        app = Site()
        app.register_blueprint(outer, url_prefix="/outer")
        app.add_url_rule("/", "index", lambda: f"{url_for('.index')} {url_for('.outer.inner.index')}")
        self.assertEqual(app.get_text("/"), "/ /outer/inner/")
        self.assertEqual(app.get_text("/outer/"), "/outer/ /outer/inner/")
        self.assertEqual(app.get_text("/outer/inner/"), "/outer/inner/ /outer/")

    def test_url_defaults_are_called_from_the_application_to_the_innermost(self):
        calls = []
        outer = Blueprint("outer", "site", url_prefix="/<x>")
        inner = Blueprint("inner", "site", url_prefix="/<y>")
        inner.add_url_rule("/", "index", lambda x, y: "")
        outer.register_blueprint(inner)

        def note(name, **found):
            def function(endpoint, values):
                calls.append((name, endpoint))
                values.update(found)

            return function

        app = Site()
        inner.url_defaults(note("inner", y="from inner"))
        outer.url_defaults(note("outer", x="from outer", y="replaced"))
        outer.app_url_defaults(note("app by outer", x="replaced"))
        app.url_defaults(note("app"))
        app.register_blueprint(outer)
        app.add_url_rule("/", "index", lambda: "")
        self.assertEqual(app.url_for("outer.inner.index"), "/from%20outer/from%20inner/")
        self.assertEqual([name for name, _ in calls], ["app", "app by outer", "outer", "inner"])
        self.assertEqual({endpoint for _, endpoint in calls}, {"outer.inner.index"})
        calls.clear()
        app.url_for("index")
        self.assertEqual([name for name, _ in calls], ["app", "app by outer"])

    def test_the_view_of_an_endpoint_may_be_given_by_its_name_here_or_by_its_whole_name(self):
        app, blueprint = Site(), Blueprint("b", "site")
        blueprint.add_url_rule("/here", endpoint="here")
        blueprint.add_url_rule("/whole", endpoint="whole")
        app.add_url_rule("/outside", endpoint="outside")
        app.add_url_rule("/taken", "taken", lambda: "of the application")
        for name in "here", "b.whole", "outside", "taken":
            blueprint.endpoint(name)(show_place)
        app.register_blueprint(blueprint)
        self.assertEqual(app.get_text("/here"), "b.here of b, ['b']")
        self.assertEqual(app.get_text("/whole"), "b.whole of b, ['b']")
        self.assertEqual(app.get_text("/outside"), "outside of None, []")
        self.assertEqual(app.get_text("/taken"), "of the application")

    def test_views_that_are_classes_and_endpoints_without_a_view_belong_to_it_too(self):
        class Item(MethodView):
            def get(self, id):
                return f"item {id}"

        blueprint = Blueprint("b", "site", url_prefix="/b")
        blueprint.add_url_rule("/items/<int:id>", view_func=Item.as_view("item"))
        blueprint.add_url_rule("/later", "later")
        blueprint.endpoint("later")(show_place)
        app = Site()
        app.register_blueprint(blueprint)
        self.assertEqual(app.get_text("/b/items/3"), "item 3")
        self.assertEqual(app.get_text("/b/later"), "b.later of b, ['b']")


class NestedTest(unittest.TestCase):
    """Blueprints in blueprints."""

    def test_prefixes_and_names_add_up(self):
        for outer_prefix, inner_prefix, option, expected in [
            (None, None, None, "/v"),
            ("/o", None, None, "/o/v"),
            (None, "/i", None, "/i/v"),
            ("/o/", "/i/", None, "/o/i/v"),
            ("/o", "i", None, "/o/i/v"),
            ("/o", "/i", "/q", "/o/q/v"),
            ("/o", "/i", "", "/o/v"),
            ("", "/i", None, "/i/v"),
        ]:
            with self.subTest(outer=outer_prefix, inner=inner_prefix, option=option):
                outer = Blueprint("o", "site", url_prefix=outer_prefix)
                inner = Blueprint("i", "site", url_prefix=inner_prefix)
                inner.add_url_rule("/v", "v", show_place)
                outer.register_blueprint(inner, url_prefix=option)
                app = Site()
                app.register_blueprint(outer)
                self.assertEqual(rules_of(app), [(expected, "o.i.v")])
                self.assertEqual(app.get_text(expected), "o.i.v of o.i, ['o.i', 'o']")

    def test_subdomains_add_up_and_an_empty_one_adds_nothing(self):
        for outer_subdomain, inner_subdomain, option, expected in [
            (None, None, None, ""),
            ("a", None, None, "a"),
            (None, "b", None, "b"),
            ("a", "b", None, "b.a"),
            ("a", "b", "c", "c.a"),
            ("a", "b", "", "a"),
            (None, "b", "", ""),
            ("", "b", None, "b"),
        ]:
            with self.subTest(outer=outer_subdomain, inner=inner_subdomain, option=option):
                outer = Blueprint("o", "site", subdomain=outer_subdomain)
                inner = Blueprint("i", "site", subdomain=inner_subdomain)
                inner.add_url_rule("/v", "v", show_place)
                outer.register_blueprint(inner, subdomain=option)
                app = Site(subdomain_matching=True)
                app.config["SERVER_NAME"] = "example.com"
                app.register_blueprint(outer)
                self.assertEqual([rule.subdomain for rule in app.url_map.iter_rules()], [expected])
                host = f"{expected}.example.com".lstrip(".")
                self.assertEqual(app.get_text("/v", host), "o.i.v of o.i, ['o.i', 'o']")

    def test_one_blueprint_can_be_in_several_places_under_several_names(self):
        app, parent, child = Site(), Blueprint("parent", "site"), Blueprint("child", "site")
        child.add_url_rule("/", "index", lambda: url_for(".index"))
        parent.register_blueprint(child, url_prefix="/first")
        parent.register_blueprint(child, url_prefix="/second", name="second")
        app.register_blueprint(parent, url_prefix="/p")
        app.register_blueprint(parent, url_prefix="/q", name="other")
        app.register_blueprint(child, url_prefix="/top")
        self.assertEqual(
            list(app.blueprints),
            ["parent", "parent.child", "parent.second", "other", "other.child", "other.second", "child"],
        )
        for path in "/p/first/", "/p/second/", "/q/first/", "/q/second/", "/top/":
            with self.subTest(path):
                self.assertEqual(app.get_text(path), path)

    def test_a_blueprint_is_not_inside_itself(self):
        blueprint = Blueprint("b", "site")
        with self.assertRaisesRegex(ValueError, "inside itself"):
            blueprint.register_blueprint(blueprint)
        child = Blueprint("child", "site")
        blueprint.register_blueprint(child)
        with self.assertRaisesRegex(ValueError, "'child' cannot be inside itself"):
            child.register_blueprint(blueprint)

    def test_two_of_one_name_in_the_same_place_are_refused(self):
        child, parent = Blueprint("child", "site"), Blueprint("parent", "site")
        parent.register_blueprint(child)
        parent.register_blueprint(Blueprint("child", "site"))
        with self.assertRaisesRegex(ValueError, "'parent.child' is taken by another blueprint: give name="):
            Site().register_blueprint(parent)


class RegistrationTest(unittest.TestCase):
    """What happens when, and what is refused."""

    def test_a_second_registration_needs_a_name_of_its_own(self):
        app, blueprint = Site(), Blueprint("b", "site")
        blueprint.add_url_rule("/v", "v", show_place)
        app.register_blueprint(blueprint, url_prefix="/1")
        with self.assertRaisesRegex(ValueError, "'b' is taken by the same blueprint"):
            app.register_blueprint(blueprint, url_prefix="/2")
        with self.assertRaisesRegex(ValueError, "'b' is taken by another blueprint"):
            app.register_blueprint(Blueprint("b", "site"))
        app.register_blueprint(blueprint, url_prefix="/2", name="c")
        self.assertEqual(list(app.iter_blueprints()), [blueprint, blueprint])
        self.assertEqual(app.get_text("/1/v"), "b.v of b, ['b']")
        self.assertEqual(app.get_text("/2/v"), "c.v of c, ['c']")

    def test_dots_part_the_names_of_nested_blueprints_and_stand_nowhere_else(self):
        for name in "", "a.b", ".":
            with self.subTest(name):
                with self.assertRaisesRegex(ValueError, "without dots"):
                    Blueprint(name, "site")
                with self.assertRaisesRegex(ValueError, "without dots"):
                    Site().register_blueprint(Blueprint("b", "site"), name=name)
        blueprint = Blueprint("b", "site")
        with self.assertRaisesRegex(ValueError, r"endpoint 'a\.b' has a dot"):
            blueprint.add_url_rule("/", "a.b", show_place)

        def view():
            return ""

        view.__name__ = "a.b"
        with self.assertRaisesRegex(ValueError, r"view function 'a\.b' has a dot"):
            blueprint.add_url_rule("/", view_func=view)

    def test_what_was_recorded_is_called_with_the_state_of_each_registration_or_of_the_first(self):
        states, first = [], []
        blueprint = Blueprint("b", "site", url_prefix="/b", subdomain="s", url_defaults={"x": 1, "y": 1})
        blueprint.record(states.append)
        blueprint.record_once(first.append)
        app, other = Site(), Site()
        app.register_blueprint(blueprint)
        app.register_blueprint(blueprint, name="c", url_prefix="/c", subdomain="t", url_defaults={"y": 2}, more="m")
        other.register_blueprint(blueprint)
        self.assertEqual(
            [(s.app, s.name, s.url_prefix, s.subdomain, s.url_defaults, s.first_registration) for s in states],
            [
                (app, "b", "/b", "s", {"x": 1, "y": 1}, True),
                (app, "c", "/c", "t", {"x": 1, "y": 2}, False),
                (other, "b", "/b", "s", {"x": 1, "y": 1}, True),
            ],
        )
        self.assertEqual(states[1].options["more"], "m")
        self.assertIs(states[0].blueprint, blueprint)
        self.assertEqual(first, [states[0], states[2]])

    def test_a_class_of_ones_own_may_make_the_state_and_do_more(self):
        class State(BlueprintSetupState):
            def add_url_rule(self, rule, endpoint=None, view_func=None, **options):
                super().add_url_rule(f"/v{self.options['version']}{rule}", endpoint, view_func, **options)

        class Versioned(Blueprint):
            def make_setup_state(self, app, options, first_registration=False):
                return State(self, app, options, first_registration)

            def register(self, app, options):
                super().register(app, {**options, "version": 2})

        blueprint = Versioned("b", "site")
        blueprint.add_url_rule("/x", "x", show_place)
        app = Site()
        app.register_blueprint(blueprint)
        self.assertEqual(rules_of(app), [("/v2/x", "b.x")])

    def test_what_is_added_after_the_registration_is_an_error_and_not_lost(self):
        blueprint = Blueprint("b", "site")
        Site().register_blueprint(blueprint)
        for late in [
            lambda: blueprint.route("/")(show_place),
            lambda: blueprint.get("/")(show_place),
            lambda: blueprint.add_url_rule("/", "v", show_place),
            lambda: blueprint.endpoint("v")(show_place),
            lambda: blueprint.before_request(show_place),
            lambda: blueprint.after_app_request(show_place),
            lambda: blueprint.url_defaults(show_place),
            lambda: blueprint.errorhandler(404)(show_place),
            lambda: blueprint.app_errorhandler(404)(show_place),
            lambda: blueprint.record(show_place),
            lambda: blueprint.record_once(show_place),
            lambda: blueprint.register_blueprint(Blueprint("c", "site")),
        ]:
            with self.assertRaisesRegex(AssertionError, "'b' is registered already.*import all"):
                late()

    def test_an_application_that_has_answered_takes_no_more(self):
        app = Site()
        app.get_text("/")
        with self.assertRaisesRegex(AssertionError, r"register_blueprint\(\) after the first request"):
            app.register_blueprint(Blueprint("b", "site"))

    def test_the_decorators_for_the_application_give_the_function_back(self):
        blueprint = Blueprint("b", "site")
        for decorator in [
            blueprint.before_app_request,
            blueprint.after_app_request,
            blueprint.teardown_app_request,
            blueprint.app_context_processor,
            blueprint.app_url_value_preprocessor,
            blueprint.app_url_defaults,
            blueprint.app_errorhandler(404),
        ]:
            self.assertIs(decorator(show_place), show_place)


class HookTest(unittest.TestCase):
    """Functions around the views, of blueprints in blueprints."""

    KINDS = ("url_value_preprocessor", "before_request", "after_request", "teardown_request")
    APP_KINDS = ("app_url_value_preprocessor", "before_app_request", "after_app_request", "teardown_app_request")

    def setUp(self):
        self.calls = []
        self.app = Site()
        self.app.testing = False
        self.outer, self.inner = (
            Blueprint("outer", "site", url_prefix="/o"),
            Blueprint("inner", "site", url_prefix="/i"),
        )
        self.other = Blueprint("other", "site")
        for place, kinds in [
            (self.app, self.KINDS),
            (self.outer, self.KINDS + self.APP_KINDS),
            (self.inner, self.KINDS + self.APP_KINDS),
            (self.other, self.KINDS + self.APP_KINDS),
        ]:
            for kind in kinds:
                for number in 1, 2:
                    getattr(place, kind)(self.note(f"{place.name} {kind} {number}"))
        for place in self.app, self.outer, self.inner:
            place.add_url_rule("/v", "v", self.note("view", "answer"))
        self.outer.register_blueprint(self.inner)
        self.app.register_blueprint(self.outer)
        self.app.register_blueprint(self.other)

    def note(self, name, answer=None):
        def function(*args):
            self.calls.append(name)
            return args[0] if "after" in name else answer

        return function

    def expect(self, before, after):
        """The calls that a view's own blueprints make, from the application inwards and back out."""
        app_wide = [f"{name} {{}}" for name in ("site", "outer app", "inner app", "other app")]
        calls = []
        for kind in "url_value_preprocessor", "before_request":
            calls += self.expand([*app_wide, *before], kind, [1, 2])
        calls.append("view")
        for kind in "after_request", "teardown_request":
            calls += self.expand([*after, *reversed(app_wide)], kind, [2, 1])
        return calls

    def expand(self, places, kind, numbers):
        app_kind = f"app_{kind}" if kind.startswith("url") else kind.replace("_", "_app_")
        for place in places:
            name, *wide = place.format("").split()
            for number in numbers:
                yield f"{name} {app_kind if wide else kind} {number}"

    def test_before_from_the_outermost_inwards_and_after_back_again(self):
        for path, before in [("/v", []), ("/o/v", ["outer"]), ("/o/i/v", ["outer", "inner"])]:
            with self.subTest(path):
                self.calls.clear()
                self.assertEqual(self.app.get_text(path), "answer")
                self.assertEqual(self.calls, self.expect(before, before[::-1]))

    def test_where_no_rule_matches_those_of_the_application_are_called_alone(self):
        self.app.get_text("/o/nothing")
        self.calls.append("view")
        self.assertEqual(sorted(self.calls), sorted(self.expect([], [])))

    def test_a_blueprint_that_is_registered_twice_adds_its_functions_for_the_application_once(self):
        app, calls = Site(), []
        blueprint = Blueprint("b", "site")
        blueprint.before_app_request(lambda: calls.append("app"))
        blueprint.before_request(lambda: calls.append("own"))
        blueprint.add_url_rule("/v", "v", lambda: "")
        app.register_blueprint(blueprint)
        app.register_blueprint(blueprint, name="c", url_prefix="/c")
        app.get_text("/c/v")
        self.assertEqual(calls, ["app", "own"])


class ErrorHandlerTest(unittest.TestCase):
    """Which of many handlers answers: by status before class, by the blueprint before the application."""

    def answer(self, error, handlers):
        """What handlers, [(place, class or status)], make of an error in the inner one of two blueprints."""
        app = Site()
        outer, inner = Blueprint("outer", "site"), Blueprint("inner", "site")
        places = {"app": app, "outer": outer, "inner": inner, "app by inner": inner}

        @inner.route("/")
        def fail():
            raise error

        for place, what in handlers:
            register = places[place].errorhandler if place != "app by inner" else inner.app_errorhandler
            register(what)(lambda error, place=place, what=what: f"{place} {getattr(what, '__name__', what)}")
        outer.register_blueprint(inner)
        app.register_blueprint(outer)
        app.logger.disabled = True
        self.addCleanup(setattr, app.logger, "disabled", False)
        return app.get_text("/")

    def test_the_first_of_each_row_wins_over_those_behind_it(self):
        class Missing(NotFound):
            pass

        class Mine(LookupError):
            pass

        for error, handlers in [
            (NotFound(), [("inner", 404), ("outer", 404), ("app", 404)]),
            (NotFound(), [("outer", 404), ("inner", HTTPException), ("app", 404)]),
            (NotFound(), [("app", 404), ("inner", HTTPException), ("inner", Exception)]),
            (NotFound(), [("inner", HTTPException), ("inner", Exception), ("app", HTTPException)]),
            (NotFound(), [("inner", Exception), ("outer", HTTPException)]),
            (Missing(), [("inner", Missing), ("inner", 404), ("app", Missing)]),
            (Missing(), [("inner", NotFound), ("app", Missing)]),
            (Mine(), [("inner", Mine), ("inner", LookupError), ("inner", Exception)]),
            (Mine(), [("inner", Exception), ("outer", Mine), ("app", Mine)]),
            (Mine(), [("outer", LookupError), ("app", Mine), ("inner", ValueError)]),
            (Mine(), [("app", LookupError), ("inner", 500)]),
            (Mine(), [("inner", 500), ("outer", 500), ("app", 500)]),
            (Mine(), [("inner", 500), ("inner", HTTPException)]),
            (NotFound(), [("app by inner", 404), ("inner", HTTPException)]),
        ]:
            with self.subTest(error=error, handlers=handlers):
                place, what = handlers[0]
                expected = f"{place} {getattr(what, '__name__', what)}"
                self.assertEqual(self.answer(error, handlers), expected)
                self.assertEqual(self.answer(error, handlers[::-1]), expected)

    def test_an_address_below_the_prefix_that_no_rule_has_is_not_the_blueprints(self):
        app, blueprint = Site(), Blueprint("b", "site", url_prefix="/b")
        blueprint.errorhandler(404)(lambda error: "the blueprint's")
        blueprint.app_errorhandler(405)(lambda error: "405 of the application")
        blueprint.add_url_rule("/x", "x", lambda: abort(404))
        app.errorhandler(404)(lambda error: "the application's")
        app.register_blueprint(blueprint)
        self.assertEqual(app.get_text("/b/x"), "the blueprint's")
        self.assertEqual(app.get_text("/b/y"), "the application's")
        self.assertEqual(app.get_text("/b/x", method="POST"), "405 of the application")


class HostTest(unittest.TestCase):
    """Rules for subdomains and for hosts."""

    def test_a_blueprint_may_have_a_subdomain(self):
        app = Site(subdomain_matching=True)
        app.config["SERVER_NAME"] = "example.com"
        blueprint = Blueprint("b", "site", subdomain="<user>")
        blueprint.add_url_rule("/", "index", lambda user: f"{user} {url_for('.index', user='eve')}")
        app.add_url_rule("/", "index", lambda: url_for("b.index", user="joe"))
        app.register_blueprint(blueprint)
        self.assertEqual(app.get_text("/", "example.com"), "http://joe.example.com/")
        self.assertEqual(app.get_text("/", "joe.example.com"), "joe http://eve.example.com/")

    def test_without_subdomain_matching_the_host_does_not_count(self):
        app = Site()
        app.config["SERVER_NAME"] = "example.com"
        app.add_url_rule("/", "index", lambda: "index")
        for host in "example.com", "a.example.com", "elsewhere.org":
            with self.subTest(host):
                self.assertEqual(app.get_text("/", host), "index")

    def test_with_host_matching_a_rule_of_a_blueprint_names_its_host(self):
        app = Site(host_matching=True)
        blueprint = Blueprint("b", "site")
        blueprint.add_url_rule("/", "one", show_place, host="one.example")
        blueprint.add_url_rule("/", "two", show_place, host="two.example")
        app.register_blueprint(blueprint)
        self.assertEqual(app.get_text("/", "one.example"), "b.one of b, ['b']")
        self.assertEqual(app.get_text("/", "two.example"), "b.two of b, ['b']")
        self.assertIn("Not Found", app.get_text("/", "three.example"))


class FolderTest(unittest.TestCase):
    """Static files and resources of a blueprint."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        (self.root / "assets").mkdir()
        (self.root / "assets" / "a.txt").write_text("of the blueprint", encoding="utf-8")
        (self.root / "static").mkdir()
        (self.root / "static" / "a.txt").write_text("of the application", encoding="utf-8")

    def fetch(self, app, path):
        with app.test_client().get(path) as response:
            return response.text if response.status_code == 200 else response.status_code

    def test_its_static_files_are_found_below_its_prefix(self):
        for prefix, static_url_path, expected in [
            ("/b", None, "/b/assets/a.txt"),
            ("/b", "/files/", "/b/files/a.txt"),
            ("/b", "", "/b/a.txt"),
            ("/b", "/", "/b/a.txt"),
            (None, None, "/assets/a.txt"),
        ]:
            with self.subTest(prefix=prefix, static_url_path=static_url_path):
                app = App("site", root_path=self.root)
                blueprint = Blueprint("b", "site", "assets", static_url_path, url_prefix=prefix, root_path=self.root)
                app.register_blueprint(blueprint)
                self.assertEqual(app.url_for("b.static", filename="a.txt"), expected)
                self.assertEqual(self.fetch(app, expected), "of the blueprint")
                self.assertEqual(self.fetch(app, "/static/a.txt"), "of the application")

    def test_without_a_prefix_the_application_has_the_first_say_about_an_address(self):
        app = App("site", root_path=self.root)
        app.register_blueprint(Blueprint("b", "site", "assets", "/static", root_path=self.root))
        self.assertEqual(self.fetch(app, "/static/a.txt"), "of the application")

    def test_how_long_a_file_may_be_kept_can_be_its_own_affair(self):
        class Kept(Blueprint):
            def get_send_file_max_age(self, filename):
                return 99

        app = App("site", root_path=self.root)
        app.register_blueprint(Kept("b", "site", "assets", root_path=self.root))
        with app.test_client().get("/assets/a.txt") as response:
            self.assertEqual(response.cache_control.max_age, 99)
        with app.test_client().get("/static/a.txt") as response:
            self.assertIsNone(response.cache_control.max_age)

    def test_resources_are_opened_below_its_own_folder(self):
        blueprint = Blueprint("b", "site", root_path=os.fspath(self.root / "assets"))
        with blueprint.open_resource("a.txt") as file:
            self.assertEqual(file.read(), b"of the blueprint")

    def test_one_without_static_files_has_no_rule_for_them(self):
        app = Site()
        blueprint = Blueprint("b", "site")
        app.register_blueprint(blueprint)
        self.assertEqual((rules_of(app), blueprint.has_static_folder, blueprint.static_url_path), ([], False, None))


if __name__ == "__main__":
    unittest.main()
