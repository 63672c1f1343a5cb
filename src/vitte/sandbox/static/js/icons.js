import { svg } from "./dom.js";

// 24x24 outlines drawn for this page; each is a list of path data.
const PATHS = {
  send: ["M4.2 11.1 19.1 4.3c.6-.3 1.2.3.9.9l-6.2 14.6c-.3.7-1.3.7-1.6 0l-2.1-5.1c-.1-.3-.4-.6-.7-.7l-5.1-1.3c-.8-.2-.8-1.3-.1-1.6Z", "m10 14 4-4"],
  attach: ["m19.5 11.2-7.6 7.6a4.6 4.6 0 0 1-6.5-6.5l8-8a3.1 3.1 0 0 1 4.4 4.4l-7.9 7.9a1.6 1.6 0 0 1-2.2-2.2l7.2-7.2"],
  stop: ["M7.5 7.5h9v9h-9z"],
  down: ["m6 9.5 6 6 6-6"],
  back: ["m14.5 5.5-6.5 6.5 6.5 6.5"],
  more: ["M12 5.5v.01", "M12 12v.01", "M12 18.5v.01"],
  plus: ["M12 5v14", "M5 12h14"],
  sun: ["M12 8a4 4 0 1 1 0 8 4 4 0 0 1 0-8Z", "M12 2.8v1.7M12 19.5v1.7M2.8 12h1.7M19.5 12h1.7M5.5 5.5l1.2 1.2M17.3 17.3l1.2 1.2M18.5 5.5l-1.2 1.2M6.7 17.3l-1.2 1.2"],
  moon: ["M19.5 14.3A8 8 0 0 1 9.7 4.5a8 8 0 1 0 9.8 9.8Z"],
  auto: ["M12 3.5a8.5 8.5 0 1 0 0 17Z", "M12 3.5a8.5 8.5 0 0 1 0 17"],
  close: ["m6 6 12 12", "M18 6 6 18"],
  menu: ["M5 7h14M5 12h14M5 17h9"],
  reply: ["M9.5 6 4 11.5 9.5 17", "M4.5 11.5H14a6 6 0 0 1 6 6"],
  copy: ["M9 9h10v11H9z", "M15 9V4H5v11h4"],
  edit: ["m5 16.5-1 3.6 3.6-1L19 7.6 16.5 5Z", "m14.5 7 2.5 2.5"],
  check: ["m4.5 12.8 4.8 4.7L19.5 7"],
  clock: ["M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16Z", "M12 7.5V12l3 2"],
  alert: ["M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16Z", "M12 8v5", "M12 16v.01"],
  block: ["M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16Z", "m6.5 6.5 11 11"],
  person: ["M12 5a3.5 3.5 0 1 1 0 7 3.5 3.5 0 0 1 0-7Z", "M5 20c.6-3.6 3.4-5.5 7-5.5s6.4 1.9 7 5.5"],
  window: ["M10 5H5v14h14v-5", "M14 4h6v6", "m20 4-9 9"],
  keyboard: ["M4 7h16v10H4z", "M7.5 10v.01M11 10v.01M14.5 10v.01M8 14h8"],
  language: ["M12 4a8 8 0 1 1 0 16 8 8 0 0 1 0-16Z", "M4 12h16", "M12 4c2.6 2.2 3.5 5 3.5 8s-.9 5.8-3.5 8c-2.6-2.2-3.5-5-3.5-8s.9-5.8 3.5-8Z"],
  file: ["M7 3.5h7l4 4V20.5H7z", "M14 3.5v4h4"],
  link: ["M9 15 17 7", "M10.5 7H17v6.5"],
};

export function icon(name, { size = 22, label = null } = {}) {
  const root = svg("svg", {
    viewBox: "0 0 24 24", width: size, height: size, fill: "none", stroke: "currentColor", "stroke-width": 1.9,
    "stroke-linecap": "round", "stroke-linejoin": "round", class: `icon icon-${name}`,
  });
  if (label) {
    root.setAttribute("role", "img");
    root.append(svg("title", {}, label));
  } else root.setAttribute("aria-hidden", "true");
  for (const d of PATHS[name]) root.append(svg("path", { d }));
  return root;
}

/** One tick: the server has it. Two: the bot has answered since. */
export function ticks(double, label) {
  const root = svg("svg", {
    viewBox: "0 0 20 12", width: 18, height: 11, fill: "none", stroke: "currentColor", "stroke-width": 1.6,
    "stroke-linecap": "round", "stroke-linejoin": "round", class: "ticks", role: "img",
  });
  root.append(svg("title", {}, label), svg("path", { d: double ? "m1.5 6.5 3.5 3.5 7-8.5" : "m4.5 6.5 3.5 3.5 7-8.5" }));
  if (double) root.append(svg("path", { d: "m9.5 9.6.4.4 7-8.5" }));
  return root;
}
