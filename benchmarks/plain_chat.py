"""The plain side of the benchmark of a chat: a Flask application that asks Gemini, and does nothing else."""

import google.auth
from flask import Flask, jsonify, request
from flask.typing import ResponseReturnValue
from google import genai
from google.genai import types

MODEL, MAX_OUTPUT_TOKENS = "gemini-3.8-flash", 2048
app = Flask(__name__)
_credentials, _ = google.auth.default(scopes=("https://www.googleapis.com/auth/cloud-platform",))
_client = genai.Client(vertexai=True, project="acme-dev", location="global", credentials=_credentials)


@app.get("/health")
def health() -> ResponseReturnValue:
    """Answer that the process lives."""
    return jsonify({"status": "ok"})


@app.post("/v1/chat")
def chat() -> ResponseReturnValue:
    """Return Gemini's answer to a message."""
    message = request.get_json()["message"]
    configuration = types.GenerateContentConfig(max_output_tokens=MAX_OUTPUT_TOKENS)
    answer = _client.models.generate_content(model=MODEL, contents=message, config=configuration)
    return jsonify({"text": answer.text})
