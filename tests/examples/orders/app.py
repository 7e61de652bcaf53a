"""A Flask service that takes orders. It sends DogStatsD metrics and writes JSON log lines, and knows no Firedrill."""

import json
import os
import socket
import sys
import time

from flask import Flask, Response, request

app = Flask(__name__)
AGENT = (os.environ.get("DD_AGENT_HOST", "127.0.0.1"), int(os.environ.get("DD_DOGSTATSD_PORT", "8125")))
DATAGRAMS = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


def send(datagram: str) -> None:
    """Send a metric to the agent."""
    DATAGRAMS.sendto(datagram.encode(), AGENT)


@app.post("/orders")
def order() -> Response:
    """Take an order; one for nothing is refused, one that the warehouse lacks fails."""
    began = time.monotonic()
    body = request.get_json(force=True)
    amount, item = int(body["amount"]), str(body["item"])
    outcome, status = ("refused", 400) if amount < 1 else ("failed", 503) if item == "unicorn" else ("ok", 201)
    kind = "gift" if body.get("gift") else "normal"
    send(f"shop.orders:1|c|#outcome:{outcome},kind:{kind}")
    send(f"shop.order.seconds:{time.monotonic() - began:.6f}|d|#outcome:{outcome}")
    line = {"status": "error" if status >= 500 else "info", "message": "order", "outcome": outcome, "items": amount}
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
    return Response(status=status)
