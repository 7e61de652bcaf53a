/** A recorded page, rebuilt in the document of a frame that runs no script and loads nothing. */
import type { Change, NodeId, Record, Text } from "./records";

const ADD_STRINGS = 0, ADD_NODES = 1, REMOVE_NODES = 2, ATTRIBUTES = 3, TEXTS = 4, SCROLLS = 6, ADD_STYLE_SHEETS = 7, ATTACHED_STYLE_SHEETS = 8, ADD_ROLE_STRINGS = 11, INPUT_VALUES = 12, INPUT_SELECTIONS = 13, CLEAR_STRINGS = 14; // prettier-ignore
/** Elements that would run or load something: an empty element stands for them. */
const INERT = new Set(["script", "link", "base", "iframe", "object", "embed", "meta"]);
/** Attributes that would load or run something. */
const UNSAFE = /^(?:on.*|href|src|srcset|action|formaction|data|poster|style|srcdoc|ping|background|xlink:href)$/i;

type Item = never;

export class ReplayDocument {
  private texts: string[] = [];
  private nodes: (Node | null)[] = [];
  private sheets: (CSSStyleSheet | null)[] = [];
  /** The style sheets of each node that has some. */
  private attached = new Map<NodeId, number[]>();

  constructor(private readonly frame: HTMLIFrameElement) {}

  /** Begin anew with a full snapshot. */
  snapshot(record: Record): void {
    [this.texts, this.nodes, this.sheets] = [[], [], []];
    this.attached.clear();
    this.page.replaceChildren();
    this.apply(record);
  }

  /** Apply the changes of a record. */
  apply(record: Record): void {
    for (const [kind, ...items] of record.data as Change[]) {
      if (kind === CLEAR_STRINGS) this.texts = [];
      else if (kind === ADD_STRINGS) this.texts.push(...items);
      else for (const item of items as Item[]) this.one(kind, item);
    }
    this.adopt();
  }

  private get page(): Document {
    return this.frame.contentDocument!;
  }

  private one(kind: number, item: Item): void {
    if (kind === ADD_ROLE_STRINGS) this.texts.push(...(item as [number, ...string[]]).slice(1).map(String));
    else if (kind === ADD_NODES) this.add(item);
    else if (kind === REMOVE_NODES) this.remove(this.nodes[item]);
    else if (kind === ATTRIBUTES) this.setAttributes(item);
    else if (kind === TEXTS) this.setText(item);
    else if (kind === SCROLLS) this.scroll(item);
    else if (kind === ADD_STYLE_SHEETS) this.sheets.push(this.sheet(item));
    else if (kind === ATTACHED_STYLE_SHEETS) this.attached.set((item as number[])[0]!, (item as number[]).slice(1));
    else if (kind === INPUT_VALUES) this.setValue(item);
    else if (kind === INPUT_SELECTIONS) this.select(item);
  }

  private text(value: Text): string {
    return typeof value === "number" ? (this.texts[value] ?? "") : value;
  }

  /** [place, name, ...content]: n appends to the node n before, 0 follows the last node, -n precedes the node n before. */
  private add([place, name, ...content]: [number | null, Text, ...never[]]): void {
    const id = this.nodes.length;
    const node = this.make(this.text(name), content);
    this.nodes.push(node);
    if (!node || place === null) return;
    if (place > 0) this.append(this.nodes[id - place], node);
    else this.insert(this.nodes[place === 0 ? id - 1 : id + place], node, place === 0);
  }

  private make(name: string, content: never[]): Node | null {
    if (name === "#document") return this.page;
    if (name === "#text" || name === "#cdata-section") return this.page.createTextNode(this.text(content[0] ?? ""));
    if (name === "#document-fragment") return this.page.createDocumentFragment();
    if (name.startsWith("#")) return null; // a document type, a shadow root
    const element = this.element(name);
    for (const [key, value] of content as [Text, Text][]) this.setAttribute(element, this.text(key), this.text(value));
    return element;
  }

  private element(name: string): Element {
    const local = name.toLowerCase();
    if (INERT.has(local)) return this.page.createElement("span");
    try {
      return name.startsWith("svg") ? this.page.createElementNS("http://www.w3.org/2000/svg", name.replace(/^svg[>:]/, "")) : this.page.createElement(local);
    } catch {
      return this.page.createElement("span");
    }
  }

  private append(parent: Node | null | undefined, node: Node): void {
    if (parent === this.page && (node.nodeType !== Node.ELEMENT_NODE || this.page.documentElement)) return;
    parent?.appendChild(node);
  }

  private insert(sibling: Node | null | undefined, node: Node, after: boolean): void {
    const parent = sibling ? sibling.parentNode : this.page; // a document type has no node
    if (!parent || parent === this.page) this.append(this.page, node);
    else parent.insertBefore(node, after ? sibling!.nextSibling : sibling!);
  }

  private remove(node: Node | null | undefined): void {
    node?.parentNode?.removeChild(node);
  }

  /** [node, ...[name, value]]; a name alone deletes the attribute. */
  private setAttributes([id, ...assignments]: [NodeId, ...[Text, Text?][]]): void {
    const element = this.nodes[id];
    if (!(element && "setAttribute" in element)) return;
    for (const [name, value] of assignments) {
      if (value === undefined) (element as Element).removeAttribute(this.text(name));
      else this.setAttribute(element as Element, this.text(name), this.text(value));
    }
  }

  private setAttribute(element: Element, name: string, value: string): void {
    if (name === "style" && "style" in element) (element as HTMLElement).style.cssText = value;
    if (UNSAFE.test(name) && !(name === "src" && value.startsWith("data:image/"))) return;
    try {
      element.setAttribute(name, value);
    } catch {
      // A name that HTML's parser accepts and the object model does not.
    }
    if (name === "value" && "value" in element) (element as HTMLInputElement).value = value;
  }

  private setText([id, value]: [NodeId, Text]): void {
    const node = this.nodes[id];
    if (node) node.nodeValue = this.text(value);
  }

  private setValue([id, value]: [NodeId, Text]): void {
    const node = this.nodes[id];
    if (node && "value" in node) (node as HTMLInputElement).value = this.text(value);
  }

  /** [state, ...nodes]: 0 is selected, 1 is not, 2 is neither. */
  private select([state, ...ids]: [number, ...NodeId[]]): void {
    for (const node of ids.map((id) => this.nodes[id])) {
      if (node && "checked" in node) (node as HTMLInputElement).checked = state === 0;
      if (node && "selected" in node) (node as HTMLOptionElement).selected = state === 0;
    }
  }

  private scroll([id, left, top]: [NodeId, number, number]): void {
    const node = this.nodes[id];
    if (node === this.page) this.frame.contentWindow!.scrollTo(left, top);
    else if (node && "scrollTo" in node) (node as Element).scrollTo(left, top);
  }

  /** [rules, media, disabled]. */
  private sheet([rules, media = [], disabled = false]: [Text | Text[], Text[]?, boolean?]): CSSStyleSheet | null {
    const view = this.frame.contentWindow as (Window & typeof globalThis) | null;
    if (!view || disabled) return null;
    const sheet = new view.CSSStyleSheet({ media: media.map((text) => this.text(text)).join(", ") });
    const text = (Array.isArray(rules) ? rules : [rules]).map((rule) => this.text(rule)).join("\n");
    sheet.replaceSync(text.replace(/url\((?!["']?data:)[^)]*\)/g, "none"));
    return sheet;
  }

  private adopt(): void {
    const ids = [...this.attached].filter(([node]) => this.nodes[node]?.isConnected).flatMap(([, sheets]) => sheets);
    this.page.adoptedStyleSheets = ids.map((id) => this.sheets[id]).filter((sheet) => sheet !== null && sheet !== undefined);
  }
}
