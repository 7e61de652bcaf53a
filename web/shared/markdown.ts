/** The Markdown of messages and notebooks as elements: headings, lists, tables, code, emphasis, links. Never as HTML. */
import { h, type Child } from "./dom";

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|\[([^\]]+)\]\(([^)\s]+)\)|(https?:\/\/[^\s)<>]+)|\*([^*\s][^*]*)\*/g;
const ITEM = /^\s*(?:[-*]|(\d+)[.)])\s+(.*)$/;

const ROW = /^\s*\|.*\|\s*$/;
const RULE = /^[\s|:-]+$/;

/** Where a link leads; null leaves its text alone. */
export type LinkTarget = (href: string) => string | null;

function inline(text: string, target: LinkTarget): Child[] {
  const parts: Child[] = [];
  let place = 0;
  for (const match of text.matchAll(INLINE)) {
    parts.push(text.slice(place, match.index));
    place = match.index + match[0].length;
    const [, code, strong, label, href, bare, emphasis] = match;
    if (code) parts.push(h("code", {}, code));
    else if (strong) parts.push(h("strong", {}, ...inline(strong, target)));
    else if (emphasis) parts.push(h("em", {}, emphasis));
    else parts.push(anchor(label ?? bare!, href ?? bare!, target));
  }
  parts.push(text.slice(place));
  return parts;
}

function anchor(label: string, href: string, target: LinkTarget): Child {
  const to = target(href);
  if (to === null) return label;
  return to.startsWith("/") ? h("a", { href: to }, label) : h("a", { href: to, target: "_blank", rel: "noreferrer" }, label);
}

function grid(rows: string[], target: LinkTarget): HTMLElement {
  const cells = (row: string): string[] => row.trim().slice(1, -1).split("|").map((cell) => cell.trim());
  const [head, ...body] = rows.filter((row) => !RULE.test(row));
  const line = (row: string, tag: "th" | "td") => h("tr", {}, ...cells(row).map((cell) => h(tag, tag === "th" ? { scope: "col" } : {}, ...inline(cell, target))));
  return h("table", {}, h("thead", {}, line(head ?? "", "th")), h("tbody", {}, ...body.map((row) => line(row, "td"))));
}

/** The elements of a text; its headings begin at `level`. */
export function markdown(text: string, target: LinkTarget, level = 3): HTMLElement[] {
  const blocks: HTMLElement[] = [];
  const lines = text.split("\n");
  let place = 0;
  const take = (matches: (line: string) => boolean): string[] => {
    const begin = place;
    while (place < lines.length && matches(lines[place]!)) place++;
    return lines.slice(begin, place);
  };
  while (place < lines.length) {
    const line = lines[place]!;
    const heading = /^(#{1,4})\s+(.*)$/.exec(line);
    if (!line.trim()) place++;
    else if (line.startsWith("```")) {
      place++;
      blocks.push(h("pre", { tabindex: 0 }, take((each) => !each.startsWith("```")).join("\n")));
      place++;
    } else if (heading) {
      place++;
      const tag = `h${Math.min(6, level + heading[1]!.length - 1)}` as "h3";
      blocks.push(h(tag, {}, ...inline(heading[2]!, target)));
    } else if (ROW.test(line)) blocks.push(grid(take((each) => ROW.test(each)), target));
    else if (ITEM.test(line)) {
      const items = take((each) => ITEM.test(each)).map((each) => h("li", {}, ...inline(ITEM.exec(each)![2]!, target)));
      blocks.push(h(/^\s*\d/.test(line) ? "ol" : "ul", {}, ...items));
    } else {
      const paragraph = take((each) => each.trim() !== "" && !ITEM.test(each) && !ROW.test(each) && !/^(#{1,4}\s|```)/.test(each));
      blocks.push(h("p", {}, ...paragraph.flatMap((each, row) => [row ? h("br") : null, ...inline(each, target)])));
    }
  }
  return blocks;
}
