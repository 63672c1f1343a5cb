import { eventsAddress } from "./api.js";

const FIRST_PAUSE_MS = 300;
const LONGEST_PAUSE_MS = 8000;
const OPENING_LIMIT_MS = 8000;
// A server that accepts and drops at once must not be asked three times a second.
const STEADY_AFTER_MS = 5000;

/** The events of one person: connects, and connects again with growing pauses until closed by us. */
export class PersonSocket {
  constructor(personId, { onOpen, onEvent, onDown }) {
    this.personId = personId;
    this.handlers = { onOpen, onEvent, onDown };
    this.pause = FIRST_PAUSE_MS;
    this.live = false;
    this.closed = false;
    this.hurry = () => this.retryNow();
    window.addEventListener("online", this.hurry);
    document.addEventListener("visibilitychange", this.hurry);
    this.connect();
  }

  connect() {
    if (this.closed) return;
    const socket = new WebSocket(eventsAddress(this.personId));
    this.socket = socket;
    const limit = setTimeout(() => socket.close(), OPENING_LIMIT_MS);
    socket.onopen = () => {
      clearTimeout(limit);
      this.live = true;
      this.timer = setTimeout(() => (this.pause = FIRST_PAUSE_MS), STEADY_AFTER_MS);
      this.handlers.onOpen();
    };
    socket.onmessage = (frame) => {
      try {
        this.handlers.onEvent(JSON.parse(frame.data));
      } catch (error) {
        // One bad frame must not stop those behind it.
        console.error("sandbox event failed", error);
      }
    };
    socket.onclose = () => {
      clearTimeout(limit);
      clearTimeout(this.timer);
      this.live = false;
      if (this.closed) return;
      this.handlers.onDown();
      this.timer = setTimeout(() => this.connect(), this.pause * (0.75 + Math.random() / 2));
      this.pause = Math.min(this.pause * 2, LONGEST_PAUSE_MS);
    };
  }

  retryNow() {
    if (this.live || this.closed || document.hidden) return;
    if (this.socket.readyState !== WebSocket.CLOSED) return;
    clearTimeout(this.timer);
    this.pause = FIRST_PAUSE_MS;
    this.connect();
  }

  close() {
    this.closed = true;
    clearTimeout(this.timer);
    window.removeEventListener("online", this.hurry);
    document.removeEventListener("visibilitychange", this.hurry);
    this.socket.close();
  }
}
