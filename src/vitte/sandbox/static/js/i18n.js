import { lasting } from "./storage.js";
import { TEXTS } from "./texts.js";

export const PAGE_LANGUAGES = [["en", "English"], ["ru", "Русский"]];

// Languages a new person's phone may be set to; the page itself speaks the first two.
export const PHONE_LANGUAGES = [
  ...PAGE_LANGUAGES, ["uk", "Українська"], ["de", "Deutsch"], ["es", "Español"], ["fr", "Français"],
  ["it", "Italiano"], ["pt", "Português"], ["tr", "Türkçe"], ["zh", "中文"],
];

function detect() {
  const chosen = lasting.get("language");
  if (chosen in TEXTS) return chosen;
  const first = navigator.languages?.[0] ?? navigator.language ?? "en";
  return first.toLowerCase().startsWith("ru") ? "ru" : "en";
}

let language = detect();
document.documentElement.lang = language;

export const pageLanguage = () => language;

export function setPageLanguage(code) {
  language = code;
  lasting.set("language", code);
  document.documentElement.lang = code;
}

/** The page's words for `key`, in the page's language. */
export function t(key, ...values) {
  const text = TEXTS[language][key] ?? TEXTS.en[key];
  return typeof text === "function" ? text(...values) : text;
}

/** Words for a chat action; an action this page has not heard of reads as typing. */
export function actionWords(action) {
  return action in TEXTS.en ? t(action) : t("typing");
}
