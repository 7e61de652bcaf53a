"""The sandbox's Datadog: public API, intake, live evaluation, on one HTTP port."""
