"""The one list of requests, over the servers: all of it over one, and over each other one a share."""

from __future__ import annotations

import unittest
import warnings
from wsgiref.validate import WSGIWarning

from . import raw
from .cases import CASES, Case, application, get, post, refused
from .matrix import COMBINATIONS, MatrixTest, check_answers
from .raw import HELLO, SMUGGLED
from .servers import HandlerTest

FIRST = "threaded-tcp-plain"
COSTLY = [name for name in COMBINATIONS if "forking" in name or "tls" in name]
CHEAP = [name for name in COMBINATIONS if name != FIRST and name not in COSTLY]
FORKING = [name for name in COSTLY if "forking" in name]
OTHERS = [*FORKING, *[name for name in COSTLY if name not in FORKING] * 3, *CHEAP * 6]  # as often as they are quick

NORM = "|".join(
    [
        r"RFC [0-9]{4}, [0-9]+(\.[0-9]+)*(: [A-Z/0-9.]+)?",
        r"PEP 3333, \".+\"",
        r"CVE-[0-9]{4}-[0-9]{4,7}(: chunks)?",
        r"[A-Z][A-Za-z ,0-9]+, [0-9.]+",
    ]
)


class ListTest(unittest.TestCase):
    """The list is what it says."""

    def test_it_is_long_and_nothing_comes_twice(self):
        self.assertGreaterEqual(len(CASES), 500)
        self.assertEqual(len({case.data for case in CASES}), len(CASES))
        self.assertEqual(len({(case.norm, case.what) for case in CASES}), len(CASES))

    def test_each_case_names_its_norm(self):
        for case in CASES:
            self.assertRegex(case.norm, rf"\A(?:{NORM})\Z")

    def test_what_has_answers_has_them_in_order(self):
        for case in CASES:
            with self.subTest(case.what):
                self.assertTrue(case.codes or case.ends == "cut")
                self.assertEqual({*case.codes[:-1]} - {100, 200}, set())
                self.assertIn(case.ends, ["kept", "closed", "refused", "dropped", "cut"])
                data = case.data if isinstance(case.data, tuple) else (case.data,)
                self.assertTrue(all(type(piece) is bytes for piece in data))


class CasesTest(MatrixTest):
    """Each case over one server, and every second one over another.

    This is quick; tests/extra/long_cases.py sends each over more, and tests/extra/extra_cases.py over all of them.
    """

    share = 5  # of the cases, that even the slowest servers get

    def choose_servers(self, number):
        """Return over which servers the case of this number goes."""
        return [FIRST, OTHERS[number // 2 % len(OTHERS)]] if number % 2 else [FIRST]

    def test_each_case_over_several_servers(self):
        for number, case in enumerate(CASES):
            self.send_all(self.choose_servers(number), case)
        self.assertEqual(self.matrix.runs[FIRST], len(CASES))
        self.assertGreaterEqual(min(self.matrix.runs.values()), self.share)
        for name in [FIRST, *CHEAP]:
            with self.subTest(name):
                self.send_two_at_once(name)
                self.reset(name)
        self.check_ends()

    def send_two_at_once(self, name):
        """CVE-2024-49768: what follows a request that is refused was answered, if it came at the right moment."""
        case = Case("", "", b"GET\r\n\r\n", *refused(400))
        for _ in range(20):
            self.assertEqual([answer.code for answer in self.talk(name, case)], [400])

    def reset(self, name):
        """CVE-2024-49769, CVE-2022-31015: a client that resets the connection stopped the server, or kept it busy."""
        for data in [b"", b"GET /", HELLO, post("Content-Length: 9"), get("/large")] * 4:
            sock = self.matrix.connect(name)
            sock.sendall(data)
            raw.reset(sock)
        self.send_all([name], CASES[0])


class PiecesTest(HandlerTest):
    """A request means the same, however the network cuts it; tests/extra/long_cases.py has the other cases."""

    cases = CASES[::2]

    def test_each_case_byte_by_byte(self):
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Unknown REQUEST_METHOD", WSGIWarning)
            self.send_all_byte_by_byte()

    def send_all_byte_by_byte(self):
        for case in self.cases:
            if type(case.data) is bytes and len(case.data) < 2000:
                data = case.data + {"kept": HELLO, "refused": SMUGGLED}.get(case.ends, b"")
                with self.subTest(f"{case.norm}: {case.what}"):
                    pieces = (data[place : place + 1] for place in range(len(data)))
                    answers = [answer for answer in self.talk(application, *pieces) if answer.code != 100]
                    if case.ends == "kept":
                        self.assertEqual(answers.pop().told("PATH_INFO"), "/hello")
                    check_answers(self, case, answers)


if __name__ == "__main__":
    unittest.main()
