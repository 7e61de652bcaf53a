/** The choice between the system's colours, light and dark; it is kept in the browser. */

const KEY = "appearance";
const CHOICES = ["system", "light", "dark"] as const;
export type Appearance = (typeof CHOICES)[number];

/** The choice that was made last. */
export function appearance(): Appearance {
  return CHOICES.find((choice) => choice === localStorage.getItem(KEY)) ?? "system";
}

/** Apply a choice, keep it, and tell the charts, which paint their own colours. */
export function setAppearance(choice: Appearance): void {
  localStorage.setItem(KEY, choice);
  apply();
}

/** Apply the kept choice, and follow the system. */
export function followAppearance(): void {
  apply();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", apply);
}

function apply(): void {
  const choice = appearance();
  if (choice === "system") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = choice;
  dispatchEvent(new Event("themechange"));
}
