/** A chat over POST /v1/chat, streamed. */
import { chatHeaders, failed } from "./api";
import { config } from "./config";
import { act, report } from "./rum";

/** What an answer says about itself. */
export interface Facts {
  model: string;
  answer_id: string;
  cached: boolean;
  cost_usd: number;
  usage: { input_tokens: number; output_tokens: number };
}

const conversation = crypto.randomUUID();

/** The server-sent events of an answer, as [name, data]. */
async function* events(response: Response): AsyncGenerator<[string, Record<string, unknown>]> {
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    buffer += value;
    const blocks = buffer.split("\n\n");
    buffer = blocks.pop()!;
    for (const block of blocks) {
      const [name = "", data = ""] = block.split("\n");
      yield [name.slice("event: ".length), JSON.parse(data.slice("data: ".length)) as Record<string, unknown>];
    }
  }
}

type Part = <Found extends HTMLElement = HTMLElement>(selector: string) => Found;

/** Show a question, ask it, and show the answer as it comes. */
export async function ask(message: string): Promise<void> {
  const template = document.getElementById("exchange") as HTMLTemplateElement;
  const article = template.content.firstElementChild!.cloneNode(true) as HTMLElement;
  const part: Part = (selector) => article.querySelector(selector)!;
  part(".question").textContent = message;
  document.getElementById("answers")!.append(article);
  article.scrollIntoView({ block: "end" });
  part(".retry").onclick = () => {
    act("retry");
    article.remove();
    void ask(message);
  };
  act("ask_submitted", { characters: message.length });
  const began = performance.now();
  try {
    const body = JSON.stringify({ message, stream: true, conversation });
    const response = await fetch("v1/chat", { method: "POST", headers: chatHeaders(), body });
    if (!response.ok) throw failed(await response.json());
    for await (const [name, data] of events(response)) {
      if (name === "delta") part(".answer").textContent += String(data.text);
      else if (name === "error") throw failed(data);
      else finish(part, data as unknown as Facts, performance.now() - began);
    }
  } catch (error) {
    part(".failure span").textContent = `${(error as Error).message}.`;
    part(".failure").hidden = false;
    report(error as Error);
  }
}

function finish(part: Part, facts: Facts, milliseconds: number): void {
  act("answer_shown", { model: facts.model, cached: facts.cached, milliseconds: Math.round(milliseconds) });
  if (facts.model !== config.model) {
    act("fallback_shown", { model: facts.model });
    part(".note").textContent = `Answered by ${facts.model}.`;
    part(".note").hidden = false;
  }
  const rate = (rating: "up" | "down") => async (event: Event) => {
    (event.currentTarget as HTMLElement).setAttribute("aria-pressed", "true");
    for (const name of [".up", ".down"]) part<HTMLButtonElement>(name).disabled = true;
    act("answer_rated", { rating, score: rating === "up" ? 1 : 0, model: facts.model });
    const body = JSON.stringify({ answer_id: facts.answer_id, rating });
    await fetch("v1/feedback", { method: "POST", headers: chatHeaders(), body });
  };
  part(".up").onclick = rate("up");
  part(".down").onclick = rate("down");
  part(".copy").onclick = async () => {
    act("answer_copied", { model: facts.model });
    await navigator.clipboard.writeText(part(".answer").textContent ?? "");
  };
  part(".actions").hidden = false;
}
