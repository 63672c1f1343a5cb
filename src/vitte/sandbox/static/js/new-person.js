import { h } from "./dom.js";
import { PHONE_LANGUAGES, pageLanguage, t } from "./i18n.js";
import { store } from "./store.js";
import { openDialog, showToast } from "./toast.js";

const NAMES = {
  en: ["Maya", "Oliver", "Nina", "Leo", "Ruby", "Theo", "Iris", "Max", "Clara", "Hugo"],
  ru: ["Маша", "Олег", "Нина", "Лев", "Рита", "Тимур", "Ира", "Максим", "Клара", "Гоша"],
};

/** A name nobody in this world has yet. */
export function freshName() {
  const taken = new Set([...store.people.values()].map((person) => person.first_name));
  return NAMES[pageLanguage()].find((name) => !taken.has(name)) ?? t("defaultName");
}

export function personFields(name) {
  const [first, ...others] = name.trim().split(/\s+/);
  return { first_name: first, ...(others.length ? { last_name: others.join(" ") } : {}) };
}

export async function createPerson(name, language) {
  if (!name.trim()) return false;
  try {
    await store.createPerson({ ...personFields(name), language_code: language });
    return true;
  } catch (error) {
    showToast(error.message, { tone: "bad" });
    return false;
  }
}

export function openNewPerson() {
  const name = h("input", { class: "field", id: "new-name", maxlength: 128, autocomplete: "off", dir: "auto", dataset: { testid: "person-name" } });
  name.value = freshName();
  const language = h("select", { class: "field", id: "new-language", dataset: { testid: "person-language" } },
    PHONE_LANGUAGES.map(([code, label]) => h("option", { value: code, selected: code === pageLanguage() }, label)));
  const run = () => createPerson(name.value, language.value);
  const { close } = openDialog({
    title: t("newPerson"), testid: "new-person-dialog", className: "dialog-form",
    body: h("div", { class: "form" },
      h("label", { class: "label", for: "new-name" }, t("name")), name,
      h("label", { class: "label", for: "new-language" }, t("language")), language),
    actions: [{ label: t("cancel") }, { label: t("create"), primary: true, id: "person-create", run }],
  });
  name.addEventListener("keydown", async (event) => {
    if (event.key === "Enter" && (await run())) close();
  });
  name.focus();
  name.select();
}
