import { fill, h } from "./dom.js";
import { t } from "./i18n.js";

/**
 * The list of bot commands over the composer: all of them by the Menu button, the matching ones while "/…" is typed.
 * Focus stays in the composer, which passes its keys to `key(event)`; `run(text)` sends a chosen command.
 */
export class CommandList {
  constructor({ run, complete, onToggle }) {
    Object.assign(this, { run, complete, onToggle });
    this.commands = [];
    this.shown = [];
    this.index = -1;
    this.node = h("div", {
      class: "commands", id: "commands", role: "listbox", "aria-label": t("commands"), hidden: true, dataset: { testid: "commands" },
      on: { pointerdown: (event) => event.preventDefault() },
    });
    document.addEventListener("pointerdown", (event) => {
      if (this.byButton && !event.target.closest(".commands, .menu-button")) this.hide();
    });
  }

  get open() {
    return !this.node.hidden;
  }

  toggleAll() {
    if (this.open && this.byButton) return this.hide();
    this.byButton = true;
    this.show(this.commands);
  }

  /** Follows what is being typed. */
  follow(text) {
    const typed = /^\/(\w*)$/.exec(text)?.[1].toLowerCase();
    const matching = typed === undefined ? [] : this.commands.filter((item) => item.command.startsWith(typed));
    if (!matching.length) return this.hide();
    this.byButton = false;
    this.show(matching);
  }

  show(commands) {
    this.shown = commands;
    this.index = -1;
    fill(this.node, commands.map((item, index) => h("div", {
      class: "command", id: `command-${index}`, role: "option", "aria-selected": "false", dataset: { testid: "command-item" },
      on: {
        click: () => this.choose(index),
        pointermove: () => this.mark(index),
      },
    }, h("span", { class: "command-name" }, `/${item.command}`), h("span", { class: "command-words", dir: "auto" }, item.description))));
    this.node.hidden = commands.length === 0;
    this.onToggle(this);
  }

  hide() {
    if (!this.open) return;
    this.node.hidden = true;
    this.index = -1;
    this.onToggle(this);
  }

  mark(index) {
    this.index = index;
    [...this.node.children].forEach((node, at) => node.setAttribute("aria-selected", String(at === index)));
    this.node.children[index]?.scrollIntoView({ block: "nearest" });
    this.onToggle(this);
  }

  choose(index) {
    const { command } = this.shown[index];
    this.hide();
    this.run(`/${command}`);
  }

  /** True when the key was for the list. Enter sends the marked command; with none marked it is the composer's. */
  key(event) {
    if (!this.open) return false;
    const count = this.shown.length;
    if (event.key === "ArrowDown") this.mark((this.index + 1) % count);
    else if (event.key === "ArrowUp") this.mark((this.index <= 0 ? count : this.index) - 1);
    else if (event.key === "Escape") this.hide();
    else if (event.key === "Tab" && !event.shiftKey) this.complete(`/${this.shown[Math.max(0, this.index)].command} `);
    else if (event.key === "Enter" && this.index >= 0) this.choose(this.index);
    else return false;
    event.preventDefault();
    return true;
  }
}
