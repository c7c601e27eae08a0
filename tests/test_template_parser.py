import unittest

from nanoweb.template import Environment, TemplateAssertionError, TemplateSyntaxError


def evaluate(source, **names):
    return Environment().compile_expression(source, undefined_to_none=False)(**names)


class ExpressionTest(unittest.TestCase):
    """What binds how tightly, and what an expression may be made of."""

    def test_operators_bind_as_in_jinja(self):
        for source, expected in [
            ("1 + 2 * 3 - 4 / 2", 5.0),
            ("7 // 2 ~ 7 % 3", "31"),
            ("-2 ** 2", 4),  # the sign is nearer than the power
            ("2 ** 3 ** 2", 64),  # from the left
            ("2 ** -1", 0.5),
            ("-1|abs", 1),
            ("'a' ~ 1 ~ 2", "a12"),
            ("not 1 == 2", True),
            ("1 < 2 < 3", True),
            ("1 < 3 < 2", False),
            ("1 in [1] and 2 not in [1]", True),
            ("0 or 2 and 3", 3),
            ("1 if true else 2", 1),
            ("1 if false else 2 if false else 3", 3),
            ("[1, 2,][1]", 2),
            ("(1, 2)[::-1]", (2, 1)),
            ("(1,)", (1,)),
            ("()", ()),
            ("{'a': {'b': 1},}.a.b", 1),
            ("'a' 'b'", "ab"),
            ("4 is divisibleby 2 and 3 is not divisibleby(2)", True),
            ("1 is defined if true else 0", True),
            ("x.1", 8),
            ("f(1, *[2], a=3, **{'b': 4})", ((1, 2), {"a": 3, "b": 4})),
            ("f(class=1)", ((), {"class": 1})),
            ("f(\ufb01=1)", ((), {"\ufb01": 1})),
        ]:
            with self.subTest(source):
                found = evaluate(source, x=[7, 8], f=lambda *args, **kwargs: (args, kwargs))
                self.assertEqual(found, expected)

    def test_arguments_in_a_wrong_order_are_refused(self):
        for source in ["f(a=1, 2)", "f(**a, b=1)", "f(*a, *b)", "f(*a, 1)"]:
            with self.subTest(source), self.assertRaises(TemplateSyntaxError):
                evaluate(source)


class ErrorTest(unittest.TestCase):
    """A message says what was found, what was expected, and where."""

    def check(self, source, lineno, *words, kind=TemplateSyntaxError):
        with self.subTest(source), self.assertRaises(kind) as caught:
            Environment().from_string(source)
        self.assertEqual(caught.exception.lineno, lineno)
        for word in words:
            self.assertIn(word, str(caught.exception))

    def test_an_unknown_tag_is_named_with_what_was_expected(self):
        self.check("{% qqq %}", 1, "unknown tag 'qqq'", "There are")
        self.check("\n{% inclde 'x' %}", 2, "unknown tag 'inclde'", "Is it 'include'?", "{% inclde 'x' %}")
        self.check("{% if a %}\n{% for b in c %}\n{% endif %}", 3, "'endif'", "'endfor'", "'for', from line 2")
        self.check("{% endif %}", 1, "'endif'", "No block is open")

    def test_the_end_of_the_template_names_the_open_block(self):
        self.check("{% if a %}\n{% for b in c %}\nx", 3, "end of template", "'endfor'", "'for', from line 2")

    def test_a_wrong_token_is_named(self):
        for source, *words in [
            ("{{ a b }}", "expected token 'end of print statement', got 'b'"),
            ("{{ }}", "Expected an expression"),
            ("{% for %}", "Expected an expression"),
            ("{% for a %}", "expected token 'in'"),
            ("{% set 1 = 2 %}", "can't assign"),
            ("{% set true = 2 %}", "can't assign"),
            ("{% for a, 1 in b %}{% endfor %}", "can't assign"),
            ("{% block a-b %}{% endblock %}", "'_' for '-'"),
            ("{% block a required %}x{% endblock %}", "Required blocks"),
            ("{% macro m(a=1, b) %}{% endmacro %}", "non-default argument"),
            ("{% macro m(a, a) %}{% endmacro %}", "parameter 'a' is there twice"),
            ("{{ f(a=1, b=2, a=3) }}", "keyword argument 'a' is there twice"),
            ("{% call f(caller=1) %}{% endcall %}", "keyword argument 'caller' is there twice"),
            ("{% call 3 %}{% endcall %}", "expected call"),
            ("{% %}", "tag name expected"),
            ("{{ a is odd is even }}", "chain"),
            ("{% import 'a' %}", "expected token 'as'"),
        ]:
            self.check(source, 1, *words)

    def test_a_missing_filter_or_test_is_found_early(self):
        kind = TemplateAssertionError
        self.check("\n{{ a|uper }}", 2, "No filter named 'uper'", "Is it 'upper'?", kind=kind)
        self.check("{{ a is ood }}", 1, "No test named 'ood'", "Is it 'odd'?", kind=kind)
        self.check("{% from 'a' import _b %}", 1, "underline", kind=kind)
        self.check("{% block a %}{% endblock %}{% block a %}{% endblock %}", 1, "defined twice", kind=kind)

    def test_a_missing_filter_within_an_if_waits_until_it_is_reached(self):
        for source in ["{% if a %}{{ a|nope }}{% endif %}ok", "{{ a|nope if a }}ok"]:
            with self.subTest(source):
                self.assertEqual(Environment().from_string(source).render(), "ok")

    def test_too_deep_nesting_is_an_error_of_the_template(self):
        for source in ["{{ " + "(" * 5000 + ")" * 5000 + " }}", "{% for a in b %}" * 30 + "{% endfor %}" * 30]:
            with self.subTest(source[:10]), self.assertRaises(TemplateSyntaxError):
                Environment().from_string(source)
        with self.assertRaises(TemplateSyntaxError) as caught:
            Environment().from_string("\n".join(["{% for a in b %}"] * 30 + ["{% endfor %}"] * 30))
        self.assertIn(caught.exception.lineno, range(20, 31))
        self.assertIn("{% for a in b %}", str(caught.exception))
