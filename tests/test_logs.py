"""Where an application's log lines go."""

import io
import logging
import subprocess
import sys
import unittest
from unittest import mock

from nanoweb import App
from nanoweb.logs import create_logger, default_handler, has_level_handler, wsgi_errors_stream


class LoggerTest(unittest.TestCase):
    """app.logger, with a logging that nobody has set up and one that somebody has."""

    def setUp(self):
        root = logging.getLogger()
        handlers, level = root.handlers[:], root.level
        root.handlers[:] = []
        self.addCleanup(lambda: (root.handlers.__setitem__(slice(None), handlers), root.setLevel(level)))
        self.root = root
        self.app = App("tests.logs.example")
        logger = logging.getLogger(self.app.name)
        self.addCleanup(lambda: (logger.handlers.clear(), logger.setLevel(logging.NOTSET)))
        self.errors = io.StringIO()
        self.app.add_url_rule("/", "view", self.view)

    def view(self):
        self.app.logger.warning("größe %s", "<1>")
        return "logged"

    def get(self):
        return self.app.test_client().get("/", errors_stream=self.errors).text

    def test_it_has_the_name_of_the_application(self):
        self.assertIs(self.app.logger, logging.getLogger("tests.logs.example"))
        self.assertIs(self.app.logger, self.app.logger)

    def test_what_is_logged_goes_to_the_servers_log(self):
        self.get()
        self.assertRegex(
            self.errors.getvalue(),
            r"\A\[[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8},[0-9]{3}\] WARNING in test_logs: größe <1>\n\Z",
        )

    def test_outside_of_a_request_it_goes_to_standard_error(self):
        with mock.patch("sys.stderr", io.StringIO()) as errors:
            self.app.logger.error("at start")
        self.assertIn("ERROR in test_logs: at start\n", errors.getvalue())

    def test_each_request_has_its_own_log(self):
        logs = [io.StringIO(), io.StringIO()]
        for log in logs:
            with self.app.test_request_context(errors_stream=log):
                self.app.logger.error("here")
                wsgi_errors_stream.write("by hand\n")
        for log in logs:
            self.assertEqual(log.getvalue().count("here"), 1)
            self.assertTrue(log.getvalue().endswith("by hand\n"))

    def test_a_program_that_has_set_up_logging_keeps_its_handlers(self):
        for names in ["", "tests", "tests.logs", "tests.logs.example"]:
            with self.subTest(names):
                handler = logging.NullHandler()
                logger = logging.getLogger(names or None)
                logger.addHandler(handler)
                try:
                    self.assertNotIn(default_handler, create_logger(self.app).handlers)
                finally:
                    logger.removeHandler(handler)

    def test_a_handler_that_would_not_take_the_messages_does_not_count(self):
        strict = logging.NullHandler()
        strict.setLevel(logging.CRITICAL)
        self.root.addHandler(strict)
        self.assertFalse(has_level_handler(logging.getLogger(self.app.name)))
        self.assertIn(default_handler, create_logger(self.app).handlers)
        strict.setLevel(logging.WARNING)
        self.assertTrue(has_level_handler(logging.getLogger("tests.other")))

    def test_a_handler_beyond_a_logger_that_does_not_propagate_does_not_count(self):
        self.root.addHandler(logging.NullHandler())
        logger = logging.getLogger("tests.logs.apart")
        logger.propagate = False
        self.addCleanup(setattr, logger, "propagate", True)
        self.assertFalse(has_level_handler(logger))
        self.assertFalse(has_level_handler(logging.getLogger("tests.logs.apart.below")))

    def test_while_debugging_everything_is_told_unless_a_level_is_set(self):
        self.app.debug = True
        self.assertEqual(create_logger(self.app).level, logging.DEBUG)
        logging.getLogger(self.app.name).setLevel(logging.ERROR)
        self.assertEqual(create_logger(self.app).level, logging.ERROR)

    def test_otherwise_the_level_is_left_alone(self):
        self.assertEqual(create_logger(self.app).level, logging.NOTSET)

    def test_the_handler_is_added_once(self):
        create_logger(self.app)
        self.assertEqual(create_logger(self.app).handlers.count(default_handler), 1)

    def test_an_error_that_nobody_handled_is_logged_once_with_its_traceback(self):
        self.app.add_url_rule("/broken", "broken", lambda: 1 / 0)
        response = self.app.test_client().get("/broken", errors_stream=self.errors)
        self.assertEqual(response.status_code, 500)
        self.assertNotIn("ZeroDivisionError", response.text)
        log = self.errors.getvalue()
        self.assertIn("ERROR in app: Exception on /broken [GET]\nTraceback", log)
        self.assertEqual(log.count("ZeroDivisionError: division by zero"), 1)


class WeightTest(unittest.TestCase):
    def test_an_application_that_logs_nothing_loads_no_logging(self):
        program = """if True:
            import sys
            from nanoweb import App
            app = App("example")
            app.add_url_rule("/", "view", lambda: "x")
            environ = {"REQUEST_METHOD": "GET", "PATH_INFO": "/", "SERVER_NAME": "localhost", "SERVER_PORT": "80"}
            answer = app({**environ, "wsgi.url_scheme": "http"}, lambda status, headers: None)
            sys.exit(answer != [b"x"] or "logging" in sys.modules)
        """
        self.assertEqual(subprocess.run([sys.executable, "-c", program], check=False).returncode, 0)


if __name__ == "__main__":
    unittest.main()
