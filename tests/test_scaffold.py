"""What applications and blueprints are told alike."""

import functools
import unittest

from nanoweb import App, Blueprint
from nanoweb.views import MethodView


def hook(*args):
    return None


class DecoratorTest(unittest.TestCase):
    """The decorators of both; what becomes of the functions is theirs to test."""

    def setUp(self):
        self.owners = App("site"), Blueprint("b", "site")

    def test_each_method_has_its_decorator(self):
        methods = ["get", "post", "put", "patch", "delete"]
        for owner in self.owners:
            for name in methods:
                getattr(owner, name)("/thing", endpoint=name)(lambda name=name: name)
        app, blueprint = self.owners
        app.register_blueprint(blueprint, url_prefix="/b")
        for name in methods:
            for path in "/thing", "/b/thing":
                with self.subTest(name, path=path):
                    self.assertEqual(getattr(app.test_client(), name)(path).text, name)

    def test_a_decorator_for_one_method_refuses_methods(self):
        for owner in self.owners:
            with self.assertRaisesRegex(TypeError, r"get\(\) is for GET alone: use route\(\)"):
                owner.get("/", methods=["POST"])

    def test_they_give_the_function_back(self):
        for owner in self.owners:
            for decorator in [
                owner.route("/"),
                owner.post("/"),
                owner.endpoint("e"),
                owner.before_request,
                owner.after_request,
                owner.teardown_request,
                owner.context_processor,
                owner.url_value_preprocessor,
                owner.url_defaults,
                owner.errorhandler(404),
            ]:
                with self.subTest(owner=owner, decorator=decorator):
                    self.assertIs(decorator(hook), hook)

    def test_a_rule_needs_a_view_or_an_endpoint(self):
        app, blueprint = self.owners
        blueprint.add_url_rule("/")
        for attempt in lambda: app.add_url_rule("/"), lambda: app.register_blueprint(blueprint):
            with self.assertRaisesRegex(AssertionError, "rule '/' has neither a view nor an endpoint"):
                attempt()

    def test_an_error_handler_is_for_a_status_or_a_class(self):
        for owner in self.owners:
            for what, error in (
                (999, ValueError),
                (object, ValueError),
                (ValueError("x"), TypeError),
                ("404", TypeError),
            ):
                with self.subTest(what, owner=owner), self.assertRaises(error):
                    owner.register_error_handler(what, hook)

    def test_forgotten_parentheses_are_told_at_once(self):
        for owner in self.owners:
            for name in "route", "get", "post":
                with self.subTest(name, owner=owner), self.assertRaisesRegex(TypeError, rf"write|{name}\('/path'\)"):
                    getattr(owner, name)(hook)
            with self.assertRaisesRegex(TypeError, r"@app.endpoint\('name'\)"):
                owner.endpoint(hook)
            with self.assertRaisesRegex(TypeError, r"@app.errorhandler\(404\)"):
                owner.errorhandler(hook)

    def test_what_cannot_be_called_is_refused_where_a_function_is_wanted(self):
        for owner in self.owners:
            for name, add in {
                "before_request": owner.before_request,
                "after_request": owner.after_request,
                "teardown_request": owner.teardown_request,
                "context_processor": owner.context_processor,
                "url_value_preprocessor": owner.url_value_preprocessor,
                "url_defaults": owner.url_defaults,
                "handler of 404": owner.errorhandler(404),
                "view of rule '/'": owner.get("/"),
            }.items():
                for wrong in "text", None:
                    if wrong or "view" not in name:
                        with (
                            self.subTest(name, owner=owner),
                            self.assertRaisesRegex(TypeError, f"{name}: .* no function"),
                        ):
                            add(wrong)

    def test_a_class_of_views_is_no_view(self):
        class Item(MethodView):
            pass

        for owner in self.owners:
            with self.assertRaisesRegex(TypeError, r"Item is a class: make a view of it, Item.as_view\('item'\)"):
                owner.add_url_rule("/", view_func=Item)

    def test_a_view_without_a_name_needs_an_endpoint(self):
        app = self.owners[0]
        view = functools.partial(str, "ok")
        with self.assertRaisesRegex(TypeError, "has no name of its own: give one by endpoint="):
            app.add_url_rule("/", view_func=view)
        app.add_url_rule("/", "ok", view)
        self.assertEqual(app.test_client().get("/").text, "ok")

    def test_what_is_no_blueprint_is_not_registered(self):
        for owner in self.owners:
            for wrong in "text", unittest, Blueprint:
                with self.subTest(wrong, owner=owner), self.assertRaisesRegex(TypeError, "that is no Blueprint"):
                    owner.register_blueprint(wrong)

    def test_they_stand_in_a_module_which_has_a_name(self):
        for make in App, lambda name: Blueprint("b", name):
            with self.assertRaisesRegex(TypeError, "import_name is None: give the name of the module, __name__"):
                make(None)

    def test_the_repr_names_it(self):
        self.assertEqual([repr(owner) for owner in self.owners], ["<App 'site'>", "<Blueprint 'b'>"])


if __name__ == "__main__":
    unittest.main()
