"""Processor time counts a whole process tree, and quantiles are of what was seen."""

from __future__ import annotations

import subprocess
import sys

import pytest

from bench import gauges

WORK = "import time; start = time.process_time()\nwhile time.process_time() - start < 0.3: pass"


def test_the_time_of_a_child_that_ended_is_counted():
    with gauges.spent() as cost:
        subprocess.run([sys.executable, "-c", WORK], check=True)
    assert cost.cpu >= 0.25  # the system counts in hundredths
    assert cost.wall >= 0.3


def test_the_median_of_an_even_number_is_between_the_middle_two():
    assert gauges.quantile([4, 1, 3, 2], 0.5) == pytest.approx(2.5)


def test_a_high_quantile_is_near_the_largest():
    assert 98 <= gauges.quantile([float(n) for n in range(101)], 0.99) <= 100


def test_the_quantile_of_one_value_is_that_value():
    assert gauges.quantile([7.0], 0.99) == 7.0
