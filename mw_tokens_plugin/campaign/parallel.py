"""Calling a function for a few items at a time, with the results in order.

The threads are daemons, so that an interrupted plan does not wait for a wiki.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar('Item')
Result = TypeVar('Result')

#: What is read at a time: as many requests are in flight, and not more.
AT_A_TIME = 3


def in_parallel(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    at_a_time: int = AT_A_TIME,
) -> Iterator[tuple[Item, Result | Exception]]:
    """Yield each item with what a function returns or raises for it, in their order.

    The items are started in order, and no more than needed if the caller is slow.

    :param function: called in a thread, one item at a time in each
    :param items: what it is called with
    :param at_a_time: how many threads there are
    """
    todo = list(items)
    if at_a_time == 1 or len(todo) <= 1:
        for item in todo:
            yield item, _called(function, item)
        return
    orders: queue.SimpleQueue[int | None] = queue.SimpleQueue()
    results: queue.SimpleQueue[tuple[int, Result | Exception]] = queue.SimpleQueue()

    def work() -> None:
        while (number := orders.get()) is not None:
            results.put((number, _called(function, todo[number])))

    threads = [
        threading.Thread(target=work, name='reader', daemon=True)
        for _ in range(min(at_a_time, len(todo)))
    ]
    try:
        for number in range(len(threads)):
            orders.put(number)
        for thread in threads:
            thread.start()
        found: dict[int, Result | Exception] = {}
        ordered = len(threads)
        for number, item in enumerate(todo):
            while number not in found:
                done, result = results.get()
                found[done] = result
                if ordered < len(todo):
                    orders.put(ordered)
                    ordered += 1
            yield item, found.pop(number)
    finally:
        for _ in threads:
            orders.put(None)


def _called(function: Callable[[Item], Result], item: Item) -> Result | Exception:
    try:
        return function(item)
    except Exception as error:  # noqa: BLE001  # the caller is given it
        return error
