import itertools
import unittest

from nanoweb.markup import Markup, escape
from nanoweb.template import Environment
from nanoweb.template.page import as_is, fixed, page_text, text_of


class Html:
    def __html__(self):
        return "<br>"


class Text(str):
    __slots__ = ()


VALUES = [
    "plain",
    "<&>'\"",
    "",
    7,
    True,
    None,
    2.5,
    Markup("<i>"),
    Html(),
    Text("<t>"),
    ["<"],
    "100%",
    "%s",
    "é",
    "\0",
]


class PageTest(unittest.TestCase):
    """However many values there are, and whatever is among them: each comes out as it would alone."""

    def test_values_are_escaped_together_as_they_are_alone(self):
        for count, first in itertools.product([0, 1, 2, 7, 8, 9, 30], range(len(VALUES))):
            values = list(itertools.islice(itertools.cycle(VALUES), first, first + count))
            with self.subTest(count=count, first=first):
                text = page_text(["-%s"] * count, [fixed(value) for value in values])
                self.assertEqual(text, "".join(f"-{escape(value)}" for value in values))
                text = page_text(["-%s"] * count, [as_is(value) for value in values])
                self.assertEqual(text, "".join(f"-{value}" for value in values))

    def test_values_of_one_kind(self):
        for value in VALUES:
            with self.subTest(value):
                self.assertEqual(page_text(["%s,"] * 20, [fixed(value)] * 20), f"{escape(value)}," * 20)

    def test_no_value_can_pretend_to_be_several(self):
        for nasty in ("\0", "\0<script>\0", "<\0>", "\0" * 20):
            values = ["<a>"] * 9 + [nasty] + ["<b>"] * 9
            with self.subTest(nasty):
                expected = "&lt;a&gt;" * 9 + str(escape(nasty)) + "&lt;b&gt;" * 9
                self.assertEqual(page_text(["%s"] * 19, values), expected)
                values[0] = Markup("<a>")
                self.assertEqual(page_text(["%s"] * 19, values), expected.replace("&lt;a&gt;", "<a>", 1))

    def test_what_is_put_out_is_what_it_was_at_that_point(self):
        source = "{% for i in range(9) %}{{ l }}{% if l.append('<') %}{% endif %}{% endfor %}"
        expected = "".join(str(escape(["<"] * count)) for count in range(9))
        self.assertEqual(Environment(autoescape=True).from_string(source).render(l=[]), expected)

    def test_a_percent_sign_is_one_wherever_it_stands(self):
        source = (
            "%s %%{{ p }}{% macro m(x) %}%{{ x }}%d{% endmacro %}{{ m(p) }}{% set x %}%{{ p }}{% endset %}{{ x }}"
            "{% filter upper %}%{{ p }}{% endfilter %}{% call m(1) %}{% endcall %}{% block b %}%{{ p }}{% endblock %}"
            "{{ self.b() }}{{ '%' }}{{ '%(a)s' }}{% for i in t recursive %}%{{ loop([]) }}{% endfor %}{{ 1 }}%"
        )
        source = source.replace("{% call m(1) %}{% endcall %}", "{% call n() %}%{% endcall %}")
        source = "{% macro n() %}{{ caller() }}%{% endmacro %}" + source
        expected = "%s %%%s%%s%d%%s%%S%%%%s%%s%%(a)s%1%"
        for autoescape, enable_async in itertools.product((True, False), repeat=2):
            environment = Environment(autoescape=autoescape, enable_async=enable_async)
            with self.subTest(autoescape=autoescape, enable_async=enable_async):
                template = environment.from_string(source)
                self.assertEqual(template.render(p="%s", t=[1]), expected)
                self.assertEqual("".join(template.generate(p="%s", t=[1])), expected)

    def test_text_of_is_escape_as_plain_text(self):
        for value in VALUES:
            with self.subTest(value):
                self.assertEqual(str(text_of(value)), str(escape(value)))


if __name__ == "__main__":
    unittest.main()
