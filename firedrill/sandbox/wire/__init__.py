"""A comparison of our Datadog provider with what was recorded of the published one, for the same inputs.

`examples` compares the requests that create documentation's examples, `cases` every operation of single resources.
"""
