import { copyWithToast } from "./entities.js";
import { openMenu } from "./menu.js";
import { t } from "./i18n.js";

const LONG_PRESS_MS = 480;
const FINGER_SLIP = 10;

/** Opens a message's menu by right click, long press, or Enter and the menu key on a focused message. */
export function listenForMessageMenu(scroller, list) {
  const articleOf = (event) => event.target.closest?.("article.message:not(.draft)");
  scroller.addEventListener("contextmenu", (event) => {
    const article = articleOf(event);
    const selecting = !window.getSelection().isCollapsed;
    if (!article || selecting || event.target.closest("a")) return;
    event.preventDefault();
    const byKey = event.clientX === 0 && event.clientY === 0;
    open(list, article, byKey ? null : { x: event.clientX, y: event.clientY });
  });
  scroller.addEventListener("dblclick", (event) => {
    const article = articleOf(event);
    if (article && !event.target.closest(".text, button, a")) reply(list, article);
  });
  scroller.addEventListener("keydown", (event) => {
    if (event.target.matches("article.message")) keyOnMessage(event, list);
  });
  listenForLongPress(scroller, (event, point) => {
    const article = articleOf(event);
    if (article) open(list, article, point);
  });
}

// Safari on a phone has no contextmenu event for a long press.
function listenForLongPress(scroller, run) {
  let timer = null;
  let start = null;
  const cancel = () => clearTimeout(timer);
  scroller.addEventListener("touchstart", (event) => {
    cancel();
    if (event.touches.length !== 1 || event.target.closest("button, a, pre")) return;
    start = { x: event.touches[0].clientX, y: event.touches[0].clientY };
    timer = setTimeout(() => run(event, start), LONG_PRESS_MS);
  }, { passive: true });
  scroller.addEventListener("touchmove", (event) => {
    const { clientX, clientY } = event.touches[0];
    if (start && Math.hypot(clientX - start.x, clientY - start.y) > FINGER_SLIP) cancel();
  }, { passive: true });
  for (const type of ["touchend", "touchcancel"]) scroller.addEventListener(type, cancel, { passive: true });
}

function keyOnMessage(event, list) {
  const articles = [...list.scroller.querySelectorAll("article.message:not(.draft)")];
  const index = articles.indexOf(event.target);
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (step) articles[Math.max(0, Math.min(articles.length - 1, index + step))].focus();
  else if (event.key === "Enter") open(list, event.target, null);
  else return;
  event.preventDefault();
}

function reply(list, article) {
  const view = list.viewOf(article);
  if (view?.entry.message.message_id) list.actions.onReply(view.entry.message);
}

function open(list, article, at) {
  const view = list.viewOf(article);
  if (!view) return;
  const { message, status } = view.entry;
  const words = message.text ?? message.caption ?? "";
  const saved = message.message_id !== null;
  const items = [
    saved && { icon: "reply", label: t("reply"), id: "menu-reply", run: () => list.actions.onReply(message) },
    words && { icon: "copy", label: t("copy"), id: "menu-copy", run: () => copyWithToast(words) },
    saved && !message.from_bot && message.text !== undefined
      && { icon: "edit", label: t("edit"), id: "menu-edit", run: () => list.actions.onEdit(message) },
    status === "failed" && { icon: "send", label: t("retry"), run: () => list.actions.onRetry(view.entry) },
  ].filter(Boolean);
  if (!items.length) return;
  const box = article.querySelector(".bubble").getBoundingClientRect();
  openMenu({ at: at ?? { x: box.left + 12, y: box.top + 24 }, items, label: t("messageActions") });
}
