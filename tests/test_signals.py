"""Signals: who is called, by whom, for how long; as blinker's documentation has it."""

import asyncio
import copy
import functools
import gc
import pickle
import threading
import unittest
import weakref

from nanoweb import signals
from nanoweb.signals import ANY, NamedSignal, Namespace, Signal, signal


class Sender:
    """What weak references can be made to, unlike object()."""


class Listener:
    """Collects what it hears."""

    def __init__(self):
        self.heard = []

    def hear(self, sender, **values):
        self.heard.append(sender)
        return "method"

    def __call__(self, sender, **values):
        return "instance"


class Unreferable:
    __slots__ = ()

    def __call__(self, sender):
        return "slots"

    def hear(self, sender):
        return "method"


def first(sender, **values):
    return "first"


def second(sender, **values):
    return "second"


async def later(sender, **values):
    return "later", values


def answers(sent, sender=None, **values):
    """What the receivers returned."""
    return [answer for _, answer in sent.send(sender, **values)]


class ConnectTest(unittest.TestCase):
    """Who is called, and how often."""

    def setUp(self):
        self.signal = Signal()

    def test_receivers_get_the_sender_and_the_values_and_their_answers_come_back(self):
        def tell(sender, **values):
            return sender, values

        self.assertIs(self.signal.connect(tell), tell)
        self.assertEqual(self.signal.send("s", a=1), [(tell, ("s", {"a": 1}))])
        self.assertEqual(self.signal.send(), [(tell, (None, {}))])

    def test_they_are_called_in_the_order_of_connecting_and_once_each(self):
        self.signal.connect(second)
        self.signal.connect(first)
        self.signal.connect(second, "a")
        self.signal.connect(second)
        self.assertEqual(answers(self.signal, "a"), ["second", "first"])
        self.assertEqual(answers(self.signal, "b"), ["second", "first"])

    def test_the_sender_is_the_only_value_without_a_name(self):
        self.signal.connect(first)
        self.assertRaises(TypeError, self.signal.send, 1, 2)

    def test_whoever_is_connected_to_one_sender_hears_no_other(self):
        one, other = Sender(), Sender()
        self.signal.connect(first, one)
        self.signal.connect(second, sender=other)
        for sender, expected in [(one, ["first"]), (other, ["second"]), (Sender(), []), (None, []), (ANY, [])]:
            with self.subTest(sender):
                self.assertEqual(answers(self.signal, sender), expected)
                self.assertEqual(self.signal.has_receivers_for(sender), bool(expected))
                self.assertEqual(len(list(self.signal.receivers_for(sender))), len(expected))

    def test_text_and_numbers_are_the_same_sender_if_equal_and_all_else_if_identical(self):
        for sender, same, others in [
            ("ab", "".join(["a", "b"]), ["a", b"ab", "AB", ["ab"]]),
            (10**9, int("1000000000"), [1, "1000000000", 10.0**9]),
            (0, False, [None, "", 1, 0.0]),
            (None, None, [0, "", "None"]),
        ]:
            with self.subTest(sender):
                self.signal.connect(first, sender)
                self.assertEqual(answers(self.signal, same), ["first"])
                for other in others:
                    self.assertEqual(answers(self.signal, other), [], other)
                self.signal.disconnect(first, sender)
        equal = [1], [1]
        self.signal.connect(first, equal[0])
        self.assertEqual([len(answers(self.signal, sender)) for sender in equal], [1, 0])

    def test_a_number_is_not_taken_for_the_object_with_that_id(self):
        sender = Sender()
        self.signal.connect(first, sender)
        self.assertEqual(answers(self.signal, id(sender)), [])
        self.signal.connect(second, id(sender))
        self.assertEqual(answers(self.signal, sender), ["first"])

    def test_a_method_is_the_same_sender_and_receiver_each_time_it_is_looked_up(self):
        one, other = Listener(), Listener()
        self.signal.connect(first, one.hear)
        self.signal.connect(one.hear, "a")
        self.assertEqual(answers(self.signal, one.hear), ["first"])
        self.assertEqual(answers(self.signal, other.hear), [])
        self.signal.disconnect(other.hear)
        self.assertEqual(answers(self.signal, "a"), ["method"])
        self.signal.disconnect(one.hear)
        self.assertEqual(answers(self.signal, "a"), [])

    def test_what_cannot_be_called_is_refused_at_once(self):
        for receiver in [None, 1, "first", object()]:
            with self.subTest(receiver), self.assertRaisesRegex(TypeError, "cannot be called"):
                self.signal.connect(receiver)
        self.assertFalse(self.signal.receivers)

    def test_an_error_in_a_receiver_is_the_senders(self):
        called = []

        def fail(sender):
            called.append(sender)
            raise KeyError(sender)

        self.signal.connect(fail)
        self.signal.connect(called.append, weak=False)
        self.assertRaises(KeyError, self.signal.send, 1)
        self.assertEqual(called, [1])

    def test_connect_via_decorates_and_keeps_the_function(self):
        @self.signal.connect_via("a")
        def decorated(sender):
            return "decorated"

        self.assertEqual(decorated("x"), "decorated")
        del decorated
        gc.collect()
        self.assertEqual(answers(self.signal, "a"), ["decorated"])
        self.assertEqual(answers(self.signal, "b"), [])


class DisconnectTest(unittest.TestCase):
    """Who is called no more."""

    def setUp(self):
        self.signal = Signal()

    def test_for_one_sender_or_for_all(self):
        for connected, disconnected, expected in [
            (["a", "b"], "a", {"a": 0, "b": 1, "c": 0}),
            (["a", "b"], ANY, {"a": 0, "b": 0, "c": 0}),
            ([ANY, "a"], ANY, {"a": 0, "b": 0, "c": 0}),
            ([ANY, "a"], "a", {"a": 1, "b": 1, "c": 1}),
            ([ANY], "a", {"a": 1, "b": 1, "c": 1}),
            (["a"], "b", {"a": 1, "b": 0, "c": 0}),
        ]:
            with self.subTest(connected=connected, disconnected=disconnected):
                for sender in connected:
                    self.signal.connect(first, sender)
                self.signal.disconnect(first, disconnected)
                heard = {sender: len(answers(self.signal, sender)) for sender in "abc"}
                self.assertEqual(heard, expected)
                self.assertEqual(bool(self.signal.receivers), any(expected.values()))
                self.signal.disconnect(first)
                self.assertFalse(self.signal.receivers)

    def test_one_that_was_never_connected_is_no_error(self):
        self.signal.disconnect(first)
        self.signal.disconnect(first, "a")

    def test_one_that_is_disconnected_while_the_signal_is_sent_is_not_called(self):
        def rude(sender):
            self.signal.disconnect(second)
            self.signal.disconnect(rude)
            self.signal.connect(first)
            return "rude"

        self.signal.connect(rude)
        self.signal.connect(second)
        self.assertEqual(answers(self.signal), ["rude"], "and one connected meanwhile waits for the next")
        self.assertEqual(answers(self.signal), ["first"])

    def test_one_that_dies_while_the_signal_is_sent_is_not_called(self):
        held = [Listener()]

        def drop(sender):
            held.clear()

        self.signal.connect(drop)
        self.signal.connect(held[0].hear)
        self.assertEqual(answers(self.signal), [None])

    def test_connected_to_lasts_as_long_as_its_block(self):
        with self.signal.connected_to(lambda sender: "lambda") as nothing:
            self.assertIsNone(nothing)
            self.assertEqual(answers(self.signal, "a"), ["lambda"])
        with self.signal.connected_to(first, sender="a"):
            self.assertEqual((answers(self.signal, "a"), answers(self.signal, "b")), (["first"], []))
        with self.assertRaises(ZeroDivisionError), self.signal.connected_to(first):
            raise ZeroDivisionError
        self.assertFalse(self.signal.receivers)


class WeakTest(unittest.TestCase):
    """Nothing lives longer for being connected."""

    def setUp(self):
        self.signal = Signal()

    def test_a_receiver_that_nobody_holds_is_gone(self):
        listener = Listener()
        receivers = [lambda sender: 1, listener, listener.hear, functools.partial(first)]
        for receiver in receivers:
            self.signal.connect(receiver)
            self.signal.connect(receiver, "a")
        self.assertEqual(len(answers(self.signal)), 4)
        del receivers, receiver, listener
        gc.collect()
        self.assertEqual(answers(self.signal, "a"), [])
        self.assertFalse(self.signal.receivers, "then nothing is paid any more")

    def test_one_that_is_held_stays(self):
        listener = Listener()
        watch = weakref.ref(listener)
        self.signal.connect(lambda sender: "lambda", weak=False)
        self.signal.connect(listener.hear, weak=False)
        del listener
        gc.collect()
        self.assertEqual(answers(self.signal), ["lambda", "method"])
        self.signal.disconnect(watch().hear)
        gc.collect()
        self.assertIsNone(watch())

    def test_the_last_connection_says_whether_it_is_held(self):
        listener = Listener()
        self.signal.connect(listener)
        self.signal.connect(listener, weak=False)
        self.signal.connect(listener)
        del listener
        gc.collect()
        self.assertEqual(answers(self.signal), [])

    def test_a_built_in_method_is_held_since_it_would_be_gone_at_once(self):
        heard = []
        self.signal.connect(heard.append)
        self.signal.send("a")
        self.signal.disconnect([].append)  # of another list
        self.signal.send("b")
        self.signal.disconnect(heard.append)
        self.signal.send("c")
        self.assertEqual(heard, ["a", "b"])

    def test_what_weak_references_cannot_be_made_to_needs_weak_false(self):
        unreferable = Unreferable()
        for receiver in [unreferable, unreferable.hear]:
            with self.subTest(receiver), self.assertRaisesRegex(TypeError, "weak=False"):
                self.signal.connect(receiver)
            self.signal.connect(receiver, weak=False)
        self.assertEqual(answers(self.signal), ["slots", "method"])

    def test_a_connection_goes_with_its_sender(self):
        sender = Sender()
        watch = weakref.ref(sender)
        self.signal.connect(first, sender)
        del sender
        gc.collect()
        self.assertIsNone(watch())
        self.assertFalse(self.signal.receivers)

    def test_a_new_sender_in_the_place_of_a_dead_one_is_another(self):
        for make in [Sender, list, lambda: float("1.5"), lambda: Listener().hear]:
            with self.subTest(make):
                ids = set()
                for _ in range(50):
                    sender = make()
                    ids.add(id(sender))
                    self.assertEqual(answers(self.signal, sender), [])
                    self.signal.connect(first, sender)
                    self.assertEqual(answers(self.signal, sender), ["first"])
                    del sender
                self.signal.disconnect(first)

    def test_a_new_receiver_in_the_place_of_a_dead_one_is_another(self):
        for _ in range(50):
            listener = Listener()
            self.assertFalse(self.signal.receivers)
            self.signal.connect(listener.hear, "a")
            self.signal.disconnect(Listener().hear)
            self.assertEqual(answers(self.signal, "a"), ["method"])
            del listener

    def test_senders_and_receivers_in_a_circle_are_collected(self):
        sender = Sender()
        sender.self, sender.listener = sender, Listener()
        sender.listener.sender = sender
        watch = weakref.ref(sender)
        self.signal.connect(sender.listener.hear, sender)
        del sender
        gc.collect()
        self.assertIsNone(watch())
        self.assertFalse(self.signal.receivers)

    def test_a_destructor_may_use_the_signal(self):
        test = self

        class Leaving(Listener):
            def __del__(self):
                test.signal.disconnect(self.hear)
                test.signal.connect(first)

        self.signal.connect(Leaving().hear)
        self.assertEqual(answers(self.signal), ["first"])

    def test_a_signal_is_collected_with_its_receivers(self):
        listener = Listener()
        watch = weakref.ref(self.signal)
        self.signal.connect(listener.hear)
        del self.signal
        gc.collect()
        self.assertIsNone(watch())


class MutedTest(unittest.TestCase):
    """Blocks in which nobody is called."""

    def test_nobody_is_called_and_all_are_still_connected(self):
        sent = Signal()
        sent.connect(first)
        with sent.muted() as nothing:
            self.assertIsNone(nothing)
            self.assertTrue(sent.is_muted)
            self.assertEqual(sent.send(), [])
            self.assertEqual(asyncio.run(sent.send_async()), [])
            self.assertTrue(sent.has_receivers_for("a"))
        self.assertFalse(sent.is_muted)
        self.assertEqual(answers(sent), ["first"])

    def test_such_blocks_may_overlap_and_fail(self):
        sent = Signal()
        one, other = sent.muted(), sent.muted()
        one.__enter__()
        with self.assertRaises(ZeroDivisionError), other:
            one.__exit__(None, None, None)
            self.assertTrue(sent.is_muted)
            raise ZeroDivisionError
        self.assertFalse(sent.is_muted)


class AsyncTest(unittest.TestCase):
    """Coroutine functions are awaited; each way of sending needs help with the other kind."""

    def setUp(self):
        self.signal = Signal()

    def test_send_asks_for_a_wrapper_before_it_makes_a_coroutine(self):
        class Class:
            async def hear(self, sender):
                return "hear"

        listener = Class()
        for receiver in [later, listener.hear, functools.partial(later), functools.partial(listener.hear)]:
            refused = self.assertRaisesRegex(RuntimeError, "coroutine function.*_async_wrapper")
            with self.subTest(receiver), self.signal.connected_to(receiver), refused:
                self.signal.send()

    def test_send_calls_what_the_wrapper_makes_and_names_the_receiver(self):
        def wrapper(function):
            return lambda *args, **values: asyncio.run(function(*args, **values))

        self.signal.connect(later)
        self.signal.connect(first)
        expected = [(later, ("later", {"a": 1})), (first, "first")]
        self.assertEqual(self.signal.send("s", _async_wrapper=wrapper, a=1), expected)

    def test_send_async_awaits(self):
        self.signal.connect(later)
        self.assertEqual(asyncio.run(self.signal.send_async("s", a=1)), [(later, ("later", {"a": 1}))])

    def test_send_async_asks_for_a_wrapper_for_a_plain_function(self):
        def wrapper(function):
            async def wrapped(*args, **values):
                return function(*args, **values)

            return wrapped

        self.signal.connect(first)
        with self.assertRaisesRegex(RuntimeError, "no coroutine function.*_sync_wrapper"):
            asyncio.run(self.signal.send_async())
        self.assertEqual(asyncio.run(self.signal.send_async(_sync_wrapper=wrapper)), [(first, "first")])


class SignalsOfSignalsTest(unittest.TestCase):
    """receiver_connected and receiver_disconnected."""

    def setUp(self):
        self.signal, self.events = Signal(), []

    def record(self, sent, **values):
        self.events.append((sent, values))

    def test_they_tell_of_each_connect_and_disconnect(self):
        self.signal.receiver_connected.connect(self.record)
        self.signal.receiver_disconnected.connect(self.record)
        self.signal.connect(first)
        self.signal.connect(second, "a", weak=False)
        self.signal.disconnect(first)
        self.signal.disconnect(second, "a")
        for (sent, values), expected in zip(
            self.events,
            [
                {"receiver": first, "sender": ANY, "weak": True},
                {"receiver": second, "sender": "a", "weak": False},
                {"receiver": first, "sender": ANY},
                {"receiver": second, "sender": "a"},
            ],
        ):
            with self.subTest(expected):
                self.assertIs(sent, self.signal)
                self.assertEqual(values, expected)

    def test_a_receiver_that_dies_is_not_told_of(self):
        self.signal.receiver_disconnected.connect(self.record)
        self.signal.connect(lambda sender: None)
        gc.collect()
        self.assertEqual(self.events, [])

    def test_an_error_in_a_receiver_of_them_undoes_the_connection(self):
        def refuse(sent, **values):
            raise PermissionError

        self.signal.receiver_connected.connect(refuse)
        self.assertRaises(PermissionError, self.signal.connect, first)
        self.assertFalse(self.signal.receivers)


class NamespaceTest(unittest.TestCase):
    """Signals by name."""

    def test_a_name_is_one_signal(self):
        names = Namespace()
        saved = names.signal("saved", "Something was saved.")
        self.assertIs(names.signal("saved", "else"), saved)
        self.assertIs(names["saved"], saved)
        self.assertIsInstance(saved, NamedSignal)
        self.assertEqual((saved.name, saved.__doc__), ("saved", "Something was saved."))
        self.assertEqual((repr(saved), repr(Signal())), ("<NamedSignal 'saved'>", "<Signal>"))
        self.assertIsNot(Namespace().signal("saved"), saved)
        self.assertIs(signal("saved"), signals.default_namespace["saved"])

    def test_any_is_one_object_wherever_it_travels(self):
        self.assertEqual(repr(ANY), "ANY")
        self.assertIs(Signal.ANY, ANY)
        for other in [copy.copy(ANY), copy.deepcopy([ANY])[0], pickle.loads(pickle.dumps(ANY))]:
            self.assertIs(other, ANY)

    def test_the_application_has_the_signals_that_flask_has(self):
        for name in """
            template_rendered before_render_template request_started request_finished request_tearing_down
            got_request_exception appcontext_tearing_down appcontext_pushed appcontext_popped message_flashed
        """.split():
            with self.subTest(name):
                found = getattr(signals, name)
                self.assertEqual(found.name, name.replace("_", "-"))
                self.assertIn(name, signals.__all__)
                self.assertFalse(found.receivers)


class ThreadsTest(unittest.TestCase):
    """Threads that connect and disconnect while others send."""

    def test_nothing_is_lost_and_nothing_is_left(self):
        sent, errors, rounds = Signal(), [], 200
        permanent = Listener()
        sent.connect(permanent.hear)

        def come_and_go():
            for number in range(rounds):
                listener, sender = Listener(), Sender()
                sent.connect(listener.hear)
                sent.connect(listener, sender)
                sent.send(number)
                if listener.heard.count(number) < 1 or len(answers(sent, sender)) < 3:
                    errors.append(number)
                if number % 2:
                    sent.disconnect(listener.hear)

        def run():
            try:
                come_and_go()
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=run) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        gc.collect()
        self.assertEqual(errors, [])
        self.assertEqual(len(permanent.heard), 4 * rounds * 2)
        self.assertEqual(len(sent.receivers), 1)

    def test_a_name_asked_for_by_many_is_one_signal(self):
        names, found = Namespace(), []
        threads = [
            threading.Thread(target=lambda: found.extend(names.signal(str(n)) for n in range(100))) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual((len(found), len(set(map(id, found)))), (400, 100))


if __name__ == "__main__":
    unittest.main()
