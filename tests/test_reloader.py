"""The reloader: real programs in real folders, that are changed, broken and mended while they run."""

import importlib.util
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import types
import unittest
from unittest import mock

from nanoweb import reloader
from nanoweb.reloader import Watch, run_with_reloader

from .programs import PATIENCE, PrintingProcess, write_bare_package

# It says what it does; VALUE is in another module.
PROGRAM = """\
import logging, os, signal, sys, threading, time
from nanoweb.reloader import Parent, is_running_from_reloader, run_with_reloader
Parent.most_news = 1000    # files are written faster here than any hand can
logging.basicConfig(format="%(message)s", level=logging.INFO, stream=sys.stdout)
print("start", os.getpid(), is_running_from_reloader(), sys.argv[1:], sys.warnoptions, flush=True)
import helper

def main():
    try:
        print("serve", helper.VALUE, os.getpid(), flush=True)
        while True:
            time.sleep(0.02)   # a signal that comes just before is heard after it
    except KeyboardInterrupt:
        print("interrupted", flush=True)

OPTIONS = {}
if __name__ == "__main__":
    run_with_reloader(main, interval=0.02, **OPTIONS)
    print("after", is_running_from_reloader(), flush=True)
"""


def setUpModule():
    folder = tempfile.TemporaryDirectory()
    unittest.addModuleCleanup(folder.cleanup)
    write_bare_package(folder.name)
    Program.path = folder.name


class FolderTest(unittest.TestCase):
    """Tests in a folder of their own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(os.path.realpath(folder.name))

    def write(self, name, text):
        """Write a file as editors do, in one step."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_name(".new").write_text(textwrap.dedent(text))
        os.replace(path.with_name(".new"), path)
        return str(path)

    def check_status(self, *endings):
        """Look at the end of programs: (what they do, their status, what they say)."""
        self.write("helper.py", "VALUE = 'one'")
        programs = []
        for number, (ending, _, _) in enumerate(endings):
            text = PROGRAM.replace("        while True:\n", f"        {ending}\n        while True:\n")
            self.write(f"app{number}.py", text)
            programs.append(self.run_program(f"app{number}.py"))
        for program, (ending, status, shown) in zip(programs, endings):
            with self.subTest(ending):
                self.assertEqual(program.status(), status)
                self.assertEqual(program.log().count("serve one"), 1)
                self.assertIn(shown, program.log())
                self.assertNotIn("after False", program.log())

    def run_program(self, *arguments, **options):
        """Start Python with these arguments in the folder."""
        program = Program(self.folder, arguments or ["app.py"], **options)
        self.addCleanup(program.end)
        return program


class Program(PrintingProcess):
    """A program that may start others, and what they have printed."""

    def __init__(self, folder, arguments, **options):
        self.file = tempfile.TemporaryFile()  # noqa: SIM115 (end() closes it)
        self.life, tail = os.pipe()
        os.set_inheritable(tail, True)
        environ = {name: value for name, value in os.environ.items() if not name.startswith("WERKZEUG_")}
        environ.update(PYTHONPATH=self.path, PYTHONDONTWRITEBYTECODE="1")
        # A test run in the background has SIGINT ignored, and passes that on to its children.
        handler = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            self.process = subprocess.Popen(
                [sys.executable, "-S", "-W", "error", *["-O"] * sys.flags.optimize, *arguments],
                **{"cwd": folder, "stdin": subprocess.DEVNULL, **options},
                env=environ,
                stdout=self.file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                close_fds=False,
            )
        finally:
            signal.signal(signal.SIGINT, handler)
            os.close(tail)

    def end(self, forgiven="unclosed scandir"):  # os.walk() does not like a Ctrl-C
        super().end(forgiven)

    def await_value(self, value):
        """Wait until a process serves this value; return its number."""
        return int(self.await_log(f"serve {value} ([0-9]+)")[-1])

    def status(self):
        return self.process.wait(PATIENCE)


class RestartTest(FolderTest):
    """A change, and what comes of it."""

    def test_a_change_starts_the_program_again_and_the_parent_only_waits(self):
        self.write("helper.py", "VALUE = 'one'")
        self.write("app.py", PROGRAM)
        program = self.run_program()
        first = program.await_value("one")
        self.write("helper.py", "VALUE = 'second'")
        second = program.await_value("second")
        self.write("app.py", PROGRAM.replace('"serve"', '"now I serve"'))
        third = int(program.await_log("now I serve second ([0-9]+)")[0])
        self.assertEqual(len({first, second, third, program.process.pid}), 4)
        self.assertEqual(program.await_log("^interrupted", 2), ["interrupted"] * 2)
        starts = program.await_log("^start ([0-9]+) (True|False)")
        self.assertEqual(starts[0], (str(program.process.pid), "False"))
        self.assertEqual([is_child for _, is_child in starts[1:]], ["True"] * 3)
        self.assertNotIn("after", program.log())
        self.assertRegex(program.log(), r"helper\.py has changed: starting again")

    def test_the_status_is_that_of_the_program(self):
        self.check_status(("return", 0, "after True"), ("sys.exit(5)", 5, ""))

    def test_what_does_not_end_is_ended(self):
        stubborn = (
            "from nanoweb.reloader import Child\nChild.grace = Child.patience = Child.end_patience = 0.04\n"
            + PROGRAM.replace("except KeyboardInterrupt:", "finally:\n        time.sleep(60)\n    if True:").replace(
                "try:", "threading.Thread(target=time.sleep, args=[600]).start()\n    try:"
            )
        )
        self.write("helper.py", "VALUE = 'one'")
        self.write("app.py", stubborn)
        program = self.run_program()
        program.await_value("one")
        self.write("helper.py", "VALUE = 'second'")
        program.await_value("second")


class MendTest(FolderTest):
    """A program that is broken comes back when it is mended."""

    def test_it_says_what_is_wrong_and_waits_for_a_change(self):
        """tests/extra/long_reloader.py breaks any file, in any way."""
        self.write("helper.py", "VALUE = 1 / 0")
        self.write("app.py", PROGRAM.replace("import helper", "if is_running_from_reloader():\n    import helper"))
        program = self.run_program()
        program.await_log("The program cannot start")
        self.assertEqual(program.log().count("ZeroDivisionError"), 1)
        self.write("helper.py", "VALUE = 'mended'")
        program.await_value("mended")

    def test_ctrl_c_ends_the_wait(self):
        self.write("helper.py", "VALUE = 'one'")
        self.write("main.py", PROGRAM.replace("def main():\n", "def main():\n    1 / 0\n"))
        text = PROGRAM.replace("def main():\n", "if is_running_from_reloader():\n    1 / 0\n\ndef main():\n")
        self.write("import.py", text)
        programs = {name: self.run_program(name) for name in ["main.py", "import.py"]}
        for (name, program), status in zip(programs.items(), [0, 1]):
            with self.subTest(name):
                program.await_log("when one of its files changes")
                os.killpg(program.process.pid, signal.SIGINT)
                self.assertEqual(program.status(), status)
                self.assertTrue(program.all_are_dead())


class EndTest(FolderTest):
    """Two processes, and one end."""

    def setUp(self):
        super().setUp()
        self.write("helper.py", "VALUE = 'one'")

    def test_a_signal_ends_both_and_is_one_signal(self):
        # The program has begun to end when the second would come.
        text = PROGRAM.replace(
            'print("interrupted", flush=True)', 'print("interrupted", flush=True)\n        time.sleep(0.2)'
        )
        text = text.replace("OPTIONS = {}", "OPTIONS = {}\nfrom nanoweb.reloader import Child\nChild.grace = 60\n")
        self.write("app.py", text.replace('print("after"', 'print("ended well"'))
        ways = [(send, number) for send in (os.kill, os.killpg) for number in (signal.SIGINT, signal.SIGTERM)]
        programs = [self.run_program() for _ in ways]
        for (send, number), program in zip(ways, programs):
            with self.subTest(send.__name__, number=number.name):
                program.await_value("one")
                send(program.process.pid, number)
        for (send, number), program in zip(ways, programs):
            with self.subTest(send.__name__, number=number.name):
                self.assertEqual(program.status(), 0)
                self.assertTrue(program.all_are_dead())
                self.assertIn("ended well", program.log())
                self.assertNotIn("Traceback", program.log())

    def test_a_child_ends_with_its_parent(self):
        self.write("app.py", PROGRAM)
        program = self.run_program()
        program.await_value("one")
        program.process.kill()
        self.assertTrue(program.all_are_dead())
        self.assertIn("interrupted", program.log())


class SocketTest(FolderTest):
    """The listening socket stays open."""

    PROGRAM = """\
        import os, socket, sys, time
        from nanoweb.reloader import borrow_socket, lend_socket, run_with_reloader
        import helper

        sock = borrow_socket()
        if sock is None:
            sock = socket.create_server(("127.0.0.1", 0))
            lend_socket(sock)
            print("port", sock.getsockname()[1], flush=True)
        def main():
            with sock:
                if sock.get_inheritable() or {"WERKZEUG_SERVER_FD", "NANOWEB_RELOADER"} & set(os.environ):
                    sys.exit("what is between parent and child goes further than that")
                while True:
                    client, _ = sock.accept()
                    with client:
                        client.sendall(helper.VALUE.encode())

        run_with_reloader(main, interval=0.02)
        """

    def test_no_connection_is_refused(self):
        self.write("helper.py", "VALUE = '1'")
        self.write("app.py", self.PROGRAM)
        program = self.run_program()
        port = int(program.await_log("port ([0-9]+)")[0])
        value = 1
        for _ in range(2):
            deadline = time.monotonic() + PATIENCE
            while time.monotonic() < deadline:
                with socket.create_connection(("127.0.0.1", port), PATIENCE) as client:
                    try:
                        answer = client.recv(100)
                    except ConnectionResetError:  # it was with the process that ended
                        continue
                if answer == str(value).encode():
                    break
            self.assertEqual(answer, str(value).encode())
            value *= 10
            self.write("helper.py", f"VALUE = '{value}'")

    def test_a_number_that_is_no_socket_is_no_socket(self):
        with mock.patch.dict(os.environ, WERKZEUG_RUN_MAIN="true"):
            for number in ["", "x", "-1", "٣", "99999999999999999999", "987654", "1.0"]:
                with self.subTest(number), mock.patch.dict(os.environ, WERKZEUG_SERVER_FD=number):
                    self.assertIsNone(reloader.borrow_socket())
                    self.assertNotIn("WERKZEUG_SERVER_FD", os.environ)
        with mock.patch.dict(os.environ, WERKZEUG_SERVER_FD="1"):
            self.assertIsNone(reloader.borrow_socket())


def fake_modules(**files):
    """Replace sys.modules, for the reloader alone, by modules that come from these files."""
    modules = {}
    for name, path in files.items():
        modules[name] = types.ModuleType(name)
        modules[name].__file__ = path
    return mock.patch.object(
        reloader, "sys", mock.Mock(modules=modules, path=[os.path.dirname(os.__file__)])
    ), modules


class WatchTest(FolderTest):
    """Which files are watched, and what that costs."""

    def setUp(self):
        super().setUp()
        grain = mock.patch("nanoweb.reloader._GRAIN", 0)  # files are written here and looked at in one moment
        grain.start()
        self.addCleanup(grain.stop)

    def watch(self, *args, files=None, **kwargs):
        patch, self.modules = fake_modules(**(files or {}))
        patch.start()
        self.addCleanup(patch.stop)
        return Watch(*args, **kwargs)

    def test_each_file_is_asked_once_a_look(self):
        files = {f"module{number}": self.write(f"module{number}.py", "") for number in range(500)}
        watch = self.watch(files=files)
        watch.look()
        with mock.patch.object(os, "stat", wraps=os.stat) as stat:
            for looks in range(1, 4):
                self.assertIsNone(watch.look())
                self.assertEqual(stat.call_count, 500 * looks)

    def test_python_and_installed_packages_are_left_out(self):
        path = self.write("site-packages/installed.py", "")
        watch = self.watch(
            files={
                "os": os.__file__,
                "re": re.__file__,
                "tests": unittest.__file__,
                "installed": path,
                "mine": __file__,
            }
        )
        watch.look()
        self.assertEqual(list(watch.seen), [os.path.abspath(__file__)])

    def test_what_is_imported_later_is_watched_then(self):
        first, second = self.write("first.py", ""), self.write("second.py", "")
        watch = self.watch(files={"first": first})
        self.assertIsNone(watch.look())
        self.modules["second"] = types.ModuleType("second")
        self.modules["second"].__file__ = second
        self.assertIsNone(watch.look())
        self.write("second.py", "x")
        self.assertEqual(watch.look(), second)
        self.assertIsNone(watch.look())

    def test_a_file_that_is_new_to_us_is_no_older_than_its_time_says(self):
        """The system may take that from a clock that is some milliseconds behind."""
        path = self.write("late.py", "")
        written = os.stat(path).st_ctime
        for grain, changed in [(0, None), (0.01, path)]:
            with mock.patch("nanoweb.reloader._GRAIN", grain), mock.patch("time.time", return_value=written + 0.004):
                watch = self.watch()
                watch.look()
                self.modules["late"] = types.ModuleType("late")
                self.modules["late"].__file__ = path
                self.assertEqual(watch.look(), changed)

    def test_templates_beside_a_module_are_watched(self):
        module, page = self.write("site/app.py", ""), self.write("site/templates/deep/page.html", "")
        self.write("templates/not_ours.html", "")
        watch = self.watch(files={"app": module})
        self.assertIsNone(watch.look())
        self.assertEqual(list(watch.seen), [module, page])
        self.write("site/templates/deep/page.html", "x")
        self.assertEqual(watch.look(), page)

    def test_modules_of_any_kind_are_looked_at_and_none_is_loaded(self):
        path = self.write("lazy.py", "1 / 0")
        spec = importlib.util.spec_from_file_location("lazy", path)
        spec.loader = importlib.util.LazyLoader(spec.loader)
        lazy = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(lazy)
        watch = self.watch()
        self.modules.update(lazy=lazy, none=None, number=7, cls=FolderTest, sys=sys)
        self.modules["nowhere"] = types.ModuleType("nowhere")
        self.modules["nowhere"].__file__ = "<frozen nowhere>"
        self.modules["numbered"] = types.ModuleType("numbered")
        self.modules["numbered"].__file__ = 7
        watch.look()
        self.assertEqual(list(watch.seen), [path])

    def test_a_module_in_an_archive_stands_for_the_archive(self):
        path = self.write("site.zip", "an archive")
        watch = self.watch(files={"inner": os.path.join(path, "package", "inner.py")})
        watch.look()
        self.assertEqual(list(watch.seen), [path])

    def test_extra_files_may_be_files_and_folders_and_may_come_later(self):
        page, late = self.write("templates/deep/page.html", ""), str(self.folder / "late.ini")
        for noise in [".page.html.swp", "page.html~", "#page.html#", "__pycache__/page.pyc", ".git/config"]:
            self.write(f"templates/{noise}", "")
        config = self.write("config.ini", "")
        watch = self.watch([str(self.folder / "templates"), config, late])
        self.assertIsNone(watch.look())
        self.assertEqual(set(watch.seen), {page, config, late})
        for path in [page, late, config]:
            with self.subTest(path):
                self.write(os.path.relpath(path, self.folder), "changed")
                self.assertEqual(watch.look(), path)

    def test_what_a_pattern_names_is_left_out(self):
        files = {name: self.write(f"{name}/mod.py", "") for name in ["one", "two", "three"]}
        watch = self.watch(exclude_patterns=["*/two/*", files["three"]], files=files)
        watch.look()
        self.assertEqual(list(watch.seen), [files["one"]])

    def test_a_file_that_is_gone_or_old_again_is_told_apart(self):
        path = self.write("mod.py", "")
        watch = self.watch(files={"mod": path})
        watch.look()
        before = os.stat(path)
        os.rename(path, path + ".away")
        self.assertIsNone(watch.look())
        os.rename(path + ".away", path)
        self.assertIsNone(watch.look())
        os.utime(path, (before.st_atime - 1000, before.st_mtime - 1000))
        self.assertEqual(watch.look(), path)

    def test_after_a_failure_any_new_file_is_a_change_however_old(self):
        old = self.write("old.py", "")
        os.utime(old, (1, 1))
        path = self.write("mod.py", "")
        watch = self.watch(files={"mod": path}, origin=time.time() + 60)
        self.assertIsNone(watch.look())
        watch.worry()
        self.assertIsNone(watch.look())
        os.rename(self.write("elsewhere", ""), self.folder / "new.py")
        os.utime(self.folder / "new.py", (1, 1))
        self.assertEqual(watch.look(), str(self.folder / "new.py"))
        watch.calm()
        self.assertIsNone(watch.look())
        self.assertNotIn(os.__file__, watch.seen)

    def test_a_file_that_came_after_the_last_look_is_a_change_however_old(self):
        for age in ["written", "moved"]:
            with self.subTest(age):
                since = time.time() - 1
                path = self.write(f"{age}.py", "")
                if age == "moved":
                    os.utime(path, (1, 1))
                watch = self.watch(files={"mod": path}, origin=since)
                self.assertEqual(watch.look(), path)
                self.assertTrue(watch.is_new)
                self.assertIsNone(watch.look())

    def test_what_cannot_be_asked_for_is_refused(self):
        for options, text in [
            ({"reloader_type": "watchdog"}, "'watchdog': there is only 'stat'"),
            ({"interval": 0}, "interval=0"),
            ({"interval": -1}, "interval=-1"),
            ({"interval": float("nan")}, "interval=nan"),
        ]:
            with self.subTest(text), self.assertRaisesRegex(ValueError, text):
                run_with_reloader(mock.Mock(), **options)
        for options in [{"extra_files": "config.ini"}, {"exclude_patterns": "*.py"}]:
            with self.subTest(options), self.assertRaisesRegex(TypeError, "make it a list"):
                run_with_reloader(mock.Mock(), **options)

    def test_another_thread_than_the_main_one_is_refused(self):
        errors = []

        def run():
            try:
                run_with_reloader(mock.Mock())
            except RuntimeError as error:
                errors.append(str(error))

        thread = threading.Thread(target=run)
        thread.start()
        thread.join(PATIENCE)
        self.assertRegex(errors[0], "main thread.*use_reloader=False")

    def test_a_program_without_a_file_cannot_be_started_again(self):
        self.write("helper.py", "VALUE = 'one'")
        with open(self.write("app.py", PROGRAM), encoding="utf-8") as file:
            program = self.run_program("-", stdin=file)
            self.assertEqual(program.status(), 1)
        self.assertIn("it is not in a file: use_reloader=False", program.log())


if __name__ == "__main__":
    unittest.main()
