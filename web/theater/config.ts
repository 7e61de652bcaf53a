/** What `config.js` says about this deployment. */

export interface RumConfig {
  applicationId: string;
  clientToken: string;
  site: string;
  service: string;
  env: string;
  version: string;
  sessionReplaySampleRate: number;
  /** An address that stands for Datadog's intake, as in the sandbox. */
  intake: string | null;
}

export interface Config {
  model: string;
  rum: RumConfig | null;
  theater: boolean;
}

declare global {
  interface Window {
    CONFIG: Config;
  }
}

export const config: Config = window.CONFIG;
