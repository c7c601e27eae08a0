"""Flask programs, unchanged, on the real Flask and on nanoweb: each answer the same, byte for byte.

    python -m unittest tests.extra.extra_flask

Development equipment, not part of the test command: pip install --group oracle.  Without the real ones this fails,
and is not skipped.

Each program of flask_programs is run twice by play.py, in processes of their own, where its SCRIPT is sent through
the test client.  Where the answers differ, an excuse must explain it: each holds a sentence of docs/differences.md,
and must be needed.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from collections import Counter
from pathlib import Path
from urllib.request import urlopen

import flask
import flask.ctx
import flask.json.provider
import flask.sessions
import flask.testing
import flask.views

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(__file__).resolve().parent / "flask_programs"
DOCUMENTED = ROOT / "docs" / "differences.md"
PATIENCE = 60  # seconds until a program is given up
UNCOMPARED = {"Date", "Server"}  # whose clock, and whose name


class Excuse:
    """Where the answer differs on purpose.

    program    whose request: a pattern
    what       which requests: a pattern of "GET /path"
    sentence   from docs/differences.md, or a part of one
    explains   explains(mine, other) tells whether this is why they differ
    """

    def __init__(self, program, what, sentence, explains):
        self.program = re.compile(program)
        self.what = re.compile(what)
        self.sentence = sentence
        self.explains = explains

    def covers(self, program, mine, other):
        asked = self.program.fullmatch(program) and self.what.fullmatch(mine["what"])
        return asked and "raised" not in {**mine, **other} and bool(self.explains(mine, other))


def but_for(**fields):
    """What explains answers that are the same if these fields are written in the same way: a function for each."""

    def written(answer):
        how = {name.replace("_", "-"): write for name, write in fields.items()}
        return {**answer, "headers": [[name, how.get(name, str)(value)] for name, value in answer.get("headers", ())]}

    return lambda mine, other: not differences(written(mine), written(other))


OF_ANOTHER_LENGTH = but_for(Content_Length=bool)  # HEAD, where there is an excuse for the body of GET


def without_teardown(answer):
    return [line for line in json.loads(answer["body"]) if "tear" not in line]


EXCUSES = [
    Excuse(
        ".*",
        ".*",
        "`valid_methods` and the `Allow` field list the methods in alphabetical order.",
        but_for(Allow=lambda value: sorted(value.split(", "))),
    ),
    Excuse(
        "uploads",
        "POST /",
        "`MAX_FORM_MEMORY_SIZE` counts all fields together, and files never.",
        lambda mine, other: (mine["status"], other["status"]) == ("200 OK", "413 REQUEST ENTITY TOO LARGE"),
    ),
    Excuse(
        "custom|mirror",
        "POST /(form|limits)",
        "The limits of a request say in their 413 which setting raises them",
        lambda mine, other: (
            mine["status"] == other["status"] and bool(re.search("that MAX_[A-Z_]+ allows", mine["body"]))
        ),
    ),
    Excuse(
        "configured",
        "GET /defaults",
        "`PERMANENT_SESSION_LIFETIME` is set to seconds",
        lambda mine, other: mine["body"].replace('"2678400"', '"31 days, 0:00:00"') == other["body"],
    ),
    Excuse(
        "proxied",
        "(GET|HEAD) /(shared/a.txt|one)/?([?].*)?",
        "has ranges and the entity tags of `send_file`",
        lambda mine, other: (
            mine["status"].upper() == other["status"].upper() and ["Accept-Ranges", "bytes"] in mine["headers"]
        ),
    ),
    Excuse(
        "addresses|accidents",
        "OPTIONS /(lax|strict/weak)",
        "knows a rule that does without its slash (`strict_slashes=False`) in both forms.",
        lambda mine, other: (
            ["Allow", "GET, HEAD, OPTIONS"] in mine["headers"] and "Allow" not in dict(other["headers"])
        ),
    ),
    Excuse(
        "custom",
        ".*/own//?prefixed//?(004|7)",
        "what was refused counts neither for a 405 nor for a redirect",
        lambda mine, other: mine["status"][:3] == "404" and other["status"][:3] in ("405", "308"),
    ),
    Excuse(
        "proxied",
        "(OPTIONS|DELETE|POST) /(shared/a.txt|one)",
        "`SharedDataMiddleware` serves GET and HEAD alone",
        lambda mine, other: mine["status"][:3] == "404" and other["body"] == "shared a",
    ),
    Excuse(
        "proxied",
        "GET /one/.*",
        "a single file under its address alone",
        lambda mine, other: mine["status"][:3] == "404" and other["body"] == "shared a",
    ),
    Excuse(
        "streams",
        ".*",
        "The page of an error is a sequence: `is_streamed` is False",
        lambda mine, other: (
            mine["status"][:3] in ("400", "404", "405", "500")
            and ["X-Streamed", "False"] in mine["headers"]
            and but_for(X_Streamed=bool, X_Sequence=bool, Allow=lambda value: sorted(value.split(", ")))(mine, other)
        ),
    ),
    Excuse(
        "shop",
        "GET /about",
        '`Blueprint.endpoint("x")` is also the view of the blueprint\'s own endpoint `x`',
        lambda mine, other: (
            set(json.loads(mine["body"])["views"]) - set(json.loads(other["body"])["views"])
            == {"twice.twice.elsewhere", "second.twice.elsewhere"}
        ),
    ),
    Excuse(
        "addresses",
        "(GET|HEAD) /redirects/bad",
        "`redirect()` takes those that are redirects",
        lambda mine, other: (mine["status"][:3], other["status"][:3]) == ("500", "200"),
    ),
    Excuse(
        "addresses",
        "GET //name/x",
        "A path such as `//x` stays a path.",
        lambda mine, other: (mine["body"], other["status"]) == ("x", "404 NOT FOUND"),
    ),
    Excuse(
        "mirror",
        "GET /accept",
        "`accept_html`, `accept_xhtml` and `accept_json` are False for what has quality 0.",
        lambda mine, other: mine["body"].replace("true,false,false,true,[", "true,true,true,true,[") == other["body"],
    ),
    Excuse(
        "mirror",
        "GET /login",
        "what RFC 7616 names for Digest are always quoted",
        lambda mine, other: mine["body"].partition("Digest")[0] == other["body"].partition("Digest")[0],
    ),
    Excuse(
        "mirror",
        "(GET|HEAD) /response",
        "`Content-Security-Policy-Report-Only` is sent with a capital letter in each of its words.",
        lambda mine, other: (
            [[name.title(), value] for name, value in comparable(mine["headers"])]
            == [[name.title(), value] for name, value in comparable(other["headers"])]
        ),
    ),
    Excuse(
        "coroutine_site",
        "GET /torn",
        "Flask calls them when the view has returned and once more at that end.",
        lambda mine, other: (
            mine["body"] == other["body"].replace('["/stream","NoneType"],["app","NoneType"],', "", 1)
        ),
    ),
    Excuse(
        "order|recipes",
        "GET /log",
        "Flask calls them when the view has returned and once more at that end.",
        lambda mine, other: (
            without_teardown(mine) == without_teardown(other) and len(mine["body"]) < len(other["body"])
        ),
    ),
]


# Running


def environment(side):
    """What a process inherits: the real ones are not asked to be free of warnings."""
    environ = {name: value for name, value in os.environ.items() if not name.startswith(("FLASK_", "NANOWEB_RUN_"))}
    if side == "flask":
        environ = {name: value for name, value in environ.items() if not name.startswith("PYTHON")}
    return {**environ, "PYTHONUTF8": "1", "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}


def run(side, folder, *words, status=0):
    """Return what a command prints; the folder is its own, and new."""
    environ = environment(side)
    environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), environ.get("PYTHONPATH", "")]))
    shutil.rmtree(folder, ignore_errors=True)
    os.mkdir(folder)
    done = subprocess.run(
        [sys.executable, *words],
        cwd=folder,
        env=environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=PATIENCE,
        check=False,
    )
    if done.returncode != status:
        raise AssertionError(
            f"{side}: {' '.join(words)} ended with {done.returncode}:\n{done.stderr.decode()[-4000:]}"
        )
    return done.stdout.decode()


def play(side, folder, program, now):
    return json.loads(run(side, folder, "-m", "tests.extra.play", side, program, now))


# Comparing


def differences(mine, other):
    """What of two answers is not the same: [] or lines that show it."""
    lines = []
    for part in sorted({*mine, *other}):
        ours, theirs = mine.get(part), other.get(part)
        if part == "headers" and ours and theirs:
            ours, theirs = comparable(ours), comparable(theirs)
        if ours != theirs:
            lines.append(f"    {part}\n        nanoweb {ours!r:.1500}\n        flask   {theirs!r:.1500}")
    return lines


def comparable(headers):
    """The fields in the order of their names: that of different names means nothing (RFC 9110, section 5.3)."""
    return sorted((field for field in headers if field[0] not in UNCOMPARED), key=lambda field: field[0])


class ComparerTest(unittest.TestCase):
    """What compares must see what it is there for."""

    answer = {"what": "GET /", "status": "200 OK", "headers": [["A", "1"], ["A", "0"], ["B", "2"]], "body": "text"}

    def test_the_same_is_the_same(self):
        self.assertEqual(differences(self.answer, json.loads(json.dumps(self.answer))), [])

    def test_each_planted_difference_is_noticed(self):
        for planted in (
            {"status": "200 Ok"},
            {"body": "text "},
            {"body": ""},
            {"headers": [["A", "1"], ["A", "0"]]},
            {"headers": [["A", "1"], ["A", "0"], ["B", "2"], ["B", "2"]]},
            {"headers": [["A", "0"], ["A", "1"], ["B", "2"]]},
            {"headers": [["a", "1"], ["A", "0"], ["B", "2"]]},
            {"headers": []},
            {"raised": "ValueError"},
        ):
            with self.subTest(planted):
                self.assertEqual(len(differences({**self.answer, **planted}, self.answer)), 1)
                self.assertEqual(len(differences(self.answer, {**self.answer, **planted})), 1)

    def test_what_is_not_compared_is_not(self):
        fields = [["Date", "now"], ["B", "2"], ["A", "1"], ["Server", "x"], ["A", "0"]]
        other = {**self.answer, "headers": fields}
        self.assertEqual(differences(self.answer, other), [])

    def test_a_difference_between_the_two_processes_is_noticed(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "work")
            mine, other = (play(side, path, "planted", "1700000000") for side in ("nanoweb", "flask"))
        self.assertEqual(
            [bool(differences(*pair)) for pair in zip(mine, other)][:5], [False, True, True, True, False]
        )

    def test_the_real_flask_cannot_be_met_on_our_side(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "work")
            begin = "from tests.extra.play import install_ours; install_ours(); "
            code = f"{begin}import flask; print(flask.Flask.__module__)"
            self.assertEqual(run("nanoweb", path, "-c", code), "nanoweb.app\n")
            code = f"{begin}import asgiref"
            with self.assertRaisesRegex(AssertionError, "'asgiref' must not be imported here"):
                run("nanoweb", path, "-c", code)


class ProgramsSuite(unittest.TestCase):
    maxDiff = None

    def test_each_answer_of_each_program_is_that_of_flask(self):
        programs = sorted(path.stem for path in PROGRAMS.glob("*.py") if path.stem != "planted")
        used, requests = Counter(), Counter()
        with tempfile.TemporaryDirectory() as folder:
            for program in programs:
                with self.subTest(program):
                    now = str(int(time.time()))
                    other, mine = (
                        play(side, os.path.join(folder, "work"), program, now) for side in ("flask", "nanoweb")
                    )
                    self.assertEqual([one["what"] for one in mine], [one["what"] for one in other])
                    requests[program] = len(mine)
                    self.compare(program, mine, other, used)
        self.assertGreaterEqual(len(programs), 21)
        self.assertEqual(sorted(requests), programs)
        self.assertGreaterEqual(min(requests.values()), 10)
        self.assertGreaterEqual(sum(requests.values()), 6000)
        self.assertEqual([excuse.sentence for excuse in EXCUSES if not used[excuse]], [], "not needed")

    def compare(self, program, mine, other, used):
        found, excused = [], set()
        for ours, theirs in zip(mine, other):
            lines, what = differences(ours, theirs), ours["what"]
            excuse = lines and next((one for one in EXCUSES if one.covers(program, ours, theirs)), None)
            if excuse:
                used[excuse] += 1
                excused.add(what)
            elif lines and not (what.replace("HEAD", "GET", 1) in excused and OF_ANOTHER_LENGTH(ours, theirs)):
                found.append("\n".join([what, *lines]))
        if found:
            self.fail(f"{len(found)} of {len(mine)} answers differ:\n" + "\n".join(found))

    def test_an_answer_that_differs_without_an_excuse_is_a_failure(self):
        other = {"what": "GET /", "status": "200 OK", "headers": [["Allow", "PUT, GET"]], "body": "text"}
        used = Counter()
        self.compare("any", [{**other, "headers": [["Allow", "GET, PUT"]]}], [other], used)
        self.assertEqual([excuse.sentence for excuse in used], [EXCUSES[0].sentence])
        for planted in (
            {"body": "other"},
            {"status": "201 CREATED"},
            {"headers": [["Allow", "GET"]]},
            {"headers": [["Allow", "GET, PUT"], ["X", "1"]]},
            {"raised": "ValueError"},
        ):
            for program in ("any", *(path.stem for path in PROGRAMS.glob("*.py"))):
                with self.subTest(planted, program=program), self.assertRaisesRegex(AssertionError, "1 of 1 answers"):
                    self.compare(program, [{**other, **planted}], [other], used)

    def test_every_excuse_is_documented(self):
        text = " ".join(DOCUMENTED.read_text(encoding="utf-8").split())
        for excuse in EXCUSES:
            self.assertIn(excuse.sentence, text)
            self.assertGreater(len(excuse.sentence), 30)


class CommandsSuite(unittest.TestCase):
    """The commands of a program's own, and of ours, on programs for Flask."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = os.path.join(folder.name, "work")

    def ours(self, *words, status=0):
        code = "from tests.extra.play import block; block(); from nanoweb.cli import main; raise SystemExit(main())"
        return run("nanoweb", self.folder, "-c", code, *words, status=status)

    def test_each_command_prints_what_flask_prints(self):
        commands = next(
            ast.literal_eval(node.value)
            for node in ast.parse((PROGRAMS / "tasks.py").read_text(encoding="utf-8")).body
            if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "COMMANDS"
        )
        program = str(PROGRAMS / "tasks.py")
        for line, status in commands:
            with self.subTest(line):
                other = run("flask", self.folder, "-m", "flask", "--app", program, *line.split(), status=status)
                mine = self.ours("cli", "--flask", program, *line.split(), status=status)
                self.assertEqual(mine, other)
        self.assertGreaterEqual(len(commands), 20)

    def test_the_table_of_routes_is_that_of_flask(self):
        for program in ("shelves", "tasks", "json_api", "subdomains", "hosts"):
            path = str(PROGRAMS / f"{program}.py")
            for options in ([], ["--sort", "rule"], ["--all-methods"]):
                with self.subTest(program, options=options):
                    other = run("flask", self.folder, "-m", "flask", "--app", path, "routes", *options)
                    self.assertEqual(self.ours("routes", "--flask", path, *options), other)

    def test_a_program_is_served_without_flask(self):
        os.mkdir(self.folder)
        environ = {**environment("nanoweb"), "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
        code = "from tests.extra.play import block; block(); from nanoweb.cli import main; raise SystemExit(main())"
        for command in ("run", "serve"):
            with self.subTest(command), tempfile.TemporaryFile() as log:
                process = subprocess.Popen(
                    [sys.executable, "-c", code, command, "--flask", "--port", "0", str(PROGRAMS / "shelves.py")],
                    cwd=self.folder,
                    env=environ,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                )
                try:
                    address = await_address(process, log)
                    with urlopen(f"{address}/books/1", timeout=PATIENCE) as response:
                        self.assertEqual(json.load(response), {"title": "One", "seen": 1, "url": "/books/1"})
                        self.assertEqual(response.headers.get_all("X-Noted"), ["first", "second"])
                finally:
                    process.terminate()
                    process.wait(PATIENCE)


def await_address(process, log):
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        text = os.pread(log.fileno(), 10_000, 0).decode("utf-8", "replace")
        found = re.search(r"Running on (http://127\.0\.0\.1:[0-9]+)", text)
        if found:
            return found[1]
        time.sleep(0.05)
    raise AssertionError(f"it is not served:\n{os.pread(log.fileno(), 10_000, 0).decode()}")


class NamesSuite(unittest.TestCase):
    """What is compared, by name: all of it."""

    def test_every_public_name_is_in_one_of_the_programs(self):
        used = set()
        for path in PROGRAMS.glob("*.py"):
            used |= set(re.findall(r"[A-Za-z_]\w*", path.read_text(encoding="utf-8")))
        missing = {}
        for owner, but in NAMES.items():
            names = {name for name in dir(owner) if name[:1] != "_"} - set(but.split())
            missing[owner.__name__] = sorted(names - used)
            self.assertLessEqual(set(but.split()), set(dir(owner)), f"{owner.__name__} has no such names")
        self.assertEqual({owner: names for owner, names in missing.items() if names}, {})


# Where the public names are, and which of them need no program: modules, what click has, what is said elsewhere.
NAMES = {
    flask: "annotations app blueprints ctx globals helpers logging sansio t templating typing wrappers",
    flask.Flask: "run test_cli_runner test_cli_runner_class",
    flask.Blueprint: "",
    flask.Request: "",
    flask.Response: "",
    flask.Config: "",
    flask.views.MethodView: "",
    flask.sessions.SecureCookieSessionInterface: "",
    flask.json.provider.DefaultJSONProvider: "",
    flask.ctx.AppContext: "",
    flask.ctx.RequestContext: "match_request",
    flask.testing.FlaskClient: "resolve_redirect trace",
}


if __name__ == "__main__":
    unittest.main()
