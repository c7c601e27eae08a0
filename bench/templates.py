"""Microseconds of rendering and compiling templates, and milliseconds of importing the engine that does it.

    python bench/templates.py                                  all contestants
    python bench/templates.py --only nanoweb,jinja2            two of them
    python bench/templates.py --markdown                       the table in docs/

nanoweb and Jinja2 are given one and the same source; the others the same page as their own documentation would write
it.  All escape what they put in, all read their templates from files and keep them.  Before any time is taken, every
contestant has to give the same page in every case: but for white space between lines, and for how a quote is spelled
(&#34; or &quot;).  How to read the figures: bench/README.md.

    numbers           a table of 1,000 rows with 10 numbers each
    texts             the same with texts that need no escaping,
    texts to escape   with one or two letters to escape in each, as names and remarks have them,
    full of tags      and with seven of them: code, or an attack
    page              inheritance, an include, a macro, filters and loops
    tiny              "Hello {{ name }}!"
    cached            a template without content, fetched by its name: what comes on top of every page
    compile           500 lines
    import            of the engine and what it needs, in a new process; nanoweb with all of its application
"""

from __future__ import annotations

import re
import statistics
import sys
import tempfile
import time
from html import unescape
from pathlib import Path
from types import SimpleNamespace

import contestants
import imports
import timing

contestants.PACKAGES.update(
    {"jinja2": ("jinja2", "markupsafe"), "mako": ("mako", "markupsafe"), "tornado": ("tornado",)}
)
contestants.INSTALL.update(
    {
        "jinja2": "python -m pip install jinja2==3.1.6 markupsafe==3.0.4",
        "mako": "python -m pip install mako==1.4.3",
        "tornado": "python -m pip install tornado==6.6.1",
    }
)

# contestant: what is imported to have its engine
MODULES = {
    "nanoweb": "nanoweb.template",
    "jinja2": "jinja2",
    "mako": "mako.template",
    "tornado": "tornado.template",
    "bottle": "bottle",
}

# What nanoweb promises: case: how many times faster than Jinja2
PROMISES = {
    "numbers": 1.5,
    "texts": 1.5,
    "texts to escape": 1.5,
    "full of tags": 1,
    "page": 1,
    "tiny": 1.5,
    "compile": 2,
    "import": 1,
}
WARM = 3  # microseconds that a page out of the cache may take over its own work


# The templates


JINJA = {
    "table": """\
<table>
{% for row in table %}
<tr>
{% for cell in row %}
<td>{{ cell }}</td>
{% endfor %}
</tr>
{% endfor %}
</table>
""",
    "tiny": "Hello {{ name }}!",
    "empty": "",
    "base": """\
<!doctype html>
<title>{% block title %}Library{% endblock %}</title>
{% include "links" %}
<main>{% block body %}{% endblock %}</main>
<footer>{{ year }} {{ owner|default("everybody") }}</footer>
""",
    "links": """\
<nav>
{% for href, text in links %}
<a href="{{ href }}"{% if loop.first %} class="first"{% endif %}>{{ text|title }}</a>
{% endfor %}
</nav>
""",
    "forms": """\
{% macro field(name, value="", type="text") %}
<input name="{{ name }}" value="{{ value }}" type="{{ type }}">
{% endmacro %}
""",
    "page": """\
{% extends "base" %}
{% from "forms" import field %}
{% block title %}{{ heading|upper }} - {{ super() }}{% endblock %}
{% block body %}
{% for reader in readers %}
<h2>{{ loop.index }}. {{ reader.name }}</h2>
{% if reader.mail %}
<p>{{ reader.mail|lower }}</p>
{% else %}
<p>-</p>
{% endif %}
{{ field("name", reader.name) }}
{{ field("mail", value=reader.mail, type="email") }}
<p>{{ reader.tags|join(", ") }}</p>
{% endfor %}
{% endblock %}
""",
    "long": """\
<div class="{{ kind }}">
  {% for item in items %}
    {% if item.visible and item.price > 10 %}
      <li>{{ number }}: <a href="{{ item.url }}">{{ item.title|upper }}</a></li>
    {% elif item.rest %}
      <li>{{ item.rest }} of {{ item.price }} {{ item.unit|default("pieces") }}</li>
    {% endif %}
  {% endfor %}
  <p>{{ items|length * 2 }} and some more text that is as it is</p>
</div>
""",
}

MAKO = {
    "table": """\
<table>
% for row in table:
<tr>
% for cell in row:
<td>${cell}</td>
% endfor
</tr>
% endfor
</table>
""",
    "tiny": "Hello ${name}!",
    "empty": "",
    "base": """\
<!doctype html>
<title><%block name="title">Library</%block></title>
<%include file="links"/>
<main>${next.body()}</main>
<footer>${year} ${context.get("owner", "everybody")}</footer>
""",
    "links": """\
<nav>
% for href, text in links:
<a href="${href}"${' class="first"' if loop.first else ""|n}>${text.title()}</a>
% endfor
</nav>
""",
    "forms": """\
<%def name="field(name, value='', type='text')">
<input name="${name}" value="${value}" type="${type}">
</%def>
""",
    "page": """\
<%inherit file="base"/>
<%namespace name="forms" file="forms"/>
<%block name="title">${heading.upper()} - ${parent.title()}</%block>
% for reader in readers:
<h2>${loop.index + 1}. ${reader.name}</h2>
% if reader.mail:
<p>${reader.mail.lower()}</p>
% else:
<p>-</p>
% endif
${forms.field("name", reader.name)}
${forms.field("mail", value=reader.mail, type="email")}
<p>${", ".join(reader.tags)}</p>
% endfor
""",
    "long": """\
<div class="${kind}">
  % for item in items:
    % if item.visible and item.price > 10:
      <li>${number}: <a href="${item.url}">${item.title.upper()}</a></li>
    % elif item.rest:
      <li>${item.rest} of ${item.price} ${item.unit or "pieces"}</li>
    % endif
  % endfor
  <p>${len(items) * 2} and some more text that is as it is</p>
</div>
""",
}

TORNADO = {
    "table": """\
<table>
{% for row in table %}
<tr>
{% for cell in row %}
<td>{{ cell }}</td>
{% end %}
</tr>
{% end %}
</table>
""",
    "tiny": "Hello {{ name }}!",
    "empty": "",
    "base": """\
<!doctype html>
<title>{% block title %}Library{% end %}</title>
{% include links %}
<main>{% block body %}{% end %}</main>
<footer>{{ year }} {{ globals().get("owner", "everybody") }}</footer>
""",
    "links": """\
<nav>
{% for number, (href, text) in enumerate(links) %}
<a href="{{ href }}"{% if not number %} class="first"{% end %}>{{ text.title() }}</a>
{% end %}
</nav>
""",
    "forms": '<input name="{{ name }}" value="{{ value }}" type="{{ kind }}">\n',
    "page": """\
{% extends base %}
{% block title %}{{ heading.upper() }} - Library{% end %}
{% block body %}
{% for number, reader in enumerate(readers, 1) %}
<h2>{{ number }}. {{ reader.name }}</h2>
{% if reader.mail %}
<p>{{ reader.mail.lower() }}</p>
{% else %}
<p>-</p>
{% end %}
{% set name, value, kind = "name", reader.name, "text" %}{% include forms %}
{% set name, value, kind = "mail", reader.mail, "email" %}{% include forms %}
<p>{{ ", ".join(reader.tags) }}</p>
{% end %}
{% end %}
""",
    "long": """\
<div class="{{ kind }}">
  {% for item in items %}
    {% if item.visible and item.price > 10 %}
      <li>{{ number }}: <a href="{{ item.url }}">{{ item.title.upper() }}</a></li>
    {% elif item.rest %}
      <li>{{ item.rest }} of {{ item.price }} {{ item.unit or "pieces" }}</li>
    {% end %}
  {% end %}
  <p>{{ len(items) * 2 }} and some more text that is as it is</p>
</div>
""",
}

BOTTLE = {
    "table": """\
<table>
% for row in table:
<tr>
% for cell in row:
<td>{{cell}}</td>
% end
</tr>
% end
</table>
""",
    "tiny": "Hello {{name}}!",
    "empty": "",
    "base": """\
<!doctype html>
<title>{{heading}} - Library</title>
% include("links", links=links)
<main>{{!base}}</main>
<footer>{{year}} {{get("owner", "everybody")}}</footer>
""",
    "links": """\
<nav>
% for number, (href, text) in enumerate(links):
<a href="{{href}}"{{!"" if number else ' class="first"'}}>{{text.title()}}</a>
% end
</nav>
""",
    "page": """\
% rebase("base", heading=heading.upper(), links=links, year=year)
% def field(name, value="", type="text"):
<input name="{{name}}" value="{{value}}" type="{{type}}">
% end
% for number, reader in enumerate(readers, 1):
<h2>{{number}}. {{reader.name}}</h2>
% if reader.mail:
<p>{{reader.mail.lower()}}</p>
% else:
<p>-</p>
% end
% field("name", reader.name)
% field("mail", value=reader.mail, type="email")
<p>{{", ".join(reader.tags)}}</p>
% end
""",
    "long": """\
<div class="{{kind}}">
  % for item in items:
    % if item.visible and item.price > 10:
      <li>{{number}}: <a href="{{item.url}}">{{item.title.upper()}}</a></li>
    % elif item.rest:
      <li>{{item.rest}} of {{item.price}} {{item.unit or "pieces"}}</li>
    % end
  % end
  <p>{{len(items) * 2}} and some more text that is as it is</p>
</div>
""",
}


# The contestants: each has get(name), which returns the function that renders a template, and compile(source)


def build_jinja_style(module, folder):
    loader = module.FileSystemLoader(folder)
    environment = module.Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, auto_reload=False
    )
    return SimpleNamespace(get=lambda name: environment.get_template(name).render, compile=environment.compile)


def build_nanoweb(folder):
    import nanoweb.template

    return build_jinja_style(nanoweb.template, folder)


def build_jinja2(folder):
    import jinja2

    return build_jinja_style(jinja2, folder)


def build_mako(folder):
    from mako.lookup import TemplateLookup
    from mako.template import Template

    lookup = TemplateLookup([folder], default_filters=["h"], filesystem_checks=False)
    return SimpleNamespace(
        get=lambda name: lookup.get_template(name).render,
        compile=lambda source: Template(source, default_filters=["h"]),
    )


def build_tornado(folder):
    from tornado.template import Loader, Template

    loader = Loader(folder)
    return SimpleNamespace(get=lambda name: loader.load(name).generate, compile=Template)


def build_bottle(folder):
    import bottle

    kept = {}

    def get(name):  # what bottle.template() does
        if name not in kept:
            kept[name] = bottle.SimpleTemplate(name=name, lookup=[folder])
        return kept[name].render

    return SimpleNamespace(get=get, compile=lambda source: bottle.SimpleTemplate(source).co)


BUILD = {
    "nanoweb": (build_nanoweb, JINJA),
    "jinja2": (build_jinja2, JINJA),
    "mako": (build_mako, MAKO),
    "tornado": (build_tornado, TORNADO),
    "bottle": (build_bottle, BOTTLE),
}


# The cases


def table_of(cell):
    return {"table": [[cell(row, column) for column in range(10)] for row in range(1000)]}


# One or two letters to escape in each, as names, titles and remarks have them.
REMARKS = ["Tom & Jerry", "it's here", "5 < 7", 'a "good" one', "Q&A's"]

PAGE = {
    "heading": "readers",
    "year": 2026,
    "links": [("/", "home"), ("/readers?page=1&size=20", "readers"), ("/about", "about us")],
    "readers": [
        SimpleNamespace(
            name=f"Ada <{number}>",
            mail=f"Ada.{number}@Example.org" if number % 2 else "",
            tags=["poetry", "R&D", "engines"],
        )
        for number in range(20)
    ],
}

# case: the template, what it is rendered with; the cases are explained above
RENDERINGS = {
    "numbers": ("table", table_of(lambda row, column: row * column)),
    "texts": ("table", table_of(lambda row, column: f"row {row}, column {column}")),
    "texts to escape": ("table", table_of(lambda row, column: f"{REMARKS[(row + column) % 5]} {row}")),
    "full of tags": ("table", table_of(lambda row, column: f"<b>\"{row}\" & '{column}'</b>")),
    "page": ("page", PAGE),
    "tiny": ("tiny", {"name": "World"}),
    "cached": ("empty", {}),
}
COMPILE, IMPORT = "compile", "import"
CASES = [*RENDERINGS, COMPILE, IMPORT]


def long_source(templates):
    return templates["long"] * 50


def make_run(engine, case):
    """Return a function that does a case a number of times."""
    name, data = RENDERINGS[case]
    render, get = engine.get(name), engine.get

    def render_kept(number):
        for _ in range(number):
            render(**data)

    def get_and_render(number):
        for _ in range(number):
            get(name)(**data)

    return get_and_render if case == "cached" else render_kept


def make_compile_run(engine, templates):
    source = long_source(templates)

    def run(number):
        for _ in range(number):
            engine.compile(source)

    return run


def page_of(engine, case):
    """Return what a contestant renders, without what may differ."""
    name, data = RENDERINGS[case]
    page = engine.get(name)(**data)
    text = page.decode() if isinstance(page, bytes) else str(page)
    text = re.sub(r"&(#34|quot|#39|#039|#x27);", lambda match: f"&#{ord(unescape(match[0]))};", text)
    return re.sub(r"(?<=>)\s+|\s+(?=<)|\s+\Z", "", text)


def check(engines, cases):
    """End the program unless all contestants render the same."""
    for case in cases:
        pages = {name: page_of(engine, case) for name, engine in engines.items()}
        first = next(iter(pages))
        for name, page in pages.items():
            if page != pages[first]:
                sys.exit(f"{name} renders {case!r} as {page[:2000]!r}; {first} as {pages[first][:2000]!r}")


def measure_imports(names, rounds):
    """Return {name: {"best", "median", "ratio"}} of the milliseconds that an import takes over bare Python."""
    prelude = imports.PRELUDE.format(folders=imports.folders(names))
    sources = {"": prelude + "pass", **{name: f"{prelude}import {MODULES[name]}" for name in names}}
    seconds = {name: [] for name in sources}
    for round_ in range(rounds + 1):
        for name, source in sources.items():
            start = time.perf_counter()
            imports.python(["-I", "-S"], source)
            if round_:  # the first one may have to compile
                seconds[name].append(time.perf_counter() - start)
    bare, *others = seconds.values()
    over = [[taken - nothing for taken, nothing in zip(times, bare)] for times in others]
    medians = [statistics.median(times) * 1000 for times in over]
    return {
        name: {"best": round(median, 1), "median": round(median, 1), "ratio": round(median / medians[0], 3)}
        for name, median in zip(names, medians)
    }


def show(case, times):
    unit = "ms" if case == IMPORT else "\N{MICRO SIGN}s"
    return f"{times['best']:,.1f} {unit} {times['ratio']:6.2f}\N{MULTIPLICATION SIGN}"


def broken_promises(results):
    """Return a sentence for each promise that this run did not keep."""
    broken = []
    for case, result in results.items():
        ratio = result.get("jinja2", {}).get("ratio", float("inf"))
        if case in PROMISES and ratio <= PROMISES[case]:
            broken.append(f"{case}: not {PROMISES[case]} times faster than Jinja2, {ratio:.2f} times")
        if case == "cached" and result["nanoweb"]["best"] > WARM:
            broken.append(f"{case}: over {WARM} microseconds, {result['nanoweb']['best']:.1f}")
    return broken


def measure(engines, cases, options):
    results = {}
    for case in cases:
        if case == IMPORT:
            results[case] = measure_imports(list(engines), options.rounds)
            continue
        runs = {
            name: make_compile_run(engine, BUILD[name][1]) if case == COMPILE else make_run(engine, case)
            for name, engine in engines.items()
        }
        results[case] = timing.summarize(timing.take_turns(runs, options.rounds, options.duration), unit=1e-6)
    return results


def main():
    parser = timing.make_parser(__doc__, BUILD, duration=0.05)
    parser.add_argument("--cases", metavar="CASES", help=f"some of {','.join(CASES)}")
    options = parser.parse_args()

    names = contestants.choose(options.only, list(BUILD))
    cases = options.cases.split(",") if options.cases else CASES
    with tempfile.TemporaryDirectory() as folder:
        engines = {}
        for name in names:
            build, templates = BUILD[name]
            own = Path(folder, name)
            own.mkdir()
            for file, source in templates.items():
                (own / file).write_text(source, encoding="utf-8")
            engines[name] = build(str(own))
        check(engines, [case for case in cases if case in RENDERINGS])
        results = measure(engines, cases, options)

    versions = [contestants.version(name) for name in names]
    if options.form == "json":
        timing.show_json({"machine": timing.machine(), "versions": versions, "microseconds": results})
    else:
        rows = [[case, *(show(case, result[name]) for name in names)] for case, result in results.items()]
        timing.show_table(["", *names], rows, options.form)
        print(f"\n{', '.join(versions)}\n{timing.machine()}")
    if options.check:
        sys.exit("\n".join(broken_promises(results)) or 0)


if __name__ == "__main__":
    main()
