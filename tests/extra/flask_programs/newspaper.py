"""A newspaper: pages that inherit, include and import, two blueprints with folders of templates, flashed messages."""

import os
from datetime import date

from flask import (
    Blueprint,
    Flask,
    abort,
    flash,
    g,
    get_template_attribute,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from jinja2 import TemplateNotFound
from markupsafe import Markup

FILES = {
    "templates/base.html": """\
<!doctype html>
<html>
  <head>
    {%- block head %}
    <title>{% block title %}{{ config["PAPER"] }}{% endblock %}</title>
    {%- endblock %}
    <link rel="stylesheet" href="{{ url_for('static', filename='style.css', v=1) }}">
  </head>
  <body class="{{ request.endpoint }}">
    {% for category, message in get_flashed_messages(with_categories=true) %}
      <p class="{{ category }}">{{ message }}</p>
    {% endfor %}
    {% include "nav.html" %}
    {% block content required %}{% endblock %}
    <footer>{{ today.strftime("%d.%m.%Y") }} {{ motto }} {{ g.reader|default("nobody") }}</footer>
  </body>
</html>
""",
    "templates/nav.html": """\
<nav>
{%- for name, title in [("front", "Front"), ("sport.front", "Sport"), ("weather.show", "Weather")] %}
  <a href="{{ url_for(name) }}"{{ " class=here" if request.endpoint == name }}>{{ loop.index }} {{ title }}</a>
{%- endfor %}
</nav>
""",
    "templates/macros.html": """\
{%- macro article(title, words, author=none, size="small") -%}
<article class="{{ size }}"><h2>{{ title }}</h2>
{%- if author %}<address>{{ author|upper }}</address>{% endif -%}
<p>{{ words|truncate(20) }}</p>{{ caller() if caller }}</article>
{%- endmacro -%}
{%- macro who() -%}{{ request.path }} {{ session.get("reader") }} {{ config.PAPER }}{%- endmacro -%}
{% set version = 3 %}
""",
    "templates/front.html": """\
{% extends "base.html" %}
{% from "macros.html" import article, who with context %}
{% block title %}Front, {{ super() }}{% endblock %}
{% block content %}
  {{ who() }}
  {% for story in stories if story.words -%}
    {{ article(story.title, story.words, author=story.author) }}
  {%- else %}<p>Nothing has happened.</p>
  {%- endfor %}
  {% call article("Letter", "Dear editor, " * 4, size="big") %}<b>signed</b>{% endcall %}
  <ul>{% for year, those in stories|groupby("year") %}<li>{{ year }}: {{ those|map(attribute="title")|join(", ") }}
  {%- endfor %}</ul>
{% endblock %}
""",
    "templates/sport/front.html": "application's {{ request.blueprint }}",
    "templates/letter.txt": "Dear {{ name }},\n{{ '<b>' }}{{ text }}\n\n",
    "templates/drawing.svg": "<svg><text>{{ text }}</text></svg>",
    "templates/data.json": '{"text": {{ text|tojson }}}',
    "templates/page.xhtml": "<p title='{{ text }}'>{{ text|safe }}</p>",
    "templates/upper.HTML": "{{ text }}",
    "templates/wrong.html": "first line\n{% for x in y %}\n{% endif %}",
    "templates/failing.html": "first line\n\n{{ 1 // 0 }}",
    "templates/round.html": "{% include 'missing.html' ignore missing %}{% include ['no.html', 'nav.html'] %}",
    "templates/lost.html": "{% include 'missing.html' %}",
    "templates/formed.html": """\
<form action="{{ url_for('subscribe', _anchor='done') }}" method=post>
<input name=name value="{{ request.form.name }}"><input name=city value="{{ request.form.get('city', 'Ghent') }}">
{{ errors|length }} error{{ "" if errors|length == 1 else "s" }}: {{ errors|join("; ") }}
</form>
""",
    "sport/templates/sport/front.html": "blueprint's: must not be seen",
    "sport/templates/sport/table.html": """\
{% extends "base.html" %}
{% block content %}
<table>
{% for row in rows|batch(3, "-") %}<tr class="{{ loop.cycle('odd', 'even') }}">
{%- for cell in row %}<td>{{ cell }}</td>{% endfor %}</tr>
{% endfor %}
</table>{{ league }} {{ trophies() }} {{ 3|medals }} {{ "yes" if 9 is winning else "no" }}
{{ " a "|bare }} {{ "A" is high }} {{ most(1, 2) }} {{ shout("go") }}
{% endblock %}
""",
    "weather/pages/weather.html": """\
{% extends "base.html" %}{% block content %}{{ degrees|celsius }} {{ degrees|round|int }}
{%- trans_free is defined %}{% endblock %}
""",
    "weather/pages/sky.html": """\
{% extends parent or "base.html" %}
{%- block head %}{{ super() }}<meta name=sky content="{{ sky }}">{% endblock %}
{% block content %}{{ degrees|celsius }} {{ self.title() }} {{ url_for(".show") }} {{ url_for("front") }}
{{ "%.1f"|format(degrees) }} {{ sky|e }} {{ sky|striptags }} {{ sky|urlize }} {{ {"b": 1, "a": [sky]}|tojson }}
{% endblock %}
""",
}
for name, text in FILES.items():
    os.makedirs(os.path.dirname(name), exist_ok=True)
    with open(name, "w", encoding="utf-8") as file:
        file.write(text)

app = Flask(__name__, root_path=os.getcwd())
app.config.update(SECRET_KEY="dev", PAPER="The Daily <News>")
app.logger.disabled = True
sport = Blueprint(
    "sport", __name__, url_prefix="/sport", template_folder="templates", root_path=os.path.abspath("sport")
)
weather = Blueprint(
    "weather", __name__, url_prefix="/weather", template_folder="pages", root_path=os.path.abspath("weather")
)
STORIES = [
    {
        "title": "Man bites <dog>",
        "words": "It was a dark & stormy night in the city.",
        "author": "anna",
        "year": 2023,
    },
    {"title": "Cat up tree", "words": "", "author": None, "year": 2022},
    {"title": Markup("<i>Tree</i> up cat"), "words": "Short.", "author": None, "year": 2023},
]


@app.context_processor
def for_all():
    return {"today": date(2026, 2, 3), "motto": "All the <b>news</b>", "league": "none"}


@app.context_processor
def late():
    return {"motto": Markup("All the <b>news</b>")}


@sport.context_processor
def for_sport():
    return {"league": "first", "trophies": lambda: Markup("<i>%d</i>") % 3}


@sport.app_context_processor
def for_everyone():
    return {"sky": "<grey> https://sky.example/?a&b"}


@app.template_filter("celsius")
def to_celsius(degrees):
    return Markup("%.1f&deg;C") % ((degrees - 32) / 1.8)


@sport.app_template_filter()
def medals(number):
    return "*" * number


@sport.app_template_test()
def winning(number):
    return number > 5


@sport.app_template_global("shout")
def louder(text):
    return text.upper() + "!"


@app.template_test("long")
def is_long(text):
    return len(text) > 10


@app.template_global()
def twice(text):
    return text * 2


sport.add_app_template_filter(str.strip, "bare")
sport.add_app_template_test(str.isupper, "high")
sport.add_app_template_global(max, "most")
app.add_template_filter(len, "size")
app.add_template_test(lambda x: x == 3, "three")
app.add_template_global(lambda: "counted", "count")


@app.before_request
def know_reader():
    if "reader" in request.args:
        session["reader"] = g.reader = request.args["reader"]


@app.get("/")
def front():
    return render_template("front.html", stories=STORIES)


@app.get("/empty")
def empty():
    return render_template(["no.html", "front.html"], stories=[])


@app.get("/files/<path:name>")
def files(name):
    return render_template(name, text="a <b> & 'c' \"d\" ü", name="Ben")


@app.get("/flash")
def flashing():
    flash("<Saved>")
    flash(Markup("<b>Saved</b>"), "good")
    return redirect(url_for("front"))


@app.route("/subscribe", methods=["GET", "POST"])
def subscribe():
    errors = [name for name in ("name", "city") if request.method == "POST" and not request.form.get(name)]
    return render_template("formed.html", errors=errors), 422 if errors else 200


@app.get("/macro")
def macro():
    article = get_template_attribute("macros.html", "article")
    text = article("A <title>", "words " * 9, "me")
    return {
        "text": text,
        "markup": isinstance(text, Markup),
        "version": get_template_attribute("macros.html", "version"),
    }


@app.get("/no-macro")
def no_macro():
    return get_template_attribute("macros.html", "nothing")


@app.get("/missing")
def missing():
    try:
        return render_template("missing.html")
    except TemplateNotFound as error:
        return {"name": error.name, "message": error.message, "templates": error.templates, "text": str(error)}


@app.get("/missings")
def missings():
    try:
        return render_template(["missing.html", "gone.html"])
    except TemplateNotFound as error:
        return {"class": type(error).__name__, "name": error.name, "text": str(error)}


@app.get("/names")
def names():
    owners = (app, sport, Blueprint("x", "x"))
    loaders = [owner.jinja_loader and type(owner.jinja_loader).__name__ for owner in owners]
    return [sorted(app.jinja_env.list_templates()), loaders]


@app.get("/html")
def html():
    return render_template(
        "front.html", stories=STORIES, motto="from the view", request="not one", g={"reader": "me"}
    )


@app.errorhandler(404)
def not_found(error):
    return render_template("nav.html"), 404


@sport.get("/")
def sport_front():
    return render_template("sport/front.html")


sport.add_url_rule("/front", "front", sport_front)


@sport.get("/table")
def table():
    return render_template("sport/table.html", rows=["a", "<b>", 3, None, 4.5])


@sport.get("/gone")
def gone():
    abort(404)


@weather.get("/")
def show():
    return render_template("sky.html", degrees=50)


@weather.get("/syntax")
def syntax():
    return render_template("weather.html", degrees=50)


app.register_blueprint(sport)
app.register_blueprint(weather)

SCRIPT = [
    ("GET /", {}),
    ("GET /?reader=<Anna>", {}),
    ("GET /", {}),
    ("GET /empty", {}),
    ("GET /flash", {"follow_redirects": True}),
    ("GET /", {}),
    ("GET /files/letter.txt", {}),
    ("GET /files/drawing.svg", {}),
    ("GET /files/data.json", {}),
    ("GET /files/page.xhtml", {}),
    ("GET /files/upper.HTML", {}),
    ("GET /files/wrong.html", {"fails": True}),
    ("GET /files/failing.html", {"fails": True}),
    ("GET /files/round.html", {}),
    ("GET /files/lost.html", {"fails": True}),
    ("GET /files/nothing.html", {"fails": True}),
    ("GET /files/..%2Fstatic/style.css", {"fails": True}),
    ("GET /files/sport/../letter.txt", {"fails": True}),
    ("GET /files/./letter.txt", {}),
    ("GET /files/sport/front.html", {}),
    ("GET /subscribe", {}),
    ("POST /subscribe", {"data": {"name": '"><script>', "city": ""}}),
    ("POST /subscribe", {"data": {"name": "Ü", "city": "Köln"}}),
    ("GET /macro", {}),
    ("GET /no-macro", {"fails": True}),
    ("GET /missing", {}),
    ("GET /missings", {}),
    ("GET /names", {}),
    ("GET /html", {}),
    ("GET /nowhere", {}),
    ("GET /sport/", {}),
    ("GET /sport/front", {}),
    ("GET /sport/table", {}),
    ("GET /sport/gone", {}),
    ("GET /weather/", {}),
    ("GET /weather/syntax", {"fails": True}),
]
