"use strict";
// A chat over POST /v1/chat. RUM sees what people do, never what they or the model say.
const config = window.CONFIG, rum = window.DD_RUM, conversation = crypto.randomUUID();

if (config.rum) {
  const { intake, ...known } = config.rum;
  rum.init({
    ...known,
    // A stand-in for Datadog's intake, where there is one.
    ...(intake ? { proxy: ({ path, parameters }) => `${intake}${path}?${parameters}` } : {}),
    sessionSampleRate: 100,
    trackUserInteractions: true,
    trackResources: true,
    trackLongTasks: true,
    defaultPrivacyLevel: "mask",
    enablePrivacyForActionName: true,
    allowedTracingUrls: [{ match: location.origin, propagatorTypes: ["datadog", "tracecontext"] }],
  });
}
const act = (name, context) => config.rum && rum.addAction(name, context);

function headers() {
  const session = config.rum && rum.getInternalContext();
  return {
    "Content-Type": "application/json",
    "X-Feature": "chat_page",
    ...(session ? { "X-Session-Id": session.session_id } : {}),
  };
}

// The server-sent events of an answer, as [name, data].
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let held = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    held += value;
    const blocks = held.split("\n\n");
    held = blocks.pop();
    for (const block of blocks) {
      const [name, data] = block.split("\n");
      yield [name.slice("event: ".length), JSON.parse(data.slice("data: ".length))];
    }
  }
}

async function ask(message) {
  const article = document.getElementById("exchange").content.firstElementChild.cloneNode(true);
  const part = (name) => article.querySelector(name);
  part(".question").textContent = message;
  document.getElementById("answers").append(article);
  part(".retry").onclick = () => { act("retry"); article.remove(); ask(message); };
  act("ask_submitted", { characters: message.length });
  const began = performance.now();
  try {
    const response = await fetch("v1/chat", {
      method: "POST", headers: headers(), body: JSON.stringify({ message, stream: true, conversation }),
    });
    if (!response.ok) throw failure(await response.json());
    for await (const [name, data] of events(response)) {
      if (name === "delta") part(".answer").textContent += data.text;
      else if (name === "error") throw failure(data);
      else shown(part, data, performance.now() - began);
    }
  } catch (error) {
    part(".failure span").textContent = `${error.message}.`;
    part(".failure").hidden = false;
    if (config.rum) rum.addError(error, error.problem);
  }
}

function failure(problem) {
  const made = new Error(problem.title);
  made.name = "ChatFailed";
  made.problem = { status: problem.status, outcome: problem.outcome, trace_id: problem.trace_id };
  return made;
}

function shown(part, facts, milliseconds) {
  act("answer_shown", { model: facts.model, cached: facts.cached, milliseconds: Math.round(milliseconds) });
  if (facts.model !== config.model) {
    act("fallback_shown", { model: facts.model });
    part(".note").textContent = `Answered by ${facts.model}.`;
    part(".note").hidden = false;
  }
  const rate = (rating) => async ({ currentTarget }) => {
    currentTarget.setAttribute("aria-pressed", "true");
    for (const name of [".up", ".down"]) part(name).disabled = true;
    act("answer_rated", { rating, score: rating === "up" ? 1 : 0, model: facts.model });
    const body = JSON.stringify({ answer_id: facts.answer_id, rating });
    await fetch("v1/feedback", { method: "POST", headers: headers(), body });
  };
  part(".up").onclick = rate("up");
  part(".down").onclick = rate("down");
  part(".copy").onclick = async () => {
    act("answer_copied", { model: facts.model });
    await navigator.clipboard.writeText(part(".answer").textContent);
  };
  part(".actions").hidden = false;
}

document.getElementById("model").textContent = config.model;
document.getElementById("ask").onsubmit = (event) => {
  event.preventDefault();
  const field = document.getElementById("message"), message = field.value.trim();
  if (!message) return;
  field.value = "";
  ask(message);
};
document.getElementById("message").onkeydown = (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  document.getElementById("ask").requestSubmit();
};
