"""Several processes on one socket: the rarer ways to begin and to end, in real processes.

    python -m unittest tests.extra.long_workers

Nothing but Python is needed; it is here as all these processes take time.  tests/test_workers.py has the others.
"""

import os
import pathlib
import re
import signal
import tempfile
import unittest
from unittest import mock

from tests.test_workers import Program, setUpModule  # noqa: F401 (unittest calls it)

# What is put into the program of tests/test_workers.py.

TIRED = """
Supervisor.lasting = 0.02
def prepare():
    threading.Timer(0.05, server.shutdown).start()
"""
HURRIED = """
timer = threading.Timer

def hurry(seconds, *args):
    return timer(seconds / 10, *args)    # a worker without a supervisor has a second more than others

threading.Timer = hurry
"""
NEVER_READY = """
def prepare():
    logging.info("starting")
    time.sleep(600)
"""
DEAF = """
def prepare():
    global server
    server.server_close()

    class Deaf:
        def serve_forever(self):
            logging.info("starting")
            time.sleep(600)

        def shutdown(self):
            time.sleep(600)

    server = Deaf()
"""
BREAKABLE = """
def prepare():
    if os.path.exists(os.environ["FLAG"]):
        1 / 0
"""
WITHOUT_PROCESSES = """
Supervisor.backoff = 0.01
fork, tries = os.fork, []

def fail():
    tries.append(1)
    if len(tries) in (1, 2):
        raise BlockingIOError(11, "Resource temporarily unavailable")
    return fork()

os.fork = fail
"""
# Of the socketpairs, the first one is the supervisor's own.
WITHOUT_DESCRIPTORS = WITHOUT_PROCESSES.replace("os.fork", "socketserver.socket.socketpair").replace(
    "(1, 2)", "(2, 3)"
)
SWALLOWING = """
def prepare():
    logging.info("starting")
    try:
        while True:
            time.sleep(0.1)    # a signal that comes just before is heard after it
    except BaseException:
        logging.info("swallowed")
"""
FAILING_AT_THE_END = """
def fail():
    server.server_close()
    1 / 0
"""
OWN_SIGNAL = """
signal.signal(signal.SIGUSR1, lambda *args: logging.info("my own signal"))
"""
COUNTING = """
def prepare():
    logging.info("descriptors %s", sorted(int(fd) for fd in os.listdir("/dev/fd")))
"""
POOL = """
from concurrent.futures import ThreadPoolExecutor
pool = ThreadPoolExecutor(1)

def job():
    logging.info("the job has begun")
    time.sleep(0.2)
    logging.info("the job is done")

def prepare():
    pool.submit(job)
"""
FORKING = """
import warnings
warnings.simplefilter("ignore")    # a worker has two threads, and Python 3.12 thinks that this is dangerous

def prepare():
    line, tail = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.write(tail, b"!")
        while True:
            time.sleep(0.1)    # a signal that comes just before is heard after it
    os.read(line, 1)
    os.kill(pid, signal.SIGTERM)
    logging.info("child %d", os.waitpid(pid, 0)[1])
"""


class LifeTest(unittest.TestCase):
    """From the first worker to the last."""

    def test_a_server_that_has_ended_by_itself_is_replaced_too(self):
        program = Program(self, TIRED, "workers=1")
        pids = program.await_workers(2)
        program.await_log(f"worker {pids[0]} ended with status 0")
        self.assertNotEqual(pids[0], pids[1])

    def test_a_signal_to_the_whole_group_is_one_signal(self):
        # Ctrl-C in a terminal, and what systemd does: each process gets it, and each worker the supervisor's besides.
        programs = {number: Program(self) for number in [signal.SIGTERM, signal.SIGINT, signal.SIGHUP]}
        for number, program in programs.items():
            with self.subTest(number.name):
                pids = program.await_workers(2)
                with program.connect() as client:
                    self.assertEqual(client.ask("wait"), "begun")
                    os.killpg(program.process.pid, number)
                    program.await_log(f"{number.name}: ")
                    self.assertIn(int(client.ask("go")), pids)
                program.send(signal.SIGTERM)
                self.assertEqual(program.status(), 0)

    def test_a_worker_that_does_not_end_in_time_is_killed(self):
        program = Program(self, "", "workers=2, shutdown_timeout=0.1")
        program.await_workers(2)
        with program.connect() as client:
            self.assertEqual(client.ask("wait"), "begun")
            program.send(signal.SIGTERM)
            self.assertEqual(program.status(), 0)
        self.assertIn("has not ended within 0.1 seconds: it is killed", program.log())
        self.assertTrue(program.all_are_dead())

    def test_nor_does_one_that_is_busy_or_has_not_begun(self):
        programs = {
            text: Program(self, HURRIED + text, "workers=1, shutdown_timeout=0.1") for text in [NEVER_READY, DEAF]
        }
        for program in programs.values():
            program.await_log("starting")
            program.process.kill()
        for text, program in programs.items():
            with self.subTest(text):
                program.status()
                self.assertTrue(program.all_are_dead(), program.log())


class RenewalTest(unittest.TestCase):
    """SIGHUP."""

    def test_an_old_one_ends_only_when_a_new_one_is_ready(self):
        program = Program(self)
        program.await_workers(2)
        program.send(signal.SIGHUP)
        program.await_workers(4)
        program.await_log("as it was told", 2)
        events = re.findall("is ready|as it was told", program.log())
        self.assertEqual(events[:3], ["is ready", "is ready", "is ready"])

    def test_a_program_that_no_longer_starts_leaves_the_old_workers_alone(self):
        with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, FLAG=os.path.join(folder, "flag")):
            program = Program(self, BREAKABLE)
            pids = set(program.await_workers(2))
            pathlib.Path(os.environ["FLAG"]).touch()
            program.send(signal.SIGHUP)
            program.await_log("the others stay as they are")
            self.assertEqual(program.seen(2), pids)
            self.assertEqual(program.log().count("ZeroDivisionError"), 1)
            os.unlink(os.environ["FLAG"])
            program.send(signal.SIGHUP)
            new = program.await_workers(4)[-2:]
            program.await_log("as it was told", 2)
            self.assertEqual(program.seen(2), set(new))


class FailureTest(unittest.TestCase):
    """What cannot work ends, or is tried again."""

    def test_one_that_cannot_start_any_more_is_tried_again_and_comes_back(self):
        with tempfile.TemporaryDirectory() as folder, mock.patch.dict(os.environ, FLAG=os.path.join(folder, "flag")):
            program = Program(self, f"Supervisor.backoff = 0.01\n{BREAKABLE}", "workers=1")
            [pid] = program.await_workers(1)
            pathlib.Path(os.environ["FLAG"]).touch()
            os.kill(pid, signal.SIGKILL)
            program.await_log("ended with status 1 before it was ready", 3)
            os.unlink(os.environ["FLAG"])
            self.assertEqual(program.seen(1), {program.await_workers(2)[-1]})

    def test_where_processes_run_out_it_waits_and_tries_again(self):
        for text, program in [(text, Program(self, text)) for text in [WITHOUT_PROCESSES, WITHOUT_DESCRIPTORS]]:
            with self.subTest(text):
                program.await_workers(2)
                self.assertEqual(program.log().count("cannot start a worker"), 2)
                program.end()


class CleanlinessTest(unittest.TestCase):
    """What is left behind, and what is not done twice."""

    def test_a_signal_of_the_program_s_own_is_its_own_affair(self):
        program = Program(self, OWN_SIGNAL)
        pids = program.await_workers(2)
        program.send(signal.SIGUSR1)
        program.await_log("my own signal")
        self.assertEqual(program.seen(2), set(pids))
        self.assertNotIn("seconds to end", program.log())

    def test_an_error_when_the_socket_is_closed_costs_no_request(self):
        program = Program(self, FAILING_AT_THE_END, "workers=2, on_end=fail")
        program.await_workers(2)
        with program.connect() as client:
            self.assertEqual(client.ask("wait"), "begun")
            program.send(signal.SIGTERM)
            program.await_log("ZeroDivisionError")
            self.assertNotEqual(client.ask("go"), "")
        self.assertEqual(program.status(), 0)

    def test_a_program_that_swallows_the_end_while_it_starts_does_not_start(self):
        program = Program(self, SWALLOWING)
        program.await_log("starting")
        program.send(signal.SIGTERM)
        program.await_log("swallowed")
        self.assertEqual(program.status(), 0)
        self.assertNotIn("is ready", program.log())

    def test_each_worker_holds_the_same_descriptors(self):
        program = Program(self, COUNTING, "workers=3")
        program.await_workers(3)
        program.send(signal.SIGHUP)
        program.await_workers(6)
        counts = {len(fds.split(",")) for fds in program.await_log(r"descriptors \[(.*)\]", 6)}
        self.assertEqual(len(counts), 1, program.log())

    def test_a_job_that_a_pool_of_threads_has_taken_is_finished(self):
        """As at every end of Python; os._exit() alone cut it off."""
        program = Program(self, POOL)
        program.await_log("the job has begun", 2)
        program.await_workers(2)
        program.send(signal.SIGTERM)
        self.assertEqual(program.status(), 0)
        program.await_log("the job is done", 2)

    def test_a_process_that_a_worker_has_forked_can_be_ended(self):
        program = Program(self, FORKING)
        pids = program.await_workers(2)
        self.assertEqual(program.await_log("child ([0-9]+)", 2), [str(int(signal.SIGTERM))] * 2)
        self.assertEqual(program.seen(2), set(pids))


if __name__ == "__main__":
    unittest.main()
