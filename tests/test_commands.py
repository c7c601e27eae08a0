"""Commands of a program's own."""

import io
import os
import tempfile
import unittest
from contextlib import redirect_stderr, redirect_stdout
from unittest import mock

from nanoweb import App, Blueprint, commands, current_app
from nanoweb.commands import (
    Abort,
    AppGroup,
    Choice,
    File,
    FloatRange,
    Group,
    IntRange,
    UsageError,
    argument,
    command,
    echo,
    option,
)


def call(command, *words, app=None):
    """Return what a command prints."""
    out = io.StringIO()
    with redirect_stdout(out):
        command.main(list(words), "program", app)
    return out.getvalue()


class CommandTest(unittest.TestCase):
    def make(self, *decorators):
        def show(**values):
            echo(" ".join(f"{name}={value!r}" for name, value in values.items()))

        for decorator in reversed(decorators):
            show = decorator(show)
        return command("show")(show)

    def test_parameters_become_arguments(self):
        for decorators, words, said in [
            ([argument("name")], ["bob"], "name='bob'"),
            ([argument("first"), argument("second")], ["a", "b"], "first='a' second='b'"),
            ([argument("number", type=int)], ["7"], "number=7"),
            ([argument("names", nargs=-1)], ["a", "b"], "names=('a', 'b')"),
            ([argument("names", nargs=-1)], [], "names=()"),
            ([argument("name", default="x")], [], "name='x'"),
            ([argument("name", required=False)], [], "name=None"),
            ([option("--name")], [], "name=None"),
            ([option("--name")], ["--name", "x"], "name='x'"),
            ([option("--dry-run", is_flag=True)], ["--dry-run"], "dry_run=True"),
            ([option("--dry-run", is_flag=True)], [], "dry_run=False"),
            ([option("--times", "-n", default=1)], ["-n", "3"], "times=3"),
            ([option("--times", "count", default=1)], [], "count=1"),
            ([option("--loud/--quiet", default=True)], ["--quiet"], "loud=False"),
            ([option("--loud/--quiet", default=True)], [], "loud=True"),
            ([option("--tag", multiple=True)], ["--tag", "a", "--tag", "b"], "tag=('a', 'b')"),
            ([option("--kind", type=Choice(["a", "b"]))], ["--kind", "b"], "kind='b'"),
            ([option("--kind", type=Choice(["Ab"], case_sensitive=False))], ["--kind", "aB"], "kind='Ab'"),
            ([option("--size", type=IntRange(1, 9))], ["--size", "9"], "size=9"),
            ([option("--size", type=IntRange(1, 9, clamp=True))], ["--size", "0"], "size=1"),
            ([option("--size", type=FloatRange(max=2))], ["--size", "1.5"], "size=1.5"),
            ([option("--yes", type=bool)], ["--yes", "off"], "yes=False"),
            ([option("-v", "verbose", count=True)], ["-vv"], "verbose=2"),
            ([option("--home", envvar="TEST_HOME")], [], "home='there'"),
        ]:
            with self.subTest(words=words, said=said), mock.patch.dict(os.environ, TEST_HOME="there"):
                self.assertEqual(call(self.make(*decorators), *words), f"{said}\n")

    def test_what_makes_no_sense_ends_with_2(self):
        for decorators, words in [
            ([argument("name")], []),
            ([argument("number", type=int)], ["x"]),
            ([argument("number", type=IntRange(1, 9))], ["x"]),
            ([argument("number", type=IntRange(1, 9))], ["0"]),
            ([argument("number", type=IntRange(max=9))], ["10"]),
            ([argument("number", type=FloatRange(min=9))], ["nan"]),
            ([argument("file", type=File())], ["/no/such/file"]),
            ([option("--kind", type=Choice(["a", "b"]))], ["--kind", "c"]),
            ([option("--name", required=True)], []),
            ([option("--yes", type=bool)], ["--yes", "maybe"]),
            ([], ["--nothing"]),
        ]:
            with self.subTest(words=words), redirect_stderr(io.StringIO()), self.assertRaises(SystemExit) as ended:
                call(self.make(*decorators), *words)
            self.assertEqual(ended.exception.code, 2)

    def test_files_are_opened(self):
        with tempfile.TemporaryDirectory() as folder:
            command("write")(argument("file", type=File("w"))(lambda file: file.close())).main([f"{folder}/a"])
            self.assertTrue(os.path.exists(f"{folder}/a"))
        write = command("write")(argument("file", type=File("w"))(lambda file: echo("here", file)))
        self.assertEqual(call(write, "-"), "here\n")

    def test_what_is_asked_for(self):
        made = self.make(option("--name", prompt=True))
        with mock.patch("builtins.input", side_effect=["", "bob"]):
            self.assertEqual(call(made), "name='bob'\n")
        self.assertEqual(call(made, "--name", "ann"), "name='ann'\n")

    def test_a_yes_is_asked_for(self):
        for answer, default, expected in [
            ("y", False, True),
            ("", True, True),
            ("", False, False),
            ("no", True, False),
        ]:
            with mock.patch("builtins.input", return_value=answer):
                self.assertIs(commands.confirm("Sure?", default), expected)
        with mock.patch("builtins.input", return_value="n"), self.assertRaises(Abort):
            commands.confirm("Sure?", abort=True)

    def test_groups_find_their_commands(self):
        group = Group("all")

        @group.command()
        def make_it():
            """Make it."""
            echo("made")

        @group.group("inner")
        def inner():
            """More of them."""

        @inner.command("deep")
        def deep():
            echo("deep")

        self.assertEqual(call(group, "make-it"), "made\n")
        self.assertEqual(call(group, "inner", "deep"), "deep\n")
        self.assertIn("make-it  Make it.", call(group))
        with self.assertRaisesRegex(UsageError, "'nothing'.*make-it"):
            call(group, "nothing")


class AppTest(unittest.TestCase):
    def test_commands_run_with_the_context_of_the_application(self):
        app = App("site")

        @app.cli.command("who")
        def who():
            echo(current_app.name)

        @app.cli.command("bare", with_appcontext=False)
        def bare():
            echo(bool(current_app))

        @command("other")
        @commands.with_appcontext
        def other():
            echo(current_app.name)

        app.cli.add_command(other)
        self.assertEqual(call(app.cli, "who", app=app), "site\n")
        self.assertEqual(call(app.cli, "other", app=app), "site\n")
        self.assertEqual(call(app.cli, "bare", app=app), "False\n")

    def test_a_blueprint_brings_its_own(self):
        for group, words in [("", ["users", "list"]), ("people", ["people", "list"]), (None, ["list"])]:
            app, blueprint = App("site"), Blueprint("users", __name__, cli_group=group)

            @blueprint.cli.command("list")
            def list_them():
                echo(current_app.name)

            app.register_blueprint(blueprint)
            self.assertEqual(call(app.cli, *words, app=app), "site\n")

    def test_groups_of_an_application(self):
        group = AppGroup("user")

        @group.command("add")
        @argument("name")
        def add(name):
            echo(f"{name} in {current_app.name}")

        app = App("site")
        app.cli.add_command(group)
        self.assertEqual(call(app.cli, "user", "add", "bob", app=app), "bob in site\n")


if __name__ == "__main__":
    unittest.main()
