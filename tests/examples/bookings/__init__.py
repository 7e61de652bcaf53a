"""A FastAPI service, whose recorded telemetry brings it under the stack."""
