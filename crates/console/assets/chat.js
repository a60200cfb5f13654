// Shows responses while they stream. Without this script the form is sent, and the page shows the complete response.
"use strict";

const form = document.getElementById("say");
const said = document.getElementById("said");

function line(role, who) {
  const article = document.createElement("article");
  const name = document.createElement("b");
  const text = document.createElement("p");
  article.className = `line ${role}`;
  name.textContent = who;
  article.append(name, text);
  said.append(article);
  document.getElementById("nothing")?.remove();
  return text;
}

function take(event, text) {
  const name = /^event: (.*)$/m.exec(event)?.[1];
  const data = /^data: (.*)$/m.exec(event)?.[1];
  if (!data || data === "[DONE]") return;
  const value = JSON.parse(data);
  if (name === "session") {
    form.elements.session.value = value.sessionId;
    history.replaceState(null, "", `/chat?session=${encodeURIComponent(value.sessionId)}`);
  } else if (name === "tool_call" || name === "tool_result") {
    // A note beside the response for each tool that was used.
    let note = text.parentElement.querySelector(`[data-tool="${CSS.escape(value.toolName)}"]`);
    if (!note) {
      note = document.createElement("small");
      note.dataset.tool = value.toolName;
      text.before(note);
    }
    note.textContent = name === "tool_call" ? `${value.toolName} …` : `${value.toolName}: ${value.resultCount}`;
  } else if (name === "error") {
    const note = document.createElement("small");
    note.className = "caution";
    note.textContent = said.dataset.stopped;
    text.after(note);
  } else if (!name) {
    text.textContent += value.choices[0].delta.content;
    text.scrollIntoView({ block: "nearest" });
  }
}

async function say(message) {
  line("user", said.dataset.who).textContent = message;
  const text = line("assistant", said.dataset.double);
  const body = { message, sessionId: form.elements.session.value || null };
  const response = await fetch("/api/secondme/chat/stream", {
    method: "POST",
    headers: { "Content-Type": "application/json", "Accept-Language": document.documentElement.lang },
    body: JSON.stringify(body),
  });
  if (!response.ok) {
    text.textContent = (await response.json()).message;
    return;
  }
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const events = (rest + value).split("\n\n");
    rest = events.pop();
    for (const event of events) take(event, text);
  }
}

form.addEventListener("submit", async (event) => {
  const message = form.elements.message.value.trim();
  event.preventDefault();
  if (!message) return;
  const button = form.querySelector("button");
  button.disabled = true;
  form.elements.message.value = "";
  try {
    await say(message);
  } catch {
    form.elements.message.value = message;
  } finally {
    button.disabled = false;
    form.elements.message.focus();
  }
});
