"""What the measuring scripts share: taking turns, and showing the result.

A machine is never idle and never twice the same: a figure taken today says little beside one taken
yesterday.  So the contestants take turns within one run (A B C, A B C, ...), whatever disturbs the
machine disturbs them all, and what is compared is their ratio.  Of its turns each contestant is given
the best one: the one that was disturbed least.
"""

from __future__ import annotations

import argparse
import datetime
import gc
import json
import os
import platform
import statistics
import sys
import time


def take_turns(contestants, rounds, duration):
    """Return for each contestant the seconds that one iteration took in each of its turns.

    contestants    {name: run}, where run(number) does the work that number of times
    rounds         turns for each of them; one more, before them, is thrown away
    duration       seconds that a turn is to last, about
    """
    numbers = {name: calibrate(run, duration) for name, run in contestants.items()}
    seconds = {name: [] for name in contestants}
    for _ in range(rounds):
        for name, run in contestants.items():
            gc.collect()  # nobody cleans up after the one before; within a turn the collector runs as in a server
            start = time.perf_counter()
            run(numbers[name])
            seconds[name].append((time.perf_counter() - start) / numbers[name])
    return seconds


def calibrate(run, duration):
    """Return how often to repeat a run so that it lasts about that many seconds."""
    number = 1
    while True:
        start = time.perf_counter()
        run(number)
        elapsed = time.perf_counter() - start
        if elapsed > duration / 4:
            return max(1, round(number * duration / elapsed))
        number *= 2


def summarize(seconds, unit):
    """Return {name: {"best", "median", "ratio"}}: times in units, and the best one's ratio to the first one's."""
    first = min(next(iter(seconds.values())))
    return {
        name: {
            "best": round(min(turns) / unit, 3),
            "median": round(statistics.median(turns) / unit, 3),
            "ratio": round(min(turns) / first, 3),
        }
        for name, turns in seconds.items()
    }


def machine():
    """Return what was measured on, in one line, without a name that would tell whose machine it is."""
    today = datetime.datetime.now(datetime.timezone.utc).date()
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{python}, {platform.system()} on {processor()}, {os.cpu_count()} cores, {today}"


def processor():
    """Return the processor's name, where the system tells it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            names = [line.partition(":")[2].strip() for line in file if line.startswith("model name")]
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()


def make_parser(description, contestants, rounds=20, duration=0.02):
    """Return a parser of what all scripts are told: who takes part, for how long, and how the result is written.

    description    of the script: its docstring
    contestants    their names
    rounds, duration    turns for each, seconds of a turn
    """
    parser = argparse.ArgumentParser(description=description.partition("\n")[0])
    parser.add_argument("--only", metavar="NAMES", help=f"some of {','.join(contestants)}; ratios are to the first")
    parser.add_argument("--rounds", type=int, default=rounds, help=f"turns for each contestant ({rounds})")
    parser.add_argument("--duration", type=float, default=duration, help=f"seconds of a turn ({duration})")
    parser.add_argument(
        "--check", action="store_true", help="exit with 1 if a promise of the documentation is not kept"
    )
    add_output_options(parser)
    return parser


def add_output_options(parser):
    """Let the user of a script choose how the result is written."""
    output = parser.add_mutually_exclusive_group()
    output.add_argument("--json", dest="form", action="store_const", const="json", help="write JSON")
    output.add_argument("--markdown", dest="form", action="store_const", const="markdown", help="write Markdown")


def show_table(header, rows, form=None):
    """Print a table: aligned columns, or Markdown."""
    if form == "markdown":
        alignment = ["---", *["---:"] * (len(header) - 1)]
        for row in [header, alignment, *rows]:
            print("| " + " | ".join(row) + " |")
    else:
        widths = [max(map(len, column)) for column in zip(header, *rows)]
        for row in [header, *rows]:
            cells = [cell.rjust(width) for cell, width in zip(row, widths)]
            print("  ".join([row[0].ljust(widths[0]), *cells[1:]]))


def show_json(value):
    json.dump(value, sys.stdout, indent=2)
    print()
