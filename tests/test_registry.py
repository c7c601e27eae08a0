"""What an application is told at start, and the classes and methods that make its parts."""

import os
import sys
import unittest
from unittest import mock

from nanoweb import App, Config, Flask, abort, current_app, request, url_for
from nanoweb.exceptions import Aborter, NotFound
from nanoweb.routing import BaseConverter, Map, Rule


class RegistrationTest(unittest.TestCase):
    """route and its family."""

    def setUp(self):
        self.app = App("example")
        self.client = self.app.test_client()

    def test_methods_as_a_str_are_refused(self):
        with self.assertRaisesRegex(TypeError, r"give a list of them, \['POST'\]"):
            self.app.add_url_rule("/", "view", lambda: "", methods="POST")

    def test_methods_that_are_no_names_are_refused(self):
        for wrong in 5, [5]:
            with self.subTest(wrong), self.assertRaisesRegex(TypeError, "no list of names, such as"):
                self.app.add_url_rule("/", "view", lambda: "", methods=wrong)

    def test_functions_for_a_script_or_a_shell_are_functions_too(self):
        for add in self.app.teardown_appcontext, self.app.shell_context_processor, self.app.add_template_filter:
            with self.subTest(add), self.assertRaisesRegex(TypeError, "'x' is no function"):
                add("x")

    def test_two_views_cannot_have_one_endpoint(self):
        def first():
            return "1"

        def second():
            return "2"

        self.app.add_url_rule("/1", "same", first)
        self.app.add_url_rule("/1/again", "same", first)
        with self.assertRaisesRegex(AssertionError, "endpoint 'same' is taken by .*first.*second"):
            self.app.add_url_rule("/2", "same", second)

    def test_an_endpoint_may_get_its_view_later(self):
        self.app.add_url_rule("/", endpoint="later")
        self.app.endpoint("later")(lambda: "here")
        self.assertEqual(self.client.get("/").text, "here")

    def test_a_get_view_answers_head_without_a_body_and_options_by_itself(self):
        self.app.add_url_rule("/", "view", lambda: "12345")
        head = self.client.head("/")
        self.assertEqual((head.data, head.headers["Content-Length"]), (b"", "5"))
        options = self.client.options("/")
        self.assertEqual((options.status_code, options.headers["Allow"]), (200, "GET, HEAD, OPTIONS"))

    def test_options_tells_the_methods_also_where_a_slash_is_forgiven(self):
        self.app.add_url_rule("/forgiving/", "view", lambda: "", strict_slashes=False)
        self.assertEqual(self.client.options("/forgiving").headers["Allow"], "GET, HEAD, OPTIONS")

    def test_a_rule_may_be_added_to_the_map_itself(self):
        self.app.endpoint("plain")(lambda: "plain")
        self.app.url_map.add(Rule("/plain", endpoint="plain"))
        self.assertEqual(self.client.get("/plain").text, "plain")
        self.assertEqual(self.client.options("/plain").text, "plain")  # it was not told to answer that by itself

    def test_options_can_be_left_to_the_view(self):
        self.app.add_url_rule("/mine", "mine", lambda: request.method, methods=["GET", "OPTIONS"])
        self.app.add_url_rule("/off", "off", lambda: "", provide_automatic_options=False)
        self.assertEqual(self.client.options("/mine").text, "OPTIONS")
        self.assertEqual(self.client.options("/off").status_code, 405)

    def test_options_is_answered_where_that_is_asked_for_whatever_the_setting_says(self):
        self.app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
        self.app.add_url_rule("/on", "on", lambda: "", provide_automatic_options=True)
        self.app.add_url_rule("/off", "off", lambda: "")
        self.assertEqual(self.client.options("/on").headers["Allow"], "GET, HEAD, OPTIONS")
        self.assertEqual(self.client.options("/off").headers["Allow"], "GET, HEAD")

    def test_a_view_says_with_its_attributes_which_methods_it_takes(self):
        def view():
            return request.method

        view.methods = ["get"]
        view.required_methods = ["PATCH", "OPTIONS"]  # whatever the rule says; those of a decorator, usually
        self.app.add_url_rule("/", "automatic", view, methods=["PUT"])
        view.provide_automatic_options = False
        self.app.add_url_rule("/all", "all", view)
        self.assertEqual([self.client.open("/", method=method).text for method in ["PUT", "PATCH"]], ["PUT", "PATCH"])
        self.assertEqual(self.client.options("/").headers["Allow"], "OPTIONS, PATCH, PUT")
        self.assertEqual(self.client.options("/all").text, "OPTIONS")
        self.assertEqual(self.client.get("/all").text, "GET")

    def test_a_wrong_method_is_405_and_tells_the_right_ones(self):
        self.app.add_url_rule("/", "view", lambda: "", methods=["PUT"])
        response = self.client.get("/")
        self.assertEqual((response.status_code, response.headers["Allow"]), (405, "OPTIONS, PUT"))

    def test_variables_come_as_arguments(self):
        self.app.add_url_rule("/<name>/<int:age>", "view", lambda name, age: {"name": name, "age": age})
        self.assertEqual(self.client.get("/J%C3%BCrgen/42").json, {"name": "Jürgen", "age": 42})

    def test_the_setup_is_over_with_the_first_request(self):
        self.client.get("/")
        for what in [
            lambda: self.app.route("/late")(lambda: ""),
            lambda: self.app.before_request(lambda: None),
            lambda: self.app.after_request(lambda response: response),
            lambda: self.app.teardown_request(lambda error: None),
            lambda: self.app.errorhandler(404)(lambda error: ""),
        ]:
            with self.assertRaisesRegex(AssertionError, r"\(\) after the first request"):
                what()

    def test_flask_is_another_name_of_app(self):
        self.assertIs(Flask, App)


class ClassTest(unittest.TestCase):
    """The parts of an application that a class of one's own can replace."""

    def test_each_part_is_made_by_the_class_that_stands_there(self):
        class Abort(Aborter):
            pass

        class Settings(Config):
            pass

        class Addresses(Map):
            pass

        class Address(Rule):
            pass

        class Site(App):
            aborter_class = Abort
            config_class = Settings
            default_config = {**App.default_config, "COLOR": "red"}
            url_map_class = Addresses
            url_rule_class = Address

        app = Site("nw")
        self.assertIsInstance(app.aborter, Abort)
        self.assertIsInstance(app.config, Settings)
        self.assertIsInstance(app.url_map, Addresses)
        self.assertEqual([type(rule) for rule in app.url_map.iter_rules()], [Address])
        self.assertEqual(app.config["COLOR"], "red")

    def test_each_part_can_be_made_by_a_method_of_ones_own(self):
        class Site(App):
            def make_aborter(self):
                return Aborter(extra={999: NotFound})

            def make_config(self, instance_relative=False):
                config = super().make_config(instance_relative)
                config["RELATIVE"] = instance_relative
                return config

            def auto_find_instance_path(self):
                return os.path.join(os.sep, "data")

        app = Site("nw", static_folder=None, instance_relative_config=True)
        app.add_url_rule("/", "index", lambda: abort(999))
        self.assertEqual(app.test_client().get("/").status_code, 404)
        self.assertEqual((app.config["RELATIVE"], app.config.root_path), (True, os.path.join(os.sep, "data")))

    def test_converters_and_settings_of_the_map_hold_for_rules_added_later(self):
        class Words(BaseConverter):
            def to_python(self, value):
                return value.split("+")

            def to_url(self, values):
                return "+".join(values)

        app = App("nw")
        app.url_map.converters["words"] = Words
        app.url_map.strict_slashes = False
        app.add_url_rule("/<words:words>/", "index", lambda words: f"{words} {url_for('index', words=['c', 'd'])}")
        self.assertEqual(app.test_client().get("/a+b").text, "['a', 'b'] /c+d/")

    def test_a_shell_begins_with_the_application_g_and_what_its_functions_add(self):
        app = App("nw")
        app.shell_context_processor(lambda: {"answer": 42})
        with app.app_context():
            names = app.make_shell_context()
            names["g"].x = 1
        self.assertEqual((names["app"], names["answer"], sorted(names)), (app, 42, ["answer", "app", "g"]))

    def test_extensions_may_look_into_the_tables_of_functions_for_any_name(self):
        app = App("nw", static_folder=None)
        app.before_request_funcs[None].append(lambda: current_app.import_name)
        app.error_handler_spec[None][404][NotFound] = lambda error: ("lost", 404)
        self.assertEqual(app.test_client().get("/").text, "nw")
        app.before_request_funcs[None].clear()
        self.assertEqual(app.test_client().get("/").text, "lost")


class SettingTest(unittest.TestCase):
    """The name, and what the environment says."""

    def test_the_name_of_a_program_is_its_files(self):
        main = sys.modules["__main__"]
        before = getattr(main, "__file__", None)
        main.__file__ = "/somewhere/shop.py"
        try:
            self.assertEqual(App("__main__").name, "shop")
        finally:
            if before is None:
                del main.__file__
            else:
                main.__file__ = before
        self.assertEqual(App("package.module").name, "package.module")
        self.assertEqual(repr(App("x")), "<App 'x'>")

    def test_the_environment_can_ask_for_debug_mode(self):
        for value, expected in [
            ("1", True),
            ("true", True),
            ("0", False),
            ("False", False),
            ("no", False),
            ("", False),
        ]:
            with self.subTest(value), mock.patch.dict(os.environ, FLASK_DEBUG=value):
                self.assertIs(App("x").debug, expected)


if __name__ == "__main__":
    unittest.main()
