import { pageLanguage, t } from "./i18n.js";

const AVATAR_COLOURS = 8;

const formatters = new Map();

function formatter(options) {
  const key = pageLanguage() + JSON.stringify(options);
  if (!formatters.has(key)) formatters.set(key, new Intl.DateTimeFormat(pageLanguage(), options));
  return formatters.get(key);
}

const at = (seconds) => new Date(seconds * 1000);

export const clockTime = (seconds) =>
  formatter({ hour: "2-digit", minute: "2-digit", hourCycle: "h23" }).format(at(seconds));

export const fullTime = (seconds) => formatter({ dateStyle: "long", timeStyle: "medium" }).format(at(seconds));

/** A key that is the same for all moments of one local day. */
export const dayKey = (seconds) => at(seconds).toDateString();

function daysAgo(seconds) {
  const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
  return Math.round((midnight(new Date()) - midnight(at(seconds))) / 86_400_000);
}

export function dayTitle(seconds) {
  const ago = daysAgo(seconds);
  if (ago === 0) return t("today");
  if (ago === 1) return t("yesterday");
  const sameYear = at(seconds).getFullYear() === new Date().getFullYear();
  return formatter({ day: "numeric", month: "long", ...(sameYear ? {} : { year: "numeric" }) }).format(at(seconds));
}

/** The time beside a chat in the list: a clock today, a weekday this week, else a date. */
export function listTime(seconds) {
  const ago = daysAgo(seconds);
  if (ago <= 0) return clockTime(seconds);
  if (ago < 7) return formatter({ weekday: "short" }).format(at(seconds));
  return formatter({ day: "2-digit", month: "2-digit", year: "2-digit" }).format(at(seconds));
}

export const fullName = (someone) => [someone.first_name, someone.last_name].filter(Boolean).join(" ");

export function initials(name) {
  const words = name.trim().split(/\s+/).filter(Boolean);
  const firsts = [words[0], words.length > 1 ? words.at(-1) : ""].map((word) => [...(word ?? "")][0] ?? "");
  return firsts.join("").toUpperCase() || "?";
}

export const avatarColour = (id) => Math.abs(Number(id)) % AVATAR_COLOURS;

export function summary(message) {
  const words = message.text ?? message.caption ?? "";
  const line = words.replace(/\s+/g, " ").trim();
  if (message.photo_url) return line || t("photo");
  if (message.document_url) return line || message.document_name || t("file");
  if (message.media_kind) return line || t(message.media_kind);
  return line || t("message");
}

const ONLY_EMOJI = /^(?:\p{Extended_Pictographic}(?:\uFE0F|\p{Emoji_Modifier}|\u200D\p{Extended_Pictographic})*){1,3}$/u;

/** One to three emoji and nothing else: shown large, without a bubble. */
export const isOnlyEmoji = (text) => text.length <= 40 && ONLY_EMOJI.test(text);

/** An address a person may follow, or null: a bot must not hand out javascript: or file: links. */
export function safeUrl(address) {
  const text = String(address ?? "").trim();
  const full = /^[a-z][a-z0-9+.-]*:/i.test(text) ? text : `https://${text}`;
  try {
    const url = new URL(full);
    return ["http:", "https:", "mailto:", "tg:"].includes(url.protocol) ? url.href : null;
  } catch {
    return null;
  }
}
