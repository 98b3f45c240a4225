# SPDX-License-Identifier: BSD-3-Clause
"""Exchange networks: which pairs to put in order so that the element of one rank is known.

Sorted lists are merged two by two (Batcher's odd-even merge; Knuth, The Art of Computer Programming, volume 3, 5.3.4). What
cannot have the wanted rank is dropped after each merge, and what the wanted element does not depend on at the end, so that
most of the network of a whole sort is never carried out.
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

BOTH, LEAST, MOST = 0, 1, 2  # an exchange keeps both results, or only the smaller or the larger one


class Network(NamedTuple):
    """Exchanges of lines (low, high, what to keep) and where the results then lie."""

    exchanges: tuple[tuple[int, int, int], ...]
    results: tuple[int, ...]


def _merge(a: Sequence[int], b: Sequence[int], exchanges: list[tuple[int, int]]) -> list[int]:
    """Return the lines of two sorted lists in sorted order, after the exchanges appended."""
    if not a or not b:
        return [*a, *b]
    if len(a) == len(b) == 1:
        exchanges.append((a[0], b[0]))
        return [a[0], b[0]]
    even, odd = _merge(a[::2], b[::2], exchanges), _merge(a[1::2], b[1::2], exchanges)
    merged = [even[0]]
    for low, high in zip(odd, even[1:], strict=False):
        exchanges.append((low, high))
        merged += [low, high]
    pairs = min(len(odd), len(even) - 1)
    return merged + odd[pairs:] + even[pairs + 1 :]


def _possible(lists: list[list[int]], rank: int) -> tuple[list[list[int]], int]:
    """Return the lists without what cannot be of this rank among all, and the rank among the rest."""
    while True:
        total = sum(map(len, lists))
        for i, lines in enumerate(lists):
            below = max(0, rank - (total - len(lines)))
            kept = lines[below : rank + 1]
            if len(kept) < len(lines):
                lists = [*lists[:i], kept, *lists[i + 1 :]]
                rank -= below
                break
        else:
            return [lines for lines in lists if lines], rank


def _needed(exchanges: list[tuple[int, int]], results: Sequence[int]) -> tuple[tuple[int, int, int], ...]:
    """Return the exchanges that the results depend on, and what of each."""
    wanted, kept = set(results), []
    for low, high in reversed(exchanges):
        if low in wanted or high in wanted:
            kept.append((low, high, BOTH if low in wanted and high in wanted else LEAST if low in wanted else MOST))
            wanted |= {low, high}
    return tuple(reversed(kept))


@lru_cache(maxsize=64)
def sorting(count: int) -> Network:
    """Return the network that sorts `count` lines."""
    exchanges: list[tuple[int, int]] = []
    lists = [[line] for line in range(count)]
    while len(lists) > 1:
        lists = sorted([*lists[2:], _merge(lists[0], lists[1], exchanges)], key=len)
    return Network(_needed(exchanges, lists[0]), tuple(lists[0]))


@lru_cache(maxsize=64)
def selecting(lengths: tuple[int, ...], rank: int) -> Network:
    """Return the network that finds the element of a rank among sorted lists; the lines of a list follow each other.

    Examples
    --------
    >>> selecting((1, 1, 1), 1)
    Network(exchanges=((0, 1, 0), (2, 0, 2), (1, 0, 1)), results=(1,))
    """
    exchanges: list[tuple[int, int]] = []
    lists, first = [], 0
    for length in lengths:
        lists.append(list(range(first, first + length)))
        first += length
    lists, rank = _possible(lists, rank)
    while len(lists) > 1:
        lists, rank = _possible(sorted([*lists[2:], _merge(lists[0], lists[1], exchanges)], key=len), rank)
    return Network(_needed(exchanges, lists[0]), tuple(lists[0]))


@lru_cache(maxsize=64)
def extreme(count: int, largest: bool) -> Network:
    """Return the network that finds the smallest or largest of `count` lines."""
    keep = MOST if largest else LEAST
    return Network(tuple((line, 0, keep) if largest else (0, line, keep) for line in range(1, count)), (0,))
