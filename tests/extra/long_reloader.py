"""The reloader: the rarer ways in which programs are started, changed, broken, mended and ended.

    python -m unittest tests.extra.long_reloader

Nothing but Python is needed; it is here as all these processes take time.  tests/test_reloader.py has the others.
"""

import os
import signal
import sys
import time
import unittest
import zipfile

from tests.test_reloader import PROGRAM, FolderTest, setUpModule  # noqa: F401 (unittest calls it)


class RestartTest(FolderTest):
    """A change, and what comes of it."""

    def test_it_is_started_again_as_it_was_started(self):
        def command(*arguments):
            return lambda: arguments

        def archive():
            with zipfile.ZipFile(self.folder / "shop.zip", "w") as file:
                file.writestr("__main__.py", PROGRAM)
                file.writestr("helper.py", (self.folder / "helper.py").read_text())
            return ("shop.zip",)

        ways = [command("app.py"), command("-m", "app"), command("-m", "pkg"), command("folder"), archive]
        if sys.version_info >= (3, 10):
            ways.append(command("-c", PROGRAM.replace("{}", '{"extra_files": ["helper.py"]}')))
        for folder in [".", "folder"]:
            self.write(f"{folder}/helper.py", "VALUE = 'one'")
        for name in ["app.py", "pkg/__main__.py", "pkg/__init__.py", "folder/__main__.py"]:
            self.write(name, PROGRAM if name != "pkg/__init__.py" else "")
        flags = ("-W", "ignore:no such:UserWarning")
        programs = [self.run_program(*flags, *way(), "--port", "80 80") for way in ways]
        for program in programs:
            program.await_value("one")
        for folder in [".", "folder"]:
            self.write(f"{folder}/helper.py", "VALUE = 'second'")
        archive()
        for way, program in zip(ways, programs):
            with self.subTest(way()[:2]):
                program.await_value("second")
                starts = program.await_log("^start [0-9]+ (.*)")
                self.assertGreaterEqual(len(starts), 3)
                self.assertEqual({start.partition(" ")[2] for start in starts}, {starts[0].partition(" ")[2]})
                self.assertRegex(
                    starts[0], r"\['--port', '80 80'\] \[('default', )?'error', 'ignore:no such:UserWarning'\]"
                )

    def test_a_program_that_has_left_its_folder_is_found_again(self):
        self.write("away/here", "")
        self.write("helper.py", "VALUE = 'one'")
        leave = f"os.chdir({str(self.folder / 'away')!r})\n\n"
        self.write("app.py", PROGRAM.replace("def main", leave + "def main"))
        self.run_program().await_value("one")

    def test_the_status_is_that_of_the_program_however_it_ends(self):
        self.check_status(
            ("sys.exit(1)", 1, ""),
            ("sys.exit('no more')", 1, "no more"),
            ("os.kill(os.getpid(), signal.SIGKILL)", 137, ""),
        )

    def test_what_ends_before_it_serves_keeps_its_status_too(self):
        self.write("helper.py", "import os, sys\nVALUE = 1\nif 'WERKZEUG_RUN_MAIN' in os.environ:\n    sys.exit(3)\n")
        self.write("app.py", PROGRAM)
        program = self.run_program()
        self.assertEqual(program.status(), 3)

    def test_exit_functions_run_when_a_file_has_changed(self):
        self.write("helper.py", "VALUE = 'one'\nimport atexit\natexit.register(print, 'at exit', flush=True)\n")
        self.write("app.py", PROGRAM)
        program = self.run_program()
        program.await_value("one")
        self.write("helper.py", "VALUE = 'second'")
        program.await_value("second")
        self.assertEqual(program.log().count("at exit"), 1)

    def test_a_file_that_changes_while_the_program_starts_is_not_missed(self):
        # The child has read helper.py and comes to the point where it looks at the files when it has changed again.
        slow = "import helper\nprint('read', helper.VALUE, flush=True)\nwhile helper.VALUE == 'second':\n"
        slow += "    time.sleep(0.01)\n    if os.path.exists('go'):\n        break\n"
        self.write("helper.py", "VALUE = 'one'")
        self.write("app.py", PROGRAM.replace("import helper\n", slow))
        program = self.run_program()
        program.await_value("one")
        self.write("helper.py", "VALUE = 'second'")
        program.await_log("read second")
        self.write("helper.py", "VALUE = 'the third'")
        self.write("go", "")
        program.await_value("the third")

    def test_a_program_that_writes_one_of_its_files_when_it_starts_is_not_started_for_ever(self):
        self.write("helper.py", "VALUE = 'one'")
        writes = "import pathlib\npathlib.Path('made.py').write_text(f'TIME = {time.time()}')\nimport made\n"
        self.write("app.py", PROGRAM.replace("def main", f"{writes}\ndef main").replace("1000", "1"))
        program = self.run_program()
        program.await_value("one")
        time.sleep(0.1)
        self.write("helper.py", "VALUE = 'second'")
        program.await_value("second")
        time.sleep(0.3)
        self.assertLessEqual(len(program.await_log("^start")), 5, program.log())

    def test_a_child_without_a_parent_of_ours_works_all_the_same(self):
        # Some programs and tools set the variable, and wait for status 3, by themselves.
        self.write("helper.py", "VALUE = 'one'")
        self.write("app.py", "import os\nos.environ['WERKZEUG_RUN_MAIN'] = 'true'\n" + PROGRAM)
        program = self.run_program()
        program.await_value("one")
        self.write("helper.py", "VALUE = 'second'")
        self.assertEqual(program.status(), 3)


class MendTest(FolderTest):
    """A program that is broken comes back when it is mended."""

    def test_after_an_error_in_any_file_that_is_read_at_the_start(self):
        self.write("helper.py", "VALUE = 'one'")
        self.write("app.py", PROGRAM)
        program = self.run_program()
        program.await_value("one")
        for number, (name, broken) in enumerate(
            [
                ("helper.py", "VALUE = = 'broken'"),
                ("helper.py", "VALUE = 1 / 0"),
                ("helper.py", "import no_such_module"),
                ("app.py", "def ("),
            ],
            1,
        ):
            with self.subTest(name, broken=broken):
                self.write(name, broken)
                program.await_log("The program cannot start", number)
                program.await_log(r"Error: ", number)
                self.write(name, PROGRAM if name == "app.py" else f"VALUE = 'mended {number}'")
                program.await_log("^serve", 2 * number)
                self.write("helper.py", f"VALUE = 'later {number}'")
                program.await_value(f"later {number}")
                program.await_log("^serve", 2 * number + 1)

    def test_after_an_error_in_a_file_that_is_new(self):
        self.write("helper.py", "VALUE = 'one'")
        self.write("app.py", PROGRAM)
        program = self.run_program()
        program.await_value("one")
        self.write("pkg/__init__.py", "")
        self.write("pkg/new.py", "VALUE = 1 / 0")
        self.write("helper.py", "from pkg.new import VALUE")
        program.await_log("The program cannot start")
        self.write("pkg/new.py", "from pkg.newer import VALUE")
        program.await_log("The program cannot start", 2)
        self.write("pkg/newer.py", "VALUE = 'newer'")
        program.await_value("newer")

    def test_after_the_main_file_was_away(self):
        self.write("helper.py", "VALUE = 'one'")
        path = self.write("app.py", PROGRAM)
        program = self.run_program()
        program.await_value("one")
        os.unlink(path)
        self.write("helper.py", "VALUE = 'second'")
        program.await_log("The program cannot start")
        self.write("app.py", PROGRAM)
        program.await_value("second")

    def test_after_an_error_in_what_it_runs(self):
        # This is how "nanoweb run" does it: the application is imported when the reloader is there already.
        self.write("helper.py", "VALUE = 'one'")
        self.write(
            "app.py", PROGRAM.replace("import helper\n", "").replace("main():\n", "main():\n    import helper\n")
        )
        program = self.run_program()
        program.await_value("one")
        breaks = ["VALUE = = 'broken'", "VALUE = 1 / 0", "from no_such import module", "from inner import VALUE"]
        self.write("inner.py", "VALUE = = 'broken'")
        for number, broken in enumerate(breaks, 1):
            with self.subTest(broken):
                self.write("helper.py", broken)
                program.await_log("The program has failed", number)
                self.assertEqual(program.log().count("Traceback"), number)
                self.write("inner.py" if "inner" in broken else "helper.py", f"VALUE = 'mended {number}'")
                program.await_value(f"mended {number}")

    def test_after_an_error_in_the_application_itself_which_no_module_is_beside(self):
        # A command that is installed, and an application in the folder where it was given.
        self.write(
            "bin/command.py",
            PROGRAM.replace("import helper\n", "").replace(
                "main():\n",
                f"""main():
    sys.path.insert(0, {str(self.folder / "shop")!r})
    import helper
""",
            ),
        )
        self.write("shop/helper.py", "VALUE = = 'broken'")
        program = self.run_program("bin/command.py")
        program.await_log("The program has failed")
        self.write("shop/helper.py", "VALUE = 'mended'")
        program.await_value("mended")


class EndTest(FolderTest):
    """Two processes, and one end."""

    def setUp(self):
        super().setUp()
        self.write("helper.py", "VALUE = 'one'")

    def test_signals_are_handled_as_before_when_it_is_over(self):
        text = PROGRAM.replace("    try:\n", "    return\n    try:\n", 1)
        text = text.replace(
            "OPTIONS = {}", "before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)\nOPTIONS = {}"
        )
        text = text.replace(
            'print("after"',
            'print(before == (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)), "after"',
        )
        self.write("app.py", text)
        program = self.run_program()
        self.assertEqual(program.status(), 0)
        self.assertIn("True after True", program.log())

    def test_a_second_one_ends_them_at_once(self):
        self.write(
            "app.py",
            PROGRAM.replace(
                'print("interrupted", flush=True)', 'print("interrupted", flush=True)\n        time.sleep(600)'
            ),
        )
        programs = {number: self.run_program() for number in [signal.SIGINT, signal.SIGTERM]}
        for number, program in programs.items():
            program.await_value("one")
            program.process.send_signal(number)
            program.await_log("^interrupted")
            program.process.send_signal(number)
        for number, program in programs.items():
            with self.subTest(number.name):
                self.assertEqual(program.status(), 128 + signal.SIGKILL)
                self.assertTrue(program.all_are_dead())

    def test_a_terminal_that_a_debugger_has_left_dark_shows_again_what_is_typed(self):
        try:
            import pty
            import termios
        except ImportError:  # Windows has other terminals
            return
        ours, theirs = pty.openpty()
        self.addCleanup(os.close, ours)
        self.addCleanup(os.close, theirs)
        state = termios.tcgetattr(theirs)
        state[3] &= ~termios.ECHO
        termios.tcsetattr(theirs, termios.TCSANOW, state)
        self.write("helper.py", "VALUE = 'one'")
        self.write("app.py", PROGRAM)
        program = self.run_program(stdin=theirs)
        program.await_value("one")
        self.assertTrue(termios.tcgetattr(theirs)[3] & termios.ECHO)


if __name__ == "__main__":
    unittest.main()
