import asyncio
import collections
import decimal
import json
import random
import textwrap
import unittest

from nanoweb.markup import Markup
from nanoweb.template import Environment
from nanoweb.template.errors import FilterArgumentError, TemplateRuntimeError
from nanoweb.template.filters import FILTERS
from nanoweb.template.links import urlize
from tests.growth import is_linear

PLAIN = Environment()
ESCAPING = Environment(autoescape=True)


class Item:
    """An object with attributes."""

    def __init__(self, **attributes):
        vars(self).update(attributes)


class Html:
    """An object that knows its HTML."""

    def __html__(self):
        return "<h1>&amp;</h1>"

    def __str__(self):
        return "<text>"


def render(source, environment=PLAIN, **values):
    return environment.from_string(source).render(values)


def render_escaped(source, **values):
    return render(source, ESCAPING, **values)


class Case(unittest.TestCase):
    """Tables of templates: each is rendered with the same values."""

    def check(self, cases, environment=PLAIN, **values):
        for source, expected in cases:
            with self.subTest(source):
                self.assertEqual(render(source, environment, **values), expected)

    def check_fails(self, cases, **values):
        for source, error in cases:
            with self.subTest(source), self.assertRaises(error):
                render(source, **values)


class RegistryTest(unittest.TestCase):
    def test_all_documented_filters_are_there(self):
        documented = """abs attr batch capitalize center count d default dictsort e escape filesizeformat first float
            forceescape format groupby indent int items join last length list lower map max min pprint random reject
            rejectattr replace reverse round safe select selectattr slice sort string striptags sum title tojson trim
            truncate unique upper urlencode urlize wordcount wordwrap xmlattr"""
        self.assertEqual(set(FILTERS), set(documented.split()))


class TextTest(Case):
    def test_case(self):
        self.check(
            [
                ("{{ 'fOO bar'|capitalize }}", "Foo bar"),
                ("{{ 'FOO'|lower }}{{ 'foo'|upper }}", "fooFOO"),
                ('{{ "foo\'s bar-baz (qux) <b> [c] {d}"|title }}', "Foo's Bar-Baz (Qux) <B> [C] {D}"),
                ("{{ 5|upper }}{{ none|title }}", "5None"),
            ]
        )

    def test_width(self):
        self.check(
            [
                ("{{ 'foo'|center(9) }}|", "   foo   |"),
                ("{{ 'x'|center|length }}", "80"),
                ("{{ '  a b '|trim }}|{{ '..a..'|trim('.') }}", "a b|a"),
                ("{{ 'one two three'|wordcount }}", "3"),
                ("{{ 'aaa bbb ccc'|wordwrap(7) }}", "aaa bbb\nccc"),
                ("{{ 'aaa bbb\nccc'|wordwrap(3, wrapstring='|') }}", "aaa|bbb|ccc"),
                ("{{ 'aaaaaa'|wordwrap(4) }},{{ 'aaaaaa'|wordwrap(4, false) }}", "aaaa\naa,aaaaaa"),
                ("{{ 'aa-bb'|wordwrap(4) }},{{ 'aa-bb'|wordwrap(4, break_on_hyphens=false) }}", "aa-\nbb,aa-b\nb"),
            ]
        )

    def test_wordwrap_uses_the_line_break_of_the_environment(self):
        self.assertEqual(render("{{ 'a b'|wordwrap(1) }}", Environment(newline_sequence="\r\n")), "a\r\nb")

    def test_truncate(self):
        self.check(
            [
                ("{{ 'foo bar baz qux'|truncate(9) }}", "foo..."),
                ("{{ 'foo bar baz qux'|truncate(9, true) }}", "foo ba..."),
                ("{{ 'foo bar baz qux'|truncate(11) }}", "foo bar baz qux"),
                ("{{ 'foo bar baz qux'|truncate(11, false, '...', 0) }}", "foo bar..."),
                ("{{ 'foo bar baz'|truncate(5, true, '', 0) }}", "foo b"),
            ]
        )
        self.check_fails(
            [
                ("{{ 'foo'|truncate(2) }}", FilterArgumentError),
                ("{{ 'foo'|truncate(9, leeway=-1) }}", FilterArgumentError),
            ]
        )

    def test_indent(self):
        for arguments, expected in [
            ("2", "a\n\n  b"),
            ("2, true", "  a\n\n  b"),
            ("2, false, true", "a\n  \n  b"),
            ("2, true, true", "  a\n  \n  b"),
            ("'> '", "a\n\n> b"),
        ]:
            with self.subTest(arguments):
                self.assertEqual(render("{{ t|indent(" + arguments + ") }}", t="a\n\nb"), expected)
        lines = ["a", "b"]
        with self.assertRaises(TypeError):
            render("{{ t|indent }}", t=lines)
        self.assertEqual(lines, ["a", "b"])

    def test_format(self):
        self.check(
            [
                ("{{ '%s, %s!'|format('a', 1) }}", "a, 1!"),
                ("{{ '%(x)s'|format(x=3) }}", "3"),
            ]
        )
        self.check_fails([("{{ '%s'|format('a', x=1) }}", FilterArgumentError)])

    def test_replace(self):
        self.check(
            [
                ("{{ 'abab'|replace('a', 'x') }},{{ 'abab'|replace('a', 'x', 1) }}", "xbxb,xbab"),
                ("{{ 11|replace(1, 2) }}", "22"),
            ]
        )

    def test_reverse(self):
        self.check([("{{ 'abc'|reverse }}{{ [1, 2]|reverse|list }}", "cba[2, 1]")])
        self.assertEqual(render("{{ x|reverse|list }}", x=iter([1, 2])), "[2, 1]")
        self.check_fails([("{{ 5|reverse }}", FilterArgumentError)])


class MarkupTest(Case):
    """What is markup and what is text, wherever the two meet."""

    def test_text_that_a_filter_puts_into_markup_is_escaped(self):
        for source, expected in [
            ("{{ m|replace('b', t) }}", "<&lt;>x</&lt;>"),
            ("{{ t|replace('<', m) }}", "&lt;"),
            ("{{ 'a'|replace('a', m) }}", "<b>x</b>"),
            ("{{ [m, t]|join(t) }}", "<b>x</b>&lt;&lt;"),
            ("{{ [t, t]|join('&') }}", "&lt;&amp;&lt;"),
            ("{{ [t, t]|join(m) }}", "&lt;<b>x</b>&lt;"),
            ("{{ '<i>%s</i>'|safe|format(t) }}", "<i>&lt;</i>"),
            ("{{ '<i>%s</i>'|format(m) }}", "&lt;i&gt;&lt;b&gt;x&lt;/b&gt;&lt;/i&gt;"),
            ("{{ ('<i>'|safe + '\na')|indent(t) }}", "<i>\n&lt;a"),
            ("{{ m|truncate(6, true, t, 0) }}", "<b>x<&lt;"),
            ("{{ m|center(10) }}", " <b>x</b> "),
        ]:
            with self.subTest(source):
                self.assertEqual(render_escaped(source, m=Markup("<b>x</b>"), t="<"), expected)

    def test_a_filter_that_cuts_or_rebuilds_markup_gives_text(self):
        for source, expected in [
            ("{{ m|title }}", "&lt;B&gt;a&lt;/b&gt;"),
            ("{{ m|striptags }}", "&lt;"),
            ("{{ m|pprint }}", "Markup(&#39;&lt;b&gt;&amp;lt;&lt;/b&gt;&#39;)"),
        ]:
            with self.subTest(source):
                m = Markup("<b>a</b>" if "title" in source else "<b>&lt;</b>")
                self.assertEqual(render_escaped(source, m=m), expected)

    def test_safe_escape_and_forceescape(self):
        for source, expected in [
            ("{{ t|safe }}", "<"),
            ("{{ t|e }}{{ t|escape }}{{ t|e|e }}", "&lt;&lt;&lt;"),
            ("{{ t|safe|forceescape }}{{ t|e|forceescape }}", "&lt;&amp;lt;"),
            ("{{ h }}{{ h|forceescape }}", "<h1>&amp;</h1>&lt;h1&gt;&amp;amp;&lt;/h1&gt;"),
            ("{{ h|string }}{{ h|lower }}", "&lt;text&gt;&lt;text&gt;"),
        ]:
            with self.subTest(source):
                self.assertEqual(render_escaped(source, t="<", h=Html()), expected)

    def test_text_of_another_class_is_text(self):
        class Text(str):
            def __str__(self):
                return Text("<i>")

        for source in [
            "{{ '%s'|safe|format(t) }}",
            "{{ '{}'|safe ~ t }}",
            "{{ ('{}'|safe).format(t) }}",
            "{{ [m, t]|join }}",
        ]:
            with self.subTest(source):
                html = render_escaped(source, t=Text("<b>"), m=Markup(""))
                self.assertIn("&lt;", html)
                self.assertNotIn("<", html)

    def test_without_autoescape_nothing_is_escaped(self):
        self.check([("{{ [m, t]|join('&') }}{{ t|replace('<', m) }}", "<b>&<<b>")], m=Markup("<b>"), t="<")

    def test_striptags(self):
        self.check(
            [
                ("{{ '<p>Hi   <b>you</b>\n</p><!-- <b> --> &amp; me'|striptags }}", "Hi you & me"),
                ("{{ h|striptags }}", "&"),
            ],
            h=Html(),
        )

    def test_striptags_takes_time_in_proportion(self):
        for piece in ["<", "<!--", "-->", "<!-->", "< <!-- ", "&"]:
            with self.subTest(piece):
                self.assertTrue(is_linear(FILTERS["striptags"], piece * 1_000, piece * 16_000))


class AttributeTest(Case):
    def test_xmlattr_writes_attributes(self):
        values = collections.OrderedDict([("class", "a b"), ("id", None), ("title", '<"&'), ("n", 5)])
        expected = 'class="a b" title="&lt;&#34;&amp;" n="5"'
        self.assertEqual(render_escaped("<p{{ d|xmlattr }}>", d=values), f"<p {expected}>")
        self.assertEqual(render("{{ d|xmlattr(false) }}", d=values), expected)
        self.assertEqual(render_escaped("{{ {}|xmlattr }}{{ {'a': nope}|xmlattr }}"), "")

    def test_xmlattr_refuses_names_that_would_begin_another_attribute(self):
        for name in [
            "a b",
            "a/b",
            "a>b",
            "a=b",
            "a\tb",
            "a\nb",
            "a\fb",
            "a\rb",
            "\x0b",
            "a\0b",
            "",
            " ",
            "a\x1b",
            "a\x7f",
        ]:
            with self.subTest(name), self.assertRaises(ValueError):
                render_escaped("{{ d|xmlattr }}", d={name: "onclick=alert(1)"})

    def test_xmlattr_escapes_the_rest_of_a_name(self):
        self.assertEqual(render_escaped("{{ {'a\"<': 1}|xmlattr }}"), ' a&#34;&lt;="1"')

    def test_tojson_is_harmless_in_scripts_and_in_attributes(self):
        value = {"a": "</script><!-- & '\"", "b": [1, 2.5, None, True], "c": "\u2028é"}
        text = render_escaped("{{ x|tojson }}", x=value)
        self.assertEqual(json.loads(text), value)
        for character in "<>&'":
            self.assertNotIn(character, text)
        self.assertEqual(render("{{ x|tojson }}", x=value), text)
        self.assertEqual(render("{{ {'b': 1, 'a': 2}|tojson(2) }}"), '{\n  "a": 2,\n  "b": 1\n}')

    def test_tojson_follows_the_policies(self):
        environment = Environment()
        environment.policies["json.dumps_function"] = lambda value, **kwargs: f"<{value}{kwargs}>"
        environment.policies["json.dumps_kwargs"] = {"x": 1}
        self.assertEqual(render("{{ 1|tojson }}", environment), "\\u003c1{\\u0027x\\u0027: 1}\\u003e")

    def test_urlencode(self):
        self.check(
            [
                ("{{ 'a b/ü&?'|urlencode }}", "a%20b/%C3%BC%26%3F"),
                ("{{ {'a b': '/c', 'n': 1}|urlencode }}", "a+b=%2Fc&n=1"),
                ("{{ [('a', 'b'), ('a', 'ü')]|urlencode }}", "a=b&a=%C3%BC"),
                ("{{ 5|urlencode }}{{ none|urlencode }}", "5None"),
            ]
        )


class UrlizeTest(Case):
    def test_addresses_become_links(self):
        for text, expected in [
            ("http://example.com/a?b=c#d", '<a href="{}" rel="noopener">{}</a>'),
            ("https://localhost:8080/", '<a href="{}" rel="noopener">{}</a>'),
            ("http://127.0.0.1", '<a href="{}" rel="noopener">{}</a>'),
            ("http://[::1]:80/x", '<a href="{}" rel="noopener">{}</a>'),
            ("HTTP://example.com", '<a href="{}" rel="noopener">{}</a>'),
            ("www.example.de", '<a href="https://{}" rel="noopener">{}</a>'),
            ("example.com:80/x", '<a href="https://{}" rel="noopener">{}</a>'),
            ("é.example.org", "{}"),
            ("éé.example.org", '<a href="https://{}" rel="noopener">{}</a>'),
            ("me@example.de", '<a href="mailto:{}">{}</a>'),
            ("mailto:me@example.de", '<a href="{}">me@example.de</a>'),
        ]:
            with self.subTest(text):
                self.assertEqual(render_escaped("{{ x|urlize }}", x=text), expected.format(text, text))

    def test_what_only_looks_like_an_address_stays_text(self):
        for text in [
            "readme.py",
            "example.com:",
            "http://",
            "http://a",
            "www.",
            "a@b",
            "@b.c",
            "1.2.3.4",
            "tel:1",
            "com",
        ]:
            with self.subTest(text):
                self.assertEqual(render_escaped("{{ x|urlize }}", x=text), text)

    def test_brackets_and_full_stops_around_an_address_are_no_part_of_it(self):
        for text, address in [
            ("(example.com)", "example.com"),
            ("<http://example.com>.", "http://example.com"),
            ("((example.com).", "example.com"),
            ("http://example.com/a_(b)", "http://example.com/a_(b)"),
            ("(http://example.com/a_(b)),", "http://example.com/a_(b)"),
        ]:
            with self.subTest(text):
                self.assertIn(f'href="{address if "://" in address else "https://" + address}"', urlize(text))

    def test_what_is_around_is_escaped_and_so_is_the_link(self):
        for text in ['http://example.com/"onclick="x', "<script>http://example.com/<b>", "a@b.c<script>", "\"'<>&"]:
            with self.subTest(text):
                html = render_escaped("{{ x|urlize }}", x=text)
                self.assertNotIn('"onclick', html)
                self.assertEqual(html.count("<"), 2 * html.count("<a "))

    def test_arguments(self):
        for arguments, expected in [
            ("8", '<a href="http://example.com" rel="noopener">http://e...</a>'),
            ("none, true", '<a href="http://example.com" rel="nofollow noopener">http://example.com</a>'),
            ("target='_blank'", '<a href="http://example.com" rel="noopener" target="_blank">http://example.com</a>'),
            ("rel='a \"'", '<a href="http://example.com" rel="&#34; a noopener">http://example.com</a>'),
        ]:
            with self.subTest(arguments):
                self.assertEqual(
                    render_escaped("{{ x|urlize(" + arguments + ") }}", x="http://example.com"), expected
                )
        self.assertEqual(
            render_escaped("{{ 'tel:1 ftp://x'|urlize(extra_schemes=['tel:']) }}"),
            '<a href="tel:1" rel="noopener">tel:1</a> ftp://x',
        )
        for scheme in ["tel", "", ":", "a:///", "<a>:", "tel:\n"]:
            with self.subTest(scheme), self.assertRaises(FilterArgumentError):
                render("{{ 'x'|urlize(extra_schemes=[s]) }}", s=scheme)

    def test_it_takes_time_in_proportion(self):
        for piece in [
            "a.",
            "(",
            ")",
            "&gt;",
            "a@",
            "a@a.",
            "http://",
            "http://[::a",
            "www.a(",
            ":",
            "(.)",
            "http://a.com)",
        ]:
            with self.subTest(piece):
                self.assertTrue(is_linear(urlize, piece * 500, piece * 8_000))


class GrowthTest(unittest.TestCase):
    """Text of visitors goes through these filters: twice of it takes twice the time."""

    def test_time_grows_with_the_text(self):
        calls = "wordwrap(30)|wordwrap(30, false)|truncate(9, true)|indent|indent(4, true, true)|replace('a', '&')"
        for call in [*calls.split("|"), "replace('', '-')", "title", "trim", "center(9)", "e"]:
            filter_text = ESCAPING.compile_expression(f"v|{call}")
            for piece in ["x", " ", "a ", "a-", "--", "\n", "a\n", "(", "&"]:
                with self.subTest(call, piece=piece):
                    self.assertTrue(is_linear(lambda v: filter_text(v=v), piece * 500, piece * 8_000))  # noqa: B023

    def test_blanks_before_a_line_are_dropped_as_textwrap_does(self):
        template = Environment().from_string("{{ v|wordwrap(5) }}")
        for count in range(20):
            for rest in ("", "a", "abc def", "abcdefghij", "\tx"):
                with self.subTest(count=count, rest=rest):
                    wrapped = textwrap.wrap(" " * count + rest, 5, expand_tabs=False, replace_whitespace=False)
                    self.assertEqual(template.render(v=" " * count + rest), "\n".join(wrapped))


class NumberTest(Case):
    def test_int_and_float(self):
        self.check(
            [
                ("{{ '42'|int }} {{ '42.7'|int }} {{ 'abc'|int }} {{ 'abc'|int(7) }}", "42 42 0 7"),
                ("{{ 'ff'|int(base=16) }} {{ '0x1f'|int(0, 16) }} {{ '0b11'|int(0, 0) }}", "255 31 3"),
                ("{{ 'inf'|int }} {{ none|int(3) }} {{ 4.9|int }}", "0 3 4"),
                ("{{ '1.5'|float }} {{ 'x'|float }} {{ 'x'|float(2) }} {{ none|float }}", "1.5 0.0 2 0.0"),
            ]
        )

    def test_round(self):
        self.check(
            [
                ("{{ 2.7|round }} {{ 2.1|round }} {{ 2.1234|round(2) }}", "3.0 2.0 2.12"),
                (
                    "{{ 2.1234|round(1, 'floor') }} {{ 2.1|round(0, 'ceil') }} {{ 25|round(-1, 'ceil') }}",
                    "2.1 3.0 30.0",
                ),
            ]
        )
        self.check_fails([("{{ 1|round(0, 'up') }}", FilterArgumentError)])

    def test_filesizeformat(self):
        for size, decimal_text, binary_text in [
            (0, "0 Bytes", "0 Bytes"),
            (1, "1 Byte", "1 Byte"),
            (100, "100 Bytes", "100 Bytes"),
            (1000, "1.0 kB", "1000 Bytes"),
            ("1500000", "1.5 MB", "1.4 MiB"),
            (10**12, "1.0 TB", "931.3 GiB"),
            (10**27, "1000.0 YB", "827.2 YiB"),
        ]:
            with self.subTest(size):
                self.assertEqual(render("{{ n|filesizeformat }}", n=size), decimal_text)
                self.assertEqual(render("{{ n|filesizeformat(true) }}", n=size), binary_text)

    def test_abs(self):
        self.check([("{{ -1|abs }} {{ x|abs }}", "1 2.5")], x=decimal.Decimal("-2.5"))


class ItemTest(Case):
    users = [Item(name="b", age=3, boss=Item(name="x")), Item(name="A", age=3), Item(name="a", age=1)]

    def test_first_last_and_random(self):
        self.check(
            [
                ("{{ [1, 2]|first }}{{ [1, 2]|last }}{{ 'a'|first }}", "12a"),
                ("{{ []|first }}{{ []|last }}{{ []|random }}{{ []|max }}{{ ''|min }}", ""),
            ]
        )
        random.seed(1)
        self.assertIn(render("{{ '123'|random }}"), ["1", "2", "3"])
        self.assertEqual(render("{{ x|first }}", x=iter("ab")), "a")

    def test_min_max_and_sum(self):
        self.check(
            [
                ("{{ [3, 1, 2]|min }}{{ [3, 1, 2]|max }}", "13"),
                ("{{ ['b', 'A']|min }}{{ ['b', 'A']|max(true) }}{{ ['B', 'a']|min }}", "Aba"),
                ("{{ (u|max(attribute='age')).name }}{{ (u|min(attribute='age')).name }}", "ba"),
                ("{{ [1, 2]|sum }}{{ [1, 2]|sum(start=10) }}{{ u|sum('age') }}{{ u|sum('age', 1) }}", "31378"),
                ("{{ [[1, 2], [3, 4]]|sum(attribute=1) }}{{ [{'a': {'b': 2}}]|sum('a.b') }}", "62"),
            ],
            u=self.users,
        )

    def test_join(self):
        self.check(
            [
                ("{{ [1, 2]|join }}{{ [1, 2]|join('|') }}", "121|2"),
                ("{{ u|join(', ', 'name') }}", "b, A, a"),
                ("{{ [u[0]]|join(',', attribute='boss.name') }}", "x"),
            ],
            u=self.users,
        )

    def test_sort(self):
        self.check(
            [
                ("{{ [2, 3, 1]|sort }}{{ [2, 3, 1]|sort(true) }}", "[1, 2, 3][3, 2, 1]"),
                ("{{ 'bAc'|sort|join }}{{ 'bAca'|sort(case_sensitive=true)|join }}", "AbcAabc"),
                ("{{ u|sort(attribute='name')|join(',', 'name') }}", "A,a,b"),
                ("{{ u|sort(attribute='age,name')|join(',', 'name') }}", "a,A,b"),
                ("{{ u|sort(attribute='age', reverse=true)|join(',', 'name') }}", "b,A,a"),
                ("{{ [(1, 2), (0, 3)]|sort(attribute=0) }}", "[(0, 3), (1, 2)]"),
            ],
            u=self.users,
        )

    def test_unique(self):
        self.check(
            [
                ("{{ ['b', 'A', 'a', 'b']|unique|list }}", "['b', 'A']"),
                ("{{ ['b', 'A', 'a']|unique(true)|list }}", "['b', 'A', 'a']"),
                ("{{ u|unique(attribute='age')|join(',', 'name') }}", "b,a"),
            ],
            u=self.users,
        )

    def test_groupby(self):
        self.check(
            [
                (
                    "{% for age, us in u|groupby('age') %}{{ age }}:{{ us|join(',', 'name') }};{% endfor %}",
                    "1:a;3:b,A;",
                ),
                ("{% for g in u|groupby('name') %}{{ g.grouper }}{{ g.list|length }}{% endfor %}", "A2b1"),
                ("{% for g in u|groupby('name', case_sensitive=true) %}{{ g.grouper }}{% endfor %}", "Aab"),
                ("{{ u|groupby('boss.name', default='-')|map(attribute=0)|list }}", "['-', 'x']"),
                ("{{ [{'a': 1}]|groupby('a') }}", "[(1, [{'a': 1}])]"),
            ],
            u=self.users,
        )

    def test_batch_and_slice(self):
        self.check(
            [
                ("{{ [1, 2, 3]|batch(2)|list }}", "[[1, 2], [3]]"),
                ("{{ [1, 2, 3]|batch(2, 'x')|list }}", "[[1, 2], [3, 'x']]"),
                ("{{ []|batch(2, 'x')|list }}", "[]"),
                ("{{ range(5)|slice(3)|list }}", "[[0, 1], [2, 3], [4]]"),
                ("{{ range(5)|slice(3, 'x')|list }}", "[[0, 1], [2, 3], [4, 'x']]"),
                ("{{ [1]|slice(3)|list }}", "[[1], [], []]"),
            ]
        )

    def test_dictsort_and_items(self):
        d = {"b": 1, "A": 3, "c": 2}
        self.check(
            [
                ("{{ d|dictsort }}", "[('A', 3), ('b', 1), ('c', 2)]"),
                ("{{ d|dictsort(true) }}", "[('A', 3), ('b', 1), ('c', 2)]"),
                ("{{ d|dictsort(false, 'value') }}", "[('b', 1), ('c', 2), ('A', 3)]"),
                ("{{ d|dictsort(reverse=true) }}", "[('c', 2), ('b', 1), ('A', 3)]"),
                ("{% for k, v in d|items %}{{ k }}{{ v }}{% endfor %}{{ nope|items|list }}", "b1A3c2[]"),
            ],
            d=d,
        )
        self.check_fails([("{{ d|dictsort(by='x') }}", FilterArgumentError), ("{{ 5|items|list }}", TypeError)], d=d)

    def test_length_list_string_and_pprint(self):
        self.check([("{{ [1, 2]|length }}{{ 'abc'|count }}{{ 'ab'|list }}{{ 1|string + '2' }}", "23['a', 'b']12")])
        self.assertEqual(render("{{ x|pprint }}", x={"b": 1, "a": 2}), "{'a': 2, 'b': 1}")

    def test_default(self):
        self.check(
            [
                ("{{ nope|default('x') }}{{ nope|d('y') }}{{ nope|d }}", "xy"),
                ("{{ none|d('x') }}{{ ''|d('x') }}{{ ''|d('x', true) }}{{ 0|d('y', boolean=true) }}", "Nonexy"),
                ("{{ {}.a|d('x') }}", "x"),
            ]
        )

    def test_attr_sees_attributes_and_no_items(self):
        class Both(dict):
            name = "attribute"
            calls = []

            @property
            def counted(self):
                self.calls.append(1)
                return "p"

        both = Both(name="item", other="item")
        self.check(
            [("{{ x|attr('name') }}{{ x|attr('other') }}|{{ x.name }}{{ x['name'] }}", "attribute|attributeitem")],
            x=both,
        )
        self.assertEqual(render("{{ x|attr('counted') }}", x=both), "p")
        self.assertEqual(len(both.calls), 1)


class EachTest(Case):
    """Filters and tests for each item: map, select and their kin."""

    users = [Item(name="b", on=True), Item(name="A", on=False), Item()]

    def test_map(self):
        self.check(
            [
                ("{{ ['a', 'b']|map('upper')|list }}", "['A', 'B']"),
                ("{{ ['1', 'x']|map('int', 7)|list }}", "[1, 7]"),
                ("{{ ['ff']|map('int', base=16)|list }}", "[255]"),
                ("{{ u|map(attribute='name')|join(',') }}", "b,A,"),
                ("{{ u|map(attribute='name', default='-')|join(',') }}", "b,A,-"),
                (
                    "{{ [[1, 2], [3, 4]]|map(attribute=1)|list }}{{ [[1, 2], [3, 4]]|map('first')|list }}",
                    "[2, 4][1, 3]",
                ),
                ("{{ []|map('nosuch')|list }}", "[]"),
                ("{{ ['<']|map('e')|first }}", "&lt;"),
            ],
            u=self.users,
        )
        self.check_fails(
            [
                ("{{ u|map|list }}", FilterArgumentError),
                ("{{ u|map(attribute='a', x=1)|list }}", FilterArgumentError),
                ("{{ u|map('nosuch')|list }}", TemplateRuntimeError),
            ],
            u=self.users,
        )

    def test_select_and_reject(self):
        self.check(
            [
                ("{{ range(6)|select('odd')|list }}{{ range(6)|reject('odd')|list }}", "[1, 3, 5][0, 2, 4]"),
                ("{{ [0, 1, '', 'a']|select|list }}{{ [0, 1, '', 'a']|reject|list }}", "[1, 'a'][0, '']"),
                ("{{ range(4)|select('gt', 1)|list }}{{ range(4)|select('in', [0, 3])|list }}", "[2, 3][0, 3]"),
            ]
        )

    def test_selectattr_and_rejectattr(self):
        self.check(
            [
                ("{{ u|selectattr('on')|join(',', 'name') }}{{ u|rejectattr('on')|join(',', 'name') }}", "bA,"),
                ("{{ u|selectattr('name', 'eq', 'A')|join(',', 'name') }}", "A"),
                (
                    "{{ u|selectattr('on', 'defined')|list|length }}{{ u|rejectattr('on', 'defined')|list|length }}",
                    "21",
                ),
            ],
            u=self.users,
        )
        self.check_fails([("{{ u|selectattr|list }}", FilterArgumentError)], u=self.users)


class AsyncTest(unittest.TestCase):
    """Filters in asynchronous templates take asynchronous iterables, and map awaits."""

    environment = Environment(enable_async=True)

    def test_iterables(self):
        async def count():
            for number in (3, 1, 2):
                yield number

        async def double(value):
            return 2 * value

        async def count_on():
            while True:
                yield 1

        self.environment.filters["double"] = double
        for source, expected in [
            ("{{ x()|list }}", "[3, 1, 2]"),
            ("{{ x()|first }}{{ endless()|first }}{{ endless()|map('string')|first }}", "311"),
            ("{{ x()|join('-') }}", "3-1-2"),
            ("{{ x()|sum }}{{ x()|max }}{{ x()|min }}", "631"),
            ("{{ x()|sort }}", "[1, 2, 3]"),
            ("{{ x()|map('string')|join }}", "312"),
            ("{{ x()|select('odd')|list }}{{ x()|reject('odd')|list }}", "[3, 1][2]"),
            ("{{ [1, 2]|map('double')|list }}", "[2, 4]"),
            ("{% for n in x()|map('double') %}{{ n }},{% endfor %}", "6,2,4,"),
            ("{{ x()|slice(2)|list }}{{ x()|batch(2)|list }}", "[[3, 1], [2]][[3, 1], [2]]"),
            ("{{ x()|unique|list }}", "[3, 1, 2]"),
            ("{{ nope|list }}{{ nope|first }}{{ nope|map('upper')|list }}", "[][]"),
        ]:
            with self.subTest(source):
                template = self.environment.from_string(source)
                self.assertEqual(asyncio.run(template.render_async(x=count, endless=count_on)), expected)
