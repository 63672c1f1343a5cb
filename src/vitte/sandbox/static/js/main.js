import { ChatPane } from "./chat-pane.js";
import { arrange, isPhone } from "./dom.js";
import { fullName } from "./format.js";
import { PeopleList } from "./people-list.js";
import { lasting, passing } from "./storage.js";
import { store } from "./store.js";
import { Welcome } from "./welcome.js";

const root = document.getElementById("app");
let views = null;

function build() {
  views = {
    people: new PeopleList({ onSelect: (id) => openPerson(id) }),
    chat: new ChatPane({ onBack: () => closeChat() }),
    welcome: new Welcome(),
  };
}

let shownKey = null;

function paint() {
  if (!store.ready) return;
  const { people, chat, welcome } = views;
  const current = store.current;
  const alone = store.people.size === 0;
  arrange(root, [...(alone ? [] : [people.node]), current ? chat.node : welcome.node]);
  root.classList.toggle("alone", alone);
  root.dataset.screen = current || alone || !store.botId ? "chat" : "list";
  people.update();
  if (!current) welcome.update();
  const key = current ? `${current.personId}:${current.botId}` : null;
  if (key !== shownKey) {
    shownKey = key;
    if (current) chat.show(current, store.person);
  }
  paintTitle();
}

function paintTitle() {
  const unread = [...store.chats.values()].reduce((sum, chat) => sum + (chat.loaded ? chat.unread : 0), 0);
  const bot = store.bots.get(store.botId)?.first_name ?? "Vitte";
  const name = store.person ? `${fullName(store.person)} · ${bot}` : bot;
  const title = unread ? `(${unread}) ${name}` : name;
  if (document.title !== title) document.title = title;
}

function address(personId) {
  const query = new URLSearchParams(location.search);
  if (personId) query.set("person", personId);
  else query.delete("person");
  const text = query.toString();
  return text ? `/?${text}` : "/";
}

function openPerson(id) {
  if (id === store.personId) return;
  // On a phone the chat is a screen of its own: the browser's back button leads to the list.
  if (isPhone() && !store.personId) history.pushState({ fromList: true }, "", address(id));
  else history.replaceState(history.state, "", address(id));
  store.select(id);
}

function closeChat() {
  if (history.state?.fromList) return history.back();
  history.replaceState(null, "", address(null));
  store.select(null);
}

window.addEventListener("popstate", () => {
  const id = Number(new URLSearchParams(location.search).get("person"));
  store.select(id || null);
});

function firstPerson(wanted) {
  if (store.people.has(wanted)) return wanted;
  if (isPhone()) return null;
  const remembered = Number(lasting.get("person"));
  return store.people.has(remembered) ? remembered : store.sortedPeople[0]?.id ?? null;
}

async function start() {
  const query = new URLSearchParams(location.search);
  build();
  store.on("select", () => {
    const now = new URLSearchParams(location.search).get("person");
    if (store.personId && Number(now) !== store.personId) history.replaceState(history.state, "", address(store.personId));
    paint();
  });
  store.on("people", paint);
  store.on("chat", paintTitle);
  const wanted = Number(query.get("person"));
  await store.begin({ personId: wanted || null, botId: Number(query.get("bot")) || null });
  const first = firstPerson(wanted);
  if (first) store.select(first);
  paint();
  passing.set("loadedAgain", null);
}

start();
