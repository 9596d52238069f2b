"""Slips of the fingers: whether a word that nothing knows is a known one with a letter too many, too few or swapped.

It refuses to take one word of the office for another: what differs by a letter and means something else is listed.
"""

from __future__ import annotations

# Words of office life that differ by a letter and mean something else: never taken for each other's typos.
_CONFUSABLE = frozenset(
    """
    contact contract customer costumer trial trail casual causal later letter latter statement settlement
    personal personnel principal principle stationary stationery complement compliment
    """.split()  # noqa: SIM905
)


_VOWELS = frozenset("aeiouy")


def is_typo(word: str, meant: str) -> bool:
    """One slip of the fingers (two in a long word) that leaves the first and the last letter alone."""
    if len(word) == len(meant) >= 7 and word[:-2] == meant[:-2] and word[-2:] == meant[:-3:-1]:
        return word not in _CONFUSABLE and word.isalpha()  # `remindre`: the last two swapped
    if word[:1] != meant[:1] or word[-1:] != meant[-1:] or abs(len(word) - len(meant)) > 2:
        return False
    shorter = min(len(word), len(meant))
    if shorter < 5 or word in _CONFUSABLE:
        return False
    if " " in word or " " in meant or not (word.isalpha() and meant.isalpha()):
        return False
    from rapidfuzz.distance import OSA

    slips = OSA.distance(word, meant, score_cutoff=2)
    if len(word) == len(meant) and sorted(word) != sorted(meant) and shorter < 7:
        # another letter in a short word is more often another word, unless it is a vowel for a vowel
        pairs = [(a, b) for a, b in zip(word, meant, strict=True) if a != b]
        return shorter == 6 and len(pairs) == 1 and set(pairs[0]) <= _VOWELS
    return slips <= (2 if shorter >= 9 else 1)
