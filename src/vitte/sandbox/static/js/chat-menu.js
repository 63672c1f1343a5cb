import { personAvatar } from "./avatar.js";
import { h } from "./dom.js";
import { fullName } from "./format.js";
import { PAGE_LANGUAGES, PHONE_LANGUAGES, pageLanguage, setPageLanguage, t } from "./i18n.js";
import { openMenu } from "./menu.js";
import { setBlocked } from "./outbox.js";
import { store } from "./store.js";
import { THEMES, currentTheme, setTheme } from "./theme.js";
import { openDialog } from "./toast.js";

const THEME_ICONS = { auto: "auto", light: "sun", dark: "moon" };

export const themeIcon = (theme) => THEME_ICONS[theme];

/** Choices of the page itself, for the menus of the list and of the chat. */
export function pageItems() {
  return [
    ...THEMES.map((theme) => ({ icon: themeIcon(theme), label: t(`theme${theme}`), checked: theme === currentTheme(), id: `theme-${theme}`, run: () => setTheme(theme) })),
    null,
    ...PAGE_LANGUAGES.map(([code, name]) => ({ icon: "language", label: name, checked: code === pageLanguage(), id: `language-${code}`, run: () => changeLanguage(code) })),
  ];
}

// Unsent text is kept in sessionStorage, so a reload in the other language loses nothing.
function changeLanguage(code) {
  if (code === pageLanguage()) return;
  setPageLanguage(code);
  location.reload();
}

export function openChatMenu(anchor, chat) {
  const { person } = store;
  openMenu({
    anchor, label: t("chatMenu"),
    items: [
      { icon: "person", label: t("details"), id: "menu-details", run: () => showDetails(person) },
      { icon: "window", label: t("newWindow"), run: () => void window.open(`/?person=${person.id}&bot=${chat.botId}`, "_blank", "noopener,width=440,height=820") },
      { icon: "block", label: t(chat.blocked ? "unblock" : "block"), danger: !chat.blocked, id: "menu-block", run: () => setBlocked(chat, !chat.blocked) },
      null,
      ...pageItems(),
    ],
  });
}

function showDetails(person) {
  const language = PHONE_LANGUAGES.find(([code]) => code === person.language_code)?.[1] ?? person.language_code ?? "";
  const rows = [
    [t("name"), fullName(person)],
    person.username ? [t("detailUsername"), `@${person.username}`] : null,
    [t("detailId"), String(person.id)],
    [t("language"), language],
  ].filter(Boolean);
  openDialog({
    title: t("details"), testid: "details-dialog", className: "dialog-details",
    body: h("div", {}, h("div", { class: "details-face" }, personAvatar(person, "huge")),
      h("dl", { class: "details" }, rows.map(([name, value]) => [h("dt", {}, name), h("dd", { dir: "auto" }, value)]))),
    actions: [{ label: t("close"), primary: true }],
  });
}
