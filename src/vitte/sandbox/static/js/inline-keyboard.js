import { api } from "./api.js";
import { h } from "./dom.js";
import { copyWithToast } from "./entities.js";
import { safeUrl } from "./format.js";
import { icon } from "./icons.js";
import { t } from "./i18n.js";
import { store } from "./store.js";
import { openDialog, showAlert, showToast } from "./toast.js";

// Telegram's clients stop waiting for an answer by themselves too.
const ANSWER_LIMIT_MS = 15_000;

// Presses whose answer has not come: a message edited meanwhile is drawn anew and must keep its spinner.
const waiting = new Map();

const pressKey = (chat, messageId, data) => `${chat.personId}:${chat.botId}:${messageId}:${data}`;

export function inlineKeyboard(chat, message) {
  const rows = message.reply_markup?.inline_keyboard;
  if (!rows?.length) return null;
  return h("div", { class: "inline-keyboard" }, rows.map((row) =>
    h("div", { class: "keyboard-row" }, row.map((button) => inlineButton(chat, message, button)))));
}

function inlineButton(chat, message, button) {
  const style = ["primary", "success", "danger"].includes(button.style) ? ` style-${button.style}` : "";
  const props = { class: `inline-button${style}`, dataset: { testid: "inline-button" } };
  const label = h("span", { class: "inline-label" }, button.text);
  const address = button.url ?? button.web_app?.url ?? button.login_url?.url;
  if (address !== undefined) return linkButton(props, label, address);
  const node = h("button", { ...props, type: "button" }, label);
  if (button.copy_text) {
    node.append(corner("copy"));
    node.addEventListener("click", () => copyWithToast(button.copy_text.text));
  } else if (button.callback_data !== undefined) {
    node.dataset.press = pressKey(chat, message.message_id, button.callback_data);
    node.addEventListener("click", () => press(chat, message, button.callback_data));
    paintWaiting(node);
  } else node.addEventListener("click", () => showToast(t("unsupportedButton")));
  return node;
}

function linkButton(props, label, address) {
  const url = safeUrl(address);
  if (!url) return h("button", { ...props, type: "button", disabled: true }, label);
  return h("a", { ...props, href: url, target: "_blank", rel: "noopener noreferrer", title: url }, label, corner("link"));
}

const corner = (name) => h("span", { class: "button-corner" }, icon(name, { size: 12 }));

function paintWaiting(node) {
  const busy = waiting.has(node.dataset.press);
  node.classList.toggle("waiting", busy);
  node.setAttribute("aria-busy", String(busy));
}

function setWaiting(key, value) {
  if (value) waiting.set(key, value);
  else waiting.delete(key);
  for (const node of document.querySelectorAll(".inline-button[data-press]")) if (node.dataset.press === key) paintWaiting(node);
}

async function press(chat, message, data) {
  const key = pressKey(chat, message.message_id, data);
  if (waiting.has(key)) return;
  setWaiting(key, { id: null });
  try {
    const { callback_query_id: id } = await api.pressButton(chat.personId, chat.botId, message.message_id, data);
    const early = store.answers.get(id);
    if (early) return finish(key, early);
    setWaiting(key, { id });
    setTimeout(() => waiting.get(key)?.id === id && setWaiting(key, null), ANSWER_LIMIT_MS);
  } catch (error) {
    setWaiting(key, null);
    showToast(error.message, { tone: "bad" });
  }
}

function finish(key, answer) {
  setWaiting(key, null);
  store.answers.delete(answer.callback_query_id);
  if (answer.url) offerLink(answer.url);
  else if (answer.text && answer.show_alert) showAlert(answer.text);
  else if (answer.text) showToast(answer.text);
}

// A browser blocks windows opened without a press, so the answer's address waits for one.
function offerLink(address) {
  const url = safeUrl(address);
  if (!url) return;
  openDialog({
    title: t("openLink"), body: h("p", { class: "alert-text" }, url),
    actions: [
      { label: t("cancel") },
      { label: t("open"), primary: true, run: () => void window.open(url, "_blank", "noopener") },
    ],
  });
}

store.on("answer", (answer) => {
  for (const [key, held] of waiting) if (held.id === answer.callback_query_id) finish(key, answer);
});
