import { drawMessage, authorName, paintTicks } from "./bubble.js";
import { arrange, h, prefersCalm } from "./dom.js";
import { DraftBubble, growFrom } from "./draft-bubble.js";
import { dayKey, dayTitle, summary } from "./format.js";
import { icon } from "./icons.js";
import { t } from "./i18n.js";
import { listenForMessageMenu } from "./message-menu.js";

const FIRST_SHOWN = 120;
const MORE_SHOWN = 120;
const NEAR_BOTTOM = 56;
const NEAR_TOP = 200;
const GROUP_SECONDS = 600;
// "No draft" and the message that replaces it come as two events; the bubble waits this long for its successor.
const DRAFT_LINGER_MS = 400;

/** The scrolling middle of a chat: days, bubbles, the draft, and the button that goes down. */
export class MessageList {
  constructor(actions) {
    this.actions = { ...actions, onJump: (id) => this.jump(id) };
    this.earlier = h("button", { type: "button", class: "earlier", on: { click: () => this.showEarlier() } }, t("showEarlier"));
    this.inner = h("div", { class: "messages-inner" });
    this.scroller = h("div", { class: "messages", role: "log", "aria-live": "off", "aria-label": t("message"), tabindex: "-1" }, this.inner);
    this.count = h("span", { class: "badge", hidden: true });
    this.down = h("button", {
      type: "button", class: "scroll-down", "aria-label": t("scrollDown"), dataset: { testid: "scroll-down" },
      on: { click: () => this.toBottom(true) },
    }, icon("down"), this.count);
    this.node = h("div", { class: "messages-pane" }, this.scroller, this.down);
    this.scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    const settle = new ResizeObserver(() => this.stick && this.toBottom());
    settle.observe(this.inner);
    settle.observe(this.scroller);
    document.addEventListener("visibilitychange", () => this.read());
    listenForMessageMenu(this.scroller, this);
  }

  show(chat, person) {
    clearTimeout(this.lingering);
    Object.assign(this, { chat, person, drawn: new Map(), days: new Map(), limit: FIRST_SHOWN, stick: true, draft: null, fresh: true });
    this.inner.replaceChildren();
    this.lastTop = 0;
    if (chat.loaded) this.update("history");
  }

  update(cause) {
    const { chat } = this;
    const entries = chat.all;
    const shown = entries.slice(-this.limit);
    const added = this.drawEntries(shown, cause);
    this.earlier.hidden = shown.length === entries.length;
    this.updateDraft(added);
    const sections = this.sections(shown);
    arrange(this.inner, [...(this.earlier.hidden ? [] : [this.earlier]), ...sections, ...(this.draft ? [this.draft.node] : [])]);
    if (this.successor) {
      const bubble = this.successor.node.querySelector(".bubble");
      growFrom(bubble, this.successor.size);
      this.successor = null;
    }
    if (added.some(({ entry }) => !entry.message.from_bot) && cause === "own") this.stick = true;
    if (this.stick) this.toBottom();
    this.fresh = false;
    this.read();
  }

  drawEntries(shown, cause) {
    const { chat, drawn } = this;
    const lively = !this.fresh && (cause === "new" || cause === "own");
    const answered = chat.draft || chat.action ? Infinity : chat.lastBotId;
    const added = [];
    const alive = new Set(shown.map((entry) => entry.key));
    for (const key of drawn.keys()) if (!alive.has(key)) drawn.delete(key);
    shown.forEach((entry, index) => {
      let view = drawn.get(entry.key);
      if (!view) {
        view = { node: this.makeNode(entry, lively), entry };
        drawn.set(entry.key, view);
        added.push(view);
      }
      this.refresh(view, entry);
      const { message } = entry;
      view.node.classList.toggle("first", !together(shown[index - 1], entry));
      view.node.classList.toggle("last", !together(entry, shown[index + 1]));
      view.node.tabIndex = index === shown.length - 1 ? 0 : -1;
      paintTicks(view.node, entry, message.message_id !== null && message.message_id < answered);
    });
    return added;
  }

  makeNode(entry, lively) {
    const own = !entry.message.from_bot;
    return h("article", { class: `message ${own ? "out" : "in"}${lively ? " enter" : ""}`, dataset: { testid: "message", from: own ? "person" : "bot" } });
  }

  refresh(view, entry) {
    const { chat, person } = this;
    const target = chat.entries.get(entry.message.reply_to_message_id);
    const stamp = `${entry.message.message_id}:${entry.revision}:${entry.status ?? ""}:${target?.revision ?? ""}`;
    view.entry = entry;
    if (view.stamp === stamp) return;
    view.stamp = stamp;
    if (entry.message.message_id !== null) view.node.dataset.messageId = entry.message.message_id;
    drawMessage(view.node, { chat, person, entry, target: target?.message ?? null, actions: this.actions });
  }

  sections(shown) {
    const groups = new Map();
    for (const entry of shown) {
      const key = dayKey(entry.message.date);
      if (!groups.has(key)) groups.set(key, []);
      groups.get(key).push(entry);
    }
    for (const key of this.days.keys()) if (!groups.has(key)) this.days.delete(key);
    return [...groups].map(([key, entries]) => {
      if (!this.days.has(key)) this.days.set(key, h("section", { class: "day" }));
      const section = this.days.get(key);
      section.heading ??= h("div", { class: "day-title" }, h("span", {}));
      section.heading.firstElementChild.textContent = dayTitle(entries[0].message.date);
      arrange(section, [section.heading, ...entries.map((entry) => this.drawn.get(entry.key).node)]);
      return section;
    });
  }

  updateDraft(added) {
    const answer = added.find(({ entry }) => entry.message.from_bot);
    clearTimeout(this.lingering);
    if (this.draft && answer && !this.chat.draft) {
      this.successor = { node: answer.node, size: this.draft.size };
      answer.node.classList.remove("enter");
      this.draft = null;
    } else if (this.chat.draft) {
      this.draft ??= new DraftBubble();
      this.draft.update(this.chat.draft);
    } else if (this.draft) {
      this.lingering = setTimeout(() => {
        this.draft?.node.remove();
        this.draft = null;
      }, DRAFT_LINGER_MS);
    }
  }

  scrolled() {
    const { scrollTop } = this.scroller;
    // Growing content also moves the bottom away; only a person's scrolling up lets go of it.
    if (this.fromBottom < NEAR_BOTTOM) this.stick = true;
    else if (scrollTop < this.lastTop - 1) this.stick = false;
    this.lastTop = scrollTop;
    if (scrollTop < NEAR_TOP && this.earlier.isConnected && !this.stick) this.showEarlier();
    this.read();
  }

  get fromBottom() {
    return this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight;
  }

  toBottom(gently = false) {
    const smooth = gently && !prefersCalm();
    this.scroller.scrollTo({ top: this.scroller.scrollHeight, behavior: smooth ? "smooth" : "instant" });
    if (!smooth) this.stick = true;
  }

  showEarlier() {
    const height = this.scroller.scrollHeight;
    const top = this.scroller.scrollTop;
    this.limit += MORE_SHOWN;
    this.update("history");
    this.scroller.scrollTop = top + this.scroller.scrollHeight - height;
  }

  read() {
    const { chat } = this;
    if (!chat) return;
    if (this.stick && !document.hidden && this.node.offsetParent !== null && chat.markRead()) this.actions.onRead(chat);
    const unread = this.stick ? 0 : chat.unread;
    this.down.classList.toggle("shown", !this.stick);
    this.down.setAttribute("aria-label", unread ? `${t("scrollDown")}, ${t("unread", unread)}` : t("scrollDown"));
    this.count.hidden = unread === 0;
    this.count.textContent = unread > 99 ? "99+" : String(unread);
  }

  jump(id) {
    const index = this.chat.ordered.findIndex((entry) => entry.message.message_id === id);
    if (index < 0) return;
    this.limit = Math.max(this.limit, this.chat.all.length - index + 20);
    this.update("history");
    this.stick = false;
    const { node } = this.drawn.get(this.chat.ordered[index].key);
    node.scrollIntoView({ block: "center", behavior: prefersCalm() ? "instant" : "smooth" });
    node.classList.remove("flash");
    requestAnimationFrame(() => node.classList.add("flash"));
  }

  viewOf(node) {
    for (const view of this.drawn.values()) if (view.node === node) return view;
    return null;
  }

  describe(message) {
    return `${authorName(this.chat, this.person, message)}: ${summary(message)}`;
  }
}

function together(a, b) {
  if (!a || !b || a.message.from_bot !== b.message.from_bot) return false;
  return b.message.date - a.message.date < GROUP_SECONDS && dayKey(a.message.date) === dayKey(b.message.date);
}
