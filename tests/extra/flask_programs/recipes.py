"""Templates in strings and streams: every way to render one, what surrounds it, and how an environment is set up."""

import json
import os
from datetime import datetime, timezone
from decimal import Decimal
from uuid import UUID

import jinja2
from flask import (
    Flask,
    before_render_template,
    g,
    render_template,
    render_template_string,
    request,
    session,
    stream_template,
    stream_template_string,
    stream_with_context,
    template_rendered,
)
from flask.signals import appcontext_tearing_down
from flask.templating import DispatchingJinjaLoader, Environment
from jinja2 import ChoiceLoader, DictLoader, StrictUndefined, pass_context, pass_eval_context
from markupsafe import Markup, escape


class Stove(Environment):
    def join_path(self, template, parent):
        return template.replace("~", parent.rpartition(".")[0])


class Kitchen(Flask):
    jinja_environment = Stove
    jinja_options = {"extensions": ["jinja2.ext.do", "jinja2.ext.loopcontrols"], "trim_blocks": True}

    def create_jinja_environment(self):
        environment = super().create_jinja_environment()
        environment.globals["heat"] = "high"
        return environment

    def select_jinja_autoescape(self, filename):
        return filename is None or filename.endswith((".html", ".tmpl"))


LOG = []
FILES = {
    "dish.html": "{% block a %}A {{ name }}\n{% endblock %}{% block b %}B{% endblock %}",
    "lines.html": "{% for n in numbers %}{{ n }} {{ request.path }} {{ session.cook }} {{ g.spoon }}\n{% endfor %}",
    "rude.tmpl": "{{ '<' }}{% autoescape false %}{{ '<' }}{% endautoescape %}{{ '<'|safe }}",
    "plain.txt": "{{ '<' }}{% autoescape true %}{{ '<' }}{% endautoescape %}{{ '<'|e }}",
    "breaks.html": "{% for n in range(9) %}{% if n is even %}{% continue %}{% endif %}{% if n > 5 %}{% break %}"
    "{% endif %}{{ n }}{% endfor %}{% set box = [] %}{% do box.append(3) %}{{ box }}",
    "parts.html": "{% include '~.txt' %} {{ heat }}",
    "parts.txt": "part of {{ name }}",
    "stops.html": "{% for n in range(3) %}{{ n }}{{ 1 // (1 - n) }} {% endfor %}",
}

app = Kitchen(__name__, template_folder=None, root_path=os.getcwd())
app.config.update(SECRET_KEY="dev", TEMPLATES_AUTO_RELOAD=True)
app.logger.disabled = True
app.jinja_env.loader = ChoiceLoader([DictLoader(FILES), app.jinja_env.loader])
app.jinja_env.globals["kitchen"] = "<warm>"
app.jinja_env.filters["shout"] = lambda text: text.upper() + "!"


@pass_context
def who(context, word="is"):
    return f"{context.get('name')} {word} {sorted(context.exported_vars)} {context.name}"


@pass_eval_context
def breaks(eval_ctx, text):
    joined = "<br>".join(str(escape(line)) if eval_ctx.autoescape else line for line in text.split("\n"))
    return Markup(joined) if eval_ctx.autoescape else joined


app.jinja_env.globals["who"] = who
app.jinja_env.filters["breaks"] = breaks


@before_render_template.connect_via(app)
def before(sender, template, context, **extra):
    LOG.append(f"before {template.name} {sorted(context)} {context.get('name')}")


@template_rendered.connect_via(app)
def after(sender, template, context, **extra):
    LOG.append(f"after {template.name} {len(context)}")


@app.teardown_request
def teardown(error):
    LOG.append(f"teardown {type(error).__name__}")


@app.before_request
def begin():
    g.spoon = "silver"
    if "cook" in request.args:
        session["cook"] = request.args["cook"]


@app.get("/log")
def log():
    seen = LOG[:]
    LOG.clear()
    return seen


@app.get("/string")
def string():
    return render_template_string(
        "{{ name }} {{ name|safe }} {{ kitchen }} {{ 'a'|shout }} {{ who() }} {{ who('was') }} {{ 'a\n<'|breaks }}",
        name="<Anna>",
    )


@app.get("/template/<name>")
def template(name):
    return render_template(name, name="<Ben>", numbers=range(3))


@app.get("/stream/<name>")
def stream(name):
    return stream_template(name, name="<Cleo>", numbers=range(3))


@app.get("/stream-string")
def stream_string():
    return stream_template_string("{% for n in range(3) %}{{ n }} {{ request.args.a }};{% endfor %}"), {"X-A": "b"}


@app.get("/stream-own")
def stream_own():
    def generate():
        yield render_template("dish.html", name="one")
        yield render_template_string("{{ request.path }} {{ g.spoon }}")

    return app.response_class(stream_with_context(generate()), mimetype="text/plain")


@app.get("/undefined")
def undefined():
    return render_template_string("[{{ nothing }}] {{ nothing is defined }} {{ g.nothing }} {{ session.nothing }}")


@app.get("/undefined/deep")
def undefined_deep():
    return render_template_string("{{ nothing.more }}")


@app.get("/json")
def to_json():
    thing = {
        "when": datetime(2026, 2, 3, 4, 5, 6, tzinfo=timezone.utc),
        "price": Decimal("1.10"),
        "id": UUID(int=5),
        "text": "</script><!-- ü ' \" & -->",
        "markup": Markup("<b>"),
        "b": 1,
        "a": [None, True],
    }
    return render_template_string(
        "<script>var x = {{ thing|tojson }};</script> {{ thing.a|tojson(indent=2) }}", thing=thing
    )


@app.get("/globals")
def all_globals():
    return render_template_string(
        "{{ request.path }} {{ session is defined }} {{ g is defined }} {{ config.TESTING }} {{ url_for('string') }} "
        "{{ get_flashed_messages() }} {{ range(3)|list }} {{ dict(a=1) }} {{ cycler(1, 2).next() }} "
        "{% set j = joiner(9) %}{{ j() }}{{ j() }}"
    )


@app.get("/expression")
def expression():
    env = app.jinja_env
    return {
        "compiled": env.compile_expression("a * 2 + b|default(1)")(a=20),
        "none": env.compile_expression("nothing")(),
        "overlay": env.overlay(variable_start_string="[[", variable_end_string="]]").from_string("[[ 1 ]]").render(),
        "from_string": env.from_string("{{ '<' }} {{ kitchen }}").render(),
        "select": env.select_template(["no.html", "dish.html"]).name,
        "module": env.from_string("{% macro m(x) %}<{{ x }}>{% endmacro %}{% set y = 4 %}").module.m("&"),
        "undeclared": str(env.undefined(name="x")),
        "classes": [
            isinstance(env, jinja2.Environment),
            isinstance(env, Environment),
            issubclass(Environment, jinja2.Environment),
        ],
        "loader": isinstance(app.create_global_jinja_loader(), DispatchingJinjaLoader),
        "options": [env.trim_blocks, env.lstrip_blocks, env.auto_reload, env.cache is not None],
        "autoescape": [app.select_jinja_autoescape(name) for name in (None, "a.html", "a.txt", "a.tmpl")],
        "template": render_template(env.get_template("dish.html"), name="x"),
    }


@app.get("/strict")
def strict():
    env = jinja2.Environment(undefined=StrictUndefined, loader=DictLoader({"a": "{{ x }}"}), autoescape=True)
    try:
        return env.get_template("a").render()
    except jinja2.UndefinedError as error:
        return [str(error), env.get_template("a").render(x="<"), env.from_string("{{ x is defined }}").render()]


@app.get("/context")
def context():
    values = {"name": "given"}
    app.update_template_context(values)
    return [sorted(values), values["name"], values["request"].path]


@app.context_processor
def names():
    return {"name": "processed", "spice": "pepper"}


@app.get("/no-request")
def no_request():
    with app.app_context():
        g.spoon = "wooden"
        return [
            render_template_string("{{ g.spoon }} {{ spice }}"),
            list(stream_template_string("{{ g.spoon }} {{ name }}")),
        ]


@app.post("/string")
def users_template():
    return render_template_string(request.form["source"], name="<posted>")


appcontext_tearing_down.connect(lambda sender, **extra: LOG.append("teardown of the application"), app, weak=False)
SOURCES = [
    "{{ name }}",
    "{{ 7 * 7 }} {{ '7' * 7 }}",
    "{{ name|e|e }} {{ name|forceescape }} {{ name|upper|safe }}",
    "{% set ns = namespace(n=0) %}{% for x in 'abc' %}{% set ns.n = ns.n + loop.index %}{% endfor %}{{ ns.n }}",
    "{% macro m(a, b=2) %}{{ a }}{{ b }}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1) }}{{ m(1, 3, 4, c=5) }}",
    "{% filter upper %}a {{ name }}{% endfilter %}",
    "{% with x = 3, y = x %}{{ x }}{{ y }}{% endwith %}{{ x }}",
    "{% raw %}{{ name }}{% endraw %}{# gone #}",
    "{{ [3, 1, 2]|sort|join('-') }} {{ 'a b'|title }} {{ 3.14159|round(2) }} {{ 'x'|center(5) }}|",
    "{{ request.method }} {{ request.form.source|length }}",
    json.dumps({"a": "ü"}),
]
WRONG = ["{{ name", "{% if %}", "{{ name|nope }}", "{% nope %}", "{{ 1 + }}", "{% endfor %}", "{% extends 'no' %}"]

SCRIPT = [
    ("GET /string", {}),
    ("GET /log", {}),
    *((f"GET /template/{name}", {"fails": name == "stops.html"}) for name in FILES),
    ("GET /log", {}),
    ("GET /template/dish.html?cook=Zo%C3%AB", {}),
    *((f"GET /stream/{name}", {}) for name in FILES if name != "stops.html"),
    ("GET /log", {}),
    ("GET /stream/stops.html", {"raises": "ZeroDivisionError"}),
    ("GET /stream/none.html", {"fails": True}),
    ("GET /stream-string?a=%3Cb%3E", {}),
    ("GET /stream-own", {}),
    ("GET /undefined", {}),
    ("GET /undefined/deep", {"fails": True}),
    ("GET /json", {}),
    ("GET /globals", {}),
    ("GET /expression", {}),
    ("GET /strict", {}),
    ("GET /context", {}),
    ("GET /no-request", {}),
    *(("POST /string", {"data": {"source": source}}) for source in SOURCES),
    *(("POST /string", {"data": {"source": source}, "fails": True}) for source in WRONG),
    ("GET /template/dish.html", {"client": "other"}),
    ("GET /string", {"client": "other"}),
]
