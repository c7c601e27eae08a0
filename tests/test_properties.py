import threading
import unittest

from nanoweb.dicts import CallbackDict
from nanoweb.fields import Headers
from nanoweb.properties import (
    cached_property,
    digits,
    environ_property,
    header_property,
    structure_property,
)


class Circle:
    def __init__(self, radius):
        self.radius = radius
        self.computed = 0

    @cached_property
    def area(self):
        """Three times the square, about."""
        self.computed += 1
        return 3 * self.radius**2


class CachedPropertyTest(unittest.TestCase):
    def test_it_is_computed_at_the_first_look_and_for_each_object_by_itself(self):
        small, large = Circle(1), Circle(2)
        self.assertEqual((small.computed, large.computed), (0, 0))
        self.assertEqual([small.area, large.area, small.area], [3, 12, 3])
        self.assertEqual((small.computed, large.computed), (1, 1))

    def test_the_second_look_finds_a_plain_attribute(self):
        circle = Circle(1)
        self.assertNotIn("area", vars(circle))
        self.assertEqual(circle.area, vars(circle)["area"])

    def test_none_is_a_value_like_any_other(self):
        calls = []

        class Nothing:
            @cached_property
            def value(self):
                calls.append(self)

        nothing = Nothing()
        self.assertEqual((nothing.value, nothing.value, len(calls)), (None, None, 1))

    def test_it_can_be_assigned_and_deleted(self):
        circle = Circle(1)
        circle.area = "none"
        self.assertEqual((circle.area, circle.computed), ("none", 0))
        del circle.area
        self.assertEqual((circle.area, circle.computed), (3, 1))
        circle.radius = 2
        self.assertEqual(circle.area, 3)
        del circle.area
        self.assertEqual(circle.area, 12)

    def test_an_error_is_not_kept(self):
        class Careful:
            ready = False

            @cached_property
            def value(self):
                if not self.ready:
                    raise ValueError("not yet")
                return 1

        careful = Careful()
        for _ in range(2):
            with self.assertRaises(ValueError):
                careful.value  # noqa: B018
        careful.ready = True
        self.assertEqual(careful.value, 1)

    def test_the_class_shows_it_with_its_documentation(self):
        self.assertIsInstance(Circle.area, cached_property)
        self.assertEqual(Circle.area.__doc__, "Three times the square, about.")

    def test_it_goes_by_the_name_that_the_class_gives_it(self):
        class Lazy:
            answer = cached_property(lambda self: 42)

        lazy = Lazy()
        self.assertEqual((lazy.answer, vars(lazy)), (42, {"answer": 42}))

    def test_it_may_be_given_to_a_class_later(self):
        class Lazy:
            pass

        def answer(self):
            return 42

        Lazy.answer, Lazy.other = cached_property(answer), cached_property(answer, "other", "The same.")
        lazy = Lazy()
        self.assertEqual((lazy.answer, lazy.other, vars(lazy)), (42, 42, {"answer": 42, "other": 42}))
        self.assertEqual((Lazy.answer.__doc__, Lazy.other.__doc__), (None, "The same."))

    def test_a_subclass_may_compute_something_else_and_ask_its_base(self):
        class Ring(Circle):
            @cached_property
            def area(self):
                return Circle.area.function(self) - 1

        ring = Ring(1)
        self.assertEqual((ring.area, ring.area, ring.computed), (2, 2, 1))

    def test_threads_all_get_a_value(self):
        circle, seen = Circle(2), []
        threads = [threading.Thread(target=lambda: seen.append(circle.area)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(seen, [12] * 8)


class Message:
    def __init__(self, **environ):
        self.environ = environ
        self.headers = {}

    user = environ_property("USER")
    port = environ_property("PORT", 80, int)
    color = environ_property("COLOR", read_only=False)
    size = environ_property("SIZE", None, int, str, read_only=False, doc="Bytes.")

    age = header_property("Age", None, int, str)
    server = header_property("Server", "unknown", read_only=True)
    flag = header_property("Flag", False, "1".__eq__, lambda value: "1" if value else None)


class EnvironPropertyTest(unittest.TestCase):
    def test_it_reads_the_environ_each_time(self):
        message = Message(USER="ada")
        self.assertEqual(message.user, "ada")
        message.environ["USER"] = "grace"
        self.assertEqual(message.user, "grace")

    def test_what_is_missing_or_cannot_be_loaded_is_the_default(self):
        for environ, port in [({}, 80), ({"PORT": "8000"}, 8000), ({"PORT": "x"}, 80), ({"PORT": None}, 80)]:
            with self.subTest(environ):
                self.assertEqual(Message(**environ).port, port)
        self.assertIsNone(Message().user)

    def test_another_error_of_the_loader_comes_out(self):
        class Wrong:
            environ = {"A": "0"}
            value = environ_property("A", None, lambda text: 1 / int(text))

        with self.assertRaises(ZeroDivisionError):
            Wrong().value  # noqa: B018

    def test_what_the_client_sent_can_only_be_read(self):
        message = Message(USER="ada")
        with self.assertRaisesRegex(AttributeError, "'USER' is read-only"):
            message.user = "eve"
        with self.assertRaisesRegex(AttributeError, "'USER' is read-only"):
            del message.user
        self.assertEqual(message.user, "ada")

    def test_one_that_can_be_written_changes_the_environ(self):
        message = Message()
        message.size = 12
        message.color = "red"
        self.assertEqual(message.environ, {"SIZE": "12", "COLOR": "red"})
        del message.size
        message.color = None  # the same as del
        del message.color  # and once more is no error
        self.assertEqual(message.environ, {})

    def test_the_class_shows_it_with_its_documentation(self):
        self.assertEqual(repr(Message.size), "<environ_property SIZE>")
        self.assertEqual(Message.size.__doc__, "Bytes.")

    def test_the_type_in_brackets_is_for_type_checkers_only(self):
        self.assertIsInstance(environ_property[int]("PORT", 0, int), environ_property)
        self.assertIsInstance(header_property["str | None"]("Age"), header_property)


class DigitsTest(unittest.TestCase):
    def test_a_row_of_digits_is_a_number_and_nothing_else_is(self):
        for text, number in [("0", 0), ("007", 7), ("9" * 18, 10**18 - 1)]:
            with self.subTest(text):
                self.assertEqual(digits(text), number)
        for text in ["", " ", "-1", "+1", "1_0", " 1", "1\n", "٣", "²", "0x1", "1.0", "9" * 19, "9" * 100_000]:
            with self.subTest(text[:20]), self.assertRaisesRegex(ValueError, "no row of up to 18 digits"):
                digits(text)


class HeaderPropertyTest(unittest.TestCase):
    def test_it_reads_and_writes_a_field(self):
        message = Message()
        self.assertIsNone(message.age)
        message.age = 60
        self.assertEqual((message.age, message.headers), (60, {"Age": "60"}))
        message.headers["Age"] = "old"
        self.assertIsNone(message.age)
        message.age = None
        self.assertEqual(message.headers, {})

    def test_what_is_written_as_none_deletes_the_field(self):
        message = Message()
        message.flag = True
        self.assertEqual((message.flag, message.headers), (True, {"Flag": "1"}))
        message.flag = False
        self.assertEqual((message.flag, message.headers), (False, {}))

    def test_it_may_be_made_read_only(self):
        message = Message()
        self.assertEqual(message.server, "unknown")
        with self.assertRaises(AttributeError):
            message.server = "nanoweb"


class Reply:
    def __init__(self, **headers):
        self.headers = Headers(headers)

    @staticmethod
    def load(text):
        return CallbackDict(dict.fromkeys((text or "").split()))

    @staticmethod
    def dump(value):
        return list(value) if isinstance(value, tuple) else " ".join(value)

    tags = structure_property("Tags", load.__func__, dump.__func__, "Labels.")
    labels = structure_property("Tags", load.__func__, dump.__func__, is_list=True)


class StructurePropertyTest(unittest.TestCase):
    def test_a_structure_is_read_anew_each_time_and_changes_its_field(self):
        reply = Reply(Tags="a")
        tags = reply.tags
        self.assertIsNot(reply.tags, tags)
        tags["b"] = None
        self.assertEqual((reply.headers["Tags"], list(reply.tags)), ("a b", ["a", "b"]))
        tags.clear()
        self.assertNotIn("Tags", reply.headers)
        self.assertEqual(reply.tags, {})

    def test_it_may_be_assigned_as_a_structure_as_text_or_in_parts(self):
        for assigned, fields in [
            (CallbackDict({"a": 1, "b": 2}), ["a b"]),
            (["a", "b"], ["a b"]),
            ("as, it; is", ["as, it; is"]),
            (("a", "b"), ["a", "b"]),
            ("", []),
            (None, []),
            ([], []),
            (iter(()), []),
            (CallbackDict(), []),
        ]:
            with self.subTest(assigned):
                reply = Reply(Tags="old")
                reply.tags = assigned
                self.assertEqual(reply.headers.getlist("Tags"), fields)

    def test_a_structure_that_was_assigned_stays_bound_to_the_field(self):
        tags = CallbackDict({"a": 1})
        first, second = Reply(), Reply()
        first.tags = tags
        tags["b"] = 2
        self.assertEqual(first.headers["Tags"], "a b")
        second.tags = tags
        tags["c"] = 3
        self.assertEqual((first.headers["Tags"], second.headers["Tags"]), ("a b", "a b c"))
        tags = first.tags = CallbackDict()
        self.assertNotIn("Tags", first.headers)
        tags["d"] = 4
        self.assertEqual(first.headers["Tags"], "d")

    def test_of_several_fields_it_is_the_first(self):
        reply = Reply()
        reply.headers.setlist("Tags", ["a", "b", "c"])
        tags = reply.tags
        self.assertEqual(list(tags), ["a"])
        for change, fields in [
            (lambda: tags.update(d=None), ["a d", "b", "c"]),
            (tags.clear, ["b", "c"]),
            (lambda: tags.update(e=None), ["e", "b", "c"]),
        ]:
            change()
            self.assertEqual(reply.headers.getlist("Tags"), fields)
        reply.tags = ["f"]
        self.assertEqual(reply.headers.getlist("Tags"), ["f"])

    def test_several_fields_of_a_list_are_one(self):
        reply = Reply()
        for fields, names in [([], []), (["a"], ["a"]), (["a", "b", ""], ["a,", "b,"])]:
            reply.headers.setlist("Tags", fields)
            self.assertEqual(list(reply.labels), names)
        reply.labels["c"] = None
        self.assertEqual(reply.headers.getlist("Tags"), ["a, b, c"])
        reply.labels.clear()
        self.assertNotIn("Tags", reply.headers)

    def test_it_is_written_by_its_own_method_unless_told_otherwise(self):
        class Label(CallbackDict):
            def to_header(self):
                return "label"

        class Own(Reply):
            label = structure_property("Label", lambda text: Label())

        own = Own()
        own.label["x"] = 1
        self.assertEqual(own.headers["Label"], "label")
        with self.assertRaises(AttributeError):
            own.label = {"x": 1}

    def test_it_can_be_deleted(self):
        reply = Reply(Tags="a")
        del reply.tags
        del reply.tags  # once more is no error
        self.assertEqual(len(reply.headers), 0)

    def test_the_class_shows_it_with_its_documentation(self):
        self.assertEqual((repr(Reply.tags), Reply.tags.__doc__), ("<structure_property Tags>", "Labels."))


if __name__ == "__main__":
    unittest.main()
