import { fill, h } from "./dom.js";
import { safeUrl } from "./format.js";
import { t } from "./i18n.js";
import { showToast } from "./toast.js";

/** The keyboard a bot put under the composer: the newest one not removed since, and whether it was used up. */
export function currentKeyboard(chat) {
  const entries = chat.all;
  for (let index = entries.length - 1; index >= 0; index--) {
    const markup = entries[index].message.reply_markup;
    if (!entries[index].message.from_bot || !markup) continue;
    if (markup.remove_keyboard) return null;
    if (!markup.keyboard) continue;
    const answered = entries.slice(index + 1).some((entry) => !entry.message.from_bot);
    return { markup, key: entries[index].key, usedUp: Boolean(markup.one_time_keyboard && answered) };
  }
  return null;
}

/** The message that asks for a reply (ForceReply), when it is the newest of the chat. */
export function forcedReply(chat) {
  const last = chat.all.at(-1)?.message;
  return last?.from_bot && last.reply_markup?.force_reply ? last : null;
}

export class ReplyKeyboard {
  constructor({ send }) {
    this.send = send;
    this.node = h("div", { class: "reply-keyboard", hidden: true, role: "group", "aria-label": t("showKeyboard") });
  }

  update(found, hidden) {
    this.node.hidden = !found || hidden;
    if (!found || this.markup === found.markup) return;
    this.markup = found.markup;
    this.node.classList.toggle("fit", Boolean(found.markup.resize_keyboard));
    fill(this.node, found.markup.keyboard.map((row) => h("div", { class: "keyboard-row" }, row.map((button) => this.button(button)))));
  }

  button(raw) {
    const button = typeof raw === "string" ? { text: raw } : raw;
    const style = ["primary", "success", "danger"].includes(button.style) ? ` style-${button.style}` : "";
    const props = { class: `reply-button${style}`, dataset: { testid: "reply-button" } };
    const url = button.web_app ? safeUrl(button.web_app.url) : null;
    if (url) return h("a", { ...props, href: url, target: "_blank", rel: "noopener noreferrer" }, button.text);
    const special = ["request_users", "request_chat", "request_contact", "request_location", "request_poll"].some((name) => button[name]);
    const run = special ? () => showToast(t("unsupportedButton")) : () => this.send(button.text);
    return h("button", { ...props, type: "button", on: { click: run } }, button.text);
  }
}
