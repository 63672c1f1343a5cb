import { copyText, h } from "./dom.js";
import { icon } from "./icons.js";
import { t } from "./i18n.js";
import { safeUrl } from "./format.js";
import { showToast } from "./toast.js";

// Of entities over the same range the lower rank is outside: a quote holds its bold text, not the other way round.
const RANK = { expandable_blockquote: 0, blockquote: 0, pre: 1, text_link: 2, url: 2, spoiler: 3 };
const BLOCKS = new Set(["pre", "blockquote", "expandable_blockquote"]);
const TAGS = { bold: "strong", italic: "em", underline: "u", strikethrough: "s" };
const rank = (entity) => RANK[entity.type] ?? 4;

/**
 * Draws `text` with Telegram's message entities (offset and length in UTF-16 units, which JavaScript strings count
 * in too) into `target`. Entities may nest; those that cross are split. `onCommand(text)` is called for a pressed bot
 * command.
 */
export function drawRichText(target, text, entities, { onCommand = null } = {}) {
  const known = (entities ?? [])
    .map((entity) => ({ ...entity, from: Math.max(0, entity.offset), to: Math.min(text.length, entity.offset + entity.length) }))
    .filter((entity) => entity.from < entity.to)
    .sort((a, b) => a.from - b.from || b.to - a.to || rank(a) - rank(b));
  target.replaceChildren();
  drawRange(target, { text, from: 0, to: text.length, entities: known, onCommand });
}

function drawRange(parent, { text, from, to, entities, onCommand }) {
  const rest = [...entities];
  let position = from;
  while (rest.length) {
    const entity = rest.shift();
    appendText(parent, text.slice(position, entity.from));
    const inside = [];
    const after = [];
    for (const other of rest.splice(0)) {
      if (other.from >= entity.to) after.push(other);
      else {
        inside.push({ ...other, to: Math.min(other.to, entity.to) });
        if (other.to > entity.to) after.push({ ...other, from: entity.to });
      }
    }
    rest.push(...after.sort((a, b) => a.from - b.from || b.to - a.to || rank(a) - rank(b)));
    const { node, holder } = makeNode(entity, text.slice(entity.from, entity.to), onCommand);
    if (BLOCKS.has(entity.type)) dropLastNewline(parent);
    drawRange(holder, { text, from: entity.from, to: entity.to, entities: inside, onCommand });
    parent.append(node);
    position = entity.to;
  }
  appendText(parent, text.slice(position, to));
}

// A block breaks the line by itself, so the newline before it and the one after it would each add an empty line.
function dropLastNewline(parent) {
  const last = parent.lastChild;
  if (last?.nodeType === Node.TEXT_NODE && last.data.endsWith("\n")) last.data = last.data.slice(0, -1);
}

function appendText(parent, piece) {
  const afterBlock = parent.lastChild?.dataset?.block !== undefined;
  const text = afterBlock && piece.startsWith("\n") ? piece.slice(1) : piece;
  if (text) parent.append(text);
}

function makeNode(entity, words, onCommand) {
  const { type } = entity;
  if (type in TAGS) return single(h(TAGS[type]));
  if (type === "code") return single(h("code", { class: "code", title: t("copy"), on: { click: () => copyWithToast(words) } }));
  if (type === "pre") return codeBlock(words, entity.language);
  if (type === "spoiler") return spoiler();
  if (type === "blockquote") return single(h("blockquote", { class: "quote", dataset: { block: "" } }));
  if (type === "expandable_blockquote") return expandableQuote();
  if (type === "bot_command") return single(command(words, onCommand));
  if (type === "text_link") return single(link(entity.url));
  if (type === "url") return single(link(words));
  if (type === "email") return single(link(`mailto:${words}`));
  if (["mention", "text_mention", "hashtag", "cashtag", "phone_number"].includes(type)) {
    return single(h("span", { class: "mention" }));
  }
  return single(h("span"));
}

const single = (node) => ({ node, holder: node });

function link(address) {
  const url = safeUrl(address);
  if (!url) return h("span");
  return h("a", { class: "link", href: url, target: "_blank", rel: "noopener noreferrer nofollow", title: url });
}

function command(words, onCommand) {
  if (!onCommand) return h("span", { class: "mention" });
  return h("button", { type: "button", class: "link link-button", on: { click: () => onCommand(words) } });
}

function codeBlock(words, language) {
  const holder = h("code", { class: language ? `language-${language.replace(/[^\w+#-]/g, "")}` : null });
  const copy = h("button", {
    type: "button", class: "code-copy", "aria-label": t("copyCode"), title: t("copyCode"), dataset: { testid: "copy-code" },
    on: { click: () => copyWithToast(words) },
  }, icon("copy", { size: 15 }));
  const head = h("div", { class: "code-head" }, h("span", { class: "code-language" }, language || ""), copy);
  return { node: h("div", { class: "code-block", dataset: { block: "" } }, head, h("pre", { tabindex: "0" }, holder)), holder };
}

function spoiler() {
  const holder = h("span", { class: "spoiler-text", "aria-hidden": "true" });
  const node = h("span", { class: "spoiler", role: "button", tabindex: "0", "aria-label": t("spoiler") }, holder);
  const reveal = (event) => {
    if (node.classList.contains("revealed")) return;
    event.preventDefault();
    event.stopPropagation();
    // As in Telegram, one press shows every hidden part of the message.
    for (const other of node.closest(".text")?.querySelectorAll(".spoiler") ?? [node]) {
      other.classList.add("revealed");
      for (const name of ["role", "tabindex", "aria-label"]) other.removeAttribute(name);
      other.firstElementChild.removeAttribute("aria-hidden");
    }
  };
  node.addEventListener("click", reveal, true);
  node.addEventListener("keydown", (event) => (event.key === "Enter" || event.key === " ") && reveal(event));
  return { node, holder };
}

function expandableQuote() {
  const holder = h("div", { class: "quote-body" });
  const toggle = h("button", { type: "button", class: "quote-toggle", "aria-expanded": "false", "aria-label": t("expand") }, icon("down", { size: 16 }));
  const node = h("blockquote", { class: "quote expandable", dataset: { block: "" } }, holder, toggle);
  toggle.addEventListener("click", () => {
    const open = node.classList.toggle("open");
    toggle.setAttribute("aria-expanded", String(open));
    toggle.setAttribute("aria-label", t(open ? "collapse" : "expand"));
  });
  return { node, holder };
}

export async function copyWithToast(text) {
  showToast((await copyText(text)) ? t("copied") : t("copyFailed"));
}
