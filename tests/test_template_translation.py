import unittest

from nanoweb.template import Environment
from nanoweb.template.errors import TemplateAssertionError, TemplateSyntaxError
from tests.growth import is_linear


class Shouting:
    """Translations that show how they were asked for."""

    def gettext(self, text):
        return f"[{text}]"

    def ngettext(self, one, many, n):
        return f"[{one if n == 1 else many}/{n}]"

    def pgettext(self, context, text):
        return f"[{context}:{text}]"

    def npgettext(self, context, one, many, n):
        return f"[{context}:{one if n == 1 else many}/{n}]"


def make_environment(newstyle=False, **options):
    environment = Environment(extensions=["jinja2.ext.i18n"], **options)
    environment.install_gettext_translations(Shouting(), newstyle=newstyle)
    return environment


class Case(unittest.TestCase):
    """Tables of templates; each is rendered in both styles."""

    values = {"user": "Tom", "n": 2, "x": {"y": "Z"}, "one": 1}

    def check(self, cases, styles=(False, True)):
        for newstyle in styles:
            environment = make_environment(newstyle)
            for source, expected in cases:
                with self.subTest(source, newstyle=newstyle):
                    self.assertEqual(environment.from_string(source).render(self.values, f=lambda: 3), expected)


class TransTest(Case):
    def test_text_is_looked_up(self):
        self.check(
            [
                ("{% trans %}Hello{% endtrans %}", "[Hello]"),
                ("{% trans %}Hello {{ user }}!{% endtrans %}", "[Hello Tom!]"),
                ("{% trans who=x.y %}Hello {{ who }}!{% endtrans %}", "[Hello Z!]"),
                ("{% trans user, who=x.y|lower %}{{ user }} {{ who }}{% endtrans %}", "[Tom z]"),
                ("{% trans user=1 %}{{ user }}{% endtrans %}{{ user }}", "[1]Tom"),
                ("{% trans %}{{ nope }}{% endtrans %}", "[]"),
                ("{% trans -%} a {%- endtrans %}", "[a]"),
                ("{% trans %}{# no #}a{% raw %}{{ b }}{% endraw %}{% endtrans %}", "[a{{ b }}]"),
            ]
        )

    def test_one_and_many(self):
        self.check(
            [
                ("{% trans n=1 %}{{ n }} thing{% pluralize %}{{ n }} things{% endtrans %}", "[1 thing/1]"),
                ("{% trans n %}{{ n }} thing{% pluralize %}{{ n }} things{% endtrans %}", "[2 things/2]"),
                ("{% trans %}{{ n }} thing{% pluralize %}{{ n }} things{% endtrans %}", "[2 things/2]"),
                ("{% trans user, n %}{{ user }} a{% pluralize n %}{{ user }} as{% endtrans %}", "[Tom as/2]"),
                ("{% trans n=f() %}{{ n }} a{% pluralize %}{{ n }} as{% endtrans %}", "[3 as/3]"),
                ("{% trans num=n %}{{ num }} a{% pluralize %}{{ num }} as{% endtrans %}", "[2 as/2]"),
                ("{% trans a=one, num=5 %}{{ num }} a{% pluralize a %}{{ num }} as{% endtrans %}", "[5 a/1]"),
            ]
        )

    def test_a_call_that_is_counted_is_made_once(self):
        calls = []
        template = make_environment().from_string("{% trans n=f() %}{{ n }} a{% pluralize %}{{ n }} as{% endtrans %}")
        self.assertEqual(template.render(f=lambda: calls.append(1) or len(calls)), "[1 a/1]")

    def test_a_context_tells_equal_texts_apart(self):
        self.check(
            [
                ("{% trans 'menu' %}Open{% endtrans %}", "[menu:Open]"),
                ("{% trans 'menu' user %}Open {{ user }}{% endtrans %}", "[menu:Open Tom]"),
                ("{% trans 'menu' n %}one{% pluralize %}{{ n }}{% endtrans %}", "[menu:2/2]"),
            ]
        )

    def test_white_space_can_be_trimmed(self):
        self.check(
            [
                ("{% trans trimmed %}\n  a  b \n\n  {{ user }}\n{% endtrans %}", "[a  b Tom]"),
                ("{% trans user, trimmed %} a\n{{ user }} {% endtrans %}", "[a Tom]"),
                ("{% trans trimmed=1 %} {{ trimmed }} {% endtrans %}", "[ 1 ]"),
                ("{% trans %} a\n b {% endtrans %}", "[ a\n b ]"),
            ]
        )
        environment = make_environment()
        environment.policies["ext.i18n.trimmed"] = True
        source = "{% trans %} a\n b {% endtrans %}{% trans notrimmed %} a {% endtrans %}"
        self.assertEqual(environment.from_string(source).render(), "[a b][ a ]")

    def test_trimming_takes_time_in_proportion(self):
        environment = make_environment()
        environment.policies["ext.i18n.trimmed"] = True
        for piece in [" ", "\n", " \n"]:
            with self.subTest(piece):
                self.assertTrue(
                    is_linear(
                        lambda text: environment.parse("{% trans %}a" + text + "b{% endtrans %}"),
                        piece * 2_000,
                        piece * 32_000,
                    )
                )

    def test_a_per_cent_sign_is_itself(self):
        self.check(
            [
                ("{% trans %}100%{% endtrans %}", "[100%]"),
                ("{% trans user %}100% {{ user }} %(user)s{% endtrans %}", "[100% Tom %(user)s]"),
                ("{% trans user='%s' %}{{ user }}{% endtrans %}", "[%s]"),
            ]
        )

    def test_variables_are_escaped_and_the_translation_is_not(self):
        for newstyle in (False, True):
            environment = make_environment(newstyle, autoescape=True)
            for source, expected in [
                ("{% trans u %}<b>{{ u }}</b>{% endtrans %}", "[<b>&lt;i&gt;</b>]"),
                ("{% trans u=u|safe %}<b>{{ u }}</b>{% endtrans %}", "[<b><i></b>]"),
                ("{% trans n=2, u=u %}{{ u }}{% pluralize %}{{ u }}s{% endtrans %}", "[&lt;i&gt;s/2]"),
                ("{% autoescape false %}{% trans u %}<b>{{ u }}{% endtrans %}{% endautoescape %}", "[<b><i>]"),
                ("{% trans %}<b>{% endtrans %}", "[<b>]"),
            ]:
                with self.subTest(source, newstyle=newstyle):
                    self.assertEqual(environment.from_string(source).render(u="<i>"), expected)


class FunctionTest(Case):
    def test_old_style_functions_take_texts_alone(self):
        self.check(
            [
                ("{{ _('a') }}{{ gettext('b') }}", "[a][b]"),
                ("{{ _('100%') }}{{ _('%(user)s')|format(user=user) }}", "[100%][Tom]"),
                ("{{ ngettext('one', 'many', n) }}", "[many/2]"),
                ("{{ pgettext('c', 'a') }}{{ npgettext('c', 'one', 'many', 1) }}", "[c:a][c:one/1]"),
            ],
            styles=[False],
        )

    def test_new_style_functions_fill_in_variables(self):
        self.check(
            [
                ("{{ _('Hello %(u)s', u=user) }}{{ gettext('100%%') }}", "[Hello Tom][100%]"),
                ("{{ ngettext('%(num)s a', '%(num)s as %(u)s', n, u=user) }}", "[2 as Tom/2]"),
                ("{{ ngettext('%(num)s a', '%(num)s as', n, num='two') }}", "[two as/2]"),
                ("{{ pgettext('c', '%(context)s %(u)s', u=user) }}", "[c:c Tom]"),
                ("{{ npgettext('c', '%(num)s a', '%(num)s as', 1) }}", "[c:1 a/1]"),
            ],
            styles=[True],
        )

    def test_new_style_functions_escape(self):
        template = make_environment(True, autoescape=True).from_string("{{ _('<b>%(u)s', u='<i>') }}")
        self.assertEqual(template.render(), "[<b>&lt;i&gt;]")

    def test_gettext_can_come_from_the_context(self):
        template = make_environment().from_string("{{ _('a') }}{% trans %}a{% endtrans %}")
        self.assertEqual(template.render(gettext=str.upper), "AA")


class InstallTest(unittest.TestCase):
    def test_null_translations_translate_nothing(self):
        environment = Environment(extensions=["jinja2.ext.i18n"])
        source = "{{ _('a') }}{% trans n %}one{% pluralize %}{{ n }}{% endtrans %}{% trans 'c' %}x{% endtrans %}"
        for newstyle in (False, True):
            environment.install_null_translations(newstyle=newstyle)
            self.assertEqual(environment.from_string(source).render(n=1), "aonex")
            self.assertEqual(environment.from_string(source).render(n=2), "a2x")

    def test_functions_can_be_installed_and_taken_away(self):
        environment = Environment(extensions=["jinja2.ext.i18n"])
        environment.install_gettext_callables(str.upper, lambda one, many, n: one if n == 1 else many)
        self.assertEqual(environment.from_string("{{ _('a') }}{{ ngettext('a', 'b', 2) }}").render(), "Ab")
        environment.uninstall_gettext_translations(None)
        self.assertNotIn("gettext", environment.globals)

    def test_an_environment_without_the_extension_has_no_such_tag(self):
        with self.assertRaises(TemplateSyntaxError):
            Environment().from_string("{% trans %}{% endtrans %}")

    def test_two_environments_do_not_share_translations(self):
        loud, quiet = make_environment(), Environment(extensions=["jinja2.ext.i18n"])
        quiet.install_null_translations()
        source = "{% trans %}a{% endtrans %}"
        self.assertEqual([e.from_string(source).render() for e in (loud, quiet)], ["[a]", "a"])


class ErrorTest(unittest.TestCase):
    def test_what_cannot_be_translated_is_a_syntax_error(self):
        environment = make_environment()
        for source, error, message in [
            ("{% trans %}{% if x %}{% endif %}{% endtrans %}", TemplateSyntaxError, "`if`"),
            ("{% trans %}{% trans %}{% endtrans %}", TemplateSyntaxError, "nested"),
            ("{% trans %}a{% pluralize %}b{% endtrans %}", TemplateSyntaxError, "without variables"),
            ("{% trans n %}a{% pluralize %}b{% pluralize %}{% endtrans %}", TemplateSyntaxError, "only one"),
            ("{% trans n %}a{% pluralize x %}b{% endtrans %}", TemplateAssertionError, "'x'"),
            ("{% trans n, n=1 %}{% endtrans %}", TemplateAssertionError, "twice"),
            ("{% trans %}a", TemplateSyntaxError, "unclosed"),
            ("{% trans 1 %}{% endtrans %}", TemplateSyntaxError, "name"),
            ("{% trans a=1 b=2 %}{% endtrans %}", TemplateSyntaxError, ","),
            ("{% trans n, %}{% endtrans %}", TemplateSyntaxError, "name"),
            ("{% trans 'c', n %}{% endtrans %}", TemplateSyntaxError, "name"),
            ("{% trans %}{{ user.name }}{% endtrans %}", TemplateSyntaxError, "print statement"),
            ("{% trans %}{{ 'a' }}{% endtrans %}", TemplateSyntaxError, "name"),
            ("{% pluralize %}", TemplateSyntaxError, "pluralize"),
        ]:
            with self.subTest(source):
                with self.assertRaises(error) as caught:
                    environment.from_string("\n" + source)
                self.assertIn(message, str(caught.exception))
                self.assertEqual(caught.exception.lineno, 2)


class ExtractTest(unittest.TestCase):
    def test_the_texts_of_a_template_are_found(self):
        environment = Environment(extensions=["jinja2.ext.i18n"])
        for source, expected in [
            ("{{ _('a') }}\n{{ gettext('b') }}", [(1, "_", "a"), (2, "gettext", "b")]),
            ("{% trans %}Hello {{ user }} 5%{% endtrans %}", [(1, "gettext", "Hello %(user)s 5%%")]),
            ("{% trans n %}a{% pluralize %}b{% endtrans %}", [(1, "ngettext", ("a", "b", None))]),
            ("{% trans 'c' %}a{% endtrans %}", [(1, "pgettext", ("c", "a"))]),
            ("{{ ngettext('a', 'b', n, x=1) }}", [(1, "ngettext", ("a", "b", None, None))]),
            ("{% if x %}{% for y in z %}{{ {1: [_('a')]} }}{% endfor %}{% endif %}", [(1, "_", "a")]),
            (
                "{% if a %}{% elif b %}{{ _('a')|upper }}{% else %}{{ _('b') if x }}{% endif %}",
                [(1, "_", "a"), (1, "_", "b")],
            ),
            ("{% macro m(a=_('a')) %}{{ f(x=_('b')) }}{% endmacro %}", [(1, "_", "a"), (1, "_", "b")]),
            ("{{ other('a') }}{{ _(x) }}", [(1, "_", None)]),
        ]:
            with self.subTest(source):
                self.assertEqual(sorted(environment.extract_translations(source)), expected)

    def test_the_functions_can_be_named(self):
        environment = Environment(extensions=["jinja2.ext.i18n"])
        self.assertEqual(list(environment.extract_translations("{{ T('a') }}{{ _('b') }}", ["T"])), [(1, "T", "a")])
