import { h } from "./dom.js";
import { t } from "./i18n.js";

const SHOWN_MS = 3500;
const MOST_TOASTS = 3;

export function showToast(text, { tone = "plain" } = {}) {
  const host = document.getElementById("toasts");
  const toast = h("div", { class: `toast toast-${tone}`, dataset: { testid: "toast" } }, text);
  host.append(toast);
  while (host.children.length > MOST_TOASTS) host.firstElementChild.remove();
  const leave = () => {
    toast.classList.add("leaving");
    setTimeout(() => toast.remove(), 220);
  };
  toast.addEventListener("click", leave);
  setTimeout(leave, SHOWN_MS + Math.min(text.length, 200) * 20);
}

/** Opens a native modal dialog: it keeps focus inside, closes by Esc and gives focus back. */
export function openDialog({ title, body, actions = [], className = "", testid = "dialog", onClose = null }) {
  const heading = title ? h("h2", { class: "dialog-title" }, title) : null;
  const dialog = h("dialog", { class: `dialog ${className}`, dataset: { testid }, "aria-label": title ?? t("message") }, heading, body);
  const close = () => dialog.close();
  if (actions.length) {
    dialog.append(h("div", { class: "dialog-actions" }, actions.map(({ label, primary, run, id }) =>
      h("button", {
        type: "button", class: primary ? "button button-primary" : "button", dataset: id ? { testid: id } : {},
        on: { click: async () => (await run?.()) === false || close() },
      }, label))));
  }
  dialog.addEventListener("click", (event) => event.target === dialog && close());
  dialog.addEventListener("close", () => {
    dialog.remove();
    onClose?.();
  });
  document.body.append(dialog);
  dialog.showModal();
  return { dialog, close };
}

export const showAlert = (text) =>
  openDialog({
    body: h("p", { class: "alert-text" }, text), className: "dialog-alert", testid: "alert",
    actions: [{ label: t("ok"), primary: true, id: "alert-ok" }],
  });
