"""``python -m service.evaluation_job``: a judge grades the sampled answers, for LLM Observability and as a metric.

Runs as a Cloud Run job with the service's image. Delivery is at least once: a job that dies between sending a grade
and deleting its sample sends it again. The exit status is 1 when the judge could not be asked; the samples then wait
for the next run.
"""

import logging
import logging.config
import sys

from datadog.dogstatsd.base import DogStatsd
from ddtrace.llmobs import LLMObs

from service.llm.judge import Grade, Judge
from service.llm.samples import Sample, Samples
from service.problems import Problem
from service.runtime.bucket import bucket_opener
from service.runtime.objects import Objects
from service.settings import read_environment
from service.telemetry import CHAT_EVALUATIONS, GRADED_EVALUATIONS
from service.telemetry.emission import Client, Emitter
from service.telemetry.logs import CONFIGURATION
from service.telemetry.redactor import Redactor

log = logging.getLogger("service.evaluation_job")


def main(client: Client | None = None) -> int:
    """Grade all samples that wait, and return the exit status."""
    logging.config.dictConfig(CONFIGURATION)
    settings = read_environment()
    if not settings.state_bucket or not settings.project:
        log.error("STATE_BUCKET and GOOGLE_CLOUD_PROJECT are needed: the samples are there")
        return 1
    samples = Samples(Objects(bucket_opener(settings.project, settings.state_bucket)), Redactor())
    emitter = Emitter(client or DogStatsd(disable_telemetry=True))
    LLMObs.enable(integrations_enabled=False)
    graded = 0
    try:
        judge = Judge(settings)
        for name, sample in samples.waiting():
            for evaluation in GRADED_EVALUATIONS:
                _report(emitter, sample, evaluation, judge.grade(evaluation, sample))
            samples.remove(name)
            graded += 1
    except Problem as problem:
        log.error("the evaluation stopped after %d answers: %s", graded, problem.detail)  # noqa: TRY400 - no traceback
        return 1
    finally:
        LLMObs.flush()
    log.info("%d answers were graded", graded)
    return 0


def _report(emitter: Emitter, sample: Sample, evaluation: str, grade: Grade | None) -> None:
    if grade is None:
        log.warning("an answer was not graded for %s: the judge refused the text", evaluation)
        return
    emitter.emit(CHAT_EVALUATIONS, 1, model=sample.model, evaluation=evaluation, verdict=grade.verdict)
    LLMObs.submit_evaluation(
        evaluation,
        "score",
        grade.score,
        span={"trace_id": sample.trace_id, "span_id": sample.span_id},
        tags={"model": sample.model},
        assessment=grade.verdict,
    )


if __name__ == "__main__":
    sys.exit(main())
