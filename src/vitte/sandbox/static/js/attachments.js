import { h } from "./dom.js";
import { icon } from "./icons.js";
import { t } from "./i18n.js";
import { sendAlbum, sendFile } from "./outbox.js";
import { openDialog } from "./toast.js";

const CAPTION_UNITS = 1024;
const ALBUM_MOST = 10;
const PREVIEW_SIDE = 960;
const PICTURES = ["image/jpeg", "image/png", "image/webp", "image/gif", "image/bmp"];

/** Asks for a caption and sends the files; the caption goes with the first. */
export async function offerFiles(chat, files, caption = "") {
  if (!files.length) return false;
  const parts = await Promise.all([...files].map(async (file) => ({ file, bitmap: await preview(file) })));
  return new Promise((resolve) => {
    const area = h("textarea", {
      class: "field", rows: 2, placeholder: t("caption"), "aria-label": t("caption"), dir: "auto", dataset: { testid: "caption" },
    });
    area.value = caption;
    const warning = h("p", { class: "field-warning", hidden: true, role: "alert" });
    const asFile = h("input", { type: "checkbox" });
    const pictures = parts.some(({ bitmap }) => bitmap);
    const special = parts.some(({ file, bitmap }) => kindOf(file, bitmap) !== "document");
    let sent = false;
    const send = () => {
      const over = area.value.trim().length - CAPTION_UNITS;
      warning.hidden = over <= 0;
      warning.textContent = t("captionLong", over);
      if (over > 0) return false;
      sent = true;
      const prepared = parts.map(({ file, bitmap }, index) => {
        const kind = asFile.checked ? "document" : kindOf(file, bitmap);
        return { kind, file, bitmap: kind === "photo" ? bitmap : null, caption: index === 0 ? area.value.trim() : "" };
      });
      for (const album of albums(prepared)) album.length > 1 ? sendAlbum(chat, album) : sendFile(chat, album[0]);
      return true;
    };
    const body = h("div", { class: "attach-body" }, h("div", { class: "attach-previews" }, parts.map(tile)), area, warning,
      special ? h("label", { class: "check" }, asFile, h("span", {}, t("asFile"))) : null);
    const { close } = openDialog({
      title: parts.length > 1 ? t("sendSeveral", parts.length) : t(pictures ? "sendPhoto" : "sendFile"),
      body, className: "dialog-attach", testid: "attach-dialog", onClose: () => resolve(sent),
      actions: [{ label: t("cancel") }, { label: t("send"), primary: true, id: "attach-send", run: send }],
    });
    area.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      if (send()) close();
    });
    area.focus();
  });
}

// What Telegram's clients record is Opus in OGG: such a file goes as a voice message.
function kindOf(file, bitmap) {
  if (bitmap) return "photo";
  if (/^audio\/(ogg|opus)/.test(file.type) || /\.(oga|ogg|opus)$/i.test(file.name)) return "voice";
  return file.type.startsWith("audio/") ? "audio" : "document";
}

/** Neighbours of one kind, ten at most: each an album, but a voice message always stands alone. */
function albums(parts) {
  const groups = [];
  for (const part of parts) {
    const last = groups.at(-1);
    if (last && last.length < ALBUM_MOST && last[0].kind === part.kind && part.kind !== "voice") last.push(part);
    else groups.push([part]);
  }
  return groups;
}

// A canvas needs no blob: address, so the page's content policy stays at 'self'.
async function preview(file) {
  if (!PICTURES.includes(file.type)) return null;
  try {
    const full = await createImageBitmap(file);
    const scale = Math.min(1, PREVIEW_SIDE / Math.max(full.width, full.height));
    if (scale === 1) return full;
    return await createImageBitmap(full, { resizeWidth: Math.round(full.width * scale), resizeHeight: Math.round(full.height * scale) });
  } catch {
    return null;
  }
}

function tile({ file, bitmap }) {
  if (bitmap) {
    const canvas = h("canvas", { class: "attach-canvas", width: bitmap.width, height: bitmap.height, role: "img", "aria-label": file.name });
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    return canvas;
  }
  const size = file.size < 1e6 ? `${Math.max(1, Math.round(file.size / 1e3))} KB` : `${(file.size / 1e6).toFixed(1)} MB`;
  return h("div", { class: "document" }, h("span", { class: "file-badge" }, icon("file")),
    h("span", { class: "file-lines" }, h("span", { class: "file-name" }, file.name), h("span", { class: "file-hint" }, size)));
}

/** Files dragged over `zone` show `veil`; dropped ones go to `take`. */
export function listenForDrops(zone, veil, take) {
  let depth = 0;
  const hasFiles = (event) => [...(event.dataTransfer?.types ?? [])].includes("Files");
  const show = (value) => veil.classList.toggle("shown", value);
  zone.addEventListener("dragenter", (event) => {
    if (!hasFiles(event)) return;
    depth++;
    show(true);
  });
  zone.addEventListener("dragleave", (event) => {
    if (!hasFiles(event)) return;
    depth = Math.max(0, depth - 1);
    show(depth > 0);
  });
  zone.addEventListener("dragover", (event) => hasFiles(event) && event.preventDefault());
  zone.addEventListener("drop", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    depth = 0;
    show(false);
    take(event.dataTransfer.files);
  });
}
