import { ApiError, api } from "./api.js";
import { store } from "./store.js";
import { showToast } from "./toast.js";

// One chain per chat: two quick messages must arrive in the order they were written.
const chains = new Map();

function inTurn(chat, work) {
  const turn = (chains.get(chat) ?? Promise.resolve()).then(work, work);
  chains.set(chat, turn);
  return turn;
}

function submit(chat, entry) {
  entry.status = "sending";
  entry.revision++;
  store.emit("chat", { chat, cause: "own" });
  return inTurn(chat, async () => {
    try {
      chat.confirm(entry, await entry.send());
    } catch (error) {
      if (!chat.pending.includes(entry)) return;
      entry.status = "failed";
      entry.revision++;
      if (error instanceof ApiError) showToast(error.message, { tone: "bad" });
    }
    store.emit("chat", { chat, cause: "own" });
  });
}

export function sendText(chat, text, { replyTo = null } = {}) {
  const entry = chat.addPending({
    kind: "text",
    message: { text, entities: commandEntities(text), ...(replyTo ? { reply_to_message_id: replyTo } : {}) },
    send: () => api.sendText(chat.personId, chat.botId, text, replyTo),
  });
  return submit(chat, entry);
}

function addFile(chat, { kind, file, caption, bitmap = null }) {
  const shown = kind === "photo" ? { caption } : { caption, document_name: file.name || "file" };
  return chat.addPending({
    kind, bitmap, message: shown, send: () => api.sendFile(chat.personId, chat.botId, kind, file, caption),
  });
}

export const sendFile = (chat, part) => submit(chat, addFile(chat, part));

/** Files of one kind as one album. What failed is sent again one by one. */
export function sendAlbum(chat, parts) {
  const entries = parts.map((part) => addFile(chat, part));
  store.emit("chat", { chat, cause: "own" });
  return inTurn(chat, async () => {
    try {
      const files = parts.map(({ file }) => file);
      const messages = await api.sendAlbum(chat.personId, chat.botId, parts[0].kind, files, parts[0].caption);
      entries.forEach((entry, index) => chat.confirm(entry, messages[index]));
    } catch (error) {
      for (const entry of entries) {
        entry.status = "failed";
        entry.revision++;
      }
      if (error instanceof ApiError) showToast(error.message, { tone: "bad" });
    }
    store.emit("chat", { chat, cause: "own" });
  });
}

export const retry = (chat, entry) => submit(chat, entry);

export function discard(chat, entry) {
  chat.drop(entry);
  store.emit("chat", { chat, cause: "own" });
}

export async function editText(chat, messageId, text) {
  try {
    chat.upsert(await api.editText(chat.personId, chat.botId, messageId, text));
    store.emit("chat", { chat, cause: "changed" });
    return true;
  } catch (error) {
    showToast(error.message, { tone: "bad" });
    return false;
  }
}

export async function setBlocked(chat, blocked) {
  try {
    await api.setBlocked(chat.personId, chat.botId, blocked);
    chat.blocked = blocked;
    store.emit("chat", { chat, cause: "blocked" });
  } catch (error) {
    showToast(error.message, { tone: "bad" });
  }
}

function commandEntities(text) {
  const command = /^\/[a-z0-9_]{1,32}(@\w+)?/i.exec(text);
  return command ? [{ type: "bot_command", offset: 0, length: command[0].length }] : [];
}
