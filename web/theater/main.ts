/** The chat page; the failure theater beside it where the deployment allows it. */
import "../shared/theme.css";
import "./style.css";
import { appearance, followAppearance, setAppearance, type Appearance } from "../shared/appearance";
import { ask } from "./chat";
import { config } from "./config";
import { startRum } from "./rum";

function wireForm(): void {
  const form = document.getElementById("ask") as HTMLFormElement;
  const field = document.getElementById("message") as HTMLTextAreaElement;
  form.onsubmit = (event) => {
    event.preventDefault();
    const message = field.value.trim();
    if (!message) return;
    field.value = "";
    void ask(message);
  };
  field.onkeydown = (event) => {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    form.requestSubmit();
  };
}

function wireAppearance(): void {
  const select = document.getElementById("appearance") as HTMLSelectElement;
  select.value = appearance();
  select.onchange = () => setAppearance(select.value as Appearance);
}

followAppearance();
wireAppearance();
document.getElementById("model")!.textContent = config.model;
wireForm();
void startRum();
if (config.theater) {
  document.documentElement.classList.add("with-theater");
  void import("./theater").then(({ openTheater }) => openTheater(document.getElementById("theater")!));
}
