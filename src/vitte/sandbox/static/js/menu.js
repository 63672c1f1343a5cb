import { h } from "./dom.js";
import { icon } from "./icons.js";

const EDGE = 8;

/**
 * Opens a menu at `at` ({x, y}) or under the element `anchor`. Items: {icon, label, run, danger, checked} or null for a
 * line between. Arrow keys move, Esc and a press outside close, focus goes back to where it was.
 */
export function openMenu({ at = null, anchor = null, items, label }) {
  document.querySelector(".menu-layer")?.remove();
  const before = document.activeElement;
  const menu = h("div", { class: "menu", role: "menu", "aria-label": label, dataset: { testid: "menu" } });
  const layer = h("div", { class: "menu-layer" }, menu);
  const close = () => {
    layer.remove();
    anchor?.setAttribute("aria-expanded", "false");
    before?.focus?.({ preventScroll: true });
  };
  menu.append(...items.map((item) => (item ? menuItem(item, close) : h("div", { class: "menu-line", role: "separator" }))));
  layer.addEventListener("pointerdown", (event) => event.target === layer && close());
  layer.addEventListener("contextmenu", (event) => {
    event.preventDefault();
    close();
  });
  menu.addEventListener("keydown", (event) => moveOrClose(event, menu, close));
  document.body.append(layer);
  anchor?.setAttribute("aria-expanded", "true");
  place(menu, at ?? below(anchor, menu));
  menu.querySelector("button")?.focus({ preventScroll: true });
}

function menuItem(item, close) {
  const role = item.checked === undefined ? "menuitem" : "menuitemradio";
  return h("button", {
    type: "button", role, class: item.danger ? "menu-item danger" : "menu-item", tabindex: "-1",
    "aria-checked": item.checked === undefined ? null : String(item.checked), dataset: item.id ? { testid: item.id } : {},
    on: {
      click: () => {
        close();
        item.run();
      },
    },
  }, item.icon ? icon(item.icon, { size: 19 }) : h("span", { class: "menu-gap" }), h("span", { class: "menu-label" }, item.label),
  item.checked ? icon("check", { size: 16 }) : null);
}

function moveOrClose(event, menu, close) {
  const items = [...menu.querySelectorAll("button")];
  const index = items.indexOf(document.activeElement);
  const go = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: items.length - 1 }[event.key];
  if (event.key === "Escape" || event.key === "Tab") close();
  else if (go !== undefined) items.at(go % items.length).focus();
  else return;
  event.preventDefault();
  event.stopPropagation();
}

function below(anchor, menu) {
  const box = anchor.getBoundingClientRect();
  return { x: box.right - menu.offsetWidth, y: box.bottom + 6 };
}

function place(menu, { x, y }) {
  const left = Math.max(EDGE, Math.min(x, window.innerWidth - menu.offsetWidth - EDGE));
  const fits = y + menu.offsetHeight + EDGE <= window.innerHeight;
  const top = fits ? y : Math.max(EDGE, y - menu.offsetHeight);
  menu.style.left = `${left}px`;
  menu.style.top = `${top}px`;
  menu.style.transformOrigin = `${x > left + menu.offsetWidth / 2 ? "right" : "left"} ${fits ? "top" : "bottom"}`;
}
