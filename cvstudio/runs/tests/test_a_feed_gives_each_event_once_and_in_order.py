"""The joint between live and stored events, without network or database."""

from __future__ import annotations

import asyncio
import random

import pytest

from cvstudio.runs.live.feed import MAX_WAITING, PAGE, Feed
from cvstudio.runs.live.frames import Line
from cvstudio.runs.live.window import Window


class Log:
    """A stored event log that counts how often it is read."""

    def __init__(self, length: int = 0) -> None:
        self.length = length
        self.reads = 0

    async def fetch(self, after: int, limit: int) -> list[Line]:
        self.reads += 1
        return lines(after + 1, min(self.length, after + limit))


def lines(first: int, last: int) -> list[Line]:
    return [Line(seq, f'{{"seq":{seq}}}', False) for seq in range(first, last + 1)]


async def take(feed: Feed, count: int) -> list[int]:
    taken: list[int] = []
    while len(taken) < count:
        taken += [line.seq for line in await asyncio.wait_for(feed.next_lines(), 5)]
    return taken


async def caught_up(log: Log) -> Feed:
    feed = Feed(log.length, log.fetch)
    await feed.next_lines()
    assert feed.is_live
    return feed


async def test_stored_events_are_replayed_in_pages() -> None:
    log = Log(3 * PAGE + 7)
    feed = Feed(10, log.fetch)
    assert await take(feed, log.length - 10) == list(range(11, log.length + 1))
    assert feed.is_live


async def test_events_that_follow_directly_need_no_database() -> None:
    log = Log(5)
    feed = await caught_up(log)
    reads = log.reads
    feed.offer(lines(6, 8))
    feed.offer(lines(9, 9))
    assert await take(feed, 4) == [6, 7, 8, 9]
    assert log.reads == reads


async def test_a_gap_is_filled_from_the_database() -> None:
    log = Log(5)
    feed = await caught_up(log)
    log.length = 20
    feed.offer(lines(15, 20))
    assert await take(feed, 15) == list(range(6, 21))


async def test_what_comes_twice_is_sent_once() -> None:
    feed = await caught_up(Log(5))
    feed.offer(lines(4, 7))
    feed.offer(lines(6, 8))
    assert await take(feed, 3) == [6, 7, 8]


async def test_an_event_announced_while_a_page_is_read_is_not_missed() -> None:
    log = Log(3)
    feed = Feed(0, log.fetch)

    async def fetch(after: int, limit: int) -> list[Line]:
        page = await log.fetch(after, limit)
        if log.length == 3:
            log.length = 4
            feed.offer(lines(4, 4))
        return page

    feed._fetch = fetch
    assert await take(feed, 4) == [1, 2, 3, 4]


async def test_without_a_layer_the_head_alone_brings_events() -> None:
    log = Log(5)
    feed = await caught_up(log)
    log.length = 8
    feed.head(8, is_urgent=True)
    assert await take(feed, 3) == [6, 7, 8]


async def test_with_a_layer_the_head_waits_for_events_under_way() -> None:
    log = Log(5)
    feed = await caught_up(log)
    reads = log.reads
    log.length = 6
    feed.head(6, is_urgent=False)
    feed.offer(lines(6, 6))
    assert await take(feed, 1) == [6]
    assert log.reads == reads
    log.length = 7
    feed.head(7, is_urgent=False)
    feed.head(7, is_urgent=False)
    assert await take(feed, 1) == [7]


async def test_a_client_that_lags_costs_bounded_memory_and_loses_nothing() -> None:
    log = Log(0)
    feed = await caught_up(log)
    for first in range(1, 3 * MAX_WAITING, 10):
        log.length = first + 9
        feed.offer(lines(first, first + 9))
        assert len(feed._waiting) <= MAX_WAITING
    assert await take(feed, log.length) == list(range(1, log.length + 1))


@pytest.mark.parametrize("seed", range(20))
async def test_any_mixture_of_loss_doubles_and_late_messages_gives_the_log(seed: int) -> None:
    chance = random.Random(seed)
    log, messages, taken = Log(0), [], []
    feed = Feed(0, log.fetch)
    while log.length < 300:
        first = log.length + 1
        log.length += chance.randint(1, 9)
        messages.append(lines(first, log.length))
        if chance.random() < 0.5:
            chance.shuffle(messages)
        for message in messages[: chance.randint(0, 3)]:
            if chance.random() < 0.8:
                feed.offer(message)
            if chance.random() < 0.8 and message in messages:
                messages.remove(message)
        if chance.random() < 0.3:
            feed.head(log.length, is_urgent=chance.random() < 0.5)
        if feed._ready.is_set():
            taken += [line.seq for line in await feed.next_lines()]
    feed.head(log.length, is_urgent=True)
    while feed._ready.is_set():
        taken += [line.seq for line in await feed.next_lines()]
    assert taken == list(range(1, log.length + 1))


async def test_a_client_that_confirms_is_sent_no_more_than_the_window() -> None:
    window = Window(limit_bytes=100, slow_s=0.01)
    window.note_sent(1, 60)
    window.confirm(1)
    window.note_sent(2, 60)
    window.note_sent(3, 60)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(window.wait_for_room(), 0.1)
    window.confirm(2)
    await asyncio.wait_for(window.wait_for_room(), 0.1)


async def test_a_client_that_never_confirms_is_sent_slowly_but_for_ever() -> None:
    window = Window(limit_bytes=100, slow_s=0.05)
    window.note_sent(1, 1000)
    started = asyncio.get_running_loop().time()
    for seq in range(2, 5):
        await window.wait_for_room()
        window.note_sent(seq, 1000)
    assert asyncio.get_running_loop().time() - started >= 0.14
