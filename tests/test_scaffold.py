"""What applications and blueprints are told alike."""

import unittest

from nanoweb import App, Blueprint


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

    def test_the_repr_names_it(self):
        self.assertEqual([repr(owner) for owner in self.owners], ["<App 'site'>", "<Blueprint 'b'>"])


if __name__ == "__main__":
    unittest.main()
