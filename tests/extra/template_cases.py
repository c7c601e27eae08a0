"""Templates, data and settings that both engines are given: the table behind extra_templates.py.

Each line of a text below is a template of its own; a line break within it is written "¶".  OPTIONS has the same for
settings other than the usual ones.  Whether an engine is right is not said here: the other one says it.
"""

# ruff: noqa: E501 (one template a line)

from __future__ import annotations


class Thing:
    """An object with attributes, an item, and methods that raise."""

    def __init__(self, **attributes):
        self.__dict__.update(attributes)

    def __getitem__(self, key):
        if key == "it":
            return "item-it"
        raise KeyError(key)

    def __repr__(self):
        return f"Thing({sorted(vars(self))})"

    def method(self, *args, **kwargs):
        return f"method{args}{sorted(kwargs.items())}"

    def stop(self):
        raise StopIteration

    def boom(self):
        raise ValueError("boom")


class Html:
    def __html__(self):
        return "<b>html</b>"

    def __str__(self):
        return "plain<"


class Angry:
    """What cannot be shown."""

    def __str__(self):
        raise ValueError("not to be shown")


def function(*args, **kwargs):
    return args, sorted(kwargs.items())


def data():
    """Return the names that every template is rendered with, new ones each time."""
    leaf = {"v": 4, "c": []}
    return {
        "a": 1, "b": 2.5, "n": None, "t": True, "f": False, "x_y": 7,
        "s": "he<l>&lo", "z": "nul\0<%s>", "u": "Ünïcödé", "html": "<p>x</p>", "name": "main.html",
        "L": [3, 1, 2], "E": [], "P": [("x", 1), ("y", 2)], "words": ["apple", "Banana", "cherry"],
        "big": list(range(20)), "gen": iter([1, 2, 3]),
        "D": {"k": "v", "items": 5, "n": {"m": "deep"}},
        "o": Thing(x=1, y="<y>", it="attr-it"), "h": Html(), "angry": Angry(), "fn": function,
        "tree": [{"v": 1, "c": [{"v": 2, "c": []}, {"v": 3, "c": [leaf]}]}, {"v": 5, "c": []}],
    }  # fmt: skip


def lines(text):
    return [line.replace("¶", "\n") for line in text.strip("\n").splitlines()]


# The language, part by part.

NAMES = r"""
{% set नमस्ते = 1 %}{{ नमस्ते }}{% set café = 2 %}{{ café }}
{{ a }}|{{ b }}|{{ s }}|{{ u }}|{{ n }}|{{ t }}|{{ L }}|{{ D }}
{{ missing }}|{{ missing is defined }}|{{ a is defined }}
{{ missing.x }}
{{ missing() }}
{{ o.x }}{{ o.y }}{{ o['x'] }}{{ o.it }}{{ o['it'] }}{{ o.nope }}
{{ o.nope.nope }}
{{ D.k }}{{ D.items }}{{ D['items'] }}{{ D.n.m }}{{ D.zz }}
{{ L[0] }}{{ L[-1] }}{{ L[9] }}{{ L[0:2] }}{{ L[::-1] }}{{ L[1:] }}{{ L[:1] }}{{ L.0 }}
"""

OPERATORS = r"""
{{ 1 + 2 * 3 - 4 / 2 }}|{{ 7 // 2 }}|{{ 7 % 3 }}|{{ 2 ** 3 }}|{{ -2 ** 2 }}|{{ 2 ** -1 }}|{{ 2 ** 3 ** 2 }}
{{ 1 ~ 2 ~ 'x' }}|{{ a ~ s }}|{{ 'a' ~ 1 + 2 }}
{{ (1, 2) }}|{{ (1,) }}|{{ () }}|{{ [] }}|{{ {} }}|{{ {'a': 1, 'b': [1]} }}
{{ 1, 2 }}
{{ a if t else b }}|{{ a if f }}|{{ a if f else b if t else n }}
{{ not t }}|{{ t and f }}|{{ t or f }}|{{ n or 'd' }}|{{ not a == 1 }}
{{ 1 < 2 < 3 }}|{{ 1 < 3 < 2 }}|{{ 1 == 1 != 2 }}|{{ 1 in L }}|{{ 9 not in L }}|{{ 'a' in 'abc' }}
"""

TESTS_AND_FILTERS = r"""
{{ 1 is odd }}|{{ 2 is odd }}|{{ 2 is not odd }}|{{ 4 is divisibleby 2 }}|{{ 4 is divisibleby(3) }}|{{ n is none }}
{{ a is number and b is number }}|{{ a is sameas a }}|{{ 'x' is string }}
{{ a is eq 1 }}|{{ a is eq(1) }}|{{ [1] is eq [1] }}|{{ missing is undefined }}
{{ a is odd is even }}
{{ -1|abs }}|{{ (-1)|abs }}|{{ -a|abs }}|{{ +a }}
{{ s|upper }}|{{ s|upper|lower }}|{{ s|e }}|{{ s|escape }}|{{ s|safe }}|{{ s|length }}|{{ L|join(',') }}
{{ L|sort|join }}|{{ L|sort(reverse=true)|join('-') }}|{{ L|first }}|{{ L|last }}|{{ L|sum }}|{{ words|map('upper')|join(' ') }}
{{ words|map(attribute='0')|list }}|{{ big|select('even')|list }}|{{ big|batch(6)|list }}
{{ missing|default('d') }}|{{ ''|default('d', true) }}|{{ n|d('z') }}
{{ s|nofilter }}
{{ s is notest }}
{% if f %}{{ s|nofilter }}{% endif %}ok
{% if t %}{{ s|nofilter }}{% endif %}ok
{{ 'a' if t else s|nofilter }}
"""

CALLS_AND_LITERALS = r"""
{{ fn(1, 2, k=3) }}|{{ fn(*L) }}|{{ fn(*L, **D) }}|{{ fn(1, *L, z=1, **{'q': 2}) }}
{{ fn(a=1, 2) }}
{{ fn(class=1) }}|{{ o.method(1, def=2) }}
{{ o.stop() }}|{{ o.method() }}
a¶b¶{{ o.boom() }}
{{ 'x' 'y' }}|{{ "a\tb" }}|{{ 'q\'q' }}|{{ "\u00e9" }}|{{ '\d' }}|{{ '\\d' }}
{{ 1_000 }}|{{ 0x1f }}|{{ 0b11 }}|{{ 0o17 }}|{{ 1.5 }}|{{ 1e3 }}|{{ 1.5e-3 }}|{{ 1_0.0_1 }}
{{ true }}{{ True }}{{ false }}{{ none }}{{ None }}
{{ h }}|{{ h|e }}|{{ h ~ s }}|{{ html|safe ~ s }}|{{ html|safe + s }}
"""

CONDITIONS_AND_LOOPS = r"""
{% if a == 1 %}one{% elif a == 2 %}two{% else %}x{% endif %}
{% if f %}x{% elif n %}y{% else %}z{% endif %}
{% if missing %}x{% else %}y{% endif %}
{% for i in L %}{{ i }},{% endfor %}
{% for i in E %}{{ i }}{% else %}none{% endfor %}
{% for i in missing %}{{ i }}{% else %}none{% endfor %}
{% for i in L if i > 1 %}{{ i }}{% endfor %}|{% for i in L if i > 5 %}{{ i }}{% else %}no{% endfor %}
{% for i in L if i > 1 %}{{ loop.index }}{{ i }}{% if not loop.last %},{% endif %}{% endfor %}
{% for k, v in P %}{{ k }}={{ v }};{% endfor %}|{% for k, v in P if v > 1 %}{{ loop.index }}{{ k }}{% endfor %}
{% for k, v in D.n.items() %}{{ k }}{{ v }}{% endfor %}
{% for (a, b), c in [((1,2),3)] %}{{ a }}{{ b }}{{ c }}{% endfor %}
{% for i in L %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.depth }}{{ loop.depth0 }}|{% endfor %}
{% for i in L %}{{ loop.previtem }}-{{ i }}-{{ loop.nextitem }}|{% endfor %}
{% for i in L %}{{ loop.previtem is defined }}{{ loop.nextitem is defined }}{% endfor %}
{% for i in L %}{{ loop.cycle('a','b') }}{{ loop.changed(i > 1) }}{% endfor %}
{% for i in gen %}{{ i }}{{ loop.length }}{{ loop.last }}{% endfor %}
{% for i in gen %}{{ i }}{{ loop.nextitem }}{{ loop.revindex }}{% endfor %}
{% for i in L %}{% for j in L %}{{ loop.index }}{% endfor %}{{ loop.index }};{% endfor %}
{% for i in L %}{% set outer = loop %}{% for j in L %}{{ outer.index }}{{ loop.index }} {% endfor %}{% endfor %}
{% for i in L %}{{ loop }}{% endfor %}
{{ loop.index }}
{% for i in L if loop.index %}{{ i }}{% endfor %}
{% for loop in L %}{% endfor %}
{% for i in tree recursive %}{{ i.v }}({{ loop(i.c) }}){% endfor %}
{% for i in tree recursive %}{{ loop.depth }}{{ i.v }}{% if i.c %}<{{ loop(i.c) }}>{% endif %}{% endfor %}
{% for i in tree recursive %}{{ i.v }}{% if i.c %}{{ loop(i.c) }}{% endif %}{% else %}none{% endfor %}
{% for i in L %}{{ loop(L) }}{% endfor %}
{% for i in L %}{{ loop.x }}{{ loop['index'] }}{% endfor %}
"""

ASSIGNMENTS = r"""
{% set x = 1 %}{{ x }}{% set x = x + 1 %}{{ x }}
{% set a = a + 1 %}{{ a }}
{% set x, y = 1, 2 %}{{ x }}{{ y }}|{% set (p, q) = (3, 4) %}{{ p }}{{ q }}
{% set x %}a<b{{ s }}{% endset %}{{ x }}|{{ x|upper }}
{% set x | upper %}a<b{{ s }}{% endset %}{{ x }}
{% set x | replace('a','b') | upper %}a<b{% endset %}{{ x }}
{% set ns = namespace(x=0) %}{% for i in L %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}{{ ns.y }}
{% set a.x = 1 %}
{% set ns = namespace() %}{% set ns.a, ns.b = 1, 2 %}{{ ns.a }}{{ ns.b }}
{% for i in L %}{% set x = i %}{% endfor %}{{ x }}
{% set x = 0 %}{% for i in L %}{% set x = x + i %}{{ x }}{% endfor %}{{ x }}
{% for i in L %}{{ x }}{% set x = i %}{{ x }}{% endfor %}
{% for i in L %}{% if i > 1 %}{% set x = i %}{% endif %}{{ x }};{% endfor %}
{% if t %}{% set x = 1 %}{% endif %}{{ x }}|{% if f %}{% set y = 1 %}{% endif %}{{ y }}
{% if f %}{% set a = 5 %}{% endif %}{{ a }}
{% if t %}{% set q = 1 %}{% else %}{% set q = 2 %}{% endif %}{{ q }}
{% if t %}{% if f %}{% set q = 1 %}{% endif %}{% endif %}{{ q }}
{% with %}{% set x = 1 %}{{ x }}{% endwith %}{{ x }}
{% with x = 1, y = a %}{{ x }}{{ y }}{% endwith %}{{ x }}
{% with a = 5, b = a %}{{ a }}{{ b }}{% endwith %}{{ a }}
{% with x %}{% endwith %}
"""

MACROS = r"""
{% macro m() %}hi{% endmacro %}{{ m() }}|{{ m }}
{% macro m(x, y=2, z=y) %}{{ x }}{{ y }}{{ z }}{% endmacro %}{{ m() }}|{{ m(1) }}|{{ m(1, 3) }}|{{ m(z=4, x=1) }}
{% macro m(x) %}{{ x }}{% endmacro %}{{ m(1, 2) }}
{% macro m(x) %}{{ x }}{% endmacro %}{{ m(y=2) }}
{% macro m(x) %}{{ x }}{% endmacro %}{{ m(1, x=2) }}
{% macro m(x) %}{{ x }}|{{ varargs }}|{{ kwargs }}{% endmacro %}{{ m(1, 2, 3, k=4) }}
{% macro m() %}{{ varargs|length }}{% endmacro %}{{ m(1, 2) }}
{% macro m() %}<{{ caller() }}>{% endmacro %}{% call m() %}body {{ a }}{% endcall %}|{{ m() }}
{% macro m(L) %}{% for i in L %}{{ caller(i) }}{% endfor %}{% endmacro %}{% call(x) m(L) %}[{{ x }}]{% endcall %}
{% macro m(caller=none) %}{{ caller }}{% endmacro %}{{ m() }}
{% macro m(caller) %}{{ caller }}{% endmacro %}{{ m() }}
{% macro m() %}{{ s }}{% endmacro %}{{ m() }}{{ m()|upper }}{% set z = m() %}{{ z }}
{% macro m(x) %}{% if x > 0 %}{{ x }}{{ m(x - 1) }}{% endif %}{% endmacro %}{{ m(3) }}
{% macro m() %}{{ x }}{% endmacro %}{% set x = 1 %}{{ m() }}{% set x = 2 %}{{ m() }}
{% for i in L %}{% macro m() %}{{ i }}{% endmacro %}{{ m() }}{% endfor %}
{{ m() }}{% macro m() %}x{% endmacro %}
{% macro m(a, b) %}{{ m.name }}{{ m.arguments }}{{ m.catch_kwargs }}{{ m.catch_varargs }}{{ m.caller }}{% endmacro %}{{ m() }}
{% macro m(a, a) %}{% endmacro %}
{% macro m(a=1, b) %}{% endmacro %}
{% macro m(x) %}{{ x.y }}{% endmacro %}{{ m() }}
{% call fn(1) %}x{% endcall %}
{% call 3 %}{% endcall %}
"""

FILTER_AUTOESCAPE_RAW = r"""
{% filter upper %}a{{ s }}{% endfilter %}
{% filter upper|replace('A','<') %}a{{ s }}{% endfilter %}
{% filter nofilter %}a{% endfilter %}
{% autoescape true %}{{ s }}{% autoescape false %}{{ s }}{% endautoescape %}{{ s }}{% endautoescape %}
{% autoescape false %}{{ s }}{% endautoescape %}
{% autoescape f %}{{ s }}{{ s ~ html }}{% set q %}<{% endset %}{{ q }}{% endautoescape %}
{% autoescape t %}{{ s }}{{ s ~ html }}{% set q %}<{% endset %}{{ q }}{% macro m() %}<{{ s }}{% endmacro %}{{ m() }}{% endautoescape %}
{% raw %}{{ x }}{% y %}{% endraw %}z
{%- raw -%} x {%- endraw -%} z
"""

MISTAKES = r"""
{{ fn(x=1, x=2) }}
{{ fn(1) }}¶{{ ² }}
{% raw %}x
a{# comment #}b{#- c -#} d
a{# comment
{{ a
{% if a
{% if a %}
{% for a in b %}x{% if a %}y
{% for a in b %}{% endif %}
{% endif %}
{% else %}
{% foo %}
{% fro a in b %}
{{ a b }}
{{ a | }}
{{ }}
{{ ( }}
{{ a) }}
{{ [1, }}
{{ (1] }}
{{ a $ b }}
{{ a ! }}
{{ 'abc }}
{% %}
{% for %}
{% for a %}
{% for 1 in a %}
{% for a, 1 in b %}{% endfor %}
{% set 1 = 2 %}
{% set true = 2 %}
{% set a.b.c = 2 %}
{% set a() = 2 %}
{% block %}{% endblock %}
{% block a-b %}{% endblock %}
{% block a %}{% endblock %}{% block a %}{% endblock %}
{% block a %}1{% endblock a %}{% block b %}2{% endblock %}
{% block a %}{% endblock c %}
"""

BLOCKS_AND_OTHER_TEMPLATES = r"""
{% block a %}x{{ a }}{% endblock %}|{{ self.a() }}|{{ self.nope() }}
{% block a %}x{% block b %}y{% endblock %}{% endblock %}{{ self.b() }}
{% for i in L %}{% block a %}{{ i }}{% endblock %}{% endfor %}
{% for i in L %}{% block a scoped %}{{ i }}{{ loop.index }}{% endblock %}{% endfor %}
{% set x = 1 %}{% block a %}{{ x }}{% set y = 2 %}{{ y }}{% endblock %}{{ y }}
{% with x = 1 %}{% block a %}{{ x }}{% endblock %}{% endwith %}
{{ super() }}
{% block a %}{{ super() }}{% endblock %}
{% block a required %}{% endblock %}
{% block a required %}x{% endblock %}
{% block a %}{% extends 'x' %}{% endblock %}
{% print a %}|{% print a, b %}
{% do L.append(1) %}
{% break %}
{% include 'nope' %}
{% include 'nope' ignore missing %}ok
{% include ['nope', 'nope2'] %}
{% include ['nope', 'nope2'] ignore missing %}ok
{% include missing %}
{% extends 'nope' %}
{% extends missing %}
{% import 'nope' as x %}
{% from 'nope' import x %}
{% from 'nope' import _x %}
{% from 'nope' import %}
{% import 'nope' %}
"""

GLOBALS_AND_THE_REST = r"""
{{ range(3)|list }}{{ dict(a=1) }}{{ namespace(a=1).a }}
{% set cy = cycler('a','b') %}{{ cy.next() }}{{ cy.next() }}{{ cy.current }}{{ cy.reset() }}{{ cy.next() }}
{% set j = joiner(',') %}{{ j() }}a{{ j() }}b
{{ lipsum(1)|length > 10 }}
{{ s|upper|nofilter }}
{{ L|map('nofilter')|list }}
{{ a.b.c }}
{{ a['b'] }}
{{ n.x }}|{{ n.x is defined }}
{{ 1/0 }}
{{ 'a' + 1 }}
{{ L < 1 }}
{{ a is in L }}{{ a is in(L) }}
{{ (a, b) is iterable }}{{ a is filter }}{{ 'upper' is filter }}{{ 'odd' is test }}
{{ D|dictsort }}{{ D|items|list }}{{ D|length }}
{{ a|string }}{{ '%s-%s'|format(a, b) }}{{ '%s' % s }}
{{ {'a': s}|tojson }}{{ s|tojson }}
{{ {'a':1}.a }}{{ [1,2][0] }}{{ 'abc'.upper() }}{{ 'abc'[1] }}{{ (1).real }}
{{ 1.real }}
{{ a.1 }}{{ L.1 }}{{ P.0.1 }}
{{ not missing }}{{ missing == missing2 }}{{ missing != 1 }}
{{ missing + 1 }}
{{ missing|length }}{{ missing|list }}{{ missing|join }}
{{ s.replace('<', '[') }}{{ s.nope }}{{ s[0] }}{{ s[99] }}
{{ 5 and 0 or 7 }}{{ (1 or 0) and 2 }}
{{ 1 if t else 2 ~ 'x' }}{{ (1 if t else 2) ~ 'x' }}
{{ a == 1 and b > 2 or f }}
{{ [a, b, s][2] }}{{ {'x': {'y': 1}}.x.y }}
{{ '<' }}{{ "<"|safe }}{{ '<' ~ '>' }}
{{ 'a' if missing is defined else 'b' }}
{{ fn }}x
{{ [1,2,3,] }}{{ (1,2,) }}{{ {'a':1,} }}{{ fn(1,) }}
{% for i in 1,2,3 %}{{ i }}{% endfor %}
{% for x in L|sort %}{{ x }}{% endfor %}
{% for x in L if x is odd %}{{ x }}{% endfor %}
{% if L|length > 2 and 'a' in words[0] %}y{% endif %}
{% set x = [] %}{% for i in L %}{% if x.append(i) %}{% endif %}{% endfor %}{{ x }}
{%set x=1%}{{x}}{%if x%}{{x}}{%endif%}
{% if a %}  {% endif %}
"""

SCOPES = r"""
{{ loop }}{{ caller }}{{ varargs }}{{ self }}
{% macro outer() %}{% macro inner() %}i{{ caller() }}{% endmacro %}{% call inner() %}{{ caller() }}{% endcall %}{% endmacro %}{% call outer() %}deep{% endcall %}
{% for a in L %}{{ a }}{% endfor %}{{ a }}
{% for a in L %}{% with a = a * 2 %}{{ a }}{% endwith %}{{ a }};{% endfor %}
{% for item in L %}{% set item = item * 2 %}{{ item }}{% endfor %}
{% for a in L %}{{ a }}{% else %}{{ a }}{% endfor %}
{% for a in [] %}{{ a }}{% else %}{% set z = 4 %}{{ a }}{{ z }}{% endfor %}{{ z }}
{% filter upper %}{% set z = 4 %}{{ z }}{% endfilter %}{{ z }}
{% set z %}{% set y = 3 %}{{ y }}{% endset %}{{ z }}{{ y }}
{% set f1 = 1 %}{% macro g() %}{% set f1 = 2 %}{{ f1 }}{% endmacro %}{{ g() }}{{ f1 }}
{% macro g() %}{{ kwargs.a }}{% endmacro %}{{ g(a=1) }}
{% macro g(a, b=a) %}{{ b }}{% endmacro %}{{ g(5) }}
{% macro g(a=b, b=1) %}{{ a }}{% endmacro %}{{ g() }}
{{ ''.join(words) }}{{ ','.join(words|map('title')) }}
{{ words|join('<') }}
{{ [s, html|safe]|join('<') }}
{{ s|replace('<', '&') }}{{ s|truncate(3) }}{{ s|wordcount }}{{ s|trim }}{{ s|title }}{{ s|capitalize }}
{{ 3.14159|round(2) }}{{ 10|filesizeformat }}{{ '3'|int + 1 }}{{ '3.5'|float }}
{{ words|groupby('0')|list }}{{ words|unique|list }}{{ words|reverse|list }}{{ words|random in words }}
{{ s|striptags }}{{ 'http://x.com'|urlize }}{{ s|urlencode }}{{ {'c': 1}|xmlattr }}
"""

FILES = {
    "base": "<{% block title %}base{% endblock %}|{% block body %}{% endblock %}>",
    "mid": "{% extends 'base' %}{% block title %}mid-{{ super() }}{% endblock %}",
    "inc": "[{{ a }}{{ x }}{{ i }}]",
    "loopinc": "{{ loop.index }}",
    "mac": "{% macro m(x) %}({{ x }}{{ a }}{{ g1 }}){% endmacro %}{% set v = 5 %}{% set _p = 6 %}text{% macro call2() %}{{ caller('z') }}{% endmacro %}{% macro esc() %}<{{ s }}>{% endmacro %}",
    "broken": "x\n{% if %}",
    "err": "x\n\n{{ 1/0 }}",
    "self": "{% include 'self' %}",
    "setter": "{% set x = 99 %}",
    "req": "{% block r required %}{% endblock %}",
    "withctx": "{% set q = a %}{% macro show() %}{{ a }}{{ x }}{% endmacro %}",
    "outset": "{% set z = 1 %}{% block b %}{{ z }}{% endblock %}",
    "super3": "{% block a %}1{% endblock %}",
    "super2": "{% extends 'super3' %}{% block a %}2{{ super() }}{% endblock %}",
    "errblock": "{% extends 'base' %}\n{% block body %}\n{{ o.boom() }}\n{% endblock %}",
    "errmacro": "{% macro m() %}\n\n{{ o.boom() }}{{ 1/0 }}{% endmacro %}",
}

OF_SEVERAL_FILES = r"""
{% extends 'base' %}{% block body %}b{{ a }}{% endblock %}
{% extends 'mid' %}{% block title %}c-{{ super() }}{% endblock %}out
{% extends 'base' %}{% set x = 3 %}{% block body %}{{ x }}{% endblock %}
{% extends 'base' %}{% macro q() %}Q{{ a }}{% endmacro %}{% block body %}{{ q() }}{% endblock %}
{% extends 'base' %}{% import 'mac' as mm %}{% block body %}{{ mm.m(1) }}{% endblock %}
{% extends 'base' %}{% from 'mac' import m %}{% block body %}{{ m(1) }}{% endblock %}
{% extends 'base' %}{% block body %}{% block inner %}i{% endblock %}{% endblock %}
{% extends 'base' %}{% for i in L %}x{% block body %}{{ i }}{% endblock %}{% endfor %}
{% extends 'base' %}{% for i in L %}x{% block body %}B{% endblock %}{% endfor %}{% with %}{% block title %}T{% endblock %}{% endwith %}
{% extends 'base' %}{% if t %}{% block body %}B{% endblock %}{% endif %}
{% if t %}{% extends 'base' %}{% endif %}{% block body %}B{% endblock %}after
{% if f %}{% extends 'base' %}{% endif %}{% block body %}B{% endblock %}after{% for i in L %}{{ i }}{% endfor %}
before{% extends 'base' %}after{% block body %}B{% endblock %}
{% extends 'base' %}{% extends 'mid' %}
{% extends 'base' if t else 'mid' %}{% block body %}B{% endblock %}
{% extends 'super2' %}{% block a %}3{{ super() }}{{ super.super() }}{% endblock %}
{% extends 'super2' %}{% block a %}{{ super.super.super() }}{% endblock %}
{% extends 'super2' %}{% block a %}{{ self.a }}{% endblock %}
{% extends 'base' %}{% block body %}{{ self.title() }}{% endblock %}
{% extends 'base' %}{% include 'inc' %}{% block body %}{% include 'inc' %}{% endblock %}
{% extends 'base' %}{% filter upper %}x{% endfilter %}{% call fn() %}{% endcall %}
{% extends 'base' %}{{ 1/0 }}{% block body %}ok{% endblock %}
{% extends 'base' %}{% if o.boom() %}{% endif %}
{% extends 'req' %}
{% extends 'req' %}{% block r %}R{% endblock %}
{% include 'req' %}
{% include 'inc' %}{% set x = 1 %}{% include 'inc' %}
{% for i in L %}{% include 'inc' %}{% endfor %}
{% for i in L %}{% set x = i * 2 %}{% include 'inc' %}{% endfor %}
{% for i in L %}{% include 'inc' without context %}{% endfor %}
{% for i in L %}{{ loop.index }}{% include 'loopinc' %}{% endfor %}
{% for i in L %}{% include 'loopinc' %}{% endfor %}
{% macro w(x) %}{% include 'inc' %}{% endmacro %}{{ w(8) }}
{% with x = 4 %}{% include 'inc' %}{% endwith %}
{% set b %}{% include 'inc' without context %}{% endset %}|{{ b }}
{% macro m() %}{% include 'inc' without context %}{% endmacro %}|{{ m() }}
{% extends 'base' %}{% filter upper %}x{% include 'inc' %}{% endfilter %}{% block body %}B{% endblock %}
{% extends 'base' %}{% macro m() %}m{{ caller() }}{% endmacro %}{% call m() %}c{% endcall %}{{ m }}
{% if t %}{% extends 'base' %}{% endif %}{% for i in tree recursive %}{{ i.v }}{% include 'inc' %}{{ loop(i.c) }}{% endfor %}
{% extends 'base' %}{% set x %}a{% include 'inc' %}{% endset %}{% block body %}{{ x }}{% endblock %}
{% include 'inc' %}{% include ['nope', 'inc'] %}{% include 'in' ~ 'c' %}
{% include 'setter' %}{{ x }}
{% include 'base' %}{% block title %}mine{% endblock %}
{% include 'mid' %}
{% include 'broken' %}
{% include 'broken' ignore missing %}
x¶{% include 'err' %}
{% include 'self' %}
{% include none ignore missing %}a¶{% include none %}
{% import 'mac' as mm %}{{ mm.m(1) }}{{ mm.v }}{{ mm._p }}{{ mm.nope }}{{ mm }}
{% import 'mac' as mm with context %}{{ mm.m(1) }}{{ mm.v }}
{% from 'mac' import m, v as w %}{{ m(2) }}{{ w }}
{% from 'mac' import m, nope %}{{ m(2) }}{{ nope }}
{% from 'mac' import nope %}{{ nope() }}
{% from 'mac' import m with context %}{{ m(2) }}
{% from 'mac' import m, v, with context %}{{ m(2) }}{{ v }}
{% from 'mac' import m, v, %}{{ m(2) }}
{% from 'mac' import esc %}{{ esc() }}{{ esc()|upper }}
{% from 'mac' import call2 %}{% call(x) call2() %}{{ x }}{{ a }}{% endcall %}
{% for i in L %}{% from 'mac' import m %}{{ m(i) }}{% endfor %}
{% set x = 5 %}{% import 'withctx' as k with context %}{{ k.show() }}{{ k.q }}
{% for x in L %}{% import 'withctx' as k with context %}{{ k.show() }}{% endfor %}
{% import 'broken' as x %}
{% import 'outset' as x %}{{ x.z }}
{% extends 'outset' %}{% set z = 2 %}
{% extends 'errblock' %}
{% from 'errmacro' import m %}¶{{ m() }}
{% extends 'base' %}{% block body %}{% set q = 1 %}{% include 'inc' %}{{ q }}{% endblock %}
{% extends 'base' %}{% block body %}{% for i in L %}{% set x = i %}{% include 'inc' %}{% endfor %}{% endblock %}
{% extends 'base' %}{% block title scoped %}{{ x }}{% endblock %}
{% extends 'base' %}{% block nowhere %}{{ 1/0 }}{% endblock %}
"""

MORE = r"""
{% for i in big %}{{ s }}%{{ i }}%s{{ z }}{{ h }}{{ html|safe }}{{ b }}{{ n }}%%{% endfor %}
{% for i in big %}{{ s }}{{ u }}{% endfor %}|{% for i in big %}{{ i }}{% endfor %}|{% for i in big %}{{ z }}{% endfor %}
{% for i in big %}{{ L }}{% if L.append(i) %}{% endif %}{% endfor %}{% for w in words %}{{ w }}{{ s }}{{ w|upper }}{% endfor %}
{% filter upper %}%{{ z }}{% for i in big %}{{ s }}%{% endfor %}{% endfilter %}{% set x %}%s{{ z }}{% endset %}{{ x }}
{% macro m(x) %}%{{ x }}%s{{ caller() }}{% endmacro %}{% call m(z) %}%{{ s }}{% endcall %}{% block q %}%{{ z }}{% endblock %}{{ self.q() }}
{% autoescape true %}%{{ s }}{% autoescape false %}%{{ s }}{{ z }}{{ h }}{{ a }}{{ b }}{{ L }}{% endautoescape %}{% endautoescape %}%
{% autoescape f %}%{{ s }}{{ z }}{{ h }}{{ a }}{{ L }}{% endautoescape %}{% autoescape t %}%{{ s }}{{ z }}{{ h }}{{ a }}{{ L }}{% endautoescape %}
{{ a¶+¶b }}¶{{ o.boom() }}
{% if a¶ and t %}¶{{ 1/0 }}¶{% endif %}
{{ fn(1,¶ 2,¶ o.boom()) }}
¶¶{% for i in L %}¶{{ i }}¶{{ i.x.y }}¶{% endfor %}
¶{{ angry }}
¶{{ angry }}{{ a }}¶{{ b }}
{{ a }}¶{{ angry }}
{% for i in [angry] %}¶{{ i }}¶{% endfor %}
{{ angry ~ a }}
{{ [angry]|join }}
{% set x %}¶{{ angry }}¶{% endset %}
{% macro m() %}¶{{ angry }}{% endmacro %}¶¶{{ m() }}
{% call m() %}{% endcall %}
{% for class in L %}{{ class }}{% endfor %}{{ fn(**{'for': 1}) }}
{% set def = 1 %}{{ def }}{{ lambda }}{% macro if_(in_) %}{{ in_ }}{% endmacro %}{{ if_(2) }}
{% set é = 1 %}{{ é }}{{ ünï }}
{% set context = 1 %}{{ context }}{% set write = 2 %}{{ write }}{% set environment = 3 %}{{ environment }}{{ a }}
{% set missing = 5 %}{{ missing }}{{ undefined }}{{ resolve }}{{ l_a }}{{ pieces }}
{% macro write(name) %}{{ name }}{% endmacro %}{{ write('x') }}{{ name }}
{{ a if b > 2 and not f else s }}|{{ (a, s)|join(' < ') }}
{{ 'a' 'b' ~ 'c' }}|{{ ('%' ~ '%')|length }}|100%|%s|{{ '%s' }}|{{ '{}' }}{}
{{ "\"" }}{{ '\'' }}{{ "'" }}{{ '"' }}{{ '\\' }}{{ "\n" }}{{ "\x41\101" }}
{{ 'üñ' }}|☃ {{ '☃'|upper }} \ \n {{ '{{' }} {{ '%}' }} {{ "{#" }}
{{ D|tojson }}|{{ [1, '</script>', none, true]|tojson }}|{{ "it's"|tojson }}
{{ L|sort|first }}{{ L|max }}{{ L|min }}{{ words|sort(case_sensitive=true)|join }}{{ words|map('length')|sum }}
{{ [{'a': 2}, {'a': 1}]|sort(attribute='a')|map(attribute='a')|list }}{{ tree|sum(attribute='v') }}
{% for group in [{'g': 1, 'v': 2}, {'g': 2, 'v': 3}, {'g': 1, 'v': 4}]|groupby('g') %}{{ group.grouper }}{{ group.list|length }};{% endfor %}
{% for g, items in [{'g': 1}, {'g': 2}]|groupby('g') %}{{ g }}{{ items }}{% endfor %}
{{ words|select('in', ['apple'])|list }}{{ words|reject('in', ['apple'])|list }}{{ tree|selectattr('c')|list|length }}
{{ L|slice(2)|list }}{{ L|batch(2, 'x')|list }}{{ s|list|length }}{{ D.n|items|list }}
{{ 'x'|indent }}{{ 'a¶b'|indent(2, true) }}{{ s|center(20) }}{{ s|wordwrap(3) }}{{ 'a b c'|truncate(3, true, '') }}
{{ none|default }}|{{ none|default('x', true) }}|{{ missing|default(a) }}|{{ 0|default(1, boolean=true) }}
{{ 'a'|upper|lower|title|trim|e|safe|string|length }}
{{ missing|upper }}{{ missing|e }}{{ missing|int }}{{ missing|first }}{{ missing|sort }}
{{ missing.x }}|{{ o.nope is defined }}|{{ o['nope'] is undefined }}|{{ D.nope.nope is defined }}
{{ a.__class__ }}|{{ ''.__class__.__name__ }}|{{ o|attr('x') }}|{{ o|attr('nope') is defined }}|{{ D|attr('k') is defined }}
{% set ns = namespace() %}{% for i in L %}{% for j in L %}{% set ns.v = (ns.v or 0) + j %}{% endfor %}{% endfor %}{{ ns.v }}
{% set ns = namespace(a=1) %}{% macro m() %}{% set ns.a = 2 %}{% endmacro %}{{ m() }}{{ ns.a }}
{% for i in L %}{% set y = i %}{% for j in L %}{% set z = y + j %}{{ z }}{% endfor %}{{ z }}{% endfor %}
{% for i in L recursive %}{{ i }}{% endfor %}|{% for i in tree recursive %}{{ loop.depth0 }}{{ i.v }}{{ loop(i.c) if i.c }}{% endfor %}
{% for i in L %}{% if loop.first %}F{% elif loop.last %}L{% else %}M{% endif %}{{ loop.revindex0 }}{% endfor %}
{% for i in [1, 1, 2, 2, 1] %}{{ 'c' if loop.changed(i) }}{{ loop.cycle('a', 'b', 'c') }}{% endfor %}
{% for i in big if i is even %}{{ loop.index }}/{{ loop.length }}:{{ i }}{{ loop.nextitem|default('-') }} {% endfor %}
{% for i in L %}{% filter upper %}{{ loop.index }}x{% endfilter %}{% endfor %}{% for i in L %}{% set q %}{{ loop.index }}{% endset %}{{ q }}{% endfor %}
{% for i in L %}{% macro m() %}{{ loop.index }}{% endmacro %}{{ m() }}{% endfor %}
{% macro m(x) %}{{ caller(x) if caller else x }}{% endmacro %}{{ m(1) }}{% call(y) m(2) %}<{{ y }}>{% endcall %}{% call m(3) %}{% endcall %}
{% macro m() %}{% for i in L %}{{ caller(i, loop.index) }}{% endfor %}{% endmacro %}{% call(i, k) m() %}{{ i }}{{ k }}{{ s }};{% endcall %}
{% macro m(a, b=2, *args) %}{% endmacro %}
{% macro m(x, y=x, z=y) %}{{ x }}{{ y }}{{ z }}{% endmacro %}{{ m(1, z=3) }}{{ m(y=1) }}
{% macro outer() %}{% set v = 1 %}{% macro inner() %}{{ v }}{% endmacro %}{{ inner() }}{% endmacro %}{{ outer() }}{{ inner is defined }}
{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{% call m(1, k=2) %}{% endcall %}
{% set x = caller %}{{ x is defined }}{{ varargs is defined }}{{ super is defined }}{{ self is defined }}
{% with a = 2 %}{% with a = a + 1 %}{{ a }}{% endwith %}{{ a }}{% endwith %}{{ a }}
{% autoescape true %}{{ s|upper }}{{ s|safe|upper }}{{ (s|safe)[0:3] }}{{ '<%s>'|format(s) }}{{ '<%s>'|safe|format(s) }}{% endautoescape %}
{% autoescape false %}{{ s|e }}{{ s|e|e }}{{ s|forceescape }}{{ s|safe }}{{ '<' ~ s|e }}{% endautoescape %}
{{ s|replace('<', '&lt;') }}{{ s|safe|replace('l', '<') }}{{ s|e|replace('&amp;', '&') }}
{{ {'class': 'a"b', 'id': none, 'x': missing}|xmlattr }}{{ {'a b': 1}|xmlattr }}
{{ 'see http://a.org/?b=<c>&d, (www.x.com)'|urlize }}{{ 'me@x.org'|urlize(target='_blank') }}
{% filter trim|upper|replace('A', '-') %}  a{{ s }}b  {% endfilter %}
{% set x | trim | upper %}  a{{ s }}  {% endset %}[{{ x }}]
{% set a, b = b, a %}{{ a }}{{ b }}{% set (p, (q, r)) = (1, (2, 3)) %}{{ p }}{{ q }}{{ r }}
{% set p, q = [1] %}
{% for p, q in [(1, 2, 3)] %}{% endfor %}
{% for i in 5 %}{% endfor %}
{% for i in o %}{% endfor %}
{{ L[5].x }}|{{ L['x'] }}|{{ D[L] }}
{{ range(3)[5] }}|{{ range(10)[2:4] }}|{{ L[:-1] }}|{{ L[::2] }}|{{ u[1:3] }}
{{ 2 ** 3 ** 0 }}|{{ -1 ** 2 }}|{{ 10 // 3 * 3 + 10 % 3 }}|{{ 1 - -1 }}|{{ not 1 in L }}|{{ 'a' * 3 }}|{{ L * 2 }}
{{ 1 == 1.0 }}|{{ 'a' < 'b' <= 'b' != 'c' }}|{{ none == none }}|{{ L == [3, 1, 2] }}|{{ a in (1, 2) and 5 not in L }}
{{ 0.1 + 0.2 }}|{{ 1e100 }}|{{ 1.0 }}|{{ 10 / 4 }}|{{ 10 // 4 }}|{{ 1_0 }}|{{ 0 }}|{{ 00 }}|{{ 017 }}
{{ a.b.c.d }}
{{ missing() }}
{{ missing[0] }}
{{ -missing }}
{{ a() }}
{{ 'x'.nope() }}
{{ fn().x }}
{{ cycler() }}
{{ lipsum(0) }}|{{ dict(a=1, **{'b': 2}) }}|{{ namespace({'a': 1}).a }}
{% include %}
{% extends %}
{% import %}
{% macro %}
{% macro m %}
{% call %}
{% set %}
{% set x %}
{% filter %}
{% with a = %}
{% autoescape %}
{% endraw %}
{% if %}
{% elif a %}
{% for a in %}
{% for a b in c %}
{% if a %}¶{% for b in L %}¶{% endif %}¶{% endfor %}
{% block a %}¶{% if a %}¶{% endblock %}
{{ a }¶}
{{ a }} }} %} #}
{{ a. }}
{{ a[ }}
{{ a[] }}
{{ a|b.c }}
{{ a is }}
{{ a is not }}
{{ a if }}
{{ if a }}
{{ a not b }}
{{ a == }}
{{ == a }}
{{ * }}
{{ f(*a, b) }}
{{ f(**a, *b) }}
{{ f(a=1, *b) }}
{{ f(a=1 b=2) }}
{{ {1} }}
{{ {1: } }}
{{ {'a' 'b': 1} }}
{{ (1, 2 }}
{{ 1 2 }}
{{ 'a }}
{{ a ? b }}
{{ a; b }}
{{ a @ b }}
{{ a & b }}
{{ a && b }}
{{ a = b }}
{{ `a` }}
{{ a\b }}
{#¶#}¶{{ 1/0 }}
{% raw %}¶¶{% endraw %}¶{{ 1/0 }}
{%- set x = 1 -%}¶¶{{ 1/0 }}
{% set x = [1,¶2,¶3] %}¶{{ 1/0 }}
{{ 'a¶b' }}¶{{ 1/0 }}
"""

TRANSLATIONS = r"""
{{ _('a<b') }}|{{ gettext('x %(y)s', y=s) }}|{{ ngettext('%(num)s a', '%(num)s b', 2) }}
{% trans %}hello{% endtrans %}|{% trans %}a{{ a }}b{% endtrans %}|{% trans x=s %}<{{ x }}>{% endtrans %}
{% trans a %}{{ a }} one{% pluralize %}{{ a }} many{% endtrans %}|{% trans n=2 %}{{ n }} one{% pluralize %}{{ n }} many{% endtrans %}
{% trans count=L|length, who=s %}{{ who }} one{% pluralize count %}{{ who }} {{ count }}{% endtrans %}
{% trans trimmed %}¶  a¶  b {{ a }}¶{% endtrans %}
{% trans %}100%{% endtrans %}{% trans %}{{ a }}%{% endtrans %}
{% trans %}{{ missing }}{% endtrans %}
{% trans x=missing %}{{ x }}{% endtrans %}
{% trans %}{{ a.b }}{% endtrans %}
{% trans %}{% if a %}{% endif %}{% endtrans %}
{% trans %}a
{% trans a, a %}{{ a }}{% endtrans %}
{% trans %}a{% pluralize %}b{% endtrans %}
{% trans a=1 %}a{% pluralize z %}b{% endtrans %}
{% trans "ctx" %}a{{ a }}{% endtrans %}
{% pluralize %}
{% for i in L %}{% trans i=i %}{{ i }} one{% pluralize %}{{ i }} many{% endtrans %}{% endfor %}
{% macro m(x) %}{% trans x %}[{{ x }}]{% endtrans %}{% endmacro %}{{ m(s) }}
"""

WHITE_SPACE = r"""
  {% if a %}¶  x¶  {% endif %}¶
a¶  {{ a }}¶  {# c #}¶  {% if a %}¶ b {%- if a -%} c {%- endif %}  ¶{% endif %}¶¶
{% for i in L %}¶  {{ i }}¶{% endfor %}¶
  {%+ if a %}x{% endif +%}¶ y
{{- a -}}  x
 {#- c -#} x
 x {%- raw -%}  y  {%- endraw -%}  z
  {% raw %}¶  y¶  {% endraw %}¶ z
a {# c #}¶ b
{% if a %}¶{% endif %}¶{% if a %}¶x{% endif %}
x {% set a = 1 %} y¶
¶¶  {% if a %}¶¶  x{% endif %}¶¶
x¶
x¶¶
  {{ a }}¶
 {% if a -%}¶ x {%- endif +%}¶
{#- x +#}¶ y
a  {%- set x = 1 +%}¶ b
{{ a }}  {%+ if a %} {%+ endif %}
foo{% if a %}¶  {% if a %}¶ bar¶  {% endif %}¶{% endif %}
{% if a %}x{% endif %}  ¶  {% if a %}  ¶y{% endif %}
{{ a }}¶¶{{ b }}¶ {{ s -}} ¶ {{- u }}
a ¶¶ {{- a }}¶¶	{%- if a %}¶ x ¶{%- endif %}¶ {#- c #} b ¶¶ {%- raw %} y ¶ {%- endraw %}
"""

LINE_STATEMENTS = r"""
# for i in L¶  {{ i }}¶# endfor¶
# for i in L:¶{{ i }} ## comment¶# endfor¶x
  # if a¶foo¶  # endif¶## full comment¶bar ## c
# set x = [1,¶ 2]¶{{ x }}
# set x = 1¶¶ ¶  ¶  {{ x }}¶¶y
q¶# set x = 1¶¶  ¶{{ x }}
q¶# set x = 1¶¶ ¶
# if a¶¶¶x¶# else¶¶y¶¶# endif¶¶¶z¶{{ 1/0 }}
a # b¶# if a¶x¶# else¶y¶# endif
# call fn(1)¶# endcall
## c¶# if a¶## d¶x¶# endif¶
# raw¶{{ x }}¶# endraw¶
# nope¶
# if a¶x
# if a  ¶  # if t¶x¶  # endif¶# endif¶{{ 1/0 }}
"""

FLOW = r"""
{% do L.append(9) %}{{ L }}
{% for i in big %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}
{% for i in big %}{% if i is odd %}{% continue %}{% endif %}{{ i }}{% else %}e{% endfor %}
{% for i in L %}{% with x = i %}{% if x == 1 %}{% break %}{% endif %}{{ x }}{% endwith %}{{ loop.index }}{% endfor %}
{% for i in L %}{% break %}{% else %}e{% endfor %}
{% for i in L %}{% autoescape false %}{% if i == 1 %}{% continue %}{% endif %}{{ s }}{% endautoescape %}{% endfor %}{{ s }}
{% do o.boom() %}
{% for i in tree recursive %}{% if i.v == 3 %}{% continue %}{% endif %}{{ i.v }}{{ loop(i.c) }}{% endfor %}
{% for i in L %}{% for j in L %}{% if j == 1 %}{% break %}{% endif %}{{ j }}{% endfor %}{{ i }}{% endfor %}
"""

UNDEFINED = r"""
{{ missing }}
{{ missing.x.y }}
{{ missing['x'] }}
{% if missing %}x{% endif %}
{{ missing is defined }}
{{ missing|default(1) }}
{% for i in missing %}{% endfor %}
{{ missing + 1 }}
{{ o.nope }}
{{ missing == 1 }}
{{ 1 if f }}
a¶{{ a }}¶{{ missing }}
{{ missing in L }}
{{ D.zz.y }}
{{ missing ~ 'x' }}
{{ L[9] }}{{ missing|upper }}
"""

FINALIZED = r"""
{{ n }}{{ a }}{{ missing }}{{ 'lit' }}{{ 1 }}x
{{ none }}{{ s }}
{{ none }}
{% macro m(x) %}{{ x }}{{ n }}{% endmacro %}{{ m(n) }}{{ m(s) }}
"""

LATE = r"""
{{ 'q<'|e ~ s }}
{{ none ~ 'q<'|safe }}
{{ 'q<'|safe ~ 'r<' }}
{% autoescape f %}{{ 'q<' }}{% endautoescape %}
{% autoescape t %}{{ 'q<' }}{% endautoescape %}
{{ a }}¶{% with x = 1/0 %}{% endwith %}
"""

FLOW_EXTENSIONS = ["jinja2.ext.do", "jinja2.ext.loopcontrols"]
LINES = {"line_statement_prefix": "#", "line_comment_prefix": "##"}
TRIMMED = {"trim_blocks": True, "lstrip_blocks": True}


def delimiters(block, variable, comment):
    """The options for delimiters: each a pair, "begin end"."""
    pairs = {"block": block, "variable": variable, "comment": comment}
    begins = {f"{name}_start_string": pair.split()[0] for name, pair in pairs.items()}
    return {**begins, **{f"{name}_end_string": pair.split()[1] for name, pair in pairs.items()}}


# (template, options) for other delimiters.
DELIMITERS = [
    ("<% if a %>${ s }<!-- c --><% endif %>", delimiters("<% %>", "${ }", "<!-- -->")),
    ("<%- if a -%> ${ {'a': {}}.a } <!--- c ---> <% endif %>", delimiters("<% %>", "${ }", "<!-- -->")),
    ("<? if a ?><?= s ?><?# c ?><? endif ?>", delimiters("<? ?>", "<?= ?>", "<?# ?>")),
    ("[% if a %][[ s ]][# c #][% endif %]", delimiters("[% %]", "[[ ]]", "[# #]")),
    ("[% if L[0] %][[ L[0] ]][[ [L[1]][0] ]][% endif %]", delimiters("[% %]", "[[ ]]", "[# #]")),
    ("{ if a }{{ s }}{# c #}{ endif }", delimiters("{ }", "{{ }}", "{# #}")),
    ("<%raw%>${ a }<%endraw%>${ a }", delimiters("<% %>", "${ }", "<!-- -->")),
]

USUAL = [
    NAMES,
    OPERATORS,
    TESTS_AND_FILTERS,
    CALLS_AND_LITERALS,
    CONDITIONS_AND_LOOPS,
    ASSIGNMENTS,
    MACROS,
    FILTER_AUTOESCAPE_RAW,
    MISTAKES,
    BLOCKS_AND_OTHER_TEMPLATES,
    GLOBALS_AND_THE_REST,
    SCOPES,
    OF_SEVERAL_FILES,
    MORE,
]


def all_cases():
    """Return the cases: (template, other templates by their names, options of the environment)."""
    cases = [(template, FILES, {}) for text in USUAL for template in lines(text)]
    for template in lines(WHITE_SPACE):
        cases += [
            (template, {}, {"trim_blocks": trim, "lstrip_blocks": lstrip})
            for trim in (False, True)
            for lstrip in (False, True)
        ]
        cases.append((template, {}, {"keep_trailing_newline": True, **TRIMMED}))
        cases.append((template.replace("\n", "\r\n"), {}, {"newline_sequence": "\r\n"}))
    for template in lines(LINE_STATEMENTS):
        cases.append((template, {}, LINES))
        cases.append((template, {}, {**LINES, **TRIMMED}))
        cases.append((template.replace("#", "%"), {}, {"line_statement_prefix": "%"}))
    cases += [(template, {}, options) for template, options in DELIMITERS]
    cases += [(template, {}, {"extensions": FLOW_EXTENSIONS}) for template in lines(FLOW)]
    for newstyle in (False, True):
        cases += [(template, {}, {"translated": newstyle}) for template in lines(TRANSLATIONS)]
    for kind in ("StrictUndefined", "ChainableUndefined", "DebugUndefined"):
        cases += [(template, {}, {"undefined": kind}) for template in lines(UNDEFINED)]
    cases += [(template, {}, {"finalize": "dash"}) for template in lines(FINALIZED)]
    cases += [(template, {}, {}) for template in lines(LATE)]
    return cases
