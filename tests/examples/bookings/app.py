"""A FastAPI service that books rooms. It sends DogStatsD metrics and writes JSON log lines, and knows no Firedrill.

FastAPI is not among this repository's packages: ``traffic.statsd`` and ``traffic.jsonl`` beside this file are what
`python -m tests.examples.record_bookings` recorded of it, in an environment with fastapi and uvicorn.
"""

import json
import os
import socket
import sys
import time

from fastapi import FastAPI, Response
from pydantic import BaseModel

app = FastAPI()
AGENT = (os.environ.get("DD_AGENT_HOST", "127.0.0.1"), int(os.environ.get("DD_DOGSTATSD_PORT", "8125")))
DATAGRAMS = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)


class Booking(BaseModel):
    """A room for some nights."""

    hotel: str
    nights: int


def send(datagram: str) -> None:
    """Send a metric to the agent."""
    DATAGRAMS.sendto(datagram.encode(), AGENT)


async def book(booking: Booking) -> Response:
    """Book a room; a hotel may be full, and the partner that has the castle does not answer."""
    began = time.monotonic()
    outcome, status = {"full": ("full", 409), "castle": ("partner_down", 502)}.get(booking.hotel, ("booked", 201))
    send(f"bookings.made:1|c|#outcome:{outcome}")
    send(f"bookings.seconds:{time.monotonic() - began:.6f}|d|#outcome:{outcome}")
    line = {"status": "error" if status >= 500 else "info", "message": "booking", "outcome": outcome}
    sys.stdout.write(json.dumps(line | {"nights": booking.nights}) + "\n")
    sys.stdout.flush()
    return Response(status_code=status)


app.add_api_route("/bookings", book, methods=["POST"])
