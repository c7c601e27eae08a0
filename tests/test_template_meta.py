import unittest

from nanoweb.template import DictLoader, Environment, TemplateAssertionError
from nanoweb.template.meta import find_referenced_templates, find_undeclared_variables


class VariablesTest(unittest.TestCase):
    def test_the_names_that_a_template_expects(self):
        environment = Environment(extensions=["i18n"])
        environment.install_null_translations()
        environment.globals["site"] = "x"
        for source, expected in [
            ("{{ a }}{{ site }}{{ range(b) }}{{ true }}", "a b"),
            ("{{ x }}{% set x = 1 %}", "x"),
            ("{% set x = 1 %}{{ x }}", ""),
            ("{% if a %}{% set x = 1 %}{% endif %}{{ x }}", "a x"),
            ("{% for i in l %}{{ i }}{{ loop.index }}{{ z }}{% endfor %}{{ i }}", "i l z"),
            ("{% for x in x %}{{ x }}{% endfor %}", "x"),
            ("{% macro m(a, b=c) %}{{ a }}{{ d }}{{ varargs }}{% endmacro %}{{ m(1) }}", "c d"),
            ("{% block b %}{{ q }}{{ super() }}{{ self.b() }}{% endblock %}", "q"),
            ("{% from 'x' import y as z %}{{ y }}{{ z }}", "y"),
            ("{% with a = b %}{{ a }}{% endwith %}{{ a }}", "a b"),
            ("{% call(u) foo(bar) %}{{ u }}{{ v }}{% endcall %}", "bar foo v"),
            ("{{ a.b.c[d]|default(e) }}{{ f is defined }}", "a d e f"),
            ("{% trans n=g %}{{ n }}{{ h }}{% endtrans %}", "g h"),
        ]:
            with self.subTest(source):
                self.assertEqual(find_undeclared_variables(environment.parse(source)), set(expected.split()))

    def test_they_are_found_for_an_asynchronous_template_too(self):
        tree = Environment(enable_async=True).parse("{% for a in b %}{{ c() }}{% endfor %}")
        self.assertEqual(find_undeclared_variables(tree), {"b", "c"})

    def test_what_cannot_be_compiled_is_an_error(self):
        for source in ["{{ a|nope }}", "{% block a %}{% endblock %}{% block a %}{% endblock %}"]:
            with self.subTest(source), self.assertRaises(TemplateAssertionError):
                find_undeclared_variables(Environment().parse(source))


class TemplatesTest(unittest.TestCase):
    def test_the_names_that_a_template_refers_to(self):
        for source, expected in [
            ("{% extends 'a' %}", ["a"]),
            ("{% include 'a' ignore missing %}{% import 'b' as b %}{% from 'c' import d %}", ["a", "b", "c"]),
            ("{% include ['a', b, 1] %}{% include ('c', 'd') %}", ["a", None, "c", "d"]),
            ("{% include a %}{% include 1 %}{% extends 'a' ~ b %}", [None, None, None]),
            ("{% if x %}{% for i in j %}{% block b %}{% include 'a' %}{% endblock %}{% endfor %}{% endif %}", ["a"]),
            ("{{ 'a' }}", []),
        ]:
            with self.subTest(source):
                self.assertEqual(list(find_referenced_templates(Environment().parse(source))), expected)

    def test_a_tree_can_be_compiled_after_that(self):
        environment = Environment(loader=DictLoader({"a": "A"}))
        tree = environment.parse("{% include 'a' %}{{ b }}")
        list(find_referenced_templates(tree))
        find_undeclared_variables(tree)
        self.assertEqual(environment.from_string(tree).render(b=1), "A1")
