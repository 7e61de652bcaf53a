/** Links of messages and notebooks: those into Datadog's web application open here. */

const DATADOG = /^https?:\/\/(?:[\w-]+\.)*(?:datadoghq\.(?:com|eu)|ddog-gov\.com)(?=[/?#]|$)/;
const WEB = /^https?:\/\//;

/** The address that a link leads to, or null for one that is not followed. */
export function linkTarget(href: string): string | null {
  const here = href.replace(DATADOG, "");
  if (here !== href) return here.startsWith("/") ? here : `/${here}`;
  if (href.startsWith("/") && !href.startsWith("//")) return href;
  return WEB.test(href) ? href : null;
}

export function monitorLink(id: string | number): string {
  return `/monitors/${id}`;
}

export function traceLink(id: string): string {
  return `/apm/trace/${encodeURIComponent(id)}`;
}

export function logsLink(query: string): string {
  return `/logs?query=${encodeURIComponent(query)}`;
}
