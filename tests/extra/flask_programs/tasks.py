"""Commands of an application: app.cli, blueprints' groups, options and arguments, and the context they run in."""

import os

import click
from flask import Blueprint, Flask, current_app, g, request, url_for
from flask.cli import AppGroup, with_appcontext

app = Flask(__name__)
app.config["SERVER_NAME"] = "tasks.example"
users = AppGroup("user", help="Work with users.")
part = Blueprint("part", __name__)
other = Blueprint("other", __name__, cli_group="renamed")
merged = Blueprint("merged", __name__, cli_group=None)


@app.cli.command("init-db")
def init_db():
    """Make the tables."""
    with open("made.txt", "w", encoding="ascii") as file:
        file.write(current_app.name)
    click.echo(f"made for {current_app.name} {url_for('index', _external=True)}")


@app.cli.command()
@click.argument("names", nargs=-1)
@click.option("--greeting", "-g", default="Hello", help="what to say")
@click.option("--times", type=int, default=1)
@click.option("--loud/--quiet", default=False)
def greet_all(names, greeting, times, loud):
    for _ in range(times):
        for name in names or ("nobody",):
            text = f"{greeting} {name}!"
            click.echo(text.upper() if loud else text)


@app.cli.command("plain", with_appcontext=False)
def plain():
    click.echo(str(bool(current_app)))


@click.command("added")
@click.option("--level", type=click.Choice(["low", "high"]), default="low", show_default=True)
@click.option("--tag", multiple=True)
@click.option("-v", "--verbose", count=True)
@click.option("--flag", is_flag=True)
@with_appcontext
def added(level, tag, verbose, flag):
    g.level = level
    click.echo(f"{current_app.name} {g.level} {tag} {verbose} {flag}")


@users.command("create")
@click.argument("name")
@click.option("--age", type=int, required=True)
def create(name, age):
    click.secho(f"created {name} {age}", fg="green")
    click.echo("a word on stderr", err=True)


@users.command("fail")
def fail():
    raise click.ClickException("it failed")


@users.command("abort")
def abort():
    raise click.Abort


@part.cli.command("work")
@click.argument("number", type=float)
def work(number):
    click.echo(f"part works {number}")


@other.cli.command("work")
def other_work():
    click.echo("other works")


@merged.cli.command("merged-work")
def merged_work():
    click.echo("merged works")


@app.shell_context_processor
def shell():
    return {"users": users}


@app.route("/")
def index():
    return f"{sorted(app.make_shell_context())} {os.path.exists('made.txt')} {request.path}"


@app.get("/commands")
def commands():
    return {"app": sorted(app.cli.commands), "users": sorted(users.commands), "name": app.cli.name}


app.cli.add_command(added)
app.cli.add_command(users)
for blueprint in (part, other, merged):
    app.register_blueprint(blueprint)

SCRIPT = [
    ("GET /", {}),
    ("GET /", {"base_url": "http://tasks.example"}),
    ("GET /commands", {}),
    *(
        ("GET /commands", {"headers": {"Host": host}})
        for host in ("tasks.example:80", "x.tasks.example", "", "[::1]")
    ),
    *((f"{method} /commands", {}) for method in ("HEAD", "OPTIONS", "POST")),
]
# What is typed after "flask --app tasks" and after "nanoweb cli --flask tasks.py", and the status at the end.
COMMANDS = [
    ("init-db", 0),
    ("greet-all", 0),
    ("greet-all anna ben --times 2 -g Hi", 0),
    ("greet-all --loud ü", 0),
    ("greet-all --loud --quiet x", 0),
    ("greet-all --times x", 2),
    ("plain", 0),
    ("added", 0),
    ("added --level high --tag a --tag b -vv --flag", 0),
    ("added --level middle", 2),
    ("user create anna --age 5", 0),
    ("user create anna", 2),
    ("user create", 2),
    ("user fail", 1),
    ("user abort", 1),
    ("user nothing", 2),
    ("part work 1.5", 0),
    ("part work one", 2),
    ("renamed work", 0),
    ("merged-work", 0),
    ("nothing", 2),
]
