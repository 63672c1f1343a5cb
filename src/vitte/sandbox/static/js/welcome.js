import { botAvatar } from "./avatar.js";
import { fill, h } from "./dom.js";
import { PAGE_LANGUAGES, pageLanguage, setPageLanguage, t } from "./i18n.js";
import { createPerson } from "./new-person.js";
import { passing } from "./storage.js";
import { store } from "./store.js";

/** What fills the main side when there is no chat to show: a welcome, a wait for a bot, or a wish to choose. */
export class Welcome {
  constructor() {
    this.card = h("div", { class: "welcome-card" });
    this.node = h("main", { class: "welcome" }, h("div", { class: "wallpaper", "aria-hidden": "true" }), this.card);
  }

  update() {
    const state = `${pageLanguage()}:${store.bots.size > 0}:${store.people.size > 0}`;
    if (state === this.state) return;
    this.state = state;
    if (store.people.size === 0) this.paintWelcome();
    else if (store.bots.size === 0) this.paintWaiting();
    else {
      this.card.className = "welcome-pill";
      fill(this.card, t("chooseChat"));
    }
  }

  paintWaiting() {
    this.card.className = "welcome-card";
    fill(this.card, botAvatar("huge"), h("h1", {}, t("waitingBot")), h("p", {}, t("waitingBotHint")), h("span", { class: "spinner" }));
  }

  paintWelcome() {
    const bot = store.bots.get(store.botId)?.first_name ?? t("bot");
    const name = h("input", { class: "field", id: "welcome-name", maxlength: 128, autocomplete: "off", dir: "auto", dataset: { testid: "welcome-name" } });
    name.value = passing.get("name") ?? t("defaultName");
    name.addEventListener("input", () => passing.set("name", name.value));
    const go = () => createPerson(name.value, pageLanguage());
    name.addEventListener("keydown", (event) => event.key === "Enter" && go());
    this.card.className = "welcome-card";
    fill(this.card, botAvatar("huge"), h("h1", {}, t("welcomeTitle")), h("p", {}, t("welcomeText", bot)),
      h("div", { class: "form" },
        h("label", { class: "label", for: "welcome-name" }, t("yourName")), name,
        h("div", { class: "segments", role: "group", "aria-label": t("language") }, PAGE_LANGUAGES.map(([code, label]) => this.segment(code, label))),
        h("button", { type: "button", class: "button button-primary button-wide", dataset: { testid: "welcome-create" }, on: { click: go } }, t("startChatting"))));
  }

  segment(code, label) {
    return h("button", {
      type: "button", class: "segment", "aria-pressed": String(code === pageLanguage()), dataset: { testid: `welcome-${code}` },
      on: {
        click: () => {
          setPageLanguage(code);
          location.reload();
        },
      },
    }, label);
  }
}
