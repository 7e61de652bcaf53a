"""``firedrill rehearse``: the first deployment of docs/deploy.md, played on this machine before it is real.

The commands are those of the page, run in a copy of the checkout against a sandbox of its own: an organisation and a
project without anything. A rehearsal can also lack a Datadog product, or have a policy of a Google organisation.
"""
