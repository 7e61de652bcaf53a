/** Real User Monitoring: views, actions, errors, traces and replays, without the texts of people or of the model. */
import type { RumInitConfiguration, DatadogRum } from "@datadog/browser-rum";
import { config, type RumConfig } from "./config";

let rum: DatadogRum | null = null;

/** Load the SDK and start it, where an application is declared. Without one, nothing is loaded or sent. */
export async function startRum(): Promise<void> {
  if (!config.rum) return;
  const { datadogRum } = await import("@datadog/browser-rum");
  datadogRum.init(options(config.rum));
  rum = datadogRum;
  window.DD_RUM = datadogRum;
}

function options({ intake, ...given }: RumConfig): RumInitConfiguration {
  return {
    ...given,
    site: given.site as RumInitConfiguration["site"],
    ...(intake ? { proxy: ({ path, parameters }: { path: string; parameters: string }) => `${intake}${path}?${parameters}` } : {}),
    sessionSampleRate: 100,
    trackUserInteractions: true,
    trackResources: true,
    trackLongTasks: true,
    defaultPrivacyLevel: "mask",
    enablePrivacyForActionName: true,
    allowedTracingUrls: [{ match: location.origin, propagatorTypes: ["datadog", "tracecontext"] }],
  };
}

/** Record what a person did. The context holds no text. */
export function act(name: string, context?: Record<string, unknown>): void {
  rum?.addAction(name, context);
}

/** Record an error with the problem that the service answered. */
export function report(error: Error & { problem?: object }): void {
  rum?.addError(error, error.problem);
}

/** The id of the session that is recorded now. */
export function sessionId(): string | undefined {
  return rum?.getInternalContext()?.session_id;
}

declare global {
  interface Window {
    DD_RUM?: DatadogRum;
  }
}
