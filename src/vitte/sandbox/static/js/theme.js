import { lasting } from "./storage.js";

export const THEMES = ["auto", "light", "dark"];

export function currentTheme() {
  const theme = lasting.get("theme");
  return THEMES.includes(theme) ? theme : "auto";
}

export function setTheme(theme) {
  lasting.set("theme", theme === "auto" ? null : theme);
  if (theme === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
  window.dispatchEvent(new CustomEvent("vitte:theme", { detail: theme }));
}

export function nextTheme() {
  return THEMES[(THEMES.indexOf(currentTheme()) + 1) % THEMES.length];
}

// Another window of the same browser changed the theme: follow it.
window.addEventListener("storage", (event) => {
  if (event.key === "vitte.theme") setTheme(currentTheme());
});
