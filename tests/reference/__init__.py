"""An independent evaluator of monitors: plain loops, written from Datadog's pages, without any code of Firedrill.

``python -m tests.reference 10000`` compares it with :mod:`firedrill.evaluate` on random monitors, lists each
disagreement, and ends with one line, ``N of M agree``.
"""
