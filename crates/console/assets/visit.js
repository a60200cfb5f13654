// A conversation with somebody's double as it comes. Without this script the form waits for the whole answer.
"use strict";

const form = document.querySelector("form[data-visit]");
const said = document.getElementById("said");
const log = said.parentElement;
const status = document.querySelector("[data-wait]");
const { guest, message } = form.elements;
const known = new Set(Array.from(said.children, (line) => line.dataset.id));
let socket, address, last, open, tries = 0;

function add(by, text, own) {
  const line = document.createElement("li");
  const [head, words] = [document.createElement("p"), document.createElement("p")];
  const name = document.createElement("b");
  head.className = "meta";
  name.textContent = by;
  head.append(name);
  words.className = "plain";
  words.textContent = text;
  line.append(head, words);
  if (own) line.className = "own";
  said.append(line);
  log.scrollTop = log.scrollHeight;
  return words;
}

function show({ data }) {
  const { sender, index, seqId, messageId, multipleData, data: whole } = JSON.parse(data);
  if (!seqId) return;
  last = seqId;
  const id = messageId.slice(0, 32);
  // The page has it already.
  if (known.has(id) && open?.id !== id) return;
  known.add(id);
  if (sender === "client") add(form.dataset.person, whole.content);
  else if (index >= 0) {
    if (open?.id !== id) open = { id, words: add(form.dataset.double, "") };
    open.words.textContent += multipleData[0].modal.answer;
    log.scrollTop = log.scrollHeight;
  } else open = undefined;
  status.textContent = "";
}

function connect() {
  if (!address || socket?.readyState < 2) return;
  socket = new WebSocket(last === undefined ? address : `${address}&after=${last}`);
  socket.addEventListener("message", show);
  socket.addEventListener("open", () => { tries = 0; });
  socket.addEventListener("close", () => {
    if (tries < 8) setTimeout(connect, 500 * 2 ** tries++);
  });
}

function keep(answer) {
  if (guest && answer.guest) {
    guest.value = answer.guest;
    // The page around the frame keeps it: the frame itself can keep nothing.
    parent.postMessage({ doppelGuest: answer.guest }, "*");
  }
  address = answer.socket || address;
  tries = 0;
  connect();
}

const send = async (fields) => {
  const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams([...new FormData(form), ["live", "1"], ...fields]) });
  if (!answer.ok) throw new Error(await answer.text());
  return answer.json();
};

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const text = message.value.trim();
  if (!text || form.ariaBusy === "true") return;
  form.ariaBusy = "true";
  status.textContent = status.dataset.wait;
  try {
    const answer = await send([]);
    message.value = "";
    add(form.dataset.you, text, true);
    keep(answer);
  } catch (error) {
    status.textContent = error instanceof TypeError ? form.dataset.lost : error.message;
  }
  form.ariaBusy = "false";
});
message.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});

addEventListener("message", async ({ source, data }) => {
  if (!guest || source !== parent || !data?.doppelGuest) return;
  guest.value = data.doppelGuest;
  const body = message.value;
  message.value = "";
  const answer = await send([]).catch(() => ({}));
  message.value = body;
  for (const { id, by, own, text } of answer.lines ?? []) {
    if (!known.has(id)) add(by, text, own);
    known.add(id);
  }
  keep(answer);
});
if (guest && parent !== window) parent.postMessage({ doppelReady: true }, "*");

address = form.dataset.socket;
connect();
log.scrollTop = log.scrollHeight;
