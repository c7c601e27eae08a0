"""A guestbook with accounts: sessions, flashed messages, sqlite3, passwords and a blueprint; its HTML is Markup."""

import functools
import os
import sqlite3

from flask import (
    Blueprint,
    Flask,
    abort,
    current_app,
    flash,
    g,
    get_flashed_messages,
    redirect,
    request,
    session,
    url_for,
)
from markupsafe import Markup, escape
from werkzeug.security import check_password_hash, generate_password_hash

SCHEMA = """
CREATE TABLE user (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT UNIQUE NOT NULL, password TEXT NOT NULL);
CREATE TABLE post (id INTEGER PRIMARY KEY AUTOINCREMENT, author_id INTEGER NOT NULL REFERENCES user (id),
                   title TEXT NOT NULL, body TEXT NOT NULL);
"""
auth = Blueprint("auth", __name__, url_prefix="/auth")
blog = Blueprint("blog", __name__)


def get_db():
    if "db" not in g:
        g.db = sqlite3.connect(current_app.config["DATABASE"])
        g.db.row_factory = sqlite3.Row
    return g.db


def close_db(error=None):
    db = g.pop("db", None)
    if db is not None:
        db.close()


def page(title, content):
    messages = Markup("").join(
        Markup('<p class="{}">{}</p>').format(category, message)
        for category, message in get_flashed_messages(with_categories=True)
    )
    nav = Markup('<a href="{}">Log in</a>').format(url_for("auth.login"))
    if g.user:
        nav = Markup('<b>{}</b> <a href="{}">Log out</a>').format(g.user["name"], url_for("auth.logout"))
    return Markup("<!doctype html><title>%s</title><nav>%s</nav>%s%s") % (title, nav, messages, content)


def login_required(view):
    @functools.wraps(view)
    def wrapped(**values):
        if g.user is None:
            flash(f"Log in before you see {request.path}")
            return redirect(url_for("auth.login", next=request.full_path))
        return view(**values)

    return wrapped


@auth.before_app_request
def load_user():
    number = session.get("user")
    g.user = number and get_db().execute("SELECT * FROM user WHERE id = ?", (number,)).fetchone()


@auth.route("/register", methods=("GET", "POST"))
def register():
    if request.method == "POST":
        name, password = request.form["name"], request.form["password"]
        error = None if name and password else "Name and password are needed."
        if error is None:
            try:
                with get_db() as db:
                    hashed = generate_password_hash(password, method="pbkdf2:sha256:1000")
                    db.execute("INSERT INTO user (name, password) VALUES (?, ?)", (name, hashed))
                return redirect(url_for("auth.login"), 303)
            except sqlite3.IntegrityError:
                error = f"{name} is taken."
        flash(error, "error")
    return page("Register", Markup("<form method=post><input name=name><input name=password></form>"))


@auth.route("/login", methods=("GET", "POST"))
def login():
    if request.method == "POST":
        user = get_db().execute("SELECT * FROM user WHERE name = ?", (request.form["name"],)).fetchone()
        if user and check_password_hash(user["password"], request.form["password"]):
            session.clear()
            session["user"] = user["id"]
            session.permanent = "remember" in request.form
            flash(Markup("Welcome, <i>{}</i>!").format(user["name"]), "info")
            return redirect(request.args.get("next") or url_for("index"))
        flash("Wrong name or password.", "error")
    return page("Log in", Markup("<form method=post></form>"))


@auth.route("/logout")
def logout():
    session.clear()
    return redirect(url_for("index"))


@blog.route("/")
def index():
    rows = get_db().execute("SELECT p.*, u.name FROM post p JOIN user u ON p.author_id = u.id ORDER BY p.id DESC")
    lines = [
        f'<article id="{row["id"]}"><h2>{escape(row["title"])}</h2>'
        f"by {escape(row['name'])}<p>{escape(row['body'])}</article>"
        for row in rows
    ]
    return page("Posts", Markup("\n".join(lines)))


@blog.route("/create", methods=("GET", "POST"))
@login_required
def create():
    if request.method == "POST":
        if request.form.get("title"):
            with get_db() as db:
                db.execute(
                    "INSERT INTO post (title, body, author_id) VALUES (?, ?, ?)",
                    (request.form["title"], request.form["body"], g.user["id"]),
                )
            flash("Posted.")
            return redirect(url_for("blog.index", _anchor="top"))
        flash("A title is needed.", "error")
        flash("Really.", "error")
        flash("By the way: hello.", "info")
    return page("New", Markup(f"<form method=post action='{url_for('blog.create')}'></form>"))


@blog.route("/<int:number>/update", methods=("POST",))
@login_required
def update(number):
    post = get_db().execute("SELECT * FROM post WHERE id = ?", (number,)).fetchone()
    if post is None:
        abort(404, f"Post {number} doesn't exist.")
    if post["author_id"] != g.user["id"]:
        abort(403)
    with get_db() as db:
        db.execute("UPDATE post SET title = ? WHERE id = ?", (request.form["title"], number))
    return redirect(url_for(".index"))


@blog.get("/messages")
def messages():
    filtered = get_flashed_messages(category_filter=["error"])
    return {"errors": filtered, "again": get_flashed_messages(with_categories=True), "session": sorted(session)}


@blog.get("/messages/plain")
def messages_plain():
    return [get_flashed_messages(), get_flashed_messages(True, ("info",))]


def create_app():
    app = Flask(__name__)
    app.config.from_mapping(SECRET_KEY="dev", DATABASE=os.path.join(os.getcwd(), "blog.sqlite"))
    app.logger.disabled = True
    app.teardown_appcontext(close_db)
    app.register_blueprint(auth)
    app.register_blueprint(blog)
    app.add_url_rule("/", endpoint="index", view_func=index)
    with app.app_context():
        get_db().executescript(SCHEMA)
    return app


app = create_app()
anna = {"name": "anna <b>", "password": "secret"}

SCRIPT = [
    ("GET /", {}),
    ("GET /create", {}),
    ("GET /auth/login", {}),
    ("GET /auth/login", {}),
    ("GET /auth/register", {}),
    ("POST /auth/register", {"data": {"name": "", "password": ""}}),
    ("POST /auth/register", {"data": {"name": "only"}}),
    ("POST /auth/register", {"data": anna}),
    ("POST /auth/register", {"data": anna}),
    ("POST /auth/register", {"data": {"name": "ben", "password": "ü☃"}, "client": "ben"}),
    ("POST /auth/login", {"data": {"name": "nobody", "password": "x"}}),
    ("POST /auth/login", {"data": {**anna, "password": "wrong"}}),
    ("POST /auth/login?next=/create?a=1", {"data": anna}),
    ("GET /create", {}),
    ("POST /create", {"data": {"title": ""}}),
    ("GET /messages", {}),
    ("GET /messages", {}),
    ("POST /create", {"data": {"title": "<First>", "body": "a & b 'ü'"}}),
    ("GET /", {}),
    ("GET /", {}),
    ("POST /create", {"data": {"title": "Second", "body": "☃"}, "follow_redirects": True}),
    ("POST /1/update", {"data": {"title": "Changed"}}),
    ("POST /9/update", {"data": {"title": "Changed"}}),
    ("POST /1/update", {"data": {}}),
    ("GET /1/update", {}),
    ("POST /1/update", {"data": {"title": "No"}, "client": "ben"}),
    ("POST /auth/login", {"data": {"name": "ben", "password": "ü☃", "remember": "1"}, "client": "ben"}),
    ("POST /1/update", {"data": {"title": "No"}, "client": "ben"}),
    ("GET /messages/plain", {"client": "ben"}),
    ("GET /messages/plain", {"client": "ben"}),
    ("GET /", {"client": "ben"}),
    ("GET /auth/logout", {}),
    ("GET /", {}),
    ("GET /create", {"follow_redirects": True}),
    ("GET /", {"headers": {"Cookie": "session=forged.x.y"}, "client": "thief"}),
    (
        "GET /auth/login",
        {"headers": {"Cookie": "session=eyJ1c2VyIjoxfQ.ZVPxAA.AAAAAAAAAAAAAAAAAAAAAAAAAAA"}, "client": None},
    ),
    ("GET /auth/logout", {"client": "ben", "follow_redirects": True}),
]
