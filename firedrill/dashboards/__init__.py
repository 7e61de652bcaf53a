"""Pictures of declared dashboards on recorded telemetry: no running sandbox and no deployment are needed."""
