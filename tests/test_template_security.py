"""What has been a hole in a template engine somewhere, tried on this one."""

import ast
import asyncio
import collections
import contextlib
import enum
import functools
import operator
import random
import string
import types
import unittest

from nanoweb.markup import Markup
from nanoweb.template import (
    DictLoader,
    Environment,
    FileSystemLoader,
    ImmutableSandboxedEnvironment,
    SandboxedEnvironment,
    SecurityError,
    TemplateNotFound,
    TemplateRecursionError,
    TemplateRuntimeError,
    TemplateSyntaxError,
    select_autoescape,
)
from tests.growth import is_linear

SECRET = "S3CR3T"


def make_modes(kind=Environment, **options):
    """Return environments and functions with which the same template is rendered in each way that there is."""
    environment = kind(**options)
    asynchronous = kind(enable_async=True, **options)
    return [
        ("write", environment, lambda template, values: template.render(values)),
        ("yield", environment, lambda template, values: "".join(template.generate(values))),
        ("async", asynchronous, lambda template, values: asyncio.run(template.render_async(values))),
    ]


# Autoescape

EVIL = "<x y='\"&a.b>"


class Own:
    """An object whose text is evil, however it is asked for."""

    def __str__(self):
        return EVIL

    def __repr__(self):
        return EVIL

    def __format__(self, spec):
        return EVIL


class OwnText(str):
    pass


class AutoescapeTest(unittest.TestCase):
    """No value comes out as HTML, unless somebody has said that it is."""

    # e is evil text, m is Markup
    expressions = """
        e  t  o  l  d  [e]  {e: e}  (e,)  e ~ e  e ~ m  m ~ e  m + e  e + m  m % e  '%s' % e  '%s' % o  m.format(e)
        m.format(o)  '{}'.format(o)  m.join([e])  e.join([m])  m.replace('a', e)
        m.partition('a')[2] ~ e  m.split('a')[0] + e  m.upper() + e  m[:3] + e  m.strip() + e
        m.striptags() ~ e  m.unescape() ~ e  m.encode().decode() ~ e  (m * 2) ~ e
        m|replace('a', e)  e|replace('a', m)  e|replace(m, 'a')  l|join(e)  l|join(m)  [e]|join(m)  [e]|join
        m|format(e)
        e|format  '%s'|format(e)  m|indent(e, true)  e|indent(m, true)  m|truncate(6, true, e[:3], 0)
        e|truncate(5, true, m[:3], 0)  m|wordwrap(3, wrapstring=e)  e|wordwrap(3, wrapstring=m)  nope|default(e)
        e|center(60)  e|title  e|upper  e|lower  e|capitalize  m|title ~ e  e|trim  m|trim(e) ~ e  e|reverse  e|list
        m|list ~ e  e|first ~ e  e|string  m|string ~ e  e|pprint  e|striptags ~ e  m|striptags ~ e  e|forceescape
        e|e|e  e|escape  [e]|batch(1, e)|list  [e]|slice(1, e)|list  [e]|map('upper')|join  [m, e]|map('string')|join
        [e]|sort  [e]|unique|list  [e]|max  d|dictsort  d|items|list  e|int(e)  e|float(e)  e|attr('upper')()
        m|attr('format')(e)  [m]|map('replace', 'a', e)|first  [m]|map('format', e)|first  [e]|random
        e|urlize  ('www.a.com/' ~ e)|urlize  'www.a.com'|urlize(target=e, rel=e)  ('http://a.com/' ~ e)|urlize(9)
        ('tel:' ~ e)|urlize(extra_schemes=['tel:'])  e|urlencode  d|urlencode  {'a': e}|xmlattr  e|tojson  d|tojson
        m|tojson
        o|tojson(2) if false  joiner(e)()  cycler(e).next()  namespace(a=e)  namespace(a=e).a  dict(a=e)
        e if e
    """

    templates = [
        "{% set a %}{{ e }}{% endset %}{{ a }}",
        "{% set a | upper %}{{ e }}{% endset %}{{ a }}",
        "{% filter replace('a', e) %}{{ e }}a{% endfilter %}",
        "{% autoescape false %}{% set a = e %}{% endautoescape %}{{ a }}{{ e }}",
        "{% autoescape n %}{{ e }}{{ m ~ e }}{{ [e]|join }}{{ e|replace('a', m) }}{% endautoescape %}",
        "{% macro f(x, y=x) %}{{ x }}{{ y }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ f(e) }}{{ f(m, e, e, q=e) }}",
        "{% macro f(x) %}{{ caller(x) }}{% endmacro %}{% call(x) f(e) %}{{ x }}{% endcall %}",
        "{% macro f() %}{{ e }}{% endmacro %}{{ f() ~ e }}{{ f()|replace('a', e) }}{{ (f() ~ '%s') % e }}",
        "{% for x in [e] recursive %}{{ x }}{{ loop.cycle(e) }}{{ loop([e]) if loop.depth < 2 }}{% endfor %}",
        "{% block b %}{{ e }}{% endblock %}{{ self.b() }}{{ self.b() ~ e }}",
        "{% with x = e %}{{ x }}{% endwith %}{% trans x=e %}{{ x }}{% endtrans %}",
        "{% trans x=e, n=2 %}{{ x }}{% pluralize %}{{ x }}s{% endtrans %}",
        "{% include 'page' %}{% from 'page' import f %}{{ f(e) }}{% import 'page' as p %}{{ p.f(e) ~ e }}",
        "{% extends 'page' %}{% block b %}{{ super() }}{{ e }}{% endblock %}",
    ]
    page = "{{ e }}{% block b %}{{ e }}{% endblock %}{% macro f(x) %}{{ x }}{% endmacro %}"

    def test_no_expression_filter_or_tag_lets_text_through(self):
        values = {"e": EVIL, "m": Markup("<b>a %s {} &lt;</b>"), "t": OwnText(EVIL), "o": Own(), "n": 1}
        values.update(l=[EVIL, Markup("<b>")], d={EVIL: EVIL})
        expressions = [each.strip() for line in self.expressions.splitlines() for each in line.split("  ") if each]
        sources = [f"{{{{ {each} }}}}" for each in expressions if each] + self.templates
        options = {"autoescape": True, "extensions": ["i18n"], "loader": DictLoader({"page": self.page})}
        for mode, environment, render in make_modes(**options):
            environment.install_null_translations(newstyle=mode == "yield")
            for source in sources:
                with self.subTest(source, mode=mode):
                    text = render(environment.from_string(source), values).lower()
                    self.assertNotIn("<x", text)
                    if "tojson" not in source:  # which is for attributes in single quotes
                        self.assertNotIn("'\"", text)

    def test_json_is_harmless_in_scripts_and_in_attributes_in_single_quotes(self):
        environment = Environment(autoescape=True)
        for value in ["</script><script>", "<!--", "'\"&<>", {"</script>": ["'"]}, "\u2028]]>", Markup("</script>'")]:
            for expression in ["v|tojson", "v|tojson|safe", "v|tojson(indent=2)", "[v]|map('tojson')|join"]:
                with self.subTest(value, expression=expression):
                    text = environment.from_string(f"{{{{ {expression} }}}}").render(v=value)
                    self.assertFalse(set("<>&'") & set(text), text)

    def test_names_of_attributes_cannot_hold_more_than_a_name(self):
        for name in [
            "a b",
            "a\tb",
            "a\nb",
            "a\fb",
            "a\rb",
            "a/b",
            "a>b",
            "a=b",
            "/",
            ">",
            "=",
            "",
            " ",
            "a\0b",
            "a\x0bb",
        ]:
            for mode, environment, render in make_modes(autoescape=True):
                with self.subTest(name, mode=mode), self.assertRaises(ValueError):
                    render(environment.from_string("<a{{ {k: 'v'}|xmlattr }}>"), {"k": name})

    def test_templates_of_html_and_its_kin_escape(self):
        choose = select_autoescape(["html", ".htm", "xml", "xhtml", "svg"])
        environment = Environment(loader=DictLoader(collections.defaultdict(lambda: "{{ e }}")), autoescape=choose)
        environment.loader.mapping.update(
            dict.fromkeys(["a.html", "A.HTM", "a.b.xml", "a.xhtml", "a.SVG"], "{{ e }}")
        )
        for name in environment.loader.list_templates():
            self.assertNotIn("<", environment.get_template(name).render(e=EVIL))
        self.assertNotIn("<", environment.from_string("{{ e }}").render(e=EVIL))


# The sandbox


class User:
    _secret = SECRET

    def __init__(self):
        self.name = "Tom"
        self.__private = SECRET

    def greet(self):
        return "hi"

    @classmethod
    def make(cls):
        return cls()

    @staticmethod
    def count():
        return 1

    def __repr__(self):
        return "<User>"


class EvilName(str):
    """A name that says of itself that it is harmless."""

    __slots__ = ()

    def startswith(self, *args):
        return False


class OwnFormat(str):
    __slots__ = ()

    def format(self, *args):
        return str.format(self, *args)


class Colour(enum.Enum):
    RED = 1


def function():
    return 1


def generator():
    yield 1


async def asynchronous():
    yield 1


def raised():
    try:
        raise ValueError
    except ValueError as error:
        return error


def make_values():
    """Return what an application could give to a template without a thought."""
    error = raised()
    return {
        "u": User(), "cls": User, "fn": function, "lam": lambda: 1, "bound": User().greet, "made": User.make,
        "part": functools.partial(function), "g": generator(), "ag": asynchronous(), "error": error,
        "frame": error.__traceback__.tb_frame, "code": function.__code__, "pair": collections.namedtuple("P", "a")(1),
        "red": Colour.RED, "Colour": Colour, "d": {"f": "{0._secret}".format}, "f": "{0._secret}".format,
        "fm": "{x._secret}".format_map, "mf": Markup("{0._secret}").format, "m": Markup("{0._secret}"), "str": str,
        "Markup": Markup, "own": OwnFormat("{0._secret}"), "formatter": string.Formatter(), "module": types,
        "ek": EvilName("__class__"), "es": EvilName("_secret"), "ns": types.SimpleNamespace(_b=SECRET),
        "prop": User.__dict__["make"], "it": iter([1]), "alias": list.__class_getitem__(int),
    }  # fmt: skip


# Undefined, and so nothing when put out.
NOTHING = r"""
    u._secret; u['_secret']; u|attr('_secret'); u._User__private; u[es]; u|attr(es); ns._b; ns['_b']
    (none|default(u))._secret
    u.__class__; u['__class__']; u|attr('__class__'); u|attr('_' ~ '_class_' ~ '_'); u|attr('\x5f\x5fclass\x5f\x5f')
    u['\u005f\u005fclass__']; u[ek]; u|attr(ek); u['__CLASS__'|lower]; u['__ssalc__'|reverse]; u|attr('＿＿class＿＿')
    u.__dict__; u.__init__; u.__repr__; u.greet.__globals__; u.make.__func__; u.count.__globals__
    fn.__globals__; fn.__code__; fn.__closure__; fn.__defaults__; fn.func_globals; lam.__globals__
    part.func.__globals__
    bound.__self__; bound.__func__; bound.im_func; bound.im_class; made.__self__; f.__self__; ''.join.__self__
    cls.__dict__; cls.__bases__; cls.__subclasses__; cls.mro; cls['mro']; cls|attr('mro'); alias.mro; alias.__origin__
    Colour.__members__; red.__class__; pair._fields; pair._make; pair._asdict; module.__builtins__; module.__loader__
    g.gi_frame; g['gi_frame']; g|attr('gi_frame'); g.gi_code; g.gi_yieldfrom; ag.ag_frame; ag.ag_code; ag.ag_await
    frame.f_globals; frame.f_back; frame.f_locals; frame.f_builtins; frame.f_code; code.co_consts; code.co_code
    error.__traceback__; error|attr('__traceback__'); error.__class__; it.__reduce__; prop.__func__; prop.__wrapped__
    (1).__class__; 1.0.__class__; true.__class__; none.__class__; ().__class__; {}.__class__; {}['__class__']
    []|attr('__len__')
    ''.__class__; ''['__class__']; (m|string).__class__; (u|string).__class__; dict.__class__; range.__class__
    lipsum.__globals__; lipsum|attr('__globals__'); cycler.__init__; cycler(1).__class__; joiner.__init__
    namespace.__init__
    namespace(a=1).__class__; namespace()._Namespace__attrs; self.__class__; self._context
    self._TemplateReference__context
    nope.__class__; nope.__init__; nope._undefined_exception; nope._fail_with_undefined_error
    [u]|join(attribute='_secret'); [ns]|join('', '_b'); [u._secret]|join; u._secret ~ ''; '%s' % u._secret
    '%s'|format(u._secret)
    [u]|selectattr('_secret')|join; [u]|selectattr('_secret', 'equalto', 'S3CR3T')|join
    ([u]|map(attribute='_secret'))|join
    [u]|map('attr', '_secret')|join; [{'x': u}]|map(attribute='x._secret')|join; [[u]]|map(attribute='0._secret')|join
    ([u]|groupby('_secret')|first)[0]; ([u]|groupby('__class__')|first).grouper
    {'a': u}|dictsort|map(attribute='1._secret')|join
    '{0._secret}'.format(u); '{0.__class__}'.format(u); '{u._secret}'.format(u=u); '{0[_secret]}'.format(u)
    '{x._secret}'.format_map({'x': u}); '{0._secret}'['format'](u); ('{0._secret}'|attr('format'))(u)
    '{:>{0._secret}}'.format('')
    ('{x._secret}'|attr('format_map'))({'x': u}); (['{0._secret}']|map(attribute='format')|first)(u)
    '{0._secret!r:.0}'.format(u)
    (['{0._secret}']|map('attr', 'format')|first)(u); ('{0._secret}'|safe).format(u); ('{0._secret}'|e).format(u)
    m.format(u)
    (m|attr('format'))(u); m['format'](u); own.format(u); (own|attr('format'))(u); f(u); fm({'x': u}); mf(u); d.f(u)
    d['f'](u)
    ('{0._sec' ~ 'ret}').format(u); '{0._secret}'.replace('a', 'b').format(u); ('%s' % '{0._secret}').format(u)
    {'f': f}.f(u)
    ('{0._secret}'.format if true)(u); [f][0](u); ([f]|first)(u); namespace(f=f).f(u); dict(f=f).f(u)
    cycler(f).next()(u)
"""

# A SecurityError: what is undefined is used, or what must not be called is.
REFUSED = r"""
    u.__class__.mro(); u.__class__.__init__.__globals__; ''.__class__.__mro__[1].__subclasses__()
    ().__class__.__base__.x
    u.__init__.__globals__.SECRET; u.__reduce__(); u.__reduce_ex__(2); u.__getattribute__('_secret'); u.__str__()
    u._secret.x
    u._secret + ''; u._secret(); u._secret < ''; cls.mro(); cls['mro'](); (cls|attr('mro'))(); cls.__subclasses__()
    Colour.mro()
    dict['x'].mro(); dict.fromkeys.__self__.mro(); range.__init__(''); made.__self__.mro(); pair._asdict()
    pair._replace(a=2)
    [u]|map(attribute='__class__.__mro__')|list; [g]|map(attribute='gi_frame.f_globals')|list; [u]|sum('_secret.x')
    [u]|sort(attribute='__class__.x'); [u]|groupby('__class__.x'); [u, u]|unique(attribute='__class__.x')|list
    [u]|max(attribute='__class__.x'); [u]|selectattr('__class__.x')|list; [u]|rejectattr('__class__.x')|list
    '{0.__class__.__init__.__globals__}'.format(u); '{x.__class__.x}'.format_map({'x': u})
    '{:{0._secret.x}}'.format(u)
    ('{0._secret.x}'|attr('format'))(u); str.format('{0._secret}', u); str['format']('{0._secret}', u)
    (str|attr('format'))('{0._secret}', u); str.format_map('{x._secret}', {'x': u}); Markup.format(m, u)
    f.__call__(u)
    ([str]|map(attribute='format')|first)('{0._secret}', u); (f|attr('__call__'))(u)
    own.__class__.format('{0._secret}', u)
    formatter.format('{0._secret}', u); formatter.vformat('{0._secret}', [u], {})
    formatter.get_field('0._secret', [u], {})
    frame.clear(); code.replace(); g.gi_frame.f_globals; ag.ag_frame.f_globals; error.__traceback__.tb_frame
    frame.f_back.x
    cycler.__init__.__globals__; lipsum.__globals__['os']; lipsum.__globals__.os.popen('id')
    nope.__init__.__globals__
    it.__setstate__(1); it.__reduce__(); self.__init__.__globals__
"""

# The same through tags.
TAGS = [
    "{% set f = '{0._secret}'.format %}{{ f(u) }}",
    "{% set f = '{0._secret}'|attr('format') %}{{ f(u) }}",
    "{% set f = '{0._secret}'['format'] %}{{ f(u) }}",
    "{% set ns = namespace(f='{0._secret}'.format) %}{{ ns.f(u) }}",
    "{% set d = {'f': '{0._secret}'.format} %}{{ d.f(u) }}",
    "{% for f in ['{0._secret}'.format, '{0._secret}'|attr('format')] %}{{ f(u) }}{% endfor %}",
    "{% with f = '{0._secret}'.format %}{{ f(u) }}{% endwith %}",
    "{% macro call(f) %}{{ f(u) }}{% endmacro %}{{ call('{0._secret}'.format) }}",
    "{% macro call(f='{0._secret}'.format) %}{{ f(u) }}{% endmacro %}{{ call() }}",
    "{% macro text() %}{0._secret}{% endmacro %}{{ text().format(u) }}",
    "{% set text %}{0._secret}{% endset %}{{ text.format(u) }}{{ (text|attr('format'))(u) }}",
    "{% call '{0._secret}'.format(u) %}{% endcall %}",
    "{% if u._secret == 'S3CR3T' %}S3CR3T{% endif %}{% for x in u._secret %}{{ x }}{% endfor %}",
    "{% with x = u._secret %}{{ x }}{% endwith %}{% filter upper %}{{ u._secret }}{% endfilter %}",
    "{% set ns = namespace() %}{% set ns.__class__ = u %}{{ ns.__class__ }}",
    "{% macro q() %}{% endmacro %}{{ q._environment }}{{ q._function }}{{ q.__call__ }}{{ q.__class__ }}",
    "{% macro q() %}{{ varargs.__class__ }}{{ kwargs.__class__ }}{{ caller.__class__ }}{% endmacro %}{{ q(1, a=1) }}",
    "{% for i in [1] %}{{ loop.__class__ }}{{ loop._iterator }}{{ loop|attr('_recurse') }}{% endfor %}",
    "{% block b %}{{ super.__class__ }}{{ self.b._context }}{{ self.b['_stack'] }}{% endblock %}",
    "{% import 'lib' as lib %}{{ lib._body_stream }}{{ lib.__dict__ }}{{ lib.__class__ }}{{ lib._hidden }}",
    "{% import 'lib' as lib %}{{ lib.call('{0._secret}'.format, u) }}{{ lib.text.format(u) }}",
    "{% import 'lib' as lib %}{{ (lib|string).format(u) }}{{ ('' ~ lib).format(u) }}",
    "{% from 'lib' import call, text %}{{ call(text.format, u) }}{{ call(text|attr('format'), u) }}",
    "{% include 'uses' %}{% extends 'uses' %}",
]
LIB = (
    "{% macro call(f, x) %}{{ f(x) }}{% endmacro %}{% set text = '{0._secret}' %}{% set _hidden = text %}{0._secret}"
)
LOADER = DictLoader({"lib": LIB, "uses": "{{ u._secret }}{{ '{0._secret}'.format(u) }}{% block b %}{% endblock %}"})


def split(table):
    return [each.strip() for line in table.splitlines() for each in line.split(";") if each.strip()]


class SandboxTest(unittest.TestCase):
    """No way leads from what a template is given to what it is not."""

    def each(self, sources):
        """Yield each source with the ways to render it: in both sandboxes, escaped and not, in each mode."""
        for kind in (SandboxedEnvironment, ImmutableSandboxedEnvironment):
            for autoescape in (False, True):
                for mode, environment, render in make_modes(kind, autoescape=autoescape, loader=LOADER):
                    if mode == "async" and autoescape:
                        continue  # the code differs in one of the two at a time
                    values = make_values()
                    for source in sources:
                        label = f"{mode}, {kind.__name__}: {source}"
                        yield label, functools.partial(self.render, environment, source, render, values)

    def render(self, environment, source, render, values):
        return render(environment.from_string(source), values).strip()

    def test_what_is_hidden_is_undefined(self):
        for label, render in self.each([f"{{{{ {each} }}}}" for each in split(NOTHING)]):
            with self.subTest(label):
                self.assertEqual(render(), "")

    def test_what_is_hidden_cannot_be_used(self):
        for label, render in self.each([f"{{{{ {each} }}}}" for each in split(REFUSED)]):
            with self.subTest(label), self.assertRaises(SecurityError):
                render()

    def test_no_tag_leads_around(self):
        for label, render in self.each(TAGS):
            with self.subTest(label):
                try:
                    text = render()
                except SecurityError:
                    continue
                self.assertNotIn(SECRET, text)
                self.assertNotIn("<", text)

    def test_what_has_python_s_power_is_no_template(self):
        sources = ["(x for x in [1])", "[x for x in [1]]", "lambda: 1", "f'{u._secret}'", "u := 1", "`u`", "u; u"]
        for label, render in self.each([f"{{{{ {each} }}}}" for each in sources]):
            with self.subTest(label), self.assertRaises(TemplateSyntaxError):
                render()

    def test_attributes_of_what_is_given_cannot_be_set(self):
        values = make_values()
        for target in ["u.name", "cls.name", "d.f", "module.x", "self.x", "loop.x"]:
            environment = SandboxedEnvironment()
            with self.subTest(target), self.assertRaises((TemplateSyntaxError, TemplateRuntimeError)):
                environment.from_string(f"{{% for i in [1] %}}{{% set {target} = 1 %}}{{% endfor %}}").render(values)
        self.assertEqual(values["u"].name, "Tom")

    def test_a_function_that_is_given_can_be_called(self):
        """The sandbox cannot know what a function does: what does harm must not be given."""
        render = SandboxedEnvironment().from_string("{{ get(u) }}").render
        self.assertEqual(render(u=User(), get=operator.attrgetter("_secret")), SECRET)

    def test_nothing_that_is_given_can_be_changed(self):
        changes = """
            l.append(1); l['append'](1); (l|attr('append'))(1); ([l]|map(attribute='append')|first)(1); l.clear()
            l.sort()
            l.insert(0, 1); l.extend([1]); l.pop(); l.remove(1); l.reverse(); l.__iadd__([1]); l.__setitem__(0, 2)
            d.update(b=1); d.pop('a'); d.popitem(); d.clear(); d.setdefault('b', 1); d.__setitem__('b', 1)
            d.__ior__({})
            s.add(2); s.discard(1); s.update([2]); s.pop(); s.remove(1); s.clear(); s.symmetric_difference_update([1])
            q.appendleft(1); q.rotate(1); q.extendleft([1]); q.popleft(); c.subtract('a'); c.update('a')
            o.move_to_end('a')
            b.extend('b'); b.append(1); kind.list.append(l, 1); kind.dict.update(d, b=1)
            u.append(1); w.update(b=1); multi.add('a', 2); multi.setlist('a', []); multi.poplist('a')
        """

        class Multi(collections.UserDict):
            def add(self, key, value):
                raise AssertionError("changed")

            setlist = poplist = add

        for _, environment, render in make_modes(ImmutableSandboxedEnvironment):
            for source in split(changes):
                values = {
                    "l": [1], "d": {"a": 1}, "s": {1}, "q": collections.deque([1]), "c": collections.Counter("a"),
                    "o": collections.OrderedDict(a=1), "b": bytearray(b"a"), "kind": {"list": list, "dict": dict},
                    "u": collections.UserList([1]), "w": collections.UserDict(a=1), "multi": Multi(a=1),
                }  # fmt: skip
                before = repr(values)
                with self.subTest(source):
                    self.assertRaises(SecurityError, render, environment.from_string(f"{{{{ {source} }}}}"), values)
                    self.assertEqual(repr(values), before)

    def test_generators_cannot_be_put_around_generators(self):
        """Python 3.12 crashes when it lets go of 200,000 generators, each of which holds the next."""
        filters = (
            "map('upper'); select; reject('none'); selectattr('real'); rejectattr('nope'); unique; batch(1); slice(1)"
        )
        for mode, environment, render in make_modes(SandboxedEnvironment):
            for each in split(filters):
                with self.subTest(each, mode=mode):
                    context = collections.ChainMap({"given": [1]}, {"kept": []})
                    source = f"{{% set x = given|{each} %}}{{{{ kept.append(x) or x|list|length }}}}"
                    self.assertEqual(render(environment.from_string(source), context), "1")
                    self.assertNotIsInstance(context["kept"][0], (types.GeneratorType, types.AsyncGeneratorType))

    def test_what_would_fill_the_memory_is_refused(self):
        sizes = """
            lipsum(10**9); lipsum(1, max=10**9)
            range(10**6); range(0, 10**9, 2); range(10**30); 'a' * 10**9; 10**9 * 'a'; [0] * 10**9; (0,) * 10**9
            10 ** (10 ** 8)
            'a'.center(10**9); 'a'|center(10**9); '%1000000000d' % 1; '%*d' % (10**9, 1); '{:1000000000}'.format(1)
            '{:{}}'.format(1, 10**9); '%1000000000d'|format(1); 'a'|indent(10**9); [1]|batch(10**9, 0)|list
            1|round(10**9, 'ceil')
            (1).to_bytes(10**9, 'big'); 'a'.ljust(10**9); 'a'.zfill(10**9); ('a'|safe) * 10**9
            'a'|attr('center')(10**9)
        """
        for mode, environment, render in make_modes(SandboxedEnvironment):
            for source in split(sizes):
                with self.subTest(source, mode=mode), self.assertRaises(OverflowError):
                    render(environment.from_string(f"{{{{ {source} }}}}"), {})

    def test_a_translation_is_no_way_round_that(self):
        for newstyle, source in [
            (True, "{{ _('%(a)1000000000d', a=1) }}"),
            (False, "{{ '%(a)1000000000d'|_translated({'a': 1}) }}"),
        ]:
            for mode, environment, render in make_modes(SandboxedEnvironment, extensions=["i18n"]):
                environment.install_null_translations(newstyle=newstyle)
                with self.subTest(source, mode=mode), self.assertRaises(OverflowError):
                    render(environment.from_string(source), {})


# What the compiler writes

NASTY = r"""
    ' " ''' \ { } % %s # \' \" \N{DIGIT ONE} \x27 \u0027 PWNED() {PWNED()} f'{PWNED()}' '+PWNED()+' "+PWNED()+"
    );PWNED();( &1=1& !r} : ] [ é
""".split()
NASTY += ['"' * 3, " ", "\n", "\r", "\u2028", "\f", "\0", "\x85", "\ud800", "\\\n", "\n#", "\n    PWNED()\n"]
NAMES = """
    a _ l_a write context missing name None class def async fix ｘ ſ été yield loop self caller kwargs __debug__ root
    environment resolve blocks debug_info undefined filters text_of fixed add it parent_template pieces_1 macro_a
""".split()


class InjectionTest(unittest.TestCase):
    """A template becomes a Python program: nothing in it may become the program's own words."""

    def setUp(self):
        self.environment = Environment(extensions=["i18n", "do"], autoescape=True)
        self.environment.install_null_translations()
        self.environment.filters.update(dict.fromkeys(NAMES, str))
        self.environment.tests.update(dict.fromkeys(NAMES, bool))

    def check(self, source, name=None, filename=None):
        """Compile in each mode; fail if a name that only stood in text or in a name is a name of the program."""
        for mode in ("write", "yield", "async"):
            try:
                text = self.environment._compile(source, name, filename, mode, raw=True)
                self.environment._compile(source, name, filename, mode)
            except TemplateSyntaxError as error:
                str(error)
                continue
            words = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
            self.assertNotIn("PWNED", words, text)

    def test_the_name_of_a_template(self):
        for name in ["a{__import__('os')}.html", *NASTY, "".join(NASTY)]:
            for source in [
                "a",
                "{{ x.y }}",
                "{% include 'a' %}",
                "{% if %}",
                "{% block a %}{{ super() }}{% endblock %}",
            ]:
                self.check(source, name, name)

    def test_a_syntax_error_in_a_template_with_a_strange_name_is_told_plainly(self):
        environment = Environment(loader=DictLoader({"a{__import__('os')}.html": "{% if %}"}))
        with self.assertRaises(TemplateSyntaxError) as caught:
            environment.get_template("a{__import__('os')}.html")
        self.assertIn("a{__import__('os')}.html", str(caught.exception))

    def test_texts_and_names_at_every_place(self):
        choose = random.Random(7)
        templates = """
            %n | {{ %s }} | {% extends %s %} | {% include %s %} | {% include [%s, %s] ignore missing %}
            {% import %s as %i %}
            {% from %s import %i as %i %} | {% block %i %}%n{{ super() }}{% endblock %} | {{ x|%i }}
            {{ x is %i }} | {# %n #}
            {% macro %i(%i, %i=%s) %}%n{{ varargs }}{{ kwargs }}{% endmacro %}{{ %i(%i=%s) }}
            {% raw %}%n{% endraw %}
            {% set %i = %s %}{{ %i }} | {% set %i.%i = %s %} | {{ %i.%i[%s] }} | {{ %i(%i=%s, **%i) }} | {{ %s ~ %i }}
            {% for %i, %i in %i %}{{ loop.index }}{{ %i }}%n{% else %}{{ %i }}{% endfor %} | {{ {%s: %i} }}
            {{ x if %i is defined }}
            {% trans %i=%i %}%i{{ %i }}{% pluralize %}x{% endtrans %} | {% trans %s %}%i{% endtrans %} | {% do %i %}
            {% call(%i) %i(%s) %}%n{% endcall %} | {% filter replace(%s, %s) %}%n{% endfilter %}
            {% set %i %}%n{% endset %}
            {% with %i = %s %}%n{% endwith %} | {% autoescape %i %}%n{% endautoescape %}
            {% if %i == %s %}%n{% endif %}
        """
        templates = [each for line in templates.splitlines() for each in line.split(" | ") if each.strip()]

        def nasty():
            return "".join(choose.choices(NASTY, k=choose.randint(1, 5)))

        def fill(part):
            if part[:1] == "n":
                return nasty() + part[1:]
            if part[:1] == "i":
                return choose.choice(NAMES) + part[1:]
            if part[:1] == "s":
                quote = choose.choice("'\"")
                text = nasty()
                if choose.random() < 0.7:
                    text = text.replace("\\", "\\\\").replace(quote, "\\" + quote)
                return quote + text + quote + part[1:]
            return "%" + part

        for _ in range(250):
            first, *parts = "".join(choose.choices(templates, k=choose.randint(1, 3))).split("%")
            source = first + "".join(map(fill, parts))
            with self.subTest(source):
                self.check(source, choose.choice([None, "a", nasty()]))


# Names of templates


class NameTest(unittest.TestCase):
    """A name may come from a visitor: it must not lead out of the folder, and never be an error of another kind."""

    names = """
        ../secret|a/../../secret|..|../|/..|a/..|./../secret|..\\secret|a\\..\\..\\secret|/etc/passwd|//etc/passwd|///etc/passwd
        c:/boot.ini|c:boot.ini|\\\\host\\share|//host/share|%2e%2e/secret|..%2fsecret|．．/secret|~/secret|$HOME/secret|file:///etc/passwd
    """

    def test_no_name_leads_out_of_the_folder_or_breaks_the_loader(self):
        names = [each.strip() for each in self.names.replace("\n", "|").split("|") if each.strip()]
        names += ["", "/", ".", "a\0b", "\0", "\ud800", "\udcff", "a" * 100_000, "a/" * 10_000, "a\nb", "\u2028"]
        environment = Environment(loader=FileSystemLoader(__file__.rpartition("test_")[0] + "extra"))
        for name in names:
            with self.subTest(name[:30]):
                self.assertRaises(TemplateNotFound, environment.get_template, name)
                for source in ["{% include n %}", "{% extends n %}", "{% import n as a %}", "{% from n import a %}"]:
                    self.assertRaises(TemplateNotFound, environment.from_string(source).render, n=name)
                self.assertEqual(environment.from_string("{% include n ignore missing %}-").render(n=name), "-")


# What has no end


class EndlessTest(unittest.TestCase):
    sources = {
        "include": "{% include 'include' %}",
        "include of a list": "{% include ['no', 'include of a list'] %}",
        "include if there": "{% include 'include if there' ignore missing %}",
        "extends": "{% extends 'extends' %}",
        "one": "{% extends 'two' %}",
        "two": "{% extends 'one' %}",
        "import": "{% import 'import' as x %}",
        "import with context": "{% import 'import with context' as x with context %}",
        "from": "{% from 'from' import x %}",
        "include in a block": "{% block b %}{% include 'include in a block' %}{% endblock %}",
        "macro": "{% macro m(n) %}{{ m(n + 1) }}{% endmacro %}{{ m(1) }}",
        "macros": "{% macro a() %}{{ b() }}{% endmacro %}{% macro b() %}{{ a() }}{% endmacro %}{{ a() }}",
        "macro given to itself": "{% macro m(f) %}{{ f(f) }}{% endmacro %}{{ m(m) }}",
        "macro in a filter": "{% macro m() %}{% filter upper %}{{ m() }}{% endfilter %}{% endmacro %}{{ m() }}",
        "self": "{% block b %}{{ self.b() }}{% endblock %}",
        "loop": "{% for i in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    }

    def test_templates_that_go_round_in_a_circle_are_named(self):
        for kind in (Environment, SandboxedEnvironment):
            for mode, environment, render in make_modes(kind, loader=DictLoader(self.sources)):
                if mode == "async":
                    continue  # Python's asyncio, too, is at the end of the stack then, and complains
                for name in self.sources:
                    with self.subTest(name, mode=mode):
                        with self.assertRaises(TemplateRecursionError) as caught:
                            render(environment.get_template(name), {})
                        self.assertIn(f"{name!r}, line 1 -> ", str(caught.exception))

    def test_what_nests_too_deeply_is_an_error_of_the_template(self):
        environment = Environment()
        for opened, closed in [
            "()",
            "[]",
            ("{1:", "}"),
            ("f(", ")"),
            ("-", "1"),
            ("not ", "1"),
            ("1 if ", ""),
            ("1**", "1"),
        ]:
            for count in (50, 300, 5_000):
                source = "{{ " + opened * count + "1" + closed * count + " }}"
                with self.subTest(source[:10], count=count), contextlib.suppress(TemplateSyntaxError):
                    environment.from_string(source)
        for opened, closed in [
            ("if 1", "endif"),
            ("for a in b", "endfor"),
            ("filter upper", "endfilter"),
            ("set a", "endset"),
        ]:
            for count in (10, 50, 300, 3_000):
                with self.subTest(opened, count=count), contextlib.suppress(TemplateSyntaxError):
                    environment.from_string(f"{{% {opened} %}}" * count + f"{{% {closed} %}}" * count)

    def test_time_to_compile_grows_with_the_text(self):
        environment = Environment(trim_blocks=True, lstrip_blocks=True)
        pieces = "{{;{%;{#;{% raw %};{;}; ;\n;\n ;{{-;{{ ';{{ \";{# #};{{ 1 }};{{ a ~ a }};{% if a %}{% endif %}"
        for piece in pieces.split(";"):
            with self.subTest(piece):
                self.assertTrue(is_linear(functools.partial(self.compile, environment), piece * 300, piece * 4_800))

    def test_time_to_compile_grows_with_an_expression(self):
        environment = Environment()
        for piece in ["|e", ".a", "[0]", "~a", "+1", " and a", ",a", " 'a'", "1", "_1", "\\'", " is defined", " < 1"]:
            with self.subTest(piece):
                pair = ["{{ a" + piece * count + " }}" for count in (200, 3_200)]
                self.assertTrue(is_linear(functools.partial(self.compile, environment), *pair))

    def compile(self, environment, source):
        with contextlib.suppress(TemplateSyntaxError):
            environment.compile(source)

    def test_time_to_render_grows_with_the_text(self):
        environment = Environment(autoescape=True)
        for filter in [
            "urlize",
            "striptags",
            "title",
            "wordcount",
            "truncate(50)",
            "urlencode",
            "tojson",
            "forceescape",
        ]:
            template = environment.from_string(f"{{{{ v|{filter} }}}}")
            for piece in [
                "a.",
                "(",
                "&lt;",
                "<a ",
                "<!--",
                "a@",
                "http://a.",
                "mailto:a@",
                "((http://a.com/",
                "a ",
                "ß",
            ]:
                with self.subTest(filter, piece=piece):
                    render = functools.partial(self.render, template)
                    self.assertTrue(is_linear(render, piece * 300, piece * 4_800))

    def render(self, template, value):
        return template.render(v=value)
