import { h, svg } from "./dom.js";
import { avatarColour, fullName, initials } from "./format.js";

export function personAvatar(person, size = "") {
  const name = fullName(person);
  return h("span", { class: `avatar ${size} tint-${avatarColour(person.id)}`, "aria-hidden": "true" }, initials(name));
}

/** The bot's face: a spark in a speech bubble. */
export function botAvatar(size = "") {
  const face = svg("svg", { viewBox: "0 0 48 48", class: "bot-face" },
    svg("path", { d: "M24 10c7.7 0 14 5.2 14 12s-6.3 12-14 12c-1.7 0-3.3-.3-4.8-.7L12 37l1.7-6.5C11.4 28.3 10 25.3 10 22c0-6.8 6.3-12 14-12Z", fill: "#fff" }),
    svg("path", { d: "M24 14.5c.9 4.3 2.7 6.3 7.2 7.5-4.5 1.2-6.3 3.2-7.2 7.5-.9-4.3-2.7-6.3-7.2-7.5 4.5-1.2 6.3-3.2 7.2-7.5Z", class: "bot-spark" }));
  return h("span", { class: `avatar bot-avatar ${size}`, "aria-hidden": "true" }, face);
}
