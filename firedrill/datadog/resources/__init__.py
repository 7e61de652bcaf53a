"""The tables of resource kinds, one module for each family; :mod:`firedrill.datadog.mapping` explains an entry."""
