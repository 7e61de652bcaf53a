"""Headers that every response has, whatever made it."""

from flask import Flask, Response

DEFAULTS = {
    # Pages have policies of their own. No other site may show any response in a frame, or load it into a page.
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def add_security_headers(app: Flask) -> None:
    """Add the headers that a response does not have from now on."""

    @app.after_request
    def add(response: Response) -> Response:
        for name, value in DEFAULTS.items():
            response.headers.setdefault(name, value)
        return response
