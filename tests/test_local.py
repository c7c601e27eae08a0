"""nanoweb.local: what belongs to one thread or task, and the proxies that stand for it."""

import asyncio
import contextvars
import copy
import decimal
import fractions
import inspect
import math
import operator
import pickle
import threading
import traceback
import unittest
from wsgiref.util import setup_testing_defaults
from wsgiref.validate import validator

from nanoweb.local import Local, LocalManager, LocalProxy, LocalStack, release_local


class LocalTest(unittest.TestCase):
    """A namespace of the current context."""

    def test_an_attribute_is_set_read_replaced_and_deleted(self):
        local = Local()
        local.user = "ada"
        self.assertEqual(local.user, "ada")
        local.user = "grace"
        self.assertEqual(local.user, "grace")
        del local.user
        self.assertFalse(hasattr(local, "user"))

    def test_a_missing_attribute_is_named(self):
        local = Local()
        for action in (lambda: local.user, lambda: delattr(local, "user")):
            with self.assertRaisesRegex(AttributeError, "'user' is not set"):
                action()

    def test_iterating_gives_names_and_values(self):
        local = Local()
        self.assertEqual(list(local), [])
        local.a, local.b = 1, 2
        self.assertEqual(dict(local), {"a": 1, "b": 2})

    def test_two_locals_share_nothing(self):
        one, two = Local(), Local()
        one.user = "ada"
        self.assertFalse(hasattr(two, "user"))

    def test_its_own_storage_is_not_in_the_way_of_any_name(self):
        local = Local()
        for name in ("storage", "_storage", "name", "items", "local", "context_var"):
            setattr(local, name, name.upper())
        self.assertEqual({name: value.lower() for name, value in local}, {name: name for name, value in local})

    def test_release_empties_it_for_the_current_context_only(self):
        local = Local()
        local.user = "ada"
        contextvars.copy_context().run(release_local, local)
        self.assertEqual(local.user, "ada")
        release_local(local)
        self.assertEqual(list(local), [])

    def test_deleting_in_a_copy_of_the_context_leaves_the_original(self):
        local = Local()
        local.user = "ada"
        contextvars.copy_context().run(delattr, local, "user")
        self.assertEqual(local.user, "ada")

    def test_the_context_variable_can_be_given(self):
        variable = contextvars.ContextVar("variable")
        local = Local(variable)
        local.user = "ada"
        before = variable.get()
        local.user = "grace"
        self.assertEqual((before, variable.get()), ({"user": "ada"}, {"user": "grace"}))


class LocalStackTest(unittest.TestCase):
    """A stack of the current context."""

    def test_the_last_pushed_is_on_top_and_popped_first(self):
        stack = LocalStack()
        for value in (1, 2, 3):
            stack.push(value)
            self.assertEqual(stack.top, value)
        self.assertEqual([stack.pop(), stack.pop(), stack.top, stack.pop()], [3, 2, 1, 1])

    def test_an_empty_stack_gives_none(self):
        stack = LocalStack()
        self.assertIsNone(stack.top)
        self.assertIsNone(stack.pop())
        self.assertIsNone(stack.top)

    def test_release_empties_it_for_the_current_context_only(self):
        stack = LocalStack()
        stack.push(1)
        stack.push(2)
        contextvars.copy_context().run(release_local, stack)
        self.assertEqual(stack.top, 2)
        release_local(stack)
        self.assertIsNone(stack.top)

    def test_push_and_pop_move_one_cell_and_copy_none(self):
        variable = contextvars.ContextVar("variable")
        stack = LocalStack(variable)
        stack.push("below")
        cell = variable.get()
        stack.push("above")
        self.assertIs(variable.get()[1], cell)
        stack.pop()
        self.assertIs(variable.get(), cell)

    def test_a_very_deep_stack_is_freed_without_recursion(self):
        stack = LocalStack()
        for value in range(200_000):
            stack.push(value)
        release_local(stack)
        self.assertIsNone(stack.top)

    def test_what_is_popped_is_not_kept_alive(self):
        class Context:
            living = 0

            def __init__(self):
                Context.living += 1

            def __del__(self):
                Context.living -= 1

        stack = LocalStack()
        stack.push(Context())
        stack.push(Context())
        stack.pop()
        self.assertEqual(Context.living, 1)
        stack.pop()
        self.assertEqual(Context.living, 0)


class SharedVariable:
    """Like a ContextVar, but one value for everybody: the isolation, broken on purpose."""

    def __init__(self):
        self.value = None

    def get(self, default):
        return default if self.value is None else self.value

    def set(self, value):
        self.value = value


class SharedListStack(LocalStack):
    """A stack that changes its list instead of replacing it: apart in threads, mixed up in tasks."""

    def push(self, obj):
        if self._storage.get(None) is None:
            self._storage.set([])
        self._storage.get().append(obj)

    def pop(self):
        return self._storage.get().pop()

    @property
    def top(self):
        return self._storage.get()[-1]


def mixed_up_in_threads(stack, count=8):
    """Return (own, seen) of the threads that saw another thread's value on the stack."""
    barrier = threading.Barrier(count, timeout=10)
    mixed_up = []

    def work(own):
        stack.push(own)
        barrier.wait()
        seen = stack.top
        barrier.wait()
        popped = stack.pop()
        mixed_up.extend((own, value) for value in (seen, popped) if value != own)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return mixed_up


def mixed_up_in_tasks(stack, count=8):
    """Return (own, seen) of the sibling tasks that saw another task's value on the stack."""
    mixed_up = []

    async def work(own):
        stack.push(own)
        await asyncio.sleep(0)  # now the others push
        seen = stack.top
        await asyncio.sleep(0)  # now the others look
        popped = stack.pop()
        mixed_up.extend((own, value) for value in (seen, popped, stack.top) if value not in (own, "ancestor"))

    async def siblings():
        stack.push("ancestor")
        await asyncio.gather(*map(work, range(count)))
        if stack.top != "ancestor":
            mixed_up.append(("ancestor", stack.top))

    asyncio.run(siblings())
    return mixed_up


class IsolationTest(unittest.TestCase):
    """Everybody sees their own values; the same checks find the stacks that are broken on purpose."""

    def test_threads_never_see_each_others_values(self):
        self.assertEqual(mixed_up_in_threads(LocalStack()), [])

    def test_the_check_with_threads_finds_a_stack_that_all_share(self):
        self.assertNotEqual(mixed_up_in_threads(LocalStack(SharedVariable())), [])

    def test_sibling_tasks_never_see_each_others_values(self):
        self.assertEqual(mixed_up_in_tasks(LocalStack()), [])

    def test_the_check_with_tasks_finds_a_stack_that_all_share(self):
        self.assertNotEqual(mixed_up_in_tasks(LocalStack(SharedVariable())), [])

    def test_the_check_with_tasks_finds_a_list_that_they_inherited(self):
        self.assertEqual(mixed_up_in_threads(SharedListStack()), [])
        self.assertNotEqual(mixed_up_in_tasks(SharedListStack()), [])

    def test_a_child_task_inherits_but_what_it_does_stays_its_own(self):
        stack, local = LocalStack(), Local()

        async def child(started, go_on):
            seen = [stack.pop(), stack.top, local.user]
            stack.push("child")
            local.user, local.extra = "child", True
            started.set()
            await go_on.wait()
            return [*seen, stack.top, local.user]

        async def parent():
            stack.push("outer")
            stack.push("inner")
            local.user = "parent"
            started, go_on = asyncio.Event(), asyncio.Event()
            task = asyncio.ensure_future(child(started, go_on))
            await started.wait()
            seen = [stack.top, dict(local)]
            stack.push("later")
            local.user = "later"
            go_on.set()
            return seen, await task, stack.top, local.user

        seen_by_parent, seen_by_child, top, user = asyncio.run(parent())
        self.assertEqual(seen_by_parent, ["inner", {"user": "parent"}])
        self.assertEqual(seen_by_child, ["inner", "outer", "parent", "child", "child"])
        self.assertEqual((top, user), ("later", "later"))

    def test_sibling_tasks_have_their_own_local(self):
        local = Local()

        async def work(own):
            setattr(local, f"name{own}", own)
            local.shared = own
            await asyncio.sleep(0)
            return dict(local)

        async def siblings():
            local.ancestor = True
            return await asyncio.gather(*map(work, range(4))), dict(local)

        seen, ancestors = asyncio.run(siblings())
        self.assertEqual(seen, [{"ancestor": True, f"name{own}": own, "shared": own} for own in range(4)])
        self.assertEqual(ancestors, {"ancestor": True})

    def test_a_thread_starts_with_nothing(self):
        local = Local()
        local.user = "ada"
        seen = []
        thread = threading.Thread(target=lambda: seen.append(dict(local)))
        thread.start()
        thread.join()
        self.assertEqual(seen, [{}])

    def test_a_proxy_finds_the_object_of_whoever_looks(self):
        stack = LocalStack()
        proxy = stack()
        stack.push("outside")
        self.assertEqual(contextvars.copy_context().run(lambda: stack.push("inside") or proxy.upper()), "INSIDE")
        self.assertEqual(proxy.upper(), "OUTSIDE")


class Everything:
    """An object with the methods that the built-in types do not have."""

    def __init__(self):
        self.history = []

    def __repr__(self):
        return "<everything>"

    def __call__(self, *args, **kwargs):
        return args, kwargs

    def __bytes__(self):
        return b"everything"

    def __length_hint__(self):
        return 9

    def __matmul__(self, other):
        return "matmul", other

    def __rmatmul__(self, other):
        return other, "rmatmul"

    def __imatmul__(self, other):
        self.history.append(other)
        return self

    def __enter__(self):
        self.history.append("enter")
        return self

    def __exit__(self, *exc_info):
        self.history.append("exit")

    async def __aenter__(self):
        self.history.append("aenter")
        return self

    async def __aexit__(self, *exc_info):
        self.history.append("aexit")

    def __await__(self):
        yield from asyncio.sleep(0).__await__()
        return "awaited"

    async def __aiter__(self):
        for number in (1, 2):
            yield number


def forms_of(value):
    """Yield (name, proxy) for all the ways to make a proxy of value."""
    local, stack, contexts, variable = Local(), LocalStack(), LocalStack(), contextvars.ContextVar("variable")
    local.value = value
    stack.push(value)
    holder = Local()
    holder.value = local
    contexts.push(holder)
    variable.set(value)
    yield "a name in a Local", local("value")
    yield "the top of a LocalStack", stack()
    yield "an attribute of an attribute of the top", contexts("value.value")
    yield "a ContextVar", LocalProxy(variable)
    yield "a function", LocalProxy(lambda: value)
    variable = contextvars.ContextVar("variable")
    variable.set(local)
    yield "an attribute in a ContextVar", LocalProxy(variable, "value")
    yield "an attribute of a function's result", LocalProxy(lambda: local, "value")


def result_of(operation, *args):
    """Return what operation(*args) gives, or the type of what it raises."""
    try:
        return operation(*args)
    except Exception as error:
        return type(error)


def unbound_proxies():
    """Yield a proxy of each kind, with nothing to find."""

    def nothing():
        raise RuntimeError("nothing here")

    yield Local()("value", unbound_message="nothing here")
    yield LocalStack()(unbound_message="nothing here")
    yield LocalStack()("value", unbound_message="nothing here")
    yield LocalProxy(contextvars.ContextVar("variable"), unbound_message="nothing here")
    yield LocalProxy(contextvars.ContextVar("variable"), "value", unbound_message=lambda: "nothing here")
    yield LocalProxy(nothing)


HARMLESS = [  # even while unbound
    *(repr, ascii, bool, dir, operator.attrgetter("__class__"), operator.attrgetter("__doc__")),
    lambda value: 0 if value else 1,
]
UNARY = [
    *(str, bytes, format, hash, len, operator.length_hint, list, sorted, reversed, operator.attrgetter("missing")),
    *(int, float, complex, operator.index, round, math.trunc, math.floor, math.ceil, range, bin),
    *(operator.neg, operator.pos, abs, operator.invert, copy.copy, copy.deepcopy, operator.attrgetter("real")),
    *(operator.methodcaller("upper"), lambda value: value(1, self=2), lambda value: pow(value, 3, 5)),
    *(lambda value: f"{value:>9}", lambda value: [*value], lambda value: {**value}, lambda value: {value: 1}),
    *(lambda value: "abcdefgh"[value], lambda value: round(value, 1)),
    *(lambda value: isinstance(1, value), lambda value: issubclass(bool, value)),
]
SYMMETRIC = [
    *(operator.lt, operator.le, operator.eq, operator.ne, operator.gt, operator.ge, operator.add, operator.sub),
    *(operator.mul, operator.matmul, operator.truediv, operator.floordiv, operator.pow, divmod),
    *(operator.lshift, operator.rshift, operator.and_, operator.xor, operator.or_),
]
ONE_SIDED = [operator.contains, operator.getitem, operator.mod]  # "text" % proxy: str knows no proxies
IN_PLACE = [
    *(operator.iadd, operator.isub, operator.imul, operator.imatmul, operator.itruediv, operator.ifloordiv),
    *(operator.imod, operator.ipow, operator.ilshift, operator.irshift, operator.iand, operator.ixor, operator.ior),
]
VALUES = [
    *(5, 0, 2.5, 1 + 2j, "abc", "12", b"ab", [3, 1], [], {"a": 1}, {1, 2}, frozenset([1]), (1, 2), range(4)),
    *(decimal.Decimal("1.5"), fractions.Fraction(7, 2), int, ValueError("x"), len, Everything(), Ellipsis),
]
OTHERS = [2, 2.0, "b", [9], {1}, (4,), {"a": 2}, "a", int, slice(1), 1j, b"b", Ellipsis]


class LocalProxyTest(unittest.TestCase):
    """A proxy does what its object does."""

    def assert_same_result(self, operation, arguments, expected_arguments):
        """Compare types and contents of the results, or the types of the errors."""
        result, expected = result_of(operation, *arguments), result_of(operation, *expected_arguments)
        if hasattr(expected, "__next__"):
            self.assertIs(type(result), type(expected))
            result, expected = list(result), list(expected)
        self.assertEqual(repr(result).split(" at 0x")[0], repr(expected).split(" at 0x")[0])

    def test_an_operation_on_a_proxy_is_the_operation_on_its_object(self):
        for value in VALUES:
            for form, proxy in forms_of(value):
                for operation in [*UNARY, *HARMLESS]:
                    with self.subTest(operation, value=value, form=form):
                        self.assert_same_result(operation, (proxy,), (value,))

    def test_an_operation_of_two_works_with_the_proxy_on_either_side_and_on_both(self):
        for value in VALUES:
            proxy = LocalProxy(lambda value=value: value)
            for other in OTHERS:
                other_proxy = LocalProxy(lambda other=other: other)
                for operation in SYMMETRIC:
                    with self.subTest(operation, value=value, other=other):
                        self.assert_same_result(operation, (proxy, other), (value, other))
                        self.assert_same_result(operation, (proxy, other_proxy), (value, other))
                        self.assert_same_result(operation, (other, proxy), (other, value))
                for operation in ONE_SIDED:
                    with self.subTest(operation, value=value, other=other):
                        self.assert_same_result(operation, (proxy, other), (value, other))

    def test_every_special_method_of_the_built_in_types_is_forwarded(self):
        about_the_proxy_itself = {
            *("__new__", "__init__", "__init_subclass__", "__subclasshook__", "__class_getitem__", "__sizeof__"),
            *("__reduce__", "__reduce_ex__", "__getstate__", "__setstate__", "__getnewargs__"),  # pickling
            *("__getformat__", "__setformat__", "__set_format__", "__buffer__", "__release_buffer__"),
        }
        types = (int, float, complex, str, bytes, list, dict, set, frozenset, tuple, range, Everything)
        for type_ in (*types, fractions.Fraction, type(iter([]))):
            methods = {name for name in dir(type_) if name.startswith("__") and callable(getattr(type_, name))}
            with self.subTest(type_):
                self.assertEqual(methods - about_the_proxy_itself - set(vars(LocalProxy)), set())

    def test_items_and_attributes_are_set_and_deleted_on_the_object(self):
        mapping, everything = {"a": 1, "b": 2}, Everything()
        proxy = LocalProxy(lambda: mapping)
        proxy["c"] = 3
        del proxy["a"]
        self.assertEqual(mapping, {"b": 2, "c": 3})
        proxy = LocalProxy(lambda: everything)
        proxy.one, proxy._get, proxy.name, proxy.local = 1, 2, 3, 4
        del proxy.one
        self.assertEqual(vars(everything), {"history": [], "_get": 2, "name": 3, "local": 4})
        self.assertIs(vars(proxy), vars(everything))

    def test_an_operation_in_place_changes_the_object_and_leaves_the_name_to_the_proxy(self):
        numbers = [1]
        proxy = same = LocalProxy(lambda: numbers)
        proxy += [2]
        proxy *= 2
        self.assertEqual(numbers, [1, 2, 1, 2])
        self.assertIs(proxy, same)

    def test_every_operation_in_place_reaches_the_object(self):
        for operation in IN_PLACE:
            with self.subTest(operation):
                method = f"__{operation.__name__}__"
                recorder = type("Recorder", (), {method: lambda self, other: setattr(self, "other", other) or self})()
                proxy = LocalProxy(lambda recorder=recorder: recorder)
                self.assertIs(operation(proxy, "other"), proxy)
                self.assertEqual(recorder.other, "other")

    def test_an_operation_in_place_changes_nothing_if_the_object_cannot_change(self):
        local = Local()
        local.count = 1
        proxy = same = local("count")
        proxy += 1
        self.assertIs(proxy, same)
        self.assertEqual((proxy, local.count), (1, 1))
        with self.assertRaises(TypeError):
            proxy += "text"

    def test_a_with_block_leaves_the_object_that_it_entered(self):
        stack, outer, inner = LocalStack(), Everything(), Everything()
        stack.push(outer)
        proxy = stack()

        async def enter_and_leave():
            async with proxy as entered:
                stack.push(inner)
            return entered

        with proxy as entered:
            stack.push(inner)
        self.assertIs(entered, outer)
        stack.pop()
        self.assertIs(asyncio.run(enter_and_leave()), outer)
        self.assertEqual((outer.history, inner.history), (["enter", "exit", "aenter", "aexit"], []))

    def test_await_and_asynchronous_iteration(self):
        proxy = LocalProxy(Everything)

        async def work():
            numbers = Everything().__aiter__()
            iterator = LocalProxy(lambda: numbers)
            first = await iterator.__anext__()
            return await proxy, [number async for number in proxy], first, [number async for number in iterator]

        self.assertEqual(asyncio.run(work()), ("awaited", [1, 2], 1, [2]))

    def test_only_what_the_object_has_seems_to_be_there(self):
        proxy, number = LocalProxy(Everything), LocalProxy(lambda: 5)
        for name in ("__enter__", "__exit__", "__aenter__", "__aexit__", "__await__", "__aiter__", "history"):
            with self.subTest(name):
                self.assertTrue(hasattr(proxy, name))
                self.assertFalse(hasattr(number, name))

    def test_next_goes_on_where_the_object_is(self):
        iterator = iter("abc")
        proxy = LocalProxy(lambda: iterator)
        self.assertEqual([next(proxy), next(iterator), next(proxy), next(proxy, "end")], ["a", "b", "c", "end"])

    def test_isinstance_and_class_are_the_objects_and_type_is_the_proxys(self):
        proxy = LocalProxy(lambda: [1])
        self.assertIsInstance(proxy, list)
        self.assertIs(proxy.__class__, list)
        self.assertIs(type(proxy), LocalProxy)
        self.assertNotIsInstance(proxy, LocalStack)

    def test_the_object_itself_can_be_had(self):
        everything = Everything()
        for form, proxy in forms_of(everything):
            with self.subTest(form):
                self.assertIs(proxy._get_current_object(), everything)

    def test_a_copy_of_a_proxy_is_a_copy_of_the_object(self):
        nested = [[1], 2]
        proxy = LocalProxy(lambda: nested)
        shallow, deep = copy.copy(proxy), copy.deepcopy(proxy)
        self.assertEqual((type(shallow), type(deep)), (list, list))
        self.assertIsNot(shallow, nested)
        self.assertIs(shallow[0], nested[0])
        self.assertIsNot(deep[0], nested[0])
        twice = copy.deepcopy([proxy, nested])
        self.assertIs(twice[0], twice[1], "the memo is passed on")

    def test_a_proxy_is_not_pickled_but_its_object_is(self):
        for form, proxy in forms_of([1, 2]):
            for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
                with self.subTest(form, protocol=protocol):
                    with self.assertRaisesRegex(TypeError, "_get_current_object"):
                        pickle.dumps(proxy, protocol)
                    data = pickle.dumps(proxy._get_current_object(), protocol)
                    self.assertEqual(pickle.loads(data), [1, 2])

    def test_wrapped_is_the_objects_or_what_the_unbound_proxy_looks_at(self):
        def view():
            pass

        view.__wrapped__ = original = object()
        self.assertIs(LocalProxy(lambda: view).__wrapped__, original)
        self.assertFalse(hasattr(LocalProxy(lambda: 5), "__wrapped__"))
        for place in (LocalStack(), contextvars.ContextVar("variable")):
            self.assertIs(LocalProxy(place).__wrapped__, place)

    def test_an_attribute_that_fails_is_evaluated_once(self):
        class Counter:
            looks = 0

            @property
            def broken(self):
                Counter.looks += 1
                raise AttributeError("inside")

        with self.assertRaisesRegex(AttributeError, "inside"):
            _ = LocalProxy(Counter).broken
        self.assertEqual(Counter.looks, 1)

    def test_what_a_subclass_adds_comes_before_the_object(self):
        class Numbers(LocalProxy):
            """A list, and more."""

            append = "the subclass's"

            def total(self):
                return sum(self)

            @property
            def index(self):
                raise AttributeError("the subclass's")

        proxy = Numbers(lambda: [1, 2])
        self.assertEqual((proxy.append, proxy.total(), proxy.count(1)), ("the subclass's", 3, 1))
        self.assertEqual(proxy.index(2), 1, "as with __getattr__: where its own attribute fails, the object's")
        self.assertEqual((Numbers.__doc__, repr(Numbers(LocalStack()))), ("A list, and more.", "<Numbers unbound>"))

    def test_what_cannot_be_proxied_is_refused_when_the_proxy_is_made(self):
        for local, name, message in [(5, None, "cannot proxy 5"), (Local(), None, "one attribute of a Local")]:
            with self.subTest(local), self.assertRaisesRegex(TypeError, message):
                LocalProxy(local, name)


class UnboundTest(unittest.TestCase):
    """A proxy with nothing to stand for says so."""

    def test_every_operation_raises_the_message(self):
        for proxy in unbound_proxies():
            for operation in UNARY:
                with self.subTest(operation), self.assertRaisesRegex(RuntimeError, "^nothing here$"):
                    operation(proxy)
            for operation in [*SYMMETRIC, *ONE_SIDED, *IN_PLACE]:
                with self.subTest(operation), self.assertRaisesRegex(RuntimeError, "^nothing here$"):
                    operation(proxy, 2)

    def test_setting_deleting_entering_and_awaiting_raise_the_message_too(self):
        async def work(proxy):
            await proxy

        def enter(proxy):
            with proxy:
                pass

        def set_item(proxy):
            proxy["a"] = 1

        def set_attribute(proxy):
            proxy.a = 1

        def run(proxy):
            asyncio.run(work(proxy))

        actions = [operator.delitem, delattr, run, enter, set_item, set_attribute, lambda proxy: hasattr(proxy, "a")]
        for proxy in unbound_proxies():
            for action in actions:
                with self.subTest(action), self.assertRaisesRegex(RuntimeError, "^nothing here$"):
                    action(proxy, "a") if action in (operator.delitem, delattr) else action(proxy)

    def test_it_can_be_shown_tested_and_documented(self):
        for proxy in unbound_proxies():
            with self.subTest(vars(type(proxy))["__wrapped__"].fget(proxy)):
                self.assertEqual(repr(proxy), "<LocalProxy unbound>")
                self.assertIs(bool(proxy), False)
                self.assertEqual(dir(proxy), [])
                self.assertIs(proxy.__class__, LocalProxy)
                self.assertEqual(proxy.__doc__, LocalProxy.__doc__)

    def test_without_a_message_it_says_what_is_unbound_and_what_to_do(self):
        variable = contextvars.ContextVar("current_user")
        for proxy, message in [
            (Local()("user"), "^'user' is not bound here: set this attribute of the Local"),
            (LocalStack()("request"), "^'request' is not bound here: push an object onto the LocalStack"),
            (LocalStack()(), "^the top of the LocalStack is not bound here: push an object"),
            (LocalProxy(variable), "^the ContextVar 'current_user' is not bound here: set the ContextVar"),
            (LocalProxy(variable, "name"), "^'name' is not bound here: set the ContextVar"),
        ]:
            with self.subTest(message), self.assertRaisesRegex(RuntimeError, message):
                str(proxy)

    def test_the_error_shows_no_other_error_beneath(self):
        for place in (Local()("user"), LocalStack()(), LocalProxy(contextvars.ContextVar("variable"))):
            with self.subTest(place.__wrapped__), self.assertRaises(RuntimeError) as caught:
                str(place)
            self.assertTrue(caught.exception.__context__ is None or caught.exception.__suppress_context__)

    def test_a_message_can_be_made_when_it_is_needed(self):
        proxy = LocalStack()(unbound_message=lambda: f"nothing in {threading.current_thread().name}")
        with self.assertRaisesRegex(RuntimeError, f"^nothing in {threading.current_thread().name}$"):
            str(proxy)

    def test_none_on_top_of_a_stack_is_nothing(self):
        stack = LocalStack()
        stack.push(None)
        self.assertEqual(repr(stack()), "<LocalProxy unbound>")
        with self.assertRaises(RuntimeError):
            str(stack("request"))

    def test_none_in_a_variable_or_from_a_function_is_an_object(self):
        self.assertEqual(repr(LocalProxy(lambda: None)), "None")
        variable = contextvars.ContextVar("variable", default=None)
        self.assertEqual(repr(LocalProxy(variable)), "None")

    def test_an_attribute_that_the_top_lacks_is_an_attribute_error(self):
        stack = LocalStack()
        stack.push(5)
        with self.assertRaisesRegex(AttributeError, "request"):
            str(stack("request"))

    def test_the_errors_of_a_function_are_its_own(self):
        proxy = LocalProxy(lambda: {}["user"])
        for operation in (str, bool, dir, repr):
            with self.subTest(operation), self.assertRaises(KeyError):
                operation(proxy)

    def test_an_error_of_the_object_is_not_taken_for_an_unbound_proxy(self):
        class Moody:
            def __bool__(self):
                raise RuntimeError("not today")

        with self.assertRaisesRegex(RuntimeError, "not today"):
            bool(LocalProxy(Moody))


class ClassTest(unittest.TestCase):
    """The class LocalProxy stays a class that people and tools can look into."""

    def test_the_class_has_its_own_documentation_and_a_proxy_the_objects(self):
        self.assertEqual(LocalProxy(Everything).__doc__, Everything.__doc__)
        self.assertNotEqual(LocalProxy.__doc__, Everything.__doc__)
        self.assertIs(LocalProxy.__class__, type)
        self.assertEqual(LocalProxy.__name__, "LocalProxy")

    def test_every_method_bears_its_own_name(self):
        for name, value in vars(LocalProxy).items():
            function = getattr(value, "fget", value)
            if inspect.isfunction(function):
                with self.subTest(name):
                    self.assertEqual((function.__name__, function.__code__.co_name), (name, name))
                    self.assertEqual(function.__qualname__, f"LocalProxy.{name}")
                    self.assertEqual(function.__module__, LocalProxy.__module__)
        self.assertEqual(str(inspect.signature(LocalProxy.__add__)), "(self, other)")

    def test_a_traceback_names_the_operation(self):
        try:
            LocalProxy(lambda: 5) + "text"
        except TypeError as error:
            self.assertEqual(traceback.extract_tb(error.__traceback__)[-1].name, "__add__")

    def test_the_classes_take_the_brackets_of_an_annotation(self):
        stack = LocalStack[int]()
        stack.push(1)
        self.assertEqual(LocalProxy[int](stack), 1)

    def test_the_signature_is_the_documented_one(self):
        parameters = inspect.signature(LocalProxy).parameters
        self.assertEqual(list(parameters), ["local", "name", "unbound_message"])
        self.assertIs(parameters["unbound_message"].kind, inspect.Parameter.KEYWORD_ONLY)


def get(application, read=True):
    """Return the body that a WSGI server would send; without read it only closes the response."""
    environ = {"QUERY_STRING": ""}
    setup_testing_defaults(environ)
    body = application(environ, lambda status, headers, exc_info=None: bytearray().extend)
    try:
        return b"".join(body) if read else b""
    finally:
        if hasattr(body, "close"):
            body.close()


class LocalManagerTest(unittest.TestCase):
    """At the end of a request its values are gone."""

    def setUp(self):
        self.local, self.stack = Local(), LocalStack()
        self.manager = LocalManager([self.local, self.stack])

    def bind(self):
        self.local.user = "ada"
        self.stack.push("context")

    def is_released(self):
        return (dict(self.local), self.stack.top) == ({}, None)

    def application(self, environ, start_response):
        """Greet whoever is bound."""
        self.bind()
        start_response("200 OK", [("Content-Type", "text/plain")])
        yield self.local.user.encode()
        yield self.stack.top.encode()

    def test_it_takes_one_or_several_or_none(self):
        for locals, expected in [
            (None, []),
            (self.local, [self.local]),
            (self.stack, [self.stack]),
            ((self.local, self.stack), [self.local, self.stack]),
            (iter([self.stack]), [self.stack]),
        ]:
            with self.subTest(locals):
                manager = LocalManager(locals)
                self.assertEqual(manager.locals, expected)
                self.assertEqual(repr(manager), f"<LocalManager storages: {len(expected)}>")

    def test_cleanup_releases_everything_for_the_current_context_only(self):
        self.bind()
        contextvars.copy_context().run(self.manager.cleanup)
        self.assertFalse(self.is_released())
        self.manager.cleanup()
        self.assertTrue(self.is_released())

    def test_a_local_can_be_added_later(self):
        manager = LocalManager()
        manager.locals.append(self.local)
        self.bind()
        manager.cleanup()
        self.assertEqual(dict(self.local), {})

    def test_the_middleware_keeps_the_rules_of_wsgi(self):
        self.assertEqual(get(validator(self.manager.make_middleware(validator(self.application)))), b"adacontext")
        self.assertTrue(self.is_released())

    def test_values_last_until_the_response_is_closed(self):
        body = self.manager.make_middleware(self.application)({}, lambda status, headers: None)
        self.assertEqual(list(body), [b"ada", b"context"])
        self.assertFalse(self.is_released())
        body.close()
        self.assertTrue(self.is_released())

    def test_close_is_enough(self):
        def application(environ, start_response):
            self.bind()
            return [b"never read"]

        get(self.manager.make_middleware(application), read=False)
        self.assertTrue(self.is_released())

    def test_an_application_that_fails_is_cleaned_up_after(self):
        def fails_at_once(environ, start_response):
            self.bind()
            raise ValueError("failed")

        def fails_while_it_is_read(environ, start_response):
            self.bind()
            yield b"first"
            raise ValueError("failed")

        class FailsWhenClosed(list):
            def close(self):
                raise ValueError("failed")

        def fails_when_closed(environ, start_response):
            self.bind()
            return FailsWhenClosed([b"all"])

        for application in (fails_at_once, fails_while_it_is_read, fails_when_closed):
            with self.subTest(application.__name__):
                with self.assertRaisesRegex(ValueError, "failed"):
                    get(self.manager.make_middleware(application))
                self.assertTrue(self.is_released())

    def test_a_response_that_is_no_iterable_is_cleaned_up_after(self):
        def application(environ, start_response):
            self.bind()

        with self.assertRaises(TypeError):
            get(self.manager.make_middleware(application))
        self.assertTrue(self.is_released())

    def test_the_close_of_the_application_still_sees_the_values(self):
        seen = []

        class Body(list):
            def close(body):
                seen.append(self.local.user)

        def application(environ, start_response):
            self.bind()
            return Body([b"all"])

        get(self.manager.make_middleware(application))
        self.assertEqual(seen, ["ada"])
        self.assertTrue(self.is_released())

    def test_as_a_decorator_it_keeps_name_and_documentation(self):
        @self.manager.middleware
        def application(environ, start_response):
            """Say nothing."""
            self.bind()
            return [b"nothing"]

        self.assertEqual((application.__name__, application.__doc__), ("application", "Say nothing."))
        self.assertEqual(get(application), b"nothing")
        self.assertTrue(self.is_released())


if __name__ == "__main__":
    unittest.main()
