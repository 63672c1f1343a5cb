import { api } from "./api.js";
import { offerFiles } from "./attachments.js";
import { CommandList } from "./commands.js";
import { h, isPhone } from "./dom.js";
import { summary } from "./format.js";
import { icon } from "./icons.js";
import { t } from "./i18n.js";
import { editText, sendText } from "./outbox.js";
import { ReplyKeyboard, currentKeyboard, forcedReply } from "./reply-keyboard.js";
import { passing } from "./storage.js";
import { showToast } from "./toast.js";

// Telegram counts UTF-16 units, as does a JavaScript string's length.
const TEXT_UNITS = 4096;
const COUNTER_FROM = 3800;
const TALLEST = 220;

/** Where the person writes: text, commands, attachments, reply or edit strip, and the bot's reply keyboard. */
export class Composer {
  constructor() {
    this.mode = null;
    this.commands = new CommandList({ run: (text) => this.sendCommand(text), complete: (text) => this.set(text), onToggle: () => this.paintCommands() });
    this.keyboard = new ReplyKeyboard({ send: (text) => this.sendNow(text) });
    this.strip = h("div", { class: "compose-strip", hidden: true });
    this.build();
    this.node = h("footer", { class: "composer-zone" }, this.commands.node, h("div", { class: "composer-box" }, this.strip, this.row), this.keyboard.node);
    this.area.addEventListener("input", () => this.changed());
    this.area.addEventListener("keydown", (event) => this.keydown(event));
    this.area.addEventListener("paste", (event) => this.pasted(event));
    this.area.addEventListener("blur", () => this.commands.byButton || this.commands.hide());
  }

  build() {
    this.area = h("textarea", {
      class: "composer-input", rows: 1, placeholder: t("write"), "aria-label": t("write"), dir: "auto", autocomplete: "off", enterkeyhint: "send",
      "aria-controls": "commands", dataset: { testid: "composer" },
    });
    const button = (name, label, run, extra = {}) => h("button", { type: "button", class: "icon-button", "aria-label": label, title: label, on: { click: run }, ...extra }, icon(name));
    this.menuButton = h("button", {
      type: "button", class: "menu-button", "aria-haspopup": "listbox", "aria-expanded": "false", "aria-label": t("menu"),
      dataset: { testid: "menu-button" }, on: { click: () => this.toggleCommands() },
    }, icon("menu", { size: 20 }), h("span", {}, t("menu")));
    this.file = h("input", { type: "file", multiple: true, hidden: true, "aria-label": t("attach"), dataset: { testid: "file-input" } });
    this.file.addEventListener("change", () => this.attach(this.file.files));
    this.attachButton = button("attach", t("attach"), () => this.file.click(), { dataset: { testid: "attach-button" } });
    this.keyboardButton = button("keyboard", t("showKeyboard"), () => this.toggleKeyboard(), { hidden: true });
    this.counter = h("span", { class: "counter", hidden: true, dataset: { testid: "char-counter" } });
    this.sendButton = h("button", {
      type: "button", class: "send-button", "aria-label": t("send"), title: t("send"), dataset: { testid: "send-button" }, on: { click: () => this.submit() },
    }, icon("send", { size: 24 }), icon("check", { size: 24 }));
    this.stopButton = h("button", {
      type: "button", class: "stop-button", hidden: true, "aria-label": t("stop"), title: t("stop"), dataset: { testid: "stop-button" },
      on: { click: () => this.stop() },
    }, icon("stop", { size: 24 }));
    this.row = h("div", { class: "composer-row" }, this.menuButton,
      h("div", { class: "composer-field" }, this.area, this.counter, this.keyboardButton, this.attachButton, this.file), this.stopButton, this.sendButton);
  }

  show(chat) {
    this.chat = chat;
    this.keyboardHidden = null;
    this.setMode(null);
    this.commands.hide();
    this.set(passing.get(this.textKey) ?? "");
    if (chat.loaded) this.update();
  }

  get textKey() {
    return `text.${this.chat.personId}.${this.chat.botId}`;
  }

  paintStop() {
    const { draft } = this.chat;
    this.stopButton.hidden = !draft?.can_stop;
    this.row.classList.toggle("stoppable", !this.stopButton.hidden);
    if (this.stoppedDraft !== draft?.draft_id) this.stopButton.disabled = false;
  }

  async stop() {
    this.stoppedDraft = this.chat.draft?.draft_id;
    this.stopButton.disabled = true;
    try {
      await api.stop(this.chat.personId, this.chat.botId);
    } catch (error) {
      this.stopButton.disabled = false;
      // 409: the answer ended just before the press, which is what the person wanted.
      if (error.status !== 409) showToast(error.message, { tone: "bad" });
    }
  }

  /** The chat changed: its commands, its reply keyboard, a wish for a reply. */
  update() {
    const { chat } = this;
    this.paintStop();
    this.commands.commands = chat.bot?.commands ?? [];
    this.menuButton.hidden = this.commands.commands.length === 0;
    if (this.commands.open) this.commands.byButton ? this.commands.show(this.commands.commands) : this.commands.follow(this.area.value);
    const found = currentKeyboard(chat);
    const hidden = this.keyboardHidden?.key === found?.key ? this.keyboardHidden?.hidden : null;
    const closed = hidden ?? found?.usedUp ?? false;
    this.keyboard.update(found, closed);
    this.keyboardButton.hidden = !found;
    this.keyboardButton.setAttribute("aria-label", t(closed ? "showKeyboard" : "hideKeyboard"));
    this.keyboardButton.setAttribute("aria-pressed", String(!closed));
    const forced = forcedReply(chat);
    this.area.placeholder = (forced?.reply_markup ?? (closed ? null : found?.markup))?.input_field_placeholder || t("write");
    if (forced && this.forcedId !== forced.message_id) {
      this.forcedId = forced.message_id;
      this.reply(forced);
    }
  }

  setLive(live) {
    this.live = live;
    this.node.classList.toggle("offline", !live);
    // Read-only instead of disabled: the field keeps its focus, and a phone its keyboard, over a short break.
    this.area.readOnly = !live;
    this.area.setAttribute("aria-disabled", String(!live));
    this.attachButton.disabled = !live;
    this.paintSend();
  }

  focus() {
    if (!isPhone() && !document.querySelector("dialog[open]")) this.area.focus({ preventScroll: true });
  }

  set(text) {
    this.area.value = text;
    this.changed();
  }

  changed() {
    const text = this.area.value;
    this.area.style.height = "auto";
    this.area.style.height = `${Math.min(this.area.scrollHeight, TALLEST)}px`;
    this.area.classList.toggle("scrolls", this.area.scrollHeight > TALLEST);
    if (this.mode?.kind !== "edit") passing.set(this.textKey, text);
    this.row.classList.toggle("has-text", text.length > 0);
    this.commands.follow(text);
    this.paintSend();
  }

  paintSend() {
    const length = this.area.value.trim().length;
    this.counter.hidden = length < COUNTER_FROM;
    this.counter.textContent = String(TEXT_UNITS - length);
    this.counter.classList.toggle("over", length > TEXT_UNITS);
    this.counter.title = length > TEXT_UNITS ? t("tooLong", length - TEXT_UNITS) : "";
    this.sendButton.disabled = length === 0 || length > TEXT_UNITS || this.live === false;
  }

  paintCommands() {
    const { open, byButton, index } = this.commands;
    this.menuButton.setAttribute("aria-expanded", String(open && byButton === true));
    if (open && index >= 0) this.area.setAttribute("aria-activedescendant", `command-${index}`);
    else this.area.removeAttribute("aria-activedescendant");
  }

  toggleCommands() {
    this.commands.toggleAll();
    if (this.commands.open) this.focus();
  }

  toggleKeyboard() {
    const found = currentKeyboard(this.chat);
    this.keyboardHidden = { key: found?.key, hidden: !this.keyboard.node.hidden };
    this.update();
  }

  keydown(event) {
    if (event.isComposing || this.commands.key(event)) return;
    if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      this.submit();
    } else if (event.key === "Escape" && this.mode) this.setMode(null);
    else if (event.key === "ArrowUp" && this.area.value === "") this.editLast(event);
  }

  editLast(event) {
    const own = this.chat.ordered.findLast(({ message }) => !message.from_bot && message.text !== undefined);
    if (!own) return;
    event.preventDefault();
    this.edit(own.message);
  }

  submit() {
    const text = this.area.value.trim();
    if (this.sendButton.disabled || !text) return;
    const { mode } = this;
    this.setMode(null);
    if (mode?.kind === "edit") {
      if (text !== mode.message.text) editText(this.chat, mode.message.message_id, text);
      return;
    }
    this.set("");
    sendText(this.chat, text, { replyTo: mode?.message.message_id });
  }

  sendNow(text) {
    if (this.live === false) return;
    sendText(this.chat, text);
    this.focus();
  }

  sendCommand(text) {
    if (this.area.value.startsWith("/")) this.set("");
    this.sendNow(text);
  }

  reply(message) {
    this.setMode({ kind: "reply", message });
  }

  edit(message) {
    this.setMode({ kind: "edit", message });
    this.set(message.text);
    this.area.setSelectionRange(message.text.length, message.text.length);
  }

  setMode(mode) {
    const wasEdit = this.mode?.kind === "edit";
    this.mode = mode;
    if (wasEdit) this.set(passing.get(this.textKey) ?? "");
    this.strip.hidden = !mode;
    this.node.classList.toggle("editing", mode?.kind === "edit");
    if (!mode) return;
    const name = mode.message.from_bot ? this.chat.bot?.first_name ?? t("bot") : t("you");
    this.strip.replaceChildren(icon(mode.kind === "edit" ? "edit" : "reply"),
      h("div", { class: "strip-lines" }, h("span", { class: "reply-name" }, mode.kind === "edit" ? t("editing") : t("replyTo", name)),
        h("span", { class: "reply-words" }, summary(mode.message))),
      h("button", { type: "button", class: "icon-button", "aria-label": t("cancel"), on: { click: () => this.setMode(null) } }, icon("close", { size: 18 })));
    this.focus();
  }

  pasted(event) {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    this.attach(files);
  }

  async attach(files) {
    const caption = this.mode?.kind === "edit" ? "" : this.area.value.trim();
    const list = [...files];
    this.file.value = "";
    const sent = await offerFiles(this.chat, list, caption);
    if (sent && caption) this.set("");
    this.focus();
  }
}
