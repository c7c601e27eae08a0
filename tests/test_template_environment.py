import io
import os
import tempfile
import traceback
import unittest

from nanoweb.template import (
    DictLoader,
    Environment,
    Template,
    TemplateNotFound,
    TemplatesNotFound,
    TemplateSyntaxError,
    Undefined,
    UndefinedError,
)


class EnvironmentTest(unittest.TestCase):
    """The options, and how templates are got."""

    def test_a_template_is_kept_until_its_source_changes(self):
        sources = {"a": "1"}
        environment = Environment(loader=DictLoader(sources))
        first = environment.get_template("a")
        self.assertIs(environment.get_template("a"), first)
        sources["a"] = "2"
        self.assertEqual(environment.get_template("a").render(), "2")
        environment.auto_reload = False
        sources["a"] = "3"
        self.assertEqual(environment.get_template("a").render(), "2")

    def test_as_many_templates_are_kept_as_there_is_room_for(self):
        for size, kept in [(0, False), (1, False), (2, True), (-1, True)]:
            with self.subTest(size):
                environment = Environment(loader=DictLoader({"a": "", "b": ""}), cache_size=size)
                first = environment.get_template("a")
                environment.get_template("b")
                self.assertEqual(environment.get_template("a") is first, kept)

    def test_the_first_template_there_is_can_be_selected(self):
        environment = Environment(loader=DictLoader({"a": "A"}))
        self.assertEqual(environment.select_template(["x", "a"]).name, "a")
        self.assertEqual(environment.get_or_select_template(["x", "a"]).name, "a")
        self.assertEqual(environment.get_or_select_template("a").name, "a")
        with self.assertRaisesRegex(TemplatesNotFound, "x, y"):
            environment.select_template(["x", "y"])
        self.assertRaises(TemplatesNotFound, environment.select_template, [])
        self.assertRaises(TemplateNotFound, environment.get_template, "x")
        self.assertRaises(UndefinedError, environment.get_template, Undefined(name="n"))
        self.assertRaises(TypeError, Environment().get_template, "a")

    def test_an_overlay_shares_all_but_its_options(self):
        environment = Environment(trim_blocks=True)
        overlay = environment.overlay(variable_start_string="<<", variable_end_string=">>", autoescape=True)
        environment.filters["twice"] = lambda value: value * 2
        self.assertEqual(overlay.from_string("<< x|twice >>{{ x }}").render(x="<"), "&lt;&lt;{{ x }}")
        self.assertEqual(environment.from_string("<< {{ x }}").render(x="<"), "<< <")
        self.assertRaises(TypeError, environment.overlay, nope=1)

    def test_autoescape_may_depend_on_the_name(self):
        templates = {"a.html": "{{ x }}", "a.txt": "{{ x }}"}
        environment = Environment(loader=DictLoader(templates), autoescape=lambda name: bool(name) and "html" in name)
        self.assertEqual(environment.get_template("a.html").render(x="<"), "&lt;")
        self.assertEqual(environment.get_template("a.txt").render(x="<"), "<")

    def test_finalize_sees_each_value(self):
        environment = Environment(finalize=lambda value: "-" if value is None else value)
        self.assertEqual(environment.from_string("{{ none }}{{ x }}{{ 1 }}None").render(x=None), "--1None")

    def test_an_expression_can_be_compiled(self):
        environment = Environment()
        self.assertEqual(environment.compile_expression("a.b|length > 1")(a={"b": "xy"}), True)
        self.assertIsNone(environment.compile_expression("x")())
        self.assertIsInstance(environment.compile_expression("x", undefined_to_none=False)(), Undefined)
        for source in ["a b", "a }} {{ b", ""]:
            with self.subTest(source):
                self.assertRaises(TemplateSyntaxError, environment.compile_expression, source)

    def test_a_wrong_option_is_refused(self):
        for options in [{"newline_sequence": "x"}, {"undefined": str}, {"extensions": ["nope"]}]:
            with self.subTest(options), self.assertRaises((ValueError, TypeError)):
                Environment(**options)

    def test_attributes_and_items_are_looked_up_in_their_order(self):
        class Both:
            x = "attribute"

            def __getitem__(self, key):
                if key in ("x", "y"):
                    return "item"
                raise KeyError(key)

        render = Environment().from_string("{{ o.x }} {{ o['x'] }} {{ o.y }} {{ o.z is defined }}").render
        self.assertEqual(render(o=Both()), "attribute item item False")
        render = Environment().from_string("{{ d.k }} {{ d['items'] }} {{ d.items is callable }}").render
        self.assertEqual(render(d={"k": "v", "items": 1}), "v 1 True")

    def test_templates_are_listed(self):
        environment = Environment(loader=DictLoader({"a.html": "", "b.txt": ""}))
        self.assertEqual(environment.list_templates(), ["a.html", "b.txt"])
        self.assertEqual(environment.list_templates(extensions=["txt"]), ["b.txt"])
        self.assertEqual(environment.list_templates(filter_func=lambda name: "a" in name), ["a.html"])


class TemplateTest(unittest.TestCase):
    """What can be done with a template."""

    def test_a_template_can_be_made_without_an_environment(self):
        template = Template("{{ x }}", autoescape=True)
        self.assertEqual(template.render(x="<"), "&lt;")
        self.assertIs(Template("a", autoescape=True).environment, template.environment)
        self.assertEqual(Template("{{ x }}", finalize=str.upper).render(x="a"), "A")

    def test_names_are_given_as_for_a_dict(self):
        template = Template("{{ a }}{{ b }}")
        for args, kwargs in [(({"a": 1, "b": 2},), {}), (({"a": 1},), {"b": 2}), (([("a", 1)],), {"b": 2})]:
            self.assertEqual(template.render(*args, **kwargs), "12")

    def test_globals_of_a_template_stand_before_those_of_the_environment(self):
        environment = Environment()
        environment.globals.update(a=1, b=1)
        self.assertEqual(environment.from_string("{{ a }}{{ b }}{{ c }}", {"b": 2, "c": 2}).render(c=3), "123")

    def test_a_module_has_what_a_template_sets(self):
        module = Template("{% set a = 1 %}{% set _b = 2 %}{% macro m(x) %}<{{ x }}>{% endmacro %}text").module
        self.assertEqual((module.a, module.m("y"), str(module), hasattr(module, "_b")), (1, "<y>", "text", False))

    def test_output_can_be_streamed(self):
        template = Template("{% for i in 'abcd' %}{{ i }}{% endfor %}")
        self.assertEqual(list(template.stream()), ["a", "b", "c", "d"])
        stream = template.stream()
        stream.enable_buffering(3)
        self.assertEqual(list(stream), ["abc", "d"])
        self.assertRaises(ValueError, stream.enable_buffering, 1)
        file = io.BytesIO()
        template.stream().dump(file, "utf-8")
        self.assertEqual(file.getvalue(), b"abcd")
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "out")
            template.stream().dump(path)
            with open(path, encoding="utf-8") as written:
                self.assertEqual(written.read(), "abcd")

    def test_output_comes_as_it_is_made(self):
        made = []
        pieces = Template("{% for i in numbers %}{{ i }}{% endfor %}").generate(numbers=map(made.append, "abc"))
        self.assertEqual(made, [])
        next(pieces)
        self.assertEqual(made, ["a"])

    def test_a_traceback_shows_the_line_of_the_template(self):
        environment = Environment(loader=DictLoader({"page": "a\n{{ x }}\n{{ 1 / 0 }} here"}))
        for template in [environment.get_template("page"), environment.from_string("\n\n{{ 1 / 0 }} here")]:
            try:
                shown = template.render()
            except ZeroDivisionError:
                shown = traceback.format_exc()
            self.assertIn("line 3", shown)
            self.assertIn("{{ 1 / 0 }} here", shown)

    def test_lines_can_be_looked_up(self):
        template = Template("a\n{{ x }}\n{% if y %}{% endif %}")
        lines = [template.get_corresponding_lineno(line) for line, _ in template.debug_info]
        self.assertEqual(lines, [lineno for _, lineno in template.debug_info])
