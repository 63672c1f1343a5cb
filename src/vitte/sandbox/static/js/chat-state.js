import { lasting } from "./storage.js";

let nextLocal = 1;

/**
 * What is known of one person's chat with one bot. Messages are kept by message_id, so a message that comes both as
 * an event and in a refetched history is one message. Own messages on their way wait in `pending`; when the server
 * knows them they keep their `key`, so that their bubble is not drawn anew.
 */
export class ChatState {
  constructor(personId, botId) {
    this.personId = personId;
    this.botId = botId;
    this.bot = null;
    this.blocked = false;
    this.loaded = false;
    this.entries = new Map();
    this.pending = [];
    this.draft = null;
    this.action = null;
    this.lastRead = Number(lasting.get(this.readKey) ?? 0);
    this.revision = 0;
    this.deletedAt = new Map();
    this.draftAt = 0;
  }

  get readKey() {
    return `read.${this.personId}.${this.botId}`;
  }

  /** Entries in the order of the chat: {key, message, revision} and, at the end, those on their way. */
  get all() {
    return [...this.ordered, ...this.pending];
  }

  get ordered() {
    this.sorted ??= [...this.entries.values()].sort((a, b) => a.message.message_id - b.message.message_id);
    return this.sorted;
  }

  get last() {
    return this.pending.at(-1) ?? this.ordered.at(-1) ?? null;
  }

  get isEmpty() {
    return this.entries.size === 0 && this.pending.length === 0;
  }

  get unread() {
    let count = 0;
    for (const { message } of this.entries.values()) if (message.from_bot && message.message_id > this.lastRead) count++;
    return count;
  }

  get lastBotId() {
    return this.ordered.findLast((entry) => entry.message.from_bot)?.message.message_id ?? 0;
  }

  markRead() {
    const newest = this.ordered.at(-1)?.message.message_id ?? 0;
    if (newest === this.lastRead) return false;
    this.lastRead = newest;
    lasting.set(this.readKey, newest);
    return true;
  }

  /**
   * Takes a history that was asked for when the revision was `since`. Whatever an event changed after that moment is
   * newer than the history and stays.
   */
  applyHistory(data, since) {
    this.bot = data.bot;
    this.blocked = data.blocked;
    const listed = new Set();
    for (const message of data.messages) {
      listed.add(message.message_id);
      const known = this.entries.get(message.message_id);
      if (known && known.revision > since) continue;
      if ((this.deletedAt.get(message.message_id) ?? 0) > since) continue;
      if (known && JSON.stringify(known.message) === JSON.stringify(message)) continue;
      this.upsert(message);
    }
    for (const [id, entry] of this.entries) if (!listed.has(id) && entry.revision <= since) this.forget(id);
    if (this.draftAt <= since) this.draft = data.draft;
    // The sandbox's world lives in memory: after its restart ids begin anew.
    const newest = this.ordered.at(-1)?.message.message_id ?? 0;
    if (this.lastRead > newest) this.lastRead = 0;
    this.loaded = true;
  }

  /** Adds or changes one message; true when it was not known before. */
  upsert(message) {
    this.revision++;
    this.sorted = null;
    const known = this.entries.get(message.message_id);
    if (known) {
      Object.assign(known, { message, revision: this.revision });
      return false;
    }
    const waiting = message.from_bot ? -1 : this.pending.findIndex((entry) => isSame(entry, message));
    const key = waiting >= 0 ? this.pending.splice(waiting, 1)[0].key : `m${message.message_id}`;
    this.entries.set(message.message_id, { key, message, revision: this.revision });
    return true;
  }

  remove(ids) {
    this.revision++;
    for (const id of ids) {
      this.deletedAt.set(id, this.revision);
      this.forget(id);
    }
  }

  forget(id) {
    this.entries.delete(id);
    this.sorted = null;
  }

  setDraft(draft) {
    this.revision++;
    this.draftAt = this.revision;
    this.draft = draft;
  }

  /** An own message before the server has it; `send` is called again when the person retries. */
  addPending(fields) {
    const now = Math.floor(Date.now() / 1000);
    const entry = {
      key: `p${nextLocal++}`,
      status: "sending",
      revision: 0,
      ...fields,
      message: { message_id: null, from_bot: false, date: now, entities: [], ...fields.message },
    };
    this.pending.push(entry);
    return entry;
  }

  confirm(entry, message) {
    const index = this.pending.indexOf(entry);
    if (index >= 0 && this.entries.has(message.message_id)) this.pending.splice(index, 1);
    else if (index >= 0) this.adopt(entry, index, message);
    else if (!this.entries.has(message.message_id)) this.upsert(message);
  }

  adopt(entry, index, message) {
    this.pending.splice(index, 1);
    this.revision++;
    this.sorted = null;
    this.entries.set(message.message_id, { key: entry.key, message, revision: this.revision });
  }

  drop(entry) {
    this.pending = this.pending.filter((item) => item !== entry);
  }
}

// The event of an own message may come before the answer of its POST, and a POST whose answer was lost may have
// arrived all the same; clocks of browser and server are one machine's, give or take.
function isSame(entry, message) {
  if (entry.status === "failed" && message.date < entry.message.date - 2) return false;
  if (entry.kind === "photo") return Boolean(message.photo_url) && (message.caption ?? "") === (entry.message.caption ?? "");
  if (entry.kind === "voice" || entry.kind === "audio") return message.media_kind === entry.kind;
  if (entry.kind === "document") return message.document_name === entry.message.document_name;
  return message.text === entry.message.text;
}
