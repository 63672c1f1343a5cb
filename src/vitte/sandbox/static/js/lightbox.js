import { h } from "./dom.js";
import { icon } from "./icons.js";
import { t } from "./i18n.js";
import { openDialog } from "./toast.js";

/** Shows one photo large; a click or Esc closes it. */
export function openPhoto(url, caption) {
  const figure = h("figure", { class: "lightbox-figure" },
    h("img", { src: url, alt: caption || t("photo") }),
    caption ? h("figcaption", { dir: "auto" }, caption) : null);
  const button = h("button", { type: "button", class: "lightbox-close", "aria-label": t("close") }, icon("close"));
  const { dialog, close } = openDialog({ body: [figure, button], className: "lightbox", testid: "lightbox" });
  dialog.addEventListener("click", close);
}
