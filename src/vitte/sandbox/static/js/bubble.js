import { h } from "./dom.js";
import { drawRichText } from "./entities.js";
import { clockTime, fullName, fullTime, isOnlyEmoji, summary } from "./format.js";
import { icon, ticks } from "./icons.js";
import { t } from "./i18n.js";
import { inlineKeyboard } from "./inline-keyboard.js";
import { openPhoto } from "./lightbox.js";

const PHOTO_WIDTH = 320;
const PHOTO_HEIGHT = 400;

/** The name shown for a message's author to the person of this chat. */
export const authorName = (chat, person, message) => (message.from_bot ? chat.bot?.first_name ?? t("bot") : fullName(person));

/** Fills `node` (an article) with one message. `actions`: onCommand, onJump, onRetry. */
export function drawMessage(node, { chat, person, entry, target, actions }) {
  const { message } = entry;
  const words = message.text ?? message.caption ?? "";
  const media = message.photo_url || entry.bitmap;
  const large = !media && !message.document_name && !message.document_url && !message.media_url && isOnlyEmoji(words);
  const bubble = h("div", { class: "bubble" });
  if (media) bubble.classList.add("has-photo");
  if (media && !words) bubble.classList.add("bare-photo");
  if (large) bubble.classList.add("only-emoji");
  if (message.forward_origin) bubble.append(h("div", { class: "reply-name" }, t("forwardedFrom", originName(message.forward_origin))));
  if (message.reply_to_message_id) bubble.append(quoteStrip({ chat, person, target, message, actions }));
  if (media) {
    const picture = photo(entry, words);
    bubble.style.setProperty("--photo-width", picture.style.getPropertyValue("--photo-width"));
    bubble.append(picture);
  } else if (message.media_url) bubble.append(recording(message));
  else if (message.document_name || message.document_url) bubble.append(documentTile(entry));
  if (words) {
    const text = h("div", { class: "text", dir: "auto" });
    drawRichText(text, words, message.entities, { onCommand: actions.onCommand });
    bubble.append(text);
  }
  if (message.reactions?.length) bubble.append(reactionRow(message.reactions));
  const meta = metaLine(entry);
  (bubble.querySelector(":scope > .text") ?? bubble).append(meta);
  const keyboard = message.message_id ? inlineKeyboard(chat, message) : null;
  if (entry.status === "failed") bubble.append(failure(entry, actions));
  node.replaceChildren(bubble, ...(keyboard ? [keyboard] : []));
  node.classList.toggle("with-keyboard", Boolean(keyboard));
  node.setAttribute("aria-label", `${t("from", authorName(chat, person, message))}, ${clockTime(message.date)}`);
}

function metaLine(entry) {
  const { message } = entry;
  return h("span", { class: "meta", title: fullTime(message.date) },
    message.edit_date ? h("span", { class: "edited" }, t("edited")) : null,
    h("time", { datetime: new Date(message.date * 1000).toISOString() }, clockTime(message.date)),
    message.from_bot ? null : h("span", { class: "tick-holder" }));
}

/** Own messages: a clock on the way, one tick at the server, two when the bot has answered since. */
export function paintTicks(node, entry, answered) {
  const holder = node.querySelector(".tick-holder");
  if (!holder) return;
  const state = entry.status ?? (answered ? "seen" : "sent");
  if (holder.dataset.state === state) return;
  holder.dataset.state = state;
  if (state === "sending") holder.replaceChildren(icon("clock", { size: 13, label: t("sending") }));
  else if (state === "failed") holder.replaceChildren(icon("alert", { size: 14, label: t("failed") }));
  else holder.replaceChildren(ticks(state === "seen", t(state)));
}

const originName = (origin) =>
  origin.sender_user ? fullName(origin.sender_user) : origin.sender_user_name ?? origin.sender_chat?.title ?? origin.chat?.title ?? "?";

function quoteStrip({ chat, person, target, message, actions }) {
  const name = target ? authorName(chat, person, target) : "";
  return h("button", { type: "button", class: "reply-strip", on: { click: () => actions.onJump(message.reply_to_message_id) } },
    h("span", { class: "reply-name" }, name || t("message")),
    h("span", { class: "reply-words" }, message.quote?.text ?? (target ? summary(target) : t("deletedMessage"))));
}

function photo(entry, caption) {
  const { message, bitmap } = entry;
  const width = message.photo_width ?? bitmap?.width ?? 4;
  const height = message.photo_height ?? bitmap?.height ?? 3;
  const scale = Math.min(PHOTO_WIDTH / width, PHOTO_HEIGHT / height, Math.max(1, 200 / width));
  const shown = Math.round(Math.min(Math.max(width * scale, 140), PHOTO_WIDTH));
  const style = { "--photo-width": `${shown}px`, "--photo-ratio": String(Math.max(width / height, 0.4)) };
  if (!message.photo_url) {
    const canvas = h("canvas", { width: bitmap.width, height: bitmap.height });
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    return h("div", { class: "photo loading", style }, canvas, h("span", { class: "spinner" }));
  }
  const image = h("img", { src: message.photo_url, alt: caption || t("photo"), decoding: "async", draggable: "false" });
  return h("button", {
    type: "button", class: "photo", style, "aria-label": t("openPhoto"), on: { click: () => openPhoto(message.photo_url, caption) },
  }, image);
}

function recording(message) {
  const kind = message.media_kind === "video_note" ? "video" : "audio";
  const player = h(kind, { src: message.media_url, controls: true, preload: "metadata", "aria-label": t(message.media_kind), dataset: { testid: message.media_kind } });
  return h("div", { class: `recording ${message.media_kind}` }, message.media_name ? h("span", { class: "file-name" }, message.media_name) : null, player);
}

function documentTile({ message, status }) {
  const name = message.document_name || t("file");
  const extension = /\.([a-z0-9]{1,5})$/i.exec(name)?.[1] ?? "";
  const badge = h("span", { class: "file-badge" }, status === "sending" ? h("span", { class: "spinner" }) : extension || icon("file"));
  const lines = h("span", { class: "file-lines" },
    h("span", { class: "file-name" }, name), h("span", { class: "file-hint" }, status ? t(status === "failed" ? "file" : status) : t("download")));
  if (!message.document_url) return h("div", { class: "document" }, badge, lines);
  return h("a", { class: "document", href: message.document_url, download: name, rel: "noopener" }, badge, lines);
}

function reactionRow(reactions) {
  return h("div", { class: "reactions" }, reactions.map((reaction) =>
    h("span", { class: "reaction", dataset: { testid: "reaction" } }, reaction.emoji ?? "⭐", h("span", { class: "reaction-count" }, reaction.count ?? 1))));
}

function failure(entry, actions) {
  return h("div", { class: "failure" },
    h("button", { type: "button", class: "link-button", on: { click: () => actions.onRetry(entry) } }, t("retry")),
    h("button", { type: "button", class: "link-button", on: { click: () => actions.onDiscard(entry) } }, t("discard")));
}
