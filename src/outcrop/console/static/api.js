// The native API, and the reading of server-sent events from a POST.

export class ApiError extends Error {
  constructor(status, kind, message) {
    super(message);
    this.status = status;
    this.kind = kind;
  }
}

const UNREACHABLE = "The server does not answer. Is it still running?";
const CUT = "The connection ended before the answer was finished.";

async function call(path, options = {}) {
  let reply;
  try {
    reply = await fetch(path, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "unavailable", UNREACHABLE);
  }
  if (reply.ok) return reply;
  const body = await reply.json().catch(() => ({}));
  throw new ApiError(reply.status, body.kind ?? "internal", body.message ?? `The server answered ${reply.status}.`);
}

export async function knowledgeBases() {
  return (await call("/api/knowledge-bases")).json();
}

export async function documents(base, after) {
  const query = after ? `?after=${encodeURIComponent(after)}` : "";
  return (await call(`/api/knowledge-bases/${encodeURIComponent(base)}/documents${query}`)).json();
}

// Yields { name, data } for each event of the answer.
export async function* ask(base, question, session, signal) {
  const reply = await call(`/api/knowledge-bases/${encodeURIComponent(base)}/ask`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ question, session_id: session }),
    signal,
  });
  let finished = false;
  for await (const block of blocks(reply.body)) {
    const event = parsed(block);
    if (event === null) continue;
    if (event.name === "error") throw new ApiError(200, event.data.kind, event.data.message);
    finished ||= event.name === "final";
    yield event;
  }
  if (!finished) throw new ApiError(0, "unavailable", CUT);
}

async function* blocks(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  for (;;) {
    const { done, value } = await reader.read().catch((error) => {
      if (error.name === "AbortError") throw error;
      return { done: true };
    });
    if (done) return;
    waiting += value;
    const complete = waiting.split("\n\n");
    waiting = complete.pop();
    yield* complete;
  }
}

function parsed(block) {
  const fields = Object.fromEntries(
    block.split("\n").filter((line) => line.includes(": ")).map((line) => [line.slice(0, line.indexOf(": ")), line.slice(line.indexOf(": ") + 2)]),
  );
  return fields.event && fields.data ? { name: fields.event, data: JSON.parse(fields.data) } : null;
}
