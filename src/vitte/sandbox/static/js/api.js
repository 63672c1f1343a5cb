// The people's side of the sandbox over HTTP. Every call answers JSON; a refusal is thrown as ApiError.

export class ApiError extends Error {
  constructor(message, status) {
    super(message);
    this.status = status;
  }
}

async function call(method, path, body) {
  const options = { method, headers: {} };
  if (body instanceof FormData) options.body = body;
  else if (body !== undefined) {
    options.headers["content-type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  const response = await fetch(`/sandbox/${path}`, options);
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new ApiError(answer?.error ?? `HTTP ${response.status}`, response.status);
  return answer;
}

function fileForm(files, caption) {
  const form = new FormData();
  for (const file of files) form.append("file", file, file.name || "file");
  if (caption) form.append("caption", caption);
  return form;
}

const chatPath = (personId, botId) => `people/${personId}/chats/${botId}`;

export const api = {
  state: () => call("GET", "state"),
  createPerson: (person) => call("POST", "people", person),
  chat: (personId, botId) => call("GET", chatPath(personId, botId)),
  sendText: (personId, botId, text, replyTo) =>
    call("POST", `${chatPath(personId, botId)}/messages`, { text, ...(replyTo ? { reply_to_message_id: replyTo } : {}) }),
  editText: (personId, botId, messageId, text) =>
    call("PATCH", `${chatPath(personId, botId)}/messages/${messageId}`, { text }),
  sendFile: (personId, botId, kind, file, caption) =>
    call("POST", `${chatPath(personId, botId)}/${kind}s`, fileForm([file], caption)),
  sendAlbum(personId, botId, kind, files, caption) {
    const form = fileForm(files, caption);
    form.append("kind", kind);
    return call("POST", `${chatPath(personId, botId)}/albums`, form);
  },
  pressButton: (personId, botId, messageId, data) =>
    call("POST", `${chatPath(personId, botId)}/callbacks`, { message_id: messageId, data }),
  stop: (personId, botId) => call("POST", `${chatPath(personId, botId)}/stop`, {}),
  setBlocked: (personId, botId, blocked) => call("PUT", `${chatPath(personId, botId)}/blocked`, { blocked }),
};

export function eventsAddress(personId) {
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/sandbox/people/${personId}/events`;
}
