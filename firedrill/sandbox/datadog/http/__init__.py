"""The sandbox's Datadog API over HTTP.

A request passes these steps:

1. :mod:`.call_counter`, a middleware, matches the request to an operation of the API (:mod:`.routing`);
2. :mod:`.app` reads keys and body, and applies injected faults (:mod:`.faults`) and rate limits (:mod:`.rate_limits`);
3. :mod:`.api` finds the operation's endpoint, validates the body (:mod:`.validation`), runs the handler in a
   transaction, notifies listeners and records the changes in the audit trail (:mod:`.audit`). Workflow steps call the
   API without HTTP (:mod:`.in_process`) and take this step too.

Handlers are in :mod:`firedrill.sandbox.datadog.handlers`, which says how to add one. They build on :mod:`.handler`,
:mod:`.collection` (create, read, update and delete of one JSON:API kind), :mod:`.paging` and :mod:`.response_parts`.
"""
