"""Starts and runs the workflows of an organisation: those that monitors mention, and those that the API queued."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from firedrill.sandbox.datadog.account import CONNECTIONS, WORKFLOW_INSTANCES, WORKFLOWS, Directory
from firedrill.sandbox.datadog.live import workflows
from firedrill.sandbox.datadog.live.journal import Journal
from firedrill.sandbox.datadog.own_api import own_api

Json = dict[str, Any]
AT_ONCE = 4
"""Runs at the same time."""
KEPT = 200
"""Instances that are kept."""


class WorkflowRunner:
    """Runs queued instances in threads of its own and keeps each instance's object up to date."""

    def __init__(
        self,
        directory: Directory,
        org: str,
        journal: Journal,
        http: httpx.Client,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._directory, self._org, self._journal, self._http, self._clock = directory, org, journal, http, clock
        self._api = own_api(directory, org)
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="workflow")
        directory.subscribe(WORKFLOW_INSTANCES, self._changed)

    def resume(self) -> None:
        """After a restart: run what was queued; what was running has failed, its steps may not be repeatable."""
        for instance in self._directory.objects(self._org, WORKFLOW_INSTANCES):
            if instance.get("status") == "running":
                self._put({**instance, "status": "failed", "error": "the sandbox stopped while it ran"})
            elif instance.get("status") == "queued":
                self._changed(self._org, WORKFLOW_INSTANCES, instance["id"])

    def start_by_monitor(self, handle: str, inputs: Mapping[str, Any], source: Json) -> str:
        """Queue a run for ``@workflow-handle``; returns the instance's id. Raises :class:`workflows.NotStarted`."""
        workflow = workflows.by_handle(self._directory.objects(self._org, WORKFLOWS), handle)
        earlier = [one["created"] for one in self._instances(workflow) if one.get("trigger") == "monitor"]
        run = workflows.start(workflow, "monitor", inputs, source=source, earlier=earlier, now=self._clock())
        self._put(run.as_json())
        self._forget_oldest()
        return run.id

    def close(self) -> None:
        """Let running steps end; what is queued stays queued for the next start."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _changed(self, org: str, kind: str, identifier: str) -> None:
        instance = self._directory.get(org, kind, identifier)
        if org == self._org and instance is not None and instance.get("status") == "queued":
            self._pool.submit(self._run, identifier)

    def _run(self, identifier: str) -> None:
        instance = self._directory.get(self._org, WORKFLOW_INSTANCES, identifier)
        if instance is None or instance.get("status") != "queued":
            return
        workflow = self._directory.get(self._org, WORKFLOWS, instance["workflow_id"])
        if workflow is None:
            self._put({**instance, "status": "failed", "error": "the workflow is gone", "finished": self._clock()})
            return
        try:
            trigger: workflows.Trigger = "monitor" if instance.get("trigger") == "monitor" else "api"
            run = workflows.Run(
                identifier,
                instance["workflow_id"],
                workflow["attributes"]["name"],
                str((workflow["attributes"].get("spec") or {}).get("handle") or ""),
                trigger,
                instance["created"],
                workflows.inputs_of(workflow, instance.get("inputs") or {}),
                instance.get("source") or {},
            )
            self._put({**instance, "status": "running"})
            done = workflows.execute(workflow, run, self._means()).as_json()
            with self._directory.store.transaction():
                current = self._directory.get(self._org, WORKFLOW_INSTANCES, identifier) or {}
                if current.get("status") == "canceled":
                    done["status"] = "canceled"
                self._directory.store.put(self._org, WORKFLOW_INSTANCES, identifier, {**instance, **done})
        except workflows.NotStarted as refusal:
            self._put({**instance, "status": "failed", "error": str(refusal), "finished": self._clock()})
        except Exception as error:  # noqa: BLE001  # a malformed spec must fail its instance, not vanish with the thread
            self._journal.error(f"workflow instance {identifier}", error)
            self._put({**instance, "status": "failed", "error": f"{type(error).__name__}: {error}"})

    def _means(self) -> workflows.Means:
        connections = {str(one["id"]): one for one in self._directory.objects(self._org, CONNECTIONS)}
        return workflows.Means(self._http, connections, self._api, self._clock)

    def declare_incident(self, attributes: Json) -> Json:
        """Declare an incident with these attributes; returns it as the API does."""
        body = {"data": {"type": "incidents", "attributes": attributes}}
        incident: Json = self._api("POST /api/v2/incidents", body)["data"]
        return incident

    def _instances(self, workflow: Mapping[str, Any]) -> list[Json]:
        found = self._directory.objects(self._org, WORKFLOW_INSTANCES)
        return [one for one in found if one["workflow_id"] == str(workflow["id"])]

    def _put(self, instance: Json) -> None:
        self._directory.put(self._org, WORKFLOW_INSTANCES, instance["id"], instance)

    def _forget_oldest(self) -> None:
        done = [one for one in self._directory.objects(self._org, WORKFLOW_INSTANCES) if one.get("finished")]
        for old in done[: max(0, len(done) - KEPT)]:
            self._directory.store.delete(self._org, WORKFLOW_INSTANCES, old["id"])
