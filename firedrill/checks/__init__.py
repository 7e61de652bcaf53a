"""Checks that Datadog makes of a definition before it stores it. Proofs, policies and the sandbox share them.

:mod:`monitor` has all of a monitor's; :mod:`thresholds` and :mod:`queries` are parts of it.
"""
