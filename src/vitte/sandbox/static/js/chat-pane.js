import { botAvatar } from "./avatar.js";
import { listenForDrops } from "./attachments.js";
import { openChatMenu } from "./chat-menu.js";
import { Composer } from "./composer.js";
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { actionWords, t } from "./i18n.js";
import { MessageList } from "./message-list.js";
import { discard, retry, sendText, setBlocked } from "./outbox.js";
import { store } from "./store.js";

// A connection that comes back at once is not worth a notice.
const NOTICE_AFTER_MS = 600;

/** The right side: header, messages, and what stands below them (composer, Start or Unblock). */
export class ChatPane {
  constructor({ onBack }) {
    this.composer = new Composer();
    this.list = new MessageList({
      onReply: (message) => this.composer.reply(message),
      onEdit: (message) => this.composer.edit(message),
      onCommand: (text) => this.composer.sendNow(text.replace(/@\w+$/, "")),
      onRetry: (entry) => retry(this.chat, entry),
      onDiscard: (entry) => discard(this.chat, entry),
      onRead: (chat) => store.emit("chat", { chat, cause: "read" }),
    });
    this.build(onBack);
    listenForDrops(this.node, this.veil, (files) => this.canWrite && this.composer.attach(files));
    store.on("chat", ({ chat, cause }) => chat === this.chat && this.changed(cause));
    store.on("link", () => this.linkChanged());
    document.addEventListener("keydown", (event) => this.typedAnywhere(event));
  }

  build(onBack) {
    this.name = h("h1", { class: "header-name" });
    this.status = h("p", { class: "header-status" });
    this.avatarHolder = h("span", { class: "header-avatar" }, botAvatar());
    this.menuToggle = h("button", {
      type: "button", class: "icon-button", "aria-label": t("chatMenu"), "aria-haspopup": "menu", "aria-expanded": "false",
      dataset: { testid: "chat-menu" }, on: { click: () => openChatMenu(this.menuToggle, this.chat) },
    }, icon("more"));
    const header = h("header", { class: "chat-header" },
      h("button", { type: "button", class: "icon-button back-button", "aria-label": t("back"), dataset: { testid: "back-button" }, on: { click: onBack } }, icon("back")),
      this.avatarHolder, h("div", { class: "header-lines" }, this.name, this.status), this.menuToggle);
    this.notice = h("div", { class: "notice", role: "status", hidden: true, dataset: { testid: "connection-notice" } });
    this.bottom = h("div", { class: "chat-bottom" });
    this.veil = h("div", { class: "drop-veil" }, h("div", {}, icon("attach", { size: 40 }), t("dropHere")));
    this.empty = h("div", { class: "empty-chat", hidden: true });
    this.node = h("main", { class: "chat-pane" }, h("div", { class: "wallpaper", "aria-hidden": "true" }), header, this.notice,
      this.list.node, this.empty, this.bottom, this.veil);
  }

  get canWrite() {
    return this.footer === "composer" && store.live;
  }

  show(chat, person) {
    Object.assign(this, { chat, person, footer: null });
    this.composer.show(chat);
    this.list.show(chat, person);
    this.linkChanged();
    this.changed("history");
    this.composer.focus();
  }

  changed(cause) {
    const { chat } = this;
    if (cause === "read") return this.list.read();
    this.paintHeader();
    if (!chat.loaded && chat.isEmpty) return this.paintFooter();
    this.list.update(cause);
    if (cause === "draft") this.composer.paintStop();
    else if (cause !== "action") this.composer.update();
    this.paintFooter();
    if (cause === "new") this.announce();
  }

  paintHeader() {
    const { chat } = this;
    this.name.textContent = chat.bot?.first_name ?? store.bots.get(chat.botId)?.first_name ?? "";
    const key = chat.action ?? (chat.blocked ? "blocked" : "bot");
    if (this.statusKey === key) return;
    this.statusKey = key;
    if (chat.action) {
      fill(this.status, h("span", { class: "typing", dataset: { testid: "typing", action: chat.action } },
        actionWords(chat.action), h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i"))));
    } else this.status.textContent = t(chat.blocked ? "blockedStatus" : "bot");
  }

  paintFooter() {
    const { chat } = this;
    const wanted = !chat.loaded && chat.isEmpty ? "none" : chat.blocked ? "blocked" : chat.isEmpty ? "start" : "composer";
    this.empty.hidden = wanted !== "start";
    if (wanted === this.footer) return;
    const before = this.footer;
    this.footer = wanted;
    if (wanted === "start") {
      this.paintEmpty();
      fill(this.bottom, this.bigButton("start-button", t("start"), () => sendText(chat, "/start")));
    } else if (wanted === "blocked") fill(this.bottom, this.bigButton("unblock-button", t("unblock"), () => setBlocked(chat, false)));
    else fill(this.bottom, wanted === "composer" ? this.composer.node : null);
    if (wanted === "composer") {
      this.composer.changed();
      if (before === "start" || before === "blocked") this.composer.focus();
    }
  }

  bigButton(testid, label, run) {
    return h("div", { class: "big-button-zone" }, h("button", { type: "button", class: "big-button", dataset: { testid }, on: { click: run } }, label));
  }

  paintEmpty() {
    const name = this.chat.bot?.first_name ?? "";
    fill(this.empty, h("div", { class: "empty-card" }, botAvatar("huge"), h("h2", {}, t("emptyTitle", name)), h("p", {}, t("emptyText"))));
  }

  linkChanged() {
    const { live } = store;
    this.composer.setLive(live);
    clearTimeout(this.noticeTimer);
    if (live) {
      this.notice.hidden = true;
      this.wasLive = true;
      return;
    }
    this.noticeTimer = setTimeout(() => {
      this.notice.hidden = false;
      fill(this.notice, h("span", { class: "spinner" }), t(this.wasLive ? "reconnecting" : "connecting"));
    }, NOTICE_AFTER_MS);
  }

  announce() {
    const last = this.chat.ordered.at(-1)?.message;
    if (last?.from_bot) document.getElementById("announcer").textContent = this.list.describe(last);
  }

  /** What is typed with nothing focused goes to the composer, as in Telegram on a desk. */
  typedAnywhere(event) {
    if (!this.canWrite || event.ctrlKey || event.metaKey || event.altKey || event.key.length !== 1 || event.key === " ") return;
    const active = document.activeElement;
    if (active !== document.body && active !== this.list.scroller) return;
    if (!document.querySelector("dialog[open], .menu-layer")) this.composer.focus();
  }
}
