"""The error of a query that cannot be parsed, with its place underlined."""


class QueryError(ValueError):
    """Raised for a query outside Datadog's grammar.

    ``start`` and ``end`` are offsets in ``query``; ``str()`` underlines them.
    """

    def __init__(self, message: str, query: str, start: int, end: int) -> None:
        self.message = message
        self.query = query
        self.start = max(0, min(start, len(query)))
        self.end = max(self.start, min(end, len(query)))
        super().__init__(message, query, start, end)

    def __str__(self) -> str:
        """Return the message, the line of the query that holds the error, and a line of ``^`` below it."""
        line_start = self.query.rfind("\n", 0, self.start) + 1
        line_end = self.query.find("\n", self.start)
        line = self.query[line_start : line_end if line_end >= 0 else len(self.query)]
        width = max(1, min(self.end, line_start + len(line)) - self.start)
        return f"{self.message}\n  {line}\n  {' ' * (self.start - line_start)}{'^' * width}"
