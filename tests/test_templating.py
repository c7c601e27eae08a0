"""The application's templates: where they are looked for, what each of them may use, and who is told."""

import os
import tempfile
import unittest
from pathlib import Path

from nanoweb import (
    App,
    Blueprint,
    Markup,
    before_render_template,
    flash,
    g,
    get_template_attribute,
    render_template,
    render_template_string,
    request,
    session,
    stream_template,
    stream_template_string,
    template_rendered,
)
from nanoweb.template import ChoiceLoader, DictLoader, TemplateNotFound, TemplatesNotFound
from nanoweb.template import Environment as BaseEnvironment
from nanoweb.templating import DispatchingJinjaLoader, Environment


class FoldersTest(unittest.TestCase):
    """Templates in files: the application's folder, and those of its blueprints."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name)
        self.app = App("site", root_path=self.root)
        self.write("templates/page.html", "application's {{ name }}")

    def write(self, name, text):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")

    def register(self, name, **options):
        blueprint = Blueprint(name, "site", root_path=self.root / name, template_folder="templates", **options)
        self.app.register_blueprint(blueprint, url_prefix=f"/{name}")
        return blueprint

    def render(self, template, **values):
        with self.app.app_context():
            return render_template(template, **values)

    def test_the_folder_of_templates_stands_beside_the_module(self):
        self.assertEqual(self.render("page.html", name="<Ada>"), "application's &lt;Ada&gt;")
        self.assertEqual(self.app.jinja_loader.searchpath, [str(self.root / "templates")])

    def test_the_application_counts_before_its_blueprints_and_those_in_their_order(self):
        self.register("one")
        self.register("two")
        for folder in ("one", "two"):
            self.write(f"{folder}/templates/page.html", "never seen")
            self.write(f"{folder}/templates/both.html", folder)
        self.write("two/templates/mine.html", "of two {% include 'page.html' %} {% include 'both.html' %}")
        self.assertEqual(self.render("mine.html", name="it"), "of two application's it one")
        names = ["both.html", "mine.html", "page.html"]
        self.assertEqual(self.app.jinja_env.list_templates(), names)

    def test_the_first_of_several_that_there_is(self):
        self.assertEqual(self.render(["none.html", "page.html"], name=1), "application's 1")

    def test_a_template_object_is_taken_as_it_is(self):
        self.assertEqual(self.render(self.app.jinja_env.get_template("page.html"), name=1), "application's 1")

    def test_one_that_is_nowhere_is_named_by_the_error(self):
        with self.assertRaises(TemplateNotFound) as caught:
            self.render("none.html")
        self.assertEqual((str(caught.exception), caught.exception.name), ("none.html", "none.html"))
        with self.assertRaisesRegex(TemplatesNotFound, "none of the templates given were found: a.html, b.html"):
            self.render(["a.html", "b.html"])

    def test_in_debug_mode_the_error_names_the_places_too(self):
        self.app.debug = True
        self.register("one")
        bare = Blueprint("bare", "site", root_path=self.root)
        self.app.register_blueprint(bare)
        with self.assertRaises(TemplateNotFound) as caught:
            self.render("none.html")
        for place in (self.root / "templates", self.root / "one" / "templates"):
            self.assertIn(repr(str(place)), str(caught.exception))
        self.assertEqual(caught.exception.name, "none.html")

    def test_the_log_explains_where_it_looked_if_it_is_asked_to(self):
        self.app.config["EXPLAIN_TEMPLATE_LOADING"] = True
        self.register("one")
        self.app.add_url_rule("/one/", "one.view", lambda: render_template("none.html"))
        with self.assertLogs(self.app.logger, "INFO") as caught:
            self.render("page.html", name=1)
            self.app.test_client().get("/one/")
        found, missing = caught.records[0].getMessage(), caught.records[1].getMessage()
        self.assertRegex(found, r"1: application 'site', '.*templates': found \('.*page.html'\)\n *2: .*: no match")
        self.assertRegex(missing, r"2: blueprint 'one', .*no match\n(.*\n)*.*of the blueprint 'one'")

    def test_no_name_leads_out_of_the_folders(self):
        self.write("secret.txt", "secret")
        for name in (
            "../secret.txt",
            "/../secret.txt",
            "x/../../secret.txt",
            "page.html\0",
            str(self.root / "secret.txt"),
        ):
            with self.subTest(name), self.assertRaises(TemplateNotFound):
                self.render(name)

    def test_an_application_without_a_folder_has_no_templates(self):
        self.app = App("site", root_path=self.root, template_folder=None)
        self.assertIsNone(self.app.jinja_loader)
        with self.assertRaises(TemplateNotFound):
            self.render("page.html")

    def test_a_changed_file_is_read_again_in_debug_mode_or_if_the_settings_say_so(self):
        for settings, changes in (
            ({}, False),
            ({"DEBUG": True}, True),
            ({"TEMPLATES_AUTO_RELOAD": True}, True),
            ({"DEBUG": True, "TEMPLATES_AUTO_RELOAD": False}, False),
        ):
            with self.subTest(settings):
                self.app = App("site", root_path=self.root)
                self.app.config.update(settings)
                self.write("templates/page.html", "old")
                self.assertEqual(self.render("page.html"), "old")
                self.write("templates/page.html", "new")
                os.utime(self.root / "templates/page.html", (1, 1))
                self.assertEqual(self.render("page.html"), "new" if changes else "old")

    def test_debug_mode_counts_also_when_it_is_switched_on_later(self):
        self.assertIs(self.app.jinja_env.auto_reload, False)
        self.app.debug = True
        self.assertIs(self.app.jinja_env.auto_reload, True)

    def test_what_is_html_is_escaped(self):
        for name, is_escaped in (
            ("a.html", True),
            ("a.htm", True),
            ("a.xml", True),
            ("a.xhtml", True),
            ("a.svg", True),
            ("a.txt", False),
            ("a.HTML", False),
            ("a.html.txt", False),
            ("html", False),
        ):
            with self.subTest(name):
                self.write(f"templates/{name}", "{{ '<' }}")
                self.assertEqual(self.render(name), "&lt;" if is_escaped else "<")

    def test_a_macro_can_be_called_from_python(self):
        self.write("templates/macros.html", "{% macro hello(name) %}Hello {{ name }}!{% endmacro %}{% set n = 3 %}")
        with self.app.app_context():
            hello = get_template_attribute("macros.html", "hello")
            self.assertEqual(hello("<Ada>"), Markup("Hello &lt;Ada&gt;!"))
            self.assertEqual(get_template_attribute("macros.html", "n"), 3)
            with self.assertRaises(AttributeError):
                get_template_attribute("macros.html", "bye")


class NamesTest(unittest.TestCase):
    """What every template may use."""

    def setUp(self):
        self.app = App("site", static_folder=None)
        self.app.secret_key = "key"

    def render(self, source, path="/", **values):
        with self.app.test_request_context(path):
            return render_template_string(source, **values)

    def test_the_request_the_session_g_and_the_settings(self):
        with self.app.test_request_context("/path?a=<b>"):
            g.user, session["cart"] = "<Ada>", [1, 2]
            text = render_template_string(
                "{{ request.path }} {{ request.args.a }} {{ session.cart }} {{ g.user }} {{ config.TESTING }}"
            )
        self.assertEqual(text, "/path &lt;b&gt; [1, 2] &lt;Ada&gt; False")

    def test_addresses_and_messages(self):
        self.app.add_url_rule("/user/<name>", "user", lambda name: "")
        with self.app.test_request_context():
            flash("<saved>")
            text = render_template_string("{{ url_for('user', name='a b') }} {{ get_flashed_messages()|join }}")
        self.assertEqual(text, "/user/a%20b &lt;saved&gt;")

    def test_a_macro_that_is_imported_without_the_context_has_them_too(self):
        loader = DictLoader({"m.html": "{% macro m() %}{{ request.path }} {{ g.x }}{% endmacro %}"})
        self.app.jinja_env.loader = loader
        with self.app.test_request_context("/path"):
            g.x = 1
            self.assertEqual(render_template_string("{% import 'm.html' as m %}{{ m.m() }}"), "/path 1")

    def test_outside_of_a_request_the_application_is_enough(self):
        with self.app.app_context():
            g.x = 1
            self.assertEqual(render_template_string("{{ g.x }} {{ config.DEBUG }}"), "1 False")
        with self.assertRaisesRegex(RuntimeError, "outside of application context"):
            render_template_string("x")

    def test_context_processors_add_names_and_the_view_has_the_last_word(self):
        blueprint = Blueprint("inner", "inner", url_prefix="/inner")
        blueprint.context_processor(lambda: {"who": "blueprint", "only": "inner"})
        blueprint.app_context_processor(lambda: {"everywhere": "yes"})

        @self.app.context_processor
        async def of_application():
            return {"who": "application", "x": 1}

        source = "{{ who }} {{ x }} {{ only }} {{ everywhere }}"
        for owner, path in ((self.app, "/outer"), (blueprint, "/")):
            owner.add_url_rule(path, "view", lambda: render_template_string(source, x="view"))
        self.app.register_blueprint(blueprint)
        client = self.app.test_client()
        self.assertEqual(client.get("/outer").text, "application view  yes")
        self.assertEqual(client.get("/inner/").text, "blueprint view inner yes")

    def test_only_a_template_that_looks_at_the_session_varies_with_the_cookie(self):
        self.app.add_url_rule("/plain", "plain", lambda: render_template_string("{{ request.path }}"))
        self.app.add_url_rule("/session", "session", lambda: render_template_string("{{ session.x }}"))
        client = self.app.test_client()
        self.assertNotIn("Vary", client.get("/plain").headers)
        self.assertEqual(client.get("/session").headers["Vary"], "Cookie")

    def test_filters_tests_and_globals(self):
        blueprint = Blueprint("inner", "inner")

        @self.app.template_filter("reversed")
        def turn_around(text):
            return text[::-1]

        @self.app.template_filter
        def loud(text):
            return text.upper()

        @self.app.template_test()
        def odd_one(number):
            return number == 7

        @self.app.template_global("answer")
        def get_answer():
            return 42

        @blueprint.app_template_filter()
        def twice(text):
            return text * 2

        @blueprint.app_template_test("long")
        def is_long(text):
            return len(text) > 3

        @blueprint.app_template_global
        def here():
            return request.path

        self.app.add_template_filter(len, "size")
        self.app.add_template_test(str.isdigit, "digits")
        self.app.add_template_global(lambda: "x", "ex")
        blueprint.add_app_template_filter(str.strip, "bare")
        blueprint.add_app_template_test(str.isupper, "high")
        blueprint.add_app_template_global(max, "most")
        self.app.register_blueprint(blueprint)
        self.assertEqual(turn_around("ab"), "ba")
        source = (
            "{{ 'ab'|reversed }} {{ 'a'|loud }} {{ 7 is odd_one }} {{ answer() }} {{ 'a'|twice }}"
            " {{ 'abcd' is long }} {{ here() }} {{ 'abc'|size }} {{ '1' is digits }} {{ ex() }} {{ ' a '|bare }}"
            " {{ 'A' is high }} {{ most(1, 2) }}"
        )
        self.assertEqual(self.render(source, "/p"), "ba A True 42 aa True /p 3 True x a True 2")

    def test_they_are_registered_before_the_first_request(self):
        self.app.test_client().get("/")
        for add in (self.app.add_template_filter, self.app.add_template_test, self.app.add_template_global):
            with self.subTest(add.__name__), self.assertRaisesRegex(AssertionError, add.__name__):
                add(len, "size")

    def test_the_settings_of_the_environment(self):
        class Site(App):
            jinja_options = {"trim_blocks": True, "extensions": ["jinja2.ext.do"], "autoescape": False}

        self.app = Site("site")
        self.assertIsInstance(self.app.jinja_env, Environment)
        self.assertIsInstance(self.app.jinja_env, BaseEnvironment)
        self.assertEqual(self.render("{% set a = [] %}\n{% do a.append('<') %}\n{{ a[0] }}"), "<")

    def test_a_class_of_environments_of_ones_own(self):
        class Own(Environment):
            def join_path(self, template, parent):
                return os.path.join(os.path.dirname(parent), template)

        class Site(App):
            jinja_environment = Own

            def create_global_jinja_loader(self):
                own = DictLoader({"a/x.html": "{% include 'y.html' %}", "a/y.html": "found"})
                return ChoiceLoader([own, super().create_global_jinja_loader()])

        app = Site("site")
        with app.app_context():
            self.assertEqual(render_template("a/x.html"), "found")
        self.assertIsInstance(app.jinja_env.loader.loaders[1], DispatchingJinjaLoader)

    def test_json_is_the_applications(self):
        self.app.json.default = lambda value: "replaced"
        self.assertEqual(self.render("{{ thing|tojson }}", thing={"a": object()}), '{"a": "replaced"}')


class StringsTest(unittest.TestCase):
    """render_template_string: the same source again and again."""

    def test_what_it_compiled_is_kept(self):
        app = App("site")
        with app.app_context():
            first = app.jinja_env.template_of("{{ x }}")
            self.assertIs(app.jinja_env.template_of("{{ x }}"), first)
            self.assertEqual(render_template_string("{{ x }}", x=1), "1")
            self.assertEqual(render_template_string("{{ x }}", x=2), "2")

    def test_but_not_without_end(self):
        env = App("site").jinja_env
        for number in range(1000):
            env.template_of(f"{number}")
        self.assertEqual(len(env._strings), 400)
        env.longest_source = 10
        before = list(env._strings)
        self.assertIsNot(env.template_of("x" * 11), env.template_of("x" * 11))
        self.assertEqual(list(env._strings), before)

    def test_a_wrong_one_is_wrong_each_time(self):
        app = App("site")
        with app.app_context():
            for _ in range(2):
                with self.assertRaisesRegex(Exception, "nope"):
                    render_template_string("{% nope %}")


class StreamTest(unittest.TestCase):
    """stream_template: the view's values live until the end of it."""

    def setUp(self):
        self.app = App("site")
        self.app.secret_key = "key"
        self.app.jinja_env.loader = DictLoader(
            {"lines": "{% for n in numbers %}{{ n }} {{ request.path }} {{ g.x }};{% endfor %}"}
        )

    def test_it_comes_piece_by_piece_and_the_request_is_there(self):
        events = []

        def numbers():
            for number in range(3):
                events.append(f"made {number}")
                yield number

        @self.app.get("/stream")
        def view():
            g.x = "g"
            return stream_template("lines", numbers=numbers())

        self.app.teardown_request(lambda error: events.append("teardown"))
        response = self.app.test_client().get("/stream", buffered=False)
        pieces = []
        for piece in response.response:
            if piece.strip():
                events.append("sent")
            pieces.append(piece)
        response.close()
        self.assertEqual(b"".join(pieces), b"0 /stream g;1 /stream g;2 /stream g;")
        self.assertLess(events.index("sent"), events.index("made 2"))
        self.assertEqual(events[-1], "teardown")

    def test_a_string_can_be_streamed_and_so_it_can_without_a_request(self):
        with self.app.app_context():
            g.x = 1
            self.assertEqual("".join(stream_template_string("{{ g.x }}{{ y }}", y="<")), "1&lt;")

    def test_an_error_in_the_middle_reaches_whoever_reads(self):
        self.app.add_url_rule("/", "view", lambda: stream_template_string("a{{ 1 // 0 }}"))
        response = self.app.test_client().get("/")
        with self.assertRaises(ZeroDivisionError):
            response.get_data()
        response.close()


class SignalTest(unittest.TestCase):
    """before_render_template and template_rendered tell of each template."""

    def test_each_template_is_told_with_its_names(self):
        app = App("site")
        app.jinja_env.loader = DictLoader({"a.html": "{{ x }}"})
        heard = []

        def listen(kind):
            def receiver(sender, template, context):
                heard.append((kind, sender, template.name, context["x"]))
                context["x"] += 1

            return receiver

        before, after = listen("before"), listen("after")
        told_before = before_render_template.connected_to(before, app)
        told_after = template_rendered.connected_to(after, app)
        with told_before, told_after, app.app_context():
            self.assertEqual(render_template("a.html", x=1), "2")
            self.assertEqual(render_template_string("{{ x }}", x=5), "6")
            stream = stream_template("a.html", x=7)
            self.assertEqual(heard[4:], [("before", app, "a.html", 7)])
            self.assertEqual("".join(stream), "8")
        self.assertEqual(heard[:2], [("before", app, "a.html", 1), ("after", app, "a.html", 2)])
        self.assertEqual(heard[2:4], [("before", app, None, 5), ("after", app, None, 6)])
        self.assertEqual(heard[5:], [("after", app, "a.html", 8)])


if __name__ == "__main__":
    unittest.main()
