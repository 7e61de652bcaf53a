/** Pages by path, links between them without a reload, and the refresh of what is live. */
import { ApiError } from "./api";
import { fill, h } from "../shared/dom";
import { rangeOf, type Range } from "./range";

const REFRESH_MS = 10_000;

/** What a page gets: where it draws, the parts of its path, its query, and its range of time. */
export interface Context {
  root: HTMLElement;
  params: string[];
  query: URLSearchParams;
  /** The range as of now; `usual` is the preset where the address says none. */
  range(usual?: string): Range;
  title(text: string): void;
  go(address: string): void;
}

/** A page draws itself, and may return a function that draws it again with newer data. */
export type Page = (context: Context) => Promise<(() => Promise<void>) | void>;

export interface Place {
  path: RegExp;
  page: Page;
}

export class Router {
  private current = 0;
  private refresh: (() => Promise<void>) | null = null;
  private busy = false;

  constructor(
    private readonly places: Place[],
    private readonly root: HTMLElement,
    private readonly onopen: (url: URL) => void,
    private readonly onrange: (range: Range) => void,
  ) {
    document.addEventListener("click", (event) => this.follow(event));
    addEventListener("popstate", () => void this.open());
    setInterval(() => void this.update(), REFRESH_MS);
  }

  /** Go to an address of the console. */
  go(address: string): void {
    history.pushState(null, "", address);
    void this.open();
  }

  /** Draw the page of the current address. */
  async open(): Promise<void> {
    const visit = ++this.current;
    const url = new URL(location.href);
    this.refresh = null;
    const root = h("div", { class: "page" });
    fill(this.root, root, h("p", { class: "loading muted", role: "status" }, "Loading…"));
    this.onopen(url);
    scrollTo(0, 0);
    try {
      const refresh = await this.draw(url, root);
      if (visit === this.current) this.refresh = refresh ?? null;
    } catch (error) {
      if (visit === this.current) showError(root, error);
    } finally {
      if (visit === this.current) this.root.querySelector(".loading")?.remove();
    }
  }

  private draw(url: URL, root: HTMLElement): ReturnType<Page> {
    const place = this.places.find(({ path }) => path.test(url.pathname));
    if (!place) {
      fill(root, h("h1", {}, "Not found"), h("p", {}, `The console has no page at ${url.pathname}.`));
      return Promise.resolve();
    }
    return place.page({
      root,
      params: (place.path.exec(url.pathname) ?? []).slice(1).map((part) => decodeURIComponent(part ?? "")),
      query: url.searchParams,
      range: (usual) => {
        const range = rangeOf(url.searchParams, usual);
        this.onrange(range);
        return range;
      },
      title: (text) => (document.title = `${text} · Firedrill console`),
      go: (address) => this.go(address),
    });
  }

  private async update(): Promise<void> {
    const fixed = new URLSearchParams(location.search).has("from_ts");
    if (!this.refresh || this.busy || document.hidden || fixed) return;
    this.busy = true;
    try {
      await this.refresh();
    } catch {
      // The next refresh tries again; a page that is stale for some seconds is better than one that is gone.
    } finally {
      this.busy = false;
    }
  }

  private follow(event: MouseEvent): void {
    const link = (event.target as Element).closest?.("a");
    if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey) return;
    const url = new URL(link.href);
    if (url.origin !== location.origin || link.target || url.pathname.startsWith("/-/") || url.pathname.startsWith("/api/")) return;
    event.preventDefault();
    this.go(url.pathname + url.search);
  }
}

function showError(root: HTMLElement, error: unknown): void {
  const missing = error instanceof ApiError && error.status === 404;
  const text = error instanceof Error ? error.message : String(error);
  fill(root, h("h1", {}, missing ? "Not found" : "This page could not be read"), h("p", { role: "alert" }, text));
}
