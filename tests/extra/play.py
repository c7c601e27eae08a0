"""One program of flask_programs, on one of the two sides: what it answers to its SCRIPT, printed as JSON.

    python -m tests.extra.play flask notes 1700000000       # with the real Flask
    python -m tests.extra.play nanoweb notes 1700000000     # with ours, where the real one cannot be imported

The number is the time that time.time() gives all along: signatures and ages are the same on both sides then.
The working folder is the program's own.

What is asked is the program's SCRIPT, and then its addresses once more in other ways (see variants()).  A SCRIPT is a
list of requests, each a method with a path and the arguments of the test client's open(), but:

    data       a part that is a tuple (bytes, name, media type...) is a file
    headers    "{ETag}" is replaced by that field of the answer before
    client     whose cookies: each name is a client of its own; None keeps no cookies
    fails      True where the answer is a 500 on purpose: any other is a mistake in the program
    raises     the name of the error that comes out of the application, which is the answer then: its text is for the
               developer, and each side has words of its own
"""

from __future__ import annotations

import importlib
import io
import json
import re
import sys
import time
from datetime import datetime, timezone
from email.utils import parsedate_to_datetime
from pathlib import Path

PROGRAMS = Path(__file__).resolve().parent / "flask_programs"
FAMILIES = ("flask", "werkzeug", "jinja2", "markupsafe", "itsdangerous", "blinker", "click", "asgiref")

ANY = "any error"
METHODS = ("GET", "HEAD", "OPTIONS", "DELETE", "POST")

_field_re = re.compile(r"\{([A-Za-z-]+)\}")
_date_re = re.compile(r"[A-Z][a-z]{2}, [0-9]{2} [A-Z][a-z]{2} [0-9]{4} [0-9:]{8} GMT")


class Blocker:
    """Finds a reason not to import the real ones, wherever they are installed."""

    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in FAMILIES:
            raise ModuleNotFoundError(f"{name!r} must not be imported here", name=name)
        return None


def block():
    """Let nobody import the real ones from here on."""
    sys.meta_path.insert(0, Blocker())


def install_ours():
    block()
    from nanoweb import compat

    compat.install(force=True)


def check_side(side):
    """Fail unless everything called flask, werkzeug and so on is from where it should be."""
    for name, module in sys.modules.items():
        if name.partition(".")[0] in FAMILIES and (type(module).__module__ == "nanoweb.compat") != (
            side == "nanoweb"
        ):
            raise RuntimeError(f"{name!r} is {module!r}, on the side of {side}")
    if side == "flask" and "nanoweb" in sys.modules:
        raise RuntimeError("nanoweb has been imported on the side of flask")


def play(program, side):
    """Return the answers to its script, each as {status, headers, body} or {raised}."""
    app = program.app
    clients, answers, last = {}, [], None
    for what, options in program.SCRIPT:
        fails = options.get("fails", False)
        answer, last = ask(app, clients, last, what, {key: options[key] for key in options if key != "fails"})
        if side == "flask" and answer.get("status", "").startswith("500") != fails:
            raise RuntimeError(f"{what} was answered {answer.get('status')}, and fails is {fails}")
        answers.append(answer)
    for what, options in variants(program.SCRIPT):
        answers.append(ask(app, clients, None, what, dict(options))[0])
    return answers


def variants(script):
    """Yield the same addresses in other ways: other methods, a slash more or less, a segment more, a query."""
    addresses = {}
    for what, options in script:
        path, base_url = what.partition(" ")[2].partition("?")[0], options.get("base_url")
        addresses[path, base_url] = {"client": None, "raises": ANY, **({"base_url": base_url} if base_url else {})}
    for (path, _), options in addresses.items():
        other = path[:-1] if path.endswith("/") else f"{path}/"
        changed = [other, f"{other}?a=%C3%BC&b", f"{path}/x", path.upper(), path[0] + path[1:].replace("/", "//")]
        for what in [f"{method} {path}" for method in METHODS] + [f"GET {path}" for path in changed]:
            if not what.partition(" ")[2].startswith("//"):  # the two clients read this differently
                yield what, options


def ask(app, clients, last, what, options):
    method, _, path = what.partition(" ")
    name, raises = options.pop("client", ""), options.pop("raises", None)
    client = app.test_client(use_cookies=False) if name is None else clients.get(name)
    if client is None:
        client = clients[name] = app.test_client()
    headers = {"User-Agent": "play", **options.get("headers", {})}
    options["headers"] = {
        key: _field_re.sub(lambda found: last.headers[found[1]], value) for key, value in headers.items()
    }
    if isinstance(options.get("data"), dict):
        options["data"] = {key: prepare(value) for key, value in options["data"].items()}
    try:
        response = client.open(path, method=method, **options)
        body = response.get_data()
    except Exception as error:
        if raises not in (type(error).__name__, ANY):
            raise
        return {"what": what, "raised": type(error).__name__}, last
    if raises not in (None, ANY):
        raise RuntimeError(f"{what} did not raise {raises}, but was answered {response.status}")
    headers = [[name, _date_re.sub(steady, value)] for name, value in response.headers]
    response.close()
    return {"what": what, "status": response.status, "headers": headers, "body": body.decode("latin-1")}, response


def prepare(value):
    if isinstance(value, tuple):
        return (io.BytesIO(value[0]), *value[1:])
    return [prepare(one) for one in value] if isinstance(value, list) else value


def steady(found):
    """A date that is reckoned from now, as the distance, give or take how slow the machine is; any other as it is."""
    seconds = (parsedate_to_datetime(found[0]) - datetime.now(timezone.utc)).total_seconds()
    days = abs(seconds) / 86400
    return (
        f"<{round(seconds / 300) * 5:+d} minutes>"
        if days < 400 and not found[0].endswith("00:00:00 GMT")
        else found[0]
    )


def main(side, name, now):
    if side == "nanoweb":
        install_ours()
    seconds = float(now)
    time.time = lambda: seconds  # before anything else has taken it
    sys.path.insert(0, str(PROGRAMS))
    program = importlib.import_module(name)
    answers = play(program, side)
    check_side(side)
    print(json.dumps(answers))


if __name__ == "__main__":
    main(*sys.argv[1:])
