"""Host matching: the host of a rule, of the static files, and what does not match any."""

import os

from flask import Flask, redirect, request, url_for

os.makedirs("static", exist_ok=True)
with open("static/a.txt", "w", encoding="ascii") as file:
    file.write("static")
os.utime("static/a.txt", (1_600_000_000, 1_600_000_000))

app = Flask(__name__, host_matching=True, static_host="static.example", static_folder=os.path.abspath("static"))


@app.route("/", host="www.example")
def index():
    return f"{request.host} {url_for('static', filename='a.txt')} {url_for('user', name='anna')} {url_for('index')}"


@app.route("/", host="<name>.users.example")
def user(name):
    return f"{name} {url_for('index')} {url_for('user', name='ben')} {url_for('user', name=name)} {request.view_args}"


@app.route("/", host="localhost:8080")
def port():
    return "with a port"


@app.route("/deep/", host="<name>.users.example")
def deep(name):
    return url_for("deep", name=name, _external=True)


@app.route("/go", host="www.example")
def go():
    return redirect(url_for("user", name="carl"))


SCRIPT = [
    *(
        (f"GET {path}", {"base_url": f"http://{host}"})
        for path, host in [
            ("/", "www.example"),
            ("/", "WWW.Example"),
            ("/", "anna.users.example"),
            ("/", "a.b.users.example"),
            ("/", "localhost:8080"),
            ("/", "localhost"),
            ("/", "www.example:80"),
            ("/", "www.example:8000"),
            ("/deep", "anna.users.example"),
            ("/deep/", "anna.users.example"),
            ("/deep", "www.example"),
            ("/go", "www.example"),
            ("/static/a.txt", "static.example"),
            ("/static/a.txt", "www.example"),
        ]
    ),
    ("GET /deep/", {"base_url": "https://anna.users.example/base"}),
]
