import { personAvatar } from "./avatar.js";
import { pageItems, themeIcon } from "./chat-menu.js";
import { arrange, fill, h } from "./dom.js";
import { fullName, listTime, summary } from "./format.js";
import { icon, ticks } from "./icons.js";
import { actionWords, t } from "./i18n.js";
import { openMenu } from "./menu.js";
import { openNewPerson } from "./new-person.js";
import { store } from "./store.js";
import { currentTheme, nextTheme, setTheme } from "./theme.js";

const MOST_ROWS = 200;

/** The left side: everybody who holds a phone in this sandbox, the last written to on top. */
export class PeopleList {
  constructor({ onSelect }) {
    this.onSelect = onSelect;
    this.rows = new Map();
    this.items = h("ul", { class: "people", "aria-label": t("people") });
    this.themeButton = h("button", { type: "button", class: "icon-button", dataset: { testid: "theme-toggle" }, on: { click: () => setTheme(nextTheme()) } });
    this.bots = h("div", { class: "bot-tabs", role: "tablist", "aria-label": t("bots"), hidden: true });
    const settings = h("button", {
      type: "button", class: "icon-button", "aria-label": t("uiLanguage"), title: t("uiLanguage"), "aria-haspopup": "menu", dataset: { testid: "settings-menu" },
      on: { click: () => openMenu({ anchor: settings, label: t("uiLanguage"), items: pageItems() }) },
    }, icon("language"));
    this.node = h("nav", { class: "people-pane", "aria-label": t("people") },
      h("header", { class: "people-header" }, h("div", { class: "people-titles" }, h("h2", {}, t("people")), h("p", {}, t("peopleHint"))), settings, this.themeButton),
      this.bots, this.items,
      h("div", { class: "people-footer" }, h("button", { type: "button", class: "new-person", dataset: { testid: "new-person" }, on: { click: () => openNewPerson() } },
        icon("plus", { size: 20 }), t("newPerson"))));
    this.paintTheme();
    window.addEventListener("vitte:theme", () => this.paintTheme());
    for (const type of ["people", "select", "chat"]) store.on(type, () => this.soon());
  }

  paintTheme() {
    const theme = currentTheme();
    fill(this.themeButton, icon(themeIcon(theme)));
    const label = `${t("theme")}: ${t(`theme${theme}`)}`;
    this.themeButton.setAttribute("aria-label", label);
    this.themeButton.title = label;
    this.themeButton.dataset.theme = theme;
  }

  // A streamed answer changes the chat many times a second; the list needs one look per frame.
  soon() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      this.update();
    });
  }

  update() {
    const people = store.sortedPeople.slice(0, MOST_ROWS);
    const nodes = people.map((person) => this.row(person));
    arrange(this.items, nodes);
    this.paintBots();
  }

  row(person) {
    const chat = store.botId ? store.chat(person.id, store.botId) : null;
    const selected = person.id === store.personId;
    const state = this.state(person, chat, selected);
    const stamp = JSON.stringify(state);
    if (!this.rows.has(person.id)) {
      const button = h("button", { type: "button", class: "person", dataset: { testid: "person-item", personId: person.id }, on: { click: () => this.onSelect(person.id) } });
      this.rows.set(person.id, { node: h("li", {}, button), button, stamp: null });
    }
    const row = this.rows.get(person.id);
    if (row.stamp !== stamp) {
      row.stamp = stamp;
      this.paintRow(row.button, person, state);
    }
    return row.node;
  }

  state(person, chat, selected) {
    const last = chat?.last ?? null;
    return {
      name: fullName(person), selected,
      action: chat?.action ?? (chat?.draft ? "typing" : null),
      words: last ? summary(last.message) : t("noMessages"),
      own: last ? !last.message.from_bot : false,
      date: last?.message.date ?? null,
      unread: chat?.loaded ? chat.unread : 0,
    };
  }

  paintRow(button, person, { name, selected, action, words, own, date, unread }) {
    button.classList.toggle("selected", selected);
    if (selected) button.setAttribute("aria-current", "true");
    else button.removeAttribute("aria-current");
    fill(button, personAvatar(person),
      h("span", { class: "person-lines" },
        h("span", { class: "person-top" }, h("span", { class: "person-name", dir: "auto" }, name),
          own ? h("span", { class: "person-tick" }, ticks(false, t("sent"))) : null,
          date ? h("time", { class: "person-time" }, listTime(date)) : null),
        h("span", { class: "person-bottom" },
          action ? h("span", { class: "person-words acting" }, `${actionWords(action)}…`) : h("span", { class: "person-words", dir: "auto" }, words),
          unread ? h("span", { class: "badge", "aria-label": t("unread", unread), dataset: { testid: "unread" } }, unread > 99 ? "99+" : unread) : null)));
  }

  paintBots() {
    this.bots.hidden = store.bots.size < 2;
    if (this.bots.hidden) return;
    fill(this.bots, [...store.bots.values()].map((bot) => h("button", {
      type: "button", role: "tab", class: "bot-tab", "aria-selected": String(bot.id === store.botId), on: { click: () => store.selectBot(bot.id) },
    }, bot.first_name)));
  }
}
