"""A guestbook: a form, a database, a redirect after the POST, a message that shows once.

    python examples/guestbook.py        then open http://127.0.0.1:5000/

Settings are taken from the environment:

    GUESTBOOK_DB      the database file; without it, guestbook.sqlite3 beside this program
    SECRET_KEY        signs the session cookie; without it, a new random key at every start
    FLASK_RUN_HOST    the address to listen on, 127.0.0.1
    FLASK_RUN_PORT    the port to listen on, 5000
"""

import os
import secrets
import sqlite3
from contextlib import closing
from datetime import datetime, timezone
from pathlib import Path

from nanoweb import App, flash, g, redirect, render_template_string, request, session, url_for

DATABASE = os.environ.get("GUESTBOOK_DB") or Path(__file__).with_name("guestbook.sqlite3")
LIMITS = {"name": 40, "message": 500}  # characters
SHOWN = 50  # entries on the page

app = App(__name__)
app.config.update(
    MAX_CONTENT_LENGTH=16 * 1024,  # bytes of a request's body, more is answered 413: an entry needs half of it
    SESSION_COOKIE_SAMESITE="Lax",
)
app.secret_key = os.environ.get("SECRET_KEY")
if not app.secret_key:
    app.secret_key = secrets.token_hex()
    app.logger.warning("SECRET_KEY is not set: made a random one, sessions will end with this program")


# The database: a connection for each request that needs one, closed when the request is over.


def connect():
    if "connection" not in g:
        g.connection = sqlite3.connect(DATABASE)
    return g.connection


@app.teardown_request
def disconnect(error):
    connection = g.pop("connection", None)
    if connection is not None:
        connection.close()


def create_table():
    with closing(sqlite3.connect(DATABASE)) as connection, connection:
        connection.execute(
            "CREATE TABLE IF NOT EXISTS entry (id INTEGER PRIMARY KEY, name TEXT, message TEXT, written TEXT)"
        )


create_table()


# The requests.


@app.get("/")
def index():
    return book({"name": session.get("name", ""), "message": ""})


@app.post("/")
def sign():
    # A browser counts a line break as one character and sends it as two.
    entry = {field: request.form.get(field, "").replace("\r\n", "\n").strip() for field in LIMITS}
    problem = find_problem(entry)
    if problem:
        return book(entry, problem), 400
    entry["written"] = datetime.now(timezone.utc).isoformat(timespec="seconds")
    with connect() as transaction:  # committed at the end, rolled back if that is never reached
        transaction.execute("INSERT INTO entry (name, message, written) VALUES (:name, :message, :written)", entry)
    session["name"] = entry["name"]
    flash("Thank you! Your entry is in the book.")
    return redirect(url_for("index"), 303)  # See Other: reloading the page must not send the form again


def find_problem(entry):
    """Return what is wrong with an entry, as a sentence for its writer, or None."""
    for field, limit in LIMITS.items():
        if not entry[field]:
            return f"Please fill in the {field}."
        if len(entry[field]) > limit:
            return f"The {field} has {len(entry[field])} characters, there is room for {limit}."
    return None


@app.get("/style.css")
def style():
    return STYLE, {"Content-Type": "text/css; charset=utf-8"}


@app.errorhandler(404)
def not_found(error):
    return apologize("Page not found", "There is no such page in this book."), 404


@app.errorhandler(500)
def broken(error):
    return apologize("Something broke", "It is our fault, and it has been logged."), 500


@app.after_request
def protect(response):
    """Tell the browser to run no script at all, should the escaping below ever fail."""
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )
    return response


# The pages.  What a visitor wrote is escaped by the template: <script> becomes text that everybody can read.


def book(entry, problem=None):
    query = "SELECT name, message, written FROM entry ORDER BY id DESC LIMIT ?"
    entries = [dict(zip(("name", "message", "written"), row)) for row in connect().execute(query, (SHOWN,))]
    return render_template_string(
        PAGE, title="Guestbook", entry=entry, problem=problem, entries=entries, limits=LIMITS
    )


def apologize(title, excuse):
    return render_template_string(PAGE, title=title, excuse=excuse)


@app.template_filter()
def day(written):
    return datetime.fromisoformat(written).strftime("%d %B %Y, %H:%M UTC")


PAGE = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<link rel="stylesheet" href="{{ url_for('style') }}">
</head>
<body>
<h1>{{ title }}</h1>
{%- for text in get_flashed_messages() %}
<p class="notice" role="status">{{ text }}</p>
{%- endfor %}
{% if excuse -%}
<p>{{ excuse }}</p>
<p><a href="{{ url_for('index') }}">Back to the guestbook</a></p>
{%- else -%}
<form method="post" action="{{ url_for('index') }}">
  {% if problem %}<p class="problem" role="alert">{{ problem }}</p>{% endif %}
  <label>Your name
    <input name="name" value="{{ entry.name }}" maxlength="{{ limits.name }}" autocomplete="name" required>
  </label>
  <label>Your message
    <textarea name="message" rows="4" maxlength="{{ limits.message }}" required>
{{ entry.message }}</textarea>
  </label>
  <button>Sign the guestbook</button>
</form>
{% for entry in entries %}
<article>
  <p>{{ entry.message }}</p>
  <footer><b>{{ entry.name }}</b> <time datetime="{{ entry.written }}">{{ entry.written|day }}</time></footer>
</article>
{% else %}
<p class="empty">The first page is still empty: be the first to write!</p>
{% endfor %}
{%- endif %}
</body>
</html>
"""

STYLE = """
:root { color-scheme: light dark; --ink: #22303c; --soft: #66757f; --paper: #fffdf8; --desk: #efe9dd;
        --line: #ddd3c0; --accent: #2f6f62; --good: #e0f0e4; --bad: #fbe3dd; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e7e3da; --soft: #a09a8d; --paper: #262a2e; --desk: #1a1d20;
          --line: #3b4046; --accent: #6fbfae; --good: #21402f; --bad: #4c2a24; }
}
* { box-sizing: border-box; }
body { max-width: 40rem; margin: 0 auto; padding: 2.5rem 1.25rem; background: var(--desk); color: var(--ink);
       font: 1.0625rem/1.55 system-ui, sans-serif; }
h1 { margin: 0 0 1.5rem; font: 600 2.4rem/1.2 Georgia, serif; }
a { color: var(--accent); }
form, article { margin: 0 0 1.25rem; padding: 1.25rem 1.5rem; background: var(--paper);
                border: 1px solid var(--line); border-radius: .6rem; }
form { margin-bottom: 2rem; }
label { display: block; margin-bottom: 1rem; font-size: .9rem; font-weight: 600; }
input, textarea { display: block; width: 100%; margin-top: .3rem; padding: .55rem .7rem; font: inherit;
                  font-size: 1.0625rem; font-weight: 400; color: inherit; background: var(--desk);
                  border: 1px solid var(--line); border-radius: .4rem; resize: vertical; }
input:focus, textarea:focus, button:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
button { padding: .6rem 1.2rem; font: inherit; font-weight: 600; color: var(--paper); background: var(--accent);
         border: 0; border-radius: .4rem; cursor: pointer; }
article p { margin: 0 0 .75rem; white-space: pre-wrap; overflow-wrap: anywhere; }
article footer { display: flex; flex-wrap: wrap; gap: .25rem 1rem; justify-content: space-between;
                 color: var(--soft); font-size: .9rem; }
.notice, .problem { margin: 0 0 1.25rem; padding: .7rem 1rem; border-radius: .4rem; background: var(--good); }
.problem { background: var(--bad); }
.empty { color: var(--soft); text-align: center; }
"""


if __name__ == "__main__":
    app.run()
