"""No more than is allowed is let through, and no less than could be."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcrop.models.limits import MINUTE, PATIENCE, Limited, Limits, Window
from outcrop.testing.cards import card

STEPS = st.lists(st.tuples(st.floats(0, 30), st.integers(0, 60)), max_size=60)


class Time:
    """A clock that only sleeping moves."""

    def __init__(self):
        self.now = 100.0

    def clock(self):
        return self.now

    async def sleep(self, seconds):
        self.now += seconds
        await asyncio.sleep(0)


def limits(**allowed):
    time = Time()
    return Limits(card("scripted:test", **allowed), time.clock, time.sleep), time


@given(limit=st.integers(1, 50), steps=STEPS)
def test_no_minute_holds_more_than_the_limit(limit, steps):
    window, now, taken = Window(limit), 0.0, []
    for later, amount in steps:
        now += later
        if window.wait(amount, now) == 0:
            window.take(amount, now)
            taken.append((now, min(amount, limit)))
    for start, _ in taken:
        assert sum(amount for at, amount in taken if start <= at < start + MINUTE) <= limit


@given(limit=st.integers(1, 50), steps=STEPS)
def test_what_waits_as_long_as_it_is_told_is_let_through(limit, steps):
    window, now = Window(limit), 0.0
    for later, amount in steps:
        now += later
        # A moment is added: the difference of two floats need not be exact.
        now += window.wait(amount, now) + 1e-6
        assert window.wait(amount, now) == 0
        window.take(amount, now)


async def test_requests_of_a_minute_are_let_through_at_once_and_the_next_waits_its_time():
    allowed, time = limits(requests_per_minute=2)
    time.now = 0.0
    for at in (0.0, 50.0, MINUTE):
        time.now = max(time.now, at - 10 if at == MINUTE else at)
        async with allowed.admitted(1):
            assert time.now == at


async def test_a_request_that_would_wait_too_long_is_refused_with_the_limit():
    allowed, _ = limits(requests_per_minute=1)
    async with allowed.admitted(1):
        pass
    with pytest.raises(Limited, match=r"requests_per_minute \(1\)") as caught:
        async with allowed.admitted(1):
            pass
    assert PATIENCE < caught.value.retry_after <= MINUTE


async def test_tokens_are_corrected_once_they_are_known():
    allowed, _ = limits(tokens_per_minute=100)
    async with allowed.admitted(90) as spent:
        spent.amount = 10
    async with allowed.admitted(90):
        pass
    with pytest.raises(Limited, match="tokens_per_minute"):
        async with allowed.admitted(1):
            pass


async def test_a_request_larger_than_the_limit_goes_through_alone():
    allowed, _ = limits(tokens_per_minute=10)
    async with allowed.admitted(1000):
        pass


async def test_no_more_run_at_once_than_is_allowed():
    allowed, _ = limits(concurrency=2)
    running, most = 0, 0

    async def request():
        nonlocal running, most
        async with allowed.admitted(1):
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1

    await asyncio.gather(*[request() for _ in range(10)])
    assert most == 2
