import { h, prefersCalm } from "./dom.js";
import { drawRichText } from "./entities.js";
import { t } from "./i18n.js";

// Drafts come about once a second; what is new in one is spread over this time, so that the text flows.
const CATCH_UP_MS = 650;
const FRAME_MS = 33;

/** The bubble of an answer being written: its text grows letter by letter towards the newest draft. */
export class DraftBubble {
  constructor() {
    this.text = h("div", { class: "text draft-text", dir: "auto" });
    this.node = h("article", { class: "message in last draft enter", dataset: { testid: "draft" }, "aria-busy": "true" },
      h("div", { class: "bubble" }, this.text));
    this.shown = 0;
    this.target = { text: "", entities: [] };
    this.id = null;
  }

  update(draft) {
    if (draft.draft_id !== this.id) this.shown = 0;
    this.id = draft.draft_id;
    this.shown = Math.min(this.shown, commonLength(this.target.text, draft.text));
    this.target = draft;
    this.node.dataset.full = draft.text;
    if (draft.text === "") return this.think();
    this.node.classList.remove("thinking");
    if (prefersCalm()) this.shown = draft.text.length;
    this.speed = Math.max(20, (draft.text.length - this.shown) / CATCH_UP_MS * 1000);
    this.draw();
    this.run();
  }

  think() {
    this.node.classList.add("thinking");
    this.text.replaceChildren(h("span", { class: "thinking-words" }, t("thinking")),
      h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")));
  }

  run() {
    if (this.running) return;
    this.running = true;
    let before = performance.now();
    const step = (now) => {
      if (!this.node.isConnected || this.shown >= this.target.text.length) {
        this.running = false;
        return;
      }
      if (now - before >= FRAME_MS) {
        this.shown = Math.min(this.target.text.length, this.shown + this.speed * (now - before) / 1000);
        before = now;
        this.draw();
      }
      requestAnimationFrame(step);
    };
    requestAnimationFrame(step);
  }

  draw() {
    const { text, entities } = this.target;
    let length = Math.floor(this.shown);
    // Half of a surrogate pair would flash as a broken sign.
    if (length > 0 && length < text.length && isHighSurrogate(text.charCodeAt(length - 1))) length--;
    drawRichText(this.text, text.slice(0, length), entities);
    this.text.append(h("span", { class: "caret", "aria-hidden": "true" }));
  }

  /** The size on screen, for the message that takes this bubble's place. */
  get size() {
    return this.node.isConnected ? this.node.firstElementChild.getBoundingClientRect() : null;
  }
}

const isHighSurrogate = (unit) => unit >= 0xd800 && unit <= 0xdbff;

function commonLength(a, b) {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && a.charCodeAt(length) === b.charCodeAt(length)) length++;
  return length;
}

/** Lets a bubble that replaced a draft grow from the draft's size to its own, without a jump. */
export function growFrom(bubble, size) {
  if (!size || prefersCalm()) return;
  const own = bubble.getBoundingClientRect();
  if (Math.abs(own.height - size.height) < 2 && Math.abs(own.width - size.width) < 2) return;
  bubble.animate(
    [{ height: `${size.height}px`, width: `${size.width}px`, overflow: "hidden" }, { height: `${own.height}px`, width: `${own.width}px`, overflow: "hidden" }],
    { duration: 240, easing: "cubic-bezier(.2,.8,.2,1)" },
  );
}
