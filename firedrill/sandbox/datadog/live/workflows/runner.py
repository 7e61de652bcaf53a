"""Runner of an organisation's workflows: those that monitors mention, and those that the API queued."""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx

from firedrill.sandbox.datadog.account import CONNECTIONS, WORKFLOW_INSTANCES, WORKFLOWS, Directory
from firedrill.sandbox.datadog.http.in_process import in_process_api
from firedrill.sandbox.datadog.live.journal import Journal
from firedrill.sandbox.datadog.live.workflows import execution

Json = dict[str, Any]
MAX_CONCURRENT = 4
"""Instances that run at the same time."""
MAX_KEPT = 200
"""Finished instances that are kept."""


class WorkflowRunner:
    """Runs queued instances in threads and keeps each instance's object up to date."""

    def __init__(
        self,
        directory: Directory,
        org: str,
        journal: Journal,
        http: httpx.Client,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._directory, self._org, self._journal, self._http, self._clock = directory, org, journal, http, clock
        self._api = in_process_api(directory, org)
        self._pool = ThreadPoolExecutor(MAX_CONCURRENT, thread_name_prefix="workflow")
        directory.subscribe(WORKFLOW_INSTANCES, self._changed)

    def resume(self) -> None:
        """Run queued instances after a restart; fail interrupted ones, whose steps may not be repeatable."""
        for instance in self._directory.objects(self._org, WORKFLOW_INSTANCES):
            if instance.get("status") == "running":
                self._put({**instance, "status": "failed", "error": "the sandbox stopped while it ran"})
            elif instance.get("status") == "queued":
                self._changed(self._org, WORKFLOW_INSTANCES, instance["id"])

    def start_by_monitor(self, handle: str, inputs: Mapping[str, Any], source: Json) -> str:
        """Queue an instance for ``@workflow-handle`` and return its id. Raises :class:`execution.NotStarted`."""
        workflow = execution.find_by_handle(self._directory.objects(self._org, WORKFLOWS), handle)
        earlier_starts = [
            instance["created"] for instance in self._instances(workflow) if instance.get("trigger") == "monitor"
        ]
        workflow_instance = execution.start_workflow(
            workflow, "monitor", inputs, source=source, earlier_starts=earlier_starts, now=self._clock()
        )
        self._put(workflow_instance.as_json())
        self._delete_oldest()
        return workflow_instance.id

    def close(self) -> None:
        """Let running instances end; queued ones stay queued for the next start."""
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
            self._put(
                {
                    **instance,
                    "status": "failed",
                    "error": "the workflow does not exist any more",
                    "finished": self._clock(),
                }
            )
            return
        try:
            trigger: execution.Trigger = "monitor" if instance.get("trigger") == "monitor" else "api"
            workflow_instance = execution.WorkflowInstance(
                identifier,
                instance["workflow_id"],
                workflow["attributes"]["name"],
                str((workflow["attributes"].get("spec") or {}).get("handle") or ""),
                trigger,
                instance["created"],
                execution.resolve_inputs(workflow, instance.get("inputs") or {}),
                instance.get("source") or {},
            )
            self._put({**instance, "status": "running"})
            finished_run = execution.execute_workflow(workflow, workflow_instance, self._environment()).as_json()
            with self._directory.store.transaction():
                current = self._directory.get(self._org, WORKFLOW_INSTANCES, identifier) or {}
                if current.get("status") == "canceled":
                    finished_run["status"] = "canceled"
                self._directory.store.put(self._org, WORKFLOW_INSTANCES, identifier, {**instance, **finished_run})
        except execution.NotStarted as error:
            self._put({**instance, "status": "failed", "error": str(error), "finished": self._clock()})
        except Exception as error:  # noqa: BLE001  # a malformed spec must fail its instance, not vanish with the thread
            self._journal.add_error(f"workflow instance {identifier}", error)
            self._put({**instance, "status": "failed", "error": f"{type(error).__name__}: {error}"})

    def _environment(self) -> execution.WorkflowEnvironment:
        connections = {
            str(connection["id"]): connection for connection in self._directory.objects(self._org, CONNECTIONS)
        }
        return execution.WorkflowEnvironment(self._http, connections, self._api, self._clock)

    def declare_incident(self, attributes: Json) -> Json:
        """Declare an incident with these attributes and return it in the API's form."""
        body = {"data": {"type": "incidents", "attributes": attributes}}
        incident: Json = self._api("POST /api/v2/incidents", body)["data"]
        return incident

    def _instances(self, workflow: Mapping[str, Any]) -> list[Json]:
        instances = self._directory.objects(self._org, WORKFLOW_INSTANCES)
        return [instance for instance in instances if instance["workflow_id"] == str(workflow["id"])]

    def _put(self, instance: Json) -> None:
        self._directory.put(self._org, WORKFLOW_INSTANCES, instance["id"], instance)

    def _delete_oldest(self) -> None:
        finished_run = [
            workflow_instance
            for workflow_instance in self._directory.objects(self._org, WORKFLOW_INSTANCES)
            if workflow_instance.get("finished")
        ]
        for old in finished_run[: max(0, len(finished_run) - MAX_KEPT)]:
            self._directory.store.delete(self._org, WORKFLOW_INSTANCES, old["id"])
