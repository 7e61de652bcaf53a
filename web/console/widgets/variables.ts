/** Template variables: their choice, and their place in queries and searches. */
import { get, type Json } from "../api";
import { h } from "../../shared/dom";

export type Choice = Record<string, string>;

interface Variable {
  name: string;
  prefix?: string | null;
  defaults?: string[];
  default?: string | null;
}

/** The chosen value of each variable: that of the address (`tpl_var_env=prod`), else its default. */
export function chosen(variables: Variable[], query: URLSearchParams): Choice {
  return Object.fromEntries(
    variables.map((variable) => [variable.name, query.get(`tpl_var_${variable.name}`) ?? variable.defaults?.[0] ?? variable.default ?? "*"]),
  );
}

/** A text with `$name` as `tag:value` and `$name.value` as the value; `*` stands for every value. */
export function filled(text: string, variables: Variable[], choice: Choice): string {
  return text.replace(/\$([A-Za-z_][\w-]*)(\.value)?/g, (whole, name: string, value: string | undefined) => {
    const variable = variables.find((each) => each.name === name);
    if (!variable) return whole;
    const picked = choice[name] ?? "*";
    return value || picked === "*" || !variable.prefix ? picked : `${variable.prefix}:${picked}`;
  });
}

/** A definition with all variables in its queries filled in. */
export function applied<Definition>(definition: Definition, variables: Variable[], choice: Choice): Definition {
  const walk = (node: Json): Json => {
    if (typeof node === "string") return filled(node, variables, choice);
    if (Array.isArray(node)) return node.map(walk);
    return node && typeof node === "object" ? Object.fromEntries(Object.entries(node).map(([key, value]) => [key, key === "title" ? value : walk(value)])) : node;
  };
  return walk(definition);
}

/** A choice for each variable, with the values that its tag has. */
export async function controls(variables: Variable[], choice: Choice, onchange: (name: string, value: string) => void): Promise<HTMLElement> {
  const keys = variables.map((variable) => variable.prefix ?? variable.name);
  const values = keys.length ? await get(`/-/console/tag-values?${keys.map((key) => `key=${encodeURIComponent(key)}`).join("&")}`) : {};
  return h(
    "div",
    { class: "variables" },
    ...variables.map((variable, place) => {
      const current = choice[variable.name]!;
      const offered = [...new Set(["*", current, ...(values[keys[place]!] ?? [])])];
      const select = h("select", {}, ...offered.map((value) => h("option", { value }, value)));
      select.value = current;
      select.addEventListener("change", () => onchange(variable.name, select.value));
      return h("label", {}, `$${variable.name} `, select);
    }),
  );
}
