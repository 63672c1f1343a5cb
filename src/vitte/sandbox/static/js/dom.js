// Small helpers that build nodes. Nothing here, or anywhere on the page, parses HTML out of a string.

const SVG = "http://www.w3.org/2000/svg";

/**
 * Makes an element. `props`: `class`, `dataset`, `on` ({event: handler}), `style` (CSS properties set through the
 * CSSOM, which a strict CSP allows) and plain attributes; null and false leave an attribute out, true sets it empty.
 */
export function h(tag, props, ...children) {
  const node = document.createElement(tag);
  apply(node, props ?? {});
  append(node, children);
  return node;
}

export function svg(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes ?? {})) node.setAttribute(name, value);
  append(node, children);
  return node;
}

function apply(node, props) {
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") node.className = value;
    else if (name === "dataset") Object.assign(node.dataset, value);
    else if (name === "on") for (const [type, handler] of Object.entries(value)) node.addEventListener(type, handler);
    else if (name === "style") for (const [key, item] of Object.entries(value)) node.style.setProperty(key, item);
    else node.setAttribute(name, value === true ? "" : value);
  }
}

function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
}

export function fill(node, ...children) {
  node.replaceChildren();
  append(node, children);
  return node;
}

/** Puts `nodes` into `parent` in this order, moving only those that are out of place (a moved node loses focus). */
export function arrange(parent, nodes) {
  const wanted = new Set(nodes);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  let cursor = parent.firstElementChild;
  for (const node of nodes) {
    if (node === cursor) cursor = cursor.nextElementSibling;
    else parent.insertBefore(node, cursor);
  }
}

export const prefersCalm = () => window.matchMedia("(prefers-reduced-motion: reduce)").matches;

export const isPhone = () => window.matchMedia("(max-width: 640px)").matches;

export async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    // Without HTTPS the clipboard API is missing outside localhost; the old command still works there.
    const holder = h("textarea", { class: "sr-only", "aria-hidden": "true" });
    holder.value = text;
    document.body.append(holder);
    holder.select();
    const copied = document.execCommand("copy");
    holder.remove();
    return copied;
  }
}
