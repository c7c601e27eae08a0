"""Microseconds of finding the rule for a URL, and of building the URL of a rule, with few rules and with many.

    python bench/routing.py                               all contestants, 10 to 10,000 rules
    python bench/routing.py --only nanoweb --sizes 10     nothing to install, a few seconds
    python bench/routing.py --markdown                    the table in docs/

A third of the rules has no variable, a third has one, a third two; no two start with the same segment.  What
is asked is drawn at random, the same for all.  Before any time is taken, every contestant has to answer every
request as the rules say: with the rule and its values, with 404 or with 405.  How to read the figures:
bench/README.md.
"""

from __future__ import annotations

import gc
import random
import sys
import time
from itertools import count, cycle, islice

import contestants
import timing

SIZES = [10, 100, 1000, 10_000]
DRAWN = 300  # requests of a kind

# Routers alone: Werkzeug is that of Flask.
contestants.PACKAGES["werkzeug"] = ("werkzeug", "markupsafe")
contestants.INSTALL["werkzeug"] = "python -m pip install werkzeug==3.1.9"

# A contestant that took longer than this to read the rules is not asked to do it again, in seconds.
PATIENCE = 5


# What is asked


def rule(number):
    """Return a rule as pieces: its texts, and (variable, converter)."""
    kind = number % 3
    if kind == 0:
        return [f"/static{number}/page"]
    if kind == 1:
        return [f"/one{number}/", ("id", "int")]
    return [f"/two{number}/", ("name", "text"), "/x/", ("id", "int")]


def spell(pieces, formats):
    """Return a rule as text.

    formats   how a variable reads, by its converter
    """
    return "".join([piece if isinstance(piece, str) else formats[piece[1]].format(piece[0]) for piece in pieces])


class Questions:
    """What is asked of a map with so many rules: lists of (path, method, expected), by kind of request.

    expected   (number of the rule, values), 404 or 405
    """

    def __init__(self, size, seed=1):
        self.random = random.Random(seed)
        numbers = range(size)
        # Every third rule is of the same kind.
        kinds = {"no variable": numbers[0::3], "one variable": numbers[1::3], "two variables": numbers[2::3]}
        self.hits = {kind: [self.hit(number) for number in self.draw(among)] for kind, among in kinds.items()}
        any_of_these = self.random.sample([hit for hits in self.hits.values() for hit in hits], DRAWN)
        self.match = {
            **self.hits,
            "any of these": any_of_these,
            "404": [self.miss(number) for number in self.draw(numbers)],
            "405": [(path, "POST", 405) for path, _, _ in any_of_these],
        }

    def draw(self, among):
        return self.random.choices(among, k=DRAWN)

    def hit(self, number):
        values = {}
        for piece in rule(number):
            if not isinstance(piece, str):
                name, converter = piece
                values[name] = self.random.randrange(100_000) if converter == "int" else self.word()
        path = "".join([piece if isinstance(piece, str) else str(values[piece[0]]) for piece in rule(number)])
        return path, "GET", (number, values)

    def miss(self, number):
        path, _, _ = self.hit(number)
        paths = [f"/{self.word()}/{self.word()}", f"{path}/{self.word()}"]
        paths.append(path.replace("page", self.word()) if number % 3 == 0 else path.rpartition("/")[0] + "/seven")
        return self.random.choice(paths), "GET", 404

    def word(self):
        return "".join(self.random.choices("abcdefghijklmnopqrstuvwxyz", k=self.random.randint(4, 10)))


# The contestants: each reads the rules 0 to size - 1, and answers.
#
#     loop(requests)        a function that has a number of requests answered, as the framework itself does it
#     answer(path, method)  the answer to one of them, to be checked
#     add(number)           one more rule
#     build(number, values) the URL of a rule; None if the framework builds none


class WerkzeugStyle:
    def __init__(self, routing, error, size):
        self.Rule, self.error = routing.Rule, error
        self.map = routing.Map([self.make(number) for number in range(size)])
        self.urls = self.map.bind("www.example.com")
        self.build = self.urls.build

    def make(self, number):
        text = spell(rule(number), {"int": "<int:{}>", "text": "<{}>"})
        return self.Rule(text, endpoint=number, methods=["GET"])

    def add(self, number):
        self.map.add(self.make(number))

    def answer(self, path, method):
        try:
            return self.urls.match(path, method)
        except self.error as error:
            return error.code

    def loop(self, requests):
        match, errors = self.urls.match, self.error

        def run(number):
            for path, method in islice(cycle(requests), number):
                try:  # noqa: SIM105  suppress() would cost more than what is measured
                    match(path, method)
                except errors:
                    pass

        return run


def build_nanoweb(size):
    from nanoweb import exceptions, routing

    return WerkzeugStyle(routing, exceptions.HTTPException, size)


def build_werkzeug(size):
    from werkzeug import exceptions, routing

    return WerkzeugStyle(routing, exceptions.HTTPException, size)


class Bottle:
    def __init__(self, size):
        import bottle

        self.error = bottle.HTTPError
        self.router = bottle.Router()
        for number in range(size):
            self.add(number)

    def add(self, number):
        text = spell(rule(number), {"int": "<{}:int>", "text": "<{}>"})
        self.router.add(text, "GET", number, name=str(number))

    def answer(self, path, method):
        try:
            return self.router.match({"PATH_INFO": path, "REQUEST_METHOD": method})
        except self.error as error:
            return error.status_code

    def build(self, number, values):
        return self.router.build(str(number), **values)

    def loop(self, requests):
        match, errors = self.router.match, self.error
        environs = [{"PATH_INFO": path, "REQUEST_METHOD": method} for path, method in requests]

        def run(number):
            for environ in islice(cycle(environs), number):
                try:  # noqa: SIM105
                    match(environ)
                except errors:
                    pass

        return run


class Falcon:
    build = None

    class Resource:
        def __init__(self, number):
            self.number = number

        def on_get(self, req, resp, **values):
            pass

    def __init__(self, size):
        import falcon.responders
        from falcon.routing import CompiledRouter

        self.error = falcon.HTTPError
        self.path_not_found = falcon.responders.path_not_found
        self.router = CompiledRouter()
        for number in range(size):
            self.add(number)

    def add(self, number):
        text = spell(rule(number), {"int": "{{{}:int}}", "text": "{{{}}}"})
        self.router.add_route(text, self.Resource(number))

    def answer(self, path, method):
        found = self.router.find(path)
        if found is None:
            return 404
        resource, responders, values, _ = found
        try:
            responders[method](None, None, **values)
        except self.error as error:
            return error.status_code
        return resource.number, values

    def loop(self, requests):
        find, path_not_found, errors = self.router.find, self.path_not_found, self.error

        def run(number):
            for path, method in islice(cycle(requests), number):
                found = find(path)
                try:
                    if found is None:
                        path_not_found(None, None)
                    responder = found[1][method]
                    if method != "GET":  # then Falcon has put a responder there that raises 405
                        responder(None, None)
                except errors:
                    pass

        return run


BUILD = {"nanoweb": build_nanoweb, "werkzeug": build_werkzeug, "bottle": Bottle, "falcon": Falcon}


# The measuring


def check(name, router, questions):
    """End the program unless a router answers every question as the rules say, and builds the URLs back."""
    for requests in questions.match.values():
        for path, method, expected in requests:
            answer = router.answer(path, method)
            if answer != expected:
                sys.exit(f"{name} answers {method} {path} with {answer!r}; expected {expected!r}")
    if router.build is not None:
        for path, _, (number, values) in questions.match["any of these"]:
            if router.build(number, values) != path:
                sys.exit(f"{name} builds {router.build(number, values)!r} of {values!r}; expected {path!r}")


def read_rules(names, size, rounds):
    """Return the routers, and the seconds that each of them took to read the rules and answer for the first time."""
    path, method, _ = Questions(size).match["two variables"][0]
    seconds = {name: [] for name in names}
    routers = {}
    for _ in range(rounds):
        for name in names:
            if not seconds[name] or seconds[name][0] < PATIENCE:
                routers.pop(name, None)
                gc.collect()
                start = time.perf_counter()
                routers[name] = BUILD[name](size)
                routers[name].answer(path, method)
                seconds[name].append(time.perf_counter() - start)
    return {name: routers[name] for name in names}, seconds


def make_match(router, requests):
    return router.loop([(path, method) for path, method, _ in requests])


def make_build(router, requests):
    build = router.build
    wanted = [expected for _, _, expected in requests]

    def run(number):
        for endpoint, values in islice(cycle(wanted), number):
            build(endpoint, values)

    return run


def make_add(router, size):
    """Return a function that adds rules to a router in use; each is of one variable, and matched at once."""
    numbers = count(size - size % 3 + 4, 3)

    def run(number):
        for new in islice(numbers, number):
            router.add(new)
            if router.answer(f"/one{new}/7", "GET") != (new, {"id": 7}):
                sys.exit(f"a rule was added, and not found: {new}")

    return run


def measure(names, size, options):
    """Return the router of nanoweb, and {what: {name: times}} for a map of that size."""
    questions = Questions(size)
    routers, seconds = read_rules(names, size, 3 if size >= 1000 else options.rounds)
    for name, router in routers.items():
        check(name, router, questions)
    gc.collect()
    gc.freeze()  # tens of thousands of rules are no rubbish: the collector need not look at them before every turn
    results = {}
    for kind, requests in questions.match.items():
        runs = {name: make_match(router, requests) for name, router in routers.items()}
        results[kind] = timing.take_turns(runs, options.rounds, options.duration)
    every = questions.match["any of these"]
    runs = {name: make_build(router, every) for name, router in routers.items() if router.build is not None}
    results["build a URL"] = timing.take_turns(runs, options.rounds, options.duration)
    results["read the rules"] = seconds
    runs = {name: make_add(router, size) for name, router in routers.items()}
    results["one more rule"] = timing.take_turns(runs, 3, options.duration)
    gc.unfreeze()
    return {what: timing.summarize(times, unit=1e-6) for what, times in results.items()}


def measure_growth(sizes, options):
    """Return the times of nanoweb with so many rules; the sizes take turns, so the ratios are of one run."""
    runs = {}
    for size in sizes:
        questions, router = Questions(size), BUILD["nanoweb"](size)
        check("nanoweb", router, questions)
        runs[f"{size:,} rules"] = make_match(router, questions.match["any of these"])
    gc.collect()
    gc.freeze()
    times = timing.take_turns(runs, options.rounds, options.duration)
    gc.unfreeze()
    return timing.summarize(times, unit=1e-6)


# The promises

MATCHES = ["no variable", "one variable", "two variables", "any of these", "404", "405"]


def broken_budgets(results, growth):
    """Return a sentence for each promise that this run did not keep."""
    broken = []

    def demand(size, what, name, times):
        """nanoweb takes at most that part of another's time."""
        found = results[size][what].get(name)
        if found is not None and found["ratio"] < times:
            broken.append(f"{size} rules, {what}: {name} takes {found['ratio']:.2f} times as long, not {times}")

    for size, result in results.items():
        for what in MATCHES:
            demand(size, what, "werkzeug", 3)
        demand(size, "build a URL", "werkzeug", 2)
        for name in ["bottle", "falcon"] if size >= 100 else []:
            demand(size, "any of these", name, 1)
        if size >= 10_000:
            demand(size, "read the rules", "werkzeug", 3)
            adding, reading = (result[what]["nanoweb"]["best"] for what in ("one more rule", "read the rules"))
            if adding > reading / 100:
                broken.append(f"{size} rules: one more costs {adding:.0f} us, all of them {reading:.0f} us")
    last, times = list(growth.items())[-1]
    if times["ratio"] > 1.3:
        broken.append(f"{last}: {times['ratio']:.2f} times as long as with the fewest, not 1.3")
    return broken


def show_time(times):
    if times is None:
        return "\N{EN DASH}"
    best, unit = times["best"], "\N{MICRO SIGN}s"
    if best >= 10_000:
        best, unit = best / 1000, "ms"
    digits = 2 if best < 100 else 0
    return f"{best:.{digits}f} {unit} {times['ratio']:6.2f}\N{MULTIPLICATION SIGN}"


def main():
    parser = timing.make_parser(__doc__, BUILD)
    parser.add_argument("--sizes", metavar="NUMBERS", help=f"numbers of rules ({','.join(map(str, SIZES))})")
    options = parser.parse_args()

    names = contestants.choose(options.only, among=BUILD)
    sizes = [int(size) for size in options.sizes.split(",")] if options.sizes else SIZES
    results = {}
    for size in sizes:
        results[size] = measure(names, size, options)
    growth = measure_growth(sizes, options) if "nanoweb" in names else {}

    versions = [contestants.version(name) for name in names]
    if options.form == "json":
        answer = {"machine": timing.machine(), "versions": versions, "microseconds": results, "growth": growth}
        timing.show_json(answer)
    else:
        rows = [
            [f"{size:,} rules: {what}", *(show_time(times.get(name)) for name in names)]
            for size, result in results.items()
            for what, times in result.items()
        ]
        timing.show_table(["", *names], rows, options.form)
        print()
        timing.show_table(["", *growth], [["nanoweb", *map(show_time, growth.values())]], options.form)
        print(f"\n{', '.join(versions)}\n{timing.machine()}")
    if options.check:
        sys.exit("\n".join(broken_budgets(results, growth)) or 0)


if __name__ == "__main__":
    main()
