import { ApiError, api } from "./api.js";
import { ChatState } from "./chat-state.js";
import { PersonSocket } from "./socket.js";
import { lasting } from "./storage.js";

// A load test may make thousands of people: only some are listened to, the rest are looked at now and then.
const MOST_SOCKETS = 8;
const MOST_PREVIEWS = 30;
const STATE_EVERY_MS = 4000;
const WAITING_EVERY_MS = 1200;
const PREVIEWS_EVERY_MS = 20_000;
const ANSWERS_KEPT = 50;

/**
 * The page's knowledge of the world. Emits: `people` (list, bots or anything shown in the list), `chat`
 * ({chat, cause}), `select`, `link` (connection of the shown person), `answer` (a callback's answer).
 */
class Store extends EventTarget {
  people = new Map();
  bots = new Map();
  chats = new Map();
  sockets = new Map();
  answers = new Map();
  personId = null;
  botId = null;
  ready = false;

  emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  on(type, handler) {
    this.addEventListener(type, (event) => handler(event.detail));
  }

  get person() {
    return this.people.get(this.personId) ?? null;
  }

  get current() {
    return this.person && this.botId ? this.chat(this.personId, this.botId) : null;
  }

  /** Whether events of the shown person arrive right now. */
  get live() {
    return this.sockets.get(this.personId)?.live ?? false;
  }

  chat(personId, botId) {
    const key = `${personId}:${botId}`;
    if (!this.chats.has(key)) this.chats.set(key, new ChatState(personId, botId));
    return this.chats.get(key);
  }

  async begin({ personId, botId }) {
    this.wantedBot = botId;
    this.personId = personId;
    await this.refreshState();
    this.ready = true;
    const poll = async () => {
      if (!document.hidden) await this.refreshState();
      setTimeout(poll, this.botId ? STATE_EVERY_MS : WAITING_EVERY_MS);
    };
    setTimeout(poll, WAITING_EVERY_MS);
  }

  async refreshState() {
    let state;
    try {
      state = await api.state();
    } catch {
      return; // The connection notice already tells of it; the next round tries again.
    }
    const before = JSON.stringify([[...this.people.values()], [...this.bots.values()]]);
    this.people = new Map(state.people.map((person) => [person.id, person]));
    this.bots = new Map(state.bots.map((bot) => [bot.id, bot]));
    if (!this.bots.has(this.botId)) this.botId = this.pickBot();
    if (this.personId && !this.people.has(this.personId)) this.personId = null;
    this.listen();
    if (before !== JSON.stringify([state.people, state.bots]) || !this.ready) this.emit("people");
    this.loadPreviews();
  }

  pickBot() {
    const remembered = Number(lasting.get("bot"));
    for (const id of [this.wantedBot, remembered]) if (this.bots.has(id)) return id;
    return this.bots.keys().next().value ?? null;
  }

  select(personId) {
    this.personId = this.people.has(personId) ? personId : null;
    if (this.personId) lasting.set("person", personId);
    this.listen();
    this.emit("select");
    if (this.current && !this.current.loaded) this.sync(this.current);
  }

  selectBot(botId) {
    this.botId = botId;
    lasting.set("bot", botId);
    this.select(this.personId);
    this.emit("people");
    this.loadPreviews();
  }

  async createPerson(fields) {
    const person = await api.createPerson(fields);
    this.people.set(person.id, person);
    this.emit("people");
    this.select(person.id);
    return person;
  }

  /** People in the order of their last message, those without one after them, newest first. */
  get sortedPeople() {
    const when = (person) => (this.botId && this.chat(person.id, this.botId).last?.message.date) || 0;
    return [...this.people.values()].sort((a, b) => when(b) - when(a) || b.id - a.id);
  }

  listen() {
    const wanted = new Set(this.sortedPeople.slice(0, MOST_SOCKETS).map((person) => person.id));
    if (this.personId) wanted.add(this.personId);
    for (const [id, socket] of this.sockets) {
      if (wanted.has(id)) continue;
      socket.close();
      this.sockets.delete(id);
    }
    for (const id of wanted) {
      if (this.sockets.has(id)) continue;
      this.sockets.set(id, new PersonSocket(id, {
        onOpen: () => this.caughtUp(id),
        onEvent: (event) => this.take(id, event),
        onDown: () => id === this.personId && this.emit("link"),
      }));
    }
  }

  async caughtUp(personId) {
    if (personId === this.personId) this.emit("link");
    const known = [...this.chats.values()].filter((chat) => chat.personId === personId);
    await Promise.all(known.map((chat) => this.sync(chat)));
  }

  async loadPreviews() {
    if (!this.botId || this.previewing) return;
    this.previewing = true;
    for (const person of this.sortedPeople.slice(0, MOST_PREVIEWS)) {
      const chat = this.chat(person.id, this.botId);
      const old = !this.sockets.has(person.id) && Date.now() - (chat.syncedAt ?? 0) > PREVIEWS_EVERY_MS;
      if (!chat.loaded || old) await this.sync(chat);
    }
    this.previewing = false;
  }

  async sync(chat) {
    const since = chat.revision;
    chat.syncedAt = Date.now();
    try {
      chat.applyHistory(await api.chat(chat.personId, chat.botId), since);
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) this.refreshSoon();
      return;
    }
    this.emit("chat", { chat, cause: "history" });
  }

  refreshSoon() {
    clearTimeout(this.soon);
    this.soon = setTimeout(() => this.refreshState(), 500);
  }

  take(personId, event) {
    if (event.type === "callback_answer") {
      this.answers.set(event.callback_query_id, event);
      if (this.answers.size > ANSWERS_KEPT) this.answers.delete(this.answers.keys().next().value);
      this.emit("answer", event);
      return;
    }
    if (!this.bots.has(event.bot_id)) this.refreshSoon();
    const chat = this.chat(personId, event.bot_id);
    const cause = this.change(chat, event);
    if (cause) this.emit("chat", { chat, cause });
  }

  /** Applies one event; returns what the views should know of it, or null. */
  change(chat, event) {
    switch (event.type) {
      case "message": {
        const isNew = chat.upsert(event.message);
        if (event.message.from_bot) {
          // Telegram erases preview and action when a real message comes; our server says so a moment later.
          chat.setDraft(null);
          this.setAction(chat, null);
        }
        return isNew ? "new" : "changed";
      }
      case "message_edited":
        chat.upsert(event.message);
        return "changed";
      case "message_deleted":
        chat.remove(event.message_ids);
        return "changed";
      case "draft":
        chat.setDraft(event.draft);
        return "draft";
      case "chat_action":
        this.setAction(chat, event);
        return "action";
      case "commands":
        this.sync(chat);
        return null;
      default:
        return null;
    }
  }

  setAction(chat, event) {
    clearTimeout(chat.actionTimer);
    chat.action = event && event.action !== "cancel" ? event.action : null;
    if (!chat.action) return;
    chat.actionTimer = setTimeout(() => {
      chat.action = null;
      this.emit("chat", { chat, cause: "action" });
    }, (event.expires_in ?? 5) * 1000);
  }
}

export const store = new Store();

// Another window read the chat: the counter here follows.
window.addEventListener("storage", (event) => {
  const [, personId, botId] = /^vitte\.read\.(\d+)\.(\d+)$/.exec(event.key ?? "") ?? [];
  if (!personId) return;
  const chat = store.chat(Number(personId), Number(botId));
  chat.lastRead = Math.max(chat.lastRead, Number(event.newValue ?? 0));
  store.emit("chat", { chat, cause: "read" });
});
