"""Whether time grows with the size of the input and no faster, on a machine that does other things too."""

from __future__ import annotations

import time

FLOOR = 3e-4  # seconds: what is quicker than that is not measured, but taken for that long


def is_linear(function, short, long, factor=4):
    """Tell whether time grows with the input: at most factor times faster than its length does.

    Processor time, and the least of many calls: a disturbance can only add to it.  A sixteen times longer
    input takes 16 times as long where time is linear, and 256 times where it is quadratic.
    """
    least_short, least_long = 1.0, float("inf")
    for _ in range(12):
        least_short = min(least_short, processor_time(function, short))
        least_long = min(least_long, processor_time(function, long))
        if least_long < factor * len(long) / len(short) * max(least_short, FLOOR):
            return True
    return False


def processor_time(function, argument):
    start = time.process_time()
    function(argument)
    return time.process_time() - start
