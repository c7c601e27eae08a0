"""How long a client is waited for, and in how many ways a platform may tell that it has come."""

from __future__ import annotations

import selectors
import socket
import time
import unittest
from unittest import mock

from nanoweb import waiting
from nanoweb.waiting import ClientSilent, EpollWatch, Pace, SelectorWatch, new_watch, wait_for, wait_readable


class PaceTest(unittest.TestCase):
    def test_time_is_over_by_silence_or_by_the_rate(self):
        for waited, moved, left in [
            (0, 0, 30),
            (10, 0, 20),
            (10, 5000, 30),
            (50, 10000, 0),
            (60, 100, 0),
            (1e9, 1e12, 30),
        ]:
            mine = Pace(30, 500)
            mine.waited, mine.moved = waited, moved
            self.assertEqual(mine.left(), left)
        mine = Pace(30, 0)
        mine.waited = 1e9
        self.assertEqual(mine.left(), 30)

    def test_only_the_time_in_which_the_client_is_waited_for_counts(self):
        with mock.patch.object(time, "monotonic", side_effect=[100, 107, 200, 203]):
            mine = Pace(30, 500)
            self.assertEqual(mine.begin(), 130)
            mine.end()
            self.assertEqual((mine.waited, mine.begin()), (7, 223))
            mine.end()
            mine.end()
        self.assertEqual(mine.waited, 10)

    def test_a_thread_waits_for_what_comes_and_for_room(self):
        for watched in [True, False]:
            ours, theirs = socket.socketpair()
            with ours, theirs, mock.patch.object(waiting.select, "poll", waiting.select.poll, create=True):
                if not watched:
                    del waiting.select.poll
                self.assertFalse(wait_for(ours, 0.01))
                self.assertTrue(wait_for(ours, 10, room=True))
                theirs.send(b"x")
                self.assertTrue(wait_for(ours, 10))
                mine = Pace(0.01, 500)
                mine.wait(ours)
                self.assertIsNone(mine.since)
                ours.recv(1)
                with self.assertRaises(ClientSilent):
                    mine.wait(ours)
                self.assertGreater(mine.waited, 0)
                theirs.close()
                self.assertTrue(wait_for(ours, 10))

    def test_who_may_take_all_the_time_there_is_can_be_waited_for(self):
        """poll() counts milliseconds, in 32 bits: more than 25 days were an OverflowError."""
        for watched in [True, False]:
            ours, theirs = socket.socketpair()
            with ours, theirs, mock.patch.object(waiting.select, "poll", waiting.select.poll, create=True):
                theirs.send(b"x")
                for seconds in (1e7, 1e18, float("inf")):
                    self.assertEqual(wait_readable([ours], seconds), [ours])
                    if not watched and hasattr(waiting.select, "poll"):
                        del waiting.select.poll
                    self.assertTrue(wait_for(ours, seconds))

    def test_a_signal_that_poll_has_missed_is_heard_within_a_second(self):
        """One that comes after the interpreter's last look and before the system call ends no poll()."""
        clock, waits = [100.0], []

        def wait_in_vain(connection, seconds, room):
            clock[0] += seconds
            waits.append(seconds)

        with mock.patch.multiple(waiting, _is_ready=wait_in_vain, time=mock.Mock(monotonic=lambda: clock[0])):
            self.assertFalse(wait_for(None, 2.5))
            self.assertEqual(waits, [1, 1, 0.5])
            for seconds in (0, -1):
                self.assertFalse(wait_for(None, seconds))
                self.assertEqual(waits.pop(), 0)
            with mock.patch.object(waiting, "_is_ready", side_effect=[False, False, True]) as look:
                self.assertTrue(wait_for(None, 1e18))
            self.assertEqual(look.call_count, 3)


class WatchTest(unittest.TestCase):
    """Every kind tells the same; test_crew lets a server live on each of them."""

    WATCHES = [
        *([EpollWatch] if hasattr(waiting.select, "epoll") else []),
        *(
            lambda name=name: SelectorWatch(getattr(selectors, name)())
            for name in ["PollSelector", "SelectSelector", "EpollSelector", "KqueueSelector"]
            if hasattr(selectors, name)
        ),
        new_watch,
    ]

    def each(self):
        """Yield a watch of each kind, and two connected sockets."""
        for make in self.WATCHES:
            ours, theirs = socket.socketpair()
            watch = make()
            with self.subTest(watch), ours, theirs:
                yield watch, ours, theirs
            watch.close()

    def test_it_tells_who_has_something_to_read(self):
        for watch, ours, theirs in self.each():
            who = object()
            number = watch.watch(ours, who)
            self.assertEqual(watch.wait(0), [])
            theirs.send(b"x")
            for _ in range(2):
                self.assertEqual(watch.wait(10), [who])
            ours.recv(1)
            self.assertEqual(watch.wait(0.001), [])
            theirs.close()
            self.assertEqual(watch.wait(None), [who])
            watch.unwatch(number, who)
            self.assertEqual(watch.wait(0), [])

    def test_it_tells_who_has_room(self):
        for watch, ours, theirs in self.each():
            ours.setblocking(False)
            number = watch.watch(ours, 1, room=True)
            self.assertEqual(watch.wait(10), [1])
            with self.assertRaises(BlockingIOError):
                while True:
                    ours.send(b"x" * 100000)
            self.assertEqual(watch.wait(0), [])
            theirs.recv(1000000)
            self.assertEqual(watch.wait(10), [1])
            watch.unwatch(number, 1)

    def test_a_number_that_has_gone_to_another_is_the_others(self):
        """Who closes a socket behind our back gives its number to the next one that is opened."""
        for watch, ours, theirs in self.each():
            number = watch.watch(ours, "first")
            watch.unwatch(number, "another")
            theirs.send(b"x")
            self.assertEqual(watch.wait(10), ["first"])

    def test_a_socket_that_was_closed_is_told_or_forgotten_but_no_error(self):
        for watch, ours, theirs in self.each():
            closed, other = socket.socketpair()
            with other:
                watch.watch(closed, "closed")
                watch.watch(ours, "open")
                closed.close()
                theirs.send(b"x")
                found = watch.wait(0.01) + watch.wait(0.01)
            self.assertLessEqual({*found}, {"closed", "open"})
            self.assertTrue(found)

    def test_the_first_of_several_is_enough(self):
        ours, theirs = socket.socketpair()
        with ours, theirs:
            self.assertEqual(wait_readable([ours, theirs], 0), [])
            ours.send(b"x")
            self.assertEqual(wait_readable([ours, theirs], 10), [theirs])


if __name__ == "__main__":
    unittest.main()
