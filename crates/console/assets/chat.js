// Conversations: answers while they stream, and what one expects of the field below. Without this script the forms
// are sent, and the page shows the complete answer.

const $ = (css, within = document) => within.querySelector(css);
const form = $("#composer");
const field = $("#message");
const thread = $("#thread");
const turns = $("#turns");
const words = $("#words").dataset;
const status = $("#status");
const csrf = form.elements.csrf.value;
const fill = (text, value) => text.replace("{}", value);
const session = () => form.elements.session.value;
const wait = (ms) => new Promise((done) => setTimeout(done, ms));
let live = null;
let uploads = 0;
form.noValidate = true;

// The end: followed only while the reader is there.
let follows = true;
const toEnd = $(".to-end");
function end() {
  if (follows) thread.scrollTop = thread.scrollHeight;
  toEnd.hidden = follows || thread.hidden;
}
thread.addEventListener("scroll", () => {
  follows = thread.scrollHeight - thread.scrollTop - thread.clientHeight < 60;
  toEnd.hidden = follows;
});
toEnd.addEventListener("click", () => {
  follows = true;
  end();
});
if (new URLSearchParams(location.search).has("before")) follows = false;
if (location.hash.startsWith("#msg_")) {
  follows = false;
  $(location.hash)?.scrollIntoView();
}
end();
new ResizeObserver(end).observe(turns);

// The field grows with its text.
function grow() {
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight + 2}px`;
}
field.addEventListener("input", grow);
grow();

field.addEventListener("keydown", (event) => {
  // While a word is composed, Enter belongs to the input method.
  if (event.key !== "Enter" || event.shiftKey || event.isComposing || event.keyCode === 229) return;
  event.preventDefault();
  if (!live) form.requestSubmit();
});

function make(tag, name, ...children) {
  const made = document.createElement(tag);
  if (name) made.className = name;
  made.append(...children);
  return made;
}

function icon(name) {
  const any = $("svg.icon use");
  const svg = any.closest("svg").cloneNode(true);
  svg.setAttribute("class", "icon s");
  $("use", svg).setAttribute("href", any.getAttribute("href").replace(/#.*/, `#i-${name}`));
  return svg;
}

// Copying.
async function copyText(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const area = make("textarea", "", text);
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}
function decorate(within) {
  for (const button of within.querySelectorAll("[data-copy-turn]")) button.hidden = false;
  for (const head of within.querySelectorAll("figure.code > .code-head")) {
    if ($("button", head)) continue;
    const button = make("button", "small quiet", icon("copy"), make("span", "", words.copy));
    button.type = "button";
    button.dataset.copyCode = "";
    head.append(button);
  }
}
decorate(document);
turns.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy-turn], [data-copy-code]");
  if (!button) return;
  const turn = button.closest(".turn");
  const source = "copyCode" in button.dataset ? $("code", button.closest("figure")) : $(".bubble, .prose", turn);
  await copyText(source.innerText);
  status.textContent = words.copied;
  const label = $("span", button);
  if (label) label.textContent = words.copied;
  button.classList.add("done");
  setTimeout(() => {
    if (label) label.textContent = words.copy;
    button.classList.remove("done");
  }, 2000);
});

// Sending.
function showThread() {
  $("#welcome")?.remove();
  thread.hidden = false;
}
function addMine(text, pictures) {
  const turn = make("li", "turn me");
  if (pictures.length) {
    const figure = make("figure", "sent-images");
    for (const key of pictures) {
      const img = make("img");
      img.src = `/cdn/${key}`;
      img.alt = "";
      figure.append(img);
    }
    turn.append(figure);
  }
  if (text) turn.append(make("div", "bubble", text));
  turns.append(turn);
  return turn;
}
function addDouble() {
  const turn = make("li", "turn double");
  const face = $(".face-template").firstElementChild?.cloneNode(true);
  const state = make("p", "step live", icon("memory"), make("span", "", words.waiting));
  turn.append(face ?? "", make("div", "answer", make("h2", "unseen", words.double), state));
  turns.append(turn);
  return turn;
}
function busy(is) {
  $(".stop", form).hidden = !is;
  $(".send", form).hidden = is;
}

/** Shows the events of one answer. */
class Answer {
  from = 0;
  ended = null;
  /** The earlier answer, which stays if the message cannot be sent. */
  removed = [];
  #thoughts = null;
  #began = 0;
  #frame = 0;

  constructor(turn, own) {
    this.turn = turn;
    this.own = own;
    this.box = $(".answer", turn);
    this.state = $(".step.live", turn);
    this.prose = make("div", "prose");
    this.view = new TextView(this.prose);
  }

  say(name, text) {
    this.state.replaceChildren(icon(name), make("span", "", text));
    this.state.hidden = false;
    status.textContent = text;
  }

  /** Begins anew: what comes is the whole answer. */
  reset() {
    this.from = 0;
    this.#thoughts = null;
    this.prose.remove();
    this.prose = make("div", "prose");
    this.view = new TextView(this.prose);
    for (const step of this.box.querySelectorAll("details.step")) step.remove();
  }

  take(name, data) {
    if (name === "start") this.start(data);
    else if (name === "reset") this.reset();
    else if (name === "text") {
      if (!this.prose.isConnected) {
        this.box.append(this.prose);
        this.say("spark", words.answering);
        this.state.hidden = true;
      }
      this.view.add(data);
      this.#draw();
    } else if (name === "thought") this.think(data);
    else if (name === "calling") this.say("tool", fill(words.calling, this.tool(data.tool)));
    else if (name === "called") {
      const label = fill(data.good ? words.called : words.failed, this.tool(data.tool));
      this.box.insertBefore(this.step("tool", label, data.query), this.state);
      this.#thoughts = null;
      this.say("memory", words.waiting);
    } else if (name === "failed") this.ended = data.reason;
    else if (name === "done") this.ended = "";
  }

  tool(name) {
    return name === "web_search" ? words.search : name.replace("__", " / ");
  }

  step(name, label, text) {
    const body = make("p", "plain", text);
    return make("details", "step", make("summary", "", icon(name), make("span", "", label), icon("down")), body);
  }

  think(piece) {
    if (!this.#thoughts) {
      this.#thoughts = this.step("spark", words.thinking, "");
      this.#began = performance.now();
      this.box.insertBefore(this.#thoughts, this.state);
    }
    $("p", this.#thoughts).append(piece);
    const seconds = ((performance.now() - this.#began) / 1000).toFixed(1);
    $("span", this.#thoughts).textContent = fill(words.thought, seconds);
    this.say("spark", words.thinking);
  }

  start({ session: id, message }) {
    this.turn.id = message;
    if (session() === id) return;
    form.elements.session.value = id;
    history.replaceState(null, "", `/chat?session=${encodeURIComponent(id)}`);
    const text = this.own ? $(".bubble", this.own)?.textContent ?? "" : "";
    const entry = make("a", "", make("span", "", text.trim().replace(/\s+/g, " ").slice(0, 30)));
    entry.href = location.href;
    entry.ariaCurrent = "page";
    const list = $(".convs-list");
    let group = [...list.querySelectorAll("h3")].find((heading) => heading.textContent === words.today);
    if (!group) {
      list.querySelector("p")?.remove();
      group = make("h3", "", words.today);
      list.prepend(group, make("ul"));
    }
    group.nextElementSibling.prepend(make("li", "", entry));
  }

  #draw() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      if (!this.turn.isConnected) return;
      this.view.show();
      (this.prose.lastElementChild ?? this.prose).append(make("span", "caret"));
      for (const old of [...this.prose.querySelectorAll(".caret")].slice(0, -1)) old.remove();
      end();
    });
  }

  async read(response) {
    const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const events = (rest + value).split("\n\n");
      rest = events.pop();
      for (const event of events) {
        const id = /^id: (\d+)$/m.exec(event)?.[1];
        const name = /^event: (.*)$/m.exec(event)?.[1];
        const data = /^data: (.*)$/m.exec(event)?.[1];
        if (id) this.from = Number(id) + 1;
        if (name) this.take(name, JSON.parse(data));
      }
    }
  }

  /** Joins the answer again until it has ended. */
  async join() {
    for (let pause = 500; this.ended === null; pause = Math.min(pause * 2, 8000)) {
      try {
        const response = await fetch(`/chat/live?session=${encodeURIComponent(session())}&from=${this.from}`);
        if (response.status === 204) return;
        if (!response.ok) throw new Error("refused");
        status.textContent = "";
        pause = 500;
        if (!this.from) this.reset();
        await this.read(response);
      } catch {
        this.say("alert", words.network);
        await wait(pause);
      }
    }
  }
}

/** Replaces what was streamed by the page's own rendering. */
async function refresh(answer) {
  const failed = answer.ended ? `&failed=${answer.ended}` : "";
  const page = await load(`/chat?session=${encodeURIComponent(session())}&tail=2${failed}`);
  const fresh = [...page.querySelectorAll("#turns > .turn")];
  if (!fresh.length) return;
  setTimeout(nameLater, TITLE_AFTER);
  answer.own?.remove();
  const place = answer.turn.nextSibling;
  answer.turn.remove();
  for (const turn of fresh) {
    const known = turn.id && document.getElementById(turn.id);
    if (known) known.replaceWith(turn);
    else turns.insertBefore(turn, place);
    decorate(turn);
  }
  $("#context").replaceWith($("#context", page));
  takeNames(page);
}

/** Takes the names of the conversations from a fresh page. */
function takeNames(page) {
  for (const css of [".convs-list", ".talk-head"]) $(css)?.replaceWith($(css, page));
  document.title = page.title;
  globalThis.times?.();
}

/** Looks for the title that a model gives a new conversation some seconds after the first answer. */
const TITLE_AFTER = 9000;
async function nameLater() {
  const isBusy = live || $(".convs [type=search]").value || $(".talk-head :popover-open, .convs-list :focus");
  if (isBusy || turns.querySelectorAll(".turn.double").length > 1) return;
  const page = await load(`/chat?session=${encodeURIComponent(session())}&tail=2`).catch(() => null);
  if (page && !live) takeNames(page);
}

async function load(address, init) {
  const response = await fetch(address, init);
  if (!response.ok) throw new Error("refused");
  return new DOMParser().parseFromString(await response.text(), "text/html");
}

async function run(answer, begin) {
  live = answer;
  busy(true);
  end();
  try {
    await begin();
    if (answer.ended === null) await answer.join();
    for (let tries = 0; ; tries += 1) {
      try {
        await refresh(answer);
        break;
      } catch {
        if (tries > 4) throw new Error("offline");
        answer.say("alert", words.network);
        await wait(1000 * 2 ** tries);
      }
    }
    status.textContent = "";
  } finally {
    live = null;
    busy(false);
    end();
  }
}

/** Shows why a message could not be sent, and puts it back into the field. */
function refuse(answer, text, draft) {
  answer.own?.remove();
  answer.turn.remove();
  turns.append(...answer.removed);
  const note = make("li", "turn problem", make("p", "notice bad", icon("alert"), make("span", "", text)));
  note.firstChild.setAttribute("role", "alert");
  turns.append(note);
  if (!field.value) field.value = draft;
  grow();
}

async function send(text, pictures, replaces = "") {
  if (live) return;
  showThread();
  for (const old of turns.querySelectorAll(".problem")) old.remove();
  const edited = replaces && document.getElementById(replaces);
  const isAgain = edited && !text;
  const keys = edited ? [...edited.querySelectorAll(".sent-images img")].map((img) => img.src.split("/cdn/")[1]) : pictures;
  const removed = [];
  if (edited) {
    while (edited.nextSibling) removed.push(turns.removeChild(edited.nextSibling));
    if (!isAgain) edited.remove();
  }
  for (const button of turns.querySelectorAll("form [data-again]")) button.closest("form").remove();
  follows = true;
  // A message that is answered again stays; its earlier answer comes back if there is no new one.
  const own = isAgain ? null : addMine(text, keys);
  const answer = new Answer(addDouble(), own);
  if (isAgain) answer.removed = removed;
  const body = new URLSearchParams({ csrf, session: session(), message: text, replaces });
  if (form.elements.model) body.set("model", form.elements.model.value);
  for (const key of pictures) body.append("picture", key);
  await run(answer, async () => {
    let response;
    try {
      response = await fetch("/chat/say", { method: "POST", body });
    } catch {
      refuse(answer, words.offline, text);
      throw new Error("offline");
    }
    if (!response.ok) {
      refuse(answer, await response.text(), text);
      throw new Error("refused");
    }
    try {
      await answer.read(response);
    } catch {
      answer.say("alert", words.network);
    }
  }).catch(() => {});
}

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = field.value.trim();
  const pictures = [...form.querySelectorAll("[name=picture]")].map((input) => input.value);
  if ((!text && !pictures.length) || live || uploads) return;
  const replaces = form.elements.replaces.value;
  field.value = "";
  stopEditing();
  $("#pictures").replaceChildren();
  $("#pictures").hidden = true;
  grow();
  send(text, pictures, replaces);
});
$(".suggestions")?.addEventListener("submit", (event) => {
  event.preventDefault();
  send(event.submitter.value, []);
});
$(".stop", form).addEventListener("click", () => {
  fetch("/chat/stop", { method: "POST", body: new URLSearchParams({ csrf, session: session() }) }).catch(() => {});
});

// Editing and answering again.
function stopEditing() {
  form.elements.replaces.value = "";
  $("#editing")?.remove();
}
document.addEventListener("click", (event) => {
  const edit = event.target.closest("[data-edit]");
  const again = event.target.closest("[data-again]");
  if (!edit && !again) return;
  event.preventDefault();
  if (live) return;
  if (again) {
    send("", [], again.dataset.again);
    return;
  }
  stopEditing();
  form.elements.replaces.value = edit.dataset.edit;
  field.value = $(".bubble", edit.closest(".turn")).textContent;
  const cancel = make("button", "small", words.cancel);
  cancel.type = "button";
  cancel.addEventListener("click", () => {
    stopEditing();
    field.value = "";
    grow();
  });
  const note = make("p", "notice editing", icon("edit"), make("span", "", words.editing), make("span", "actions", cancel));
  note.id = "editing";
  form.before(note);
  grow();
  field.focus();
});

// Another version of an answer.
turns.addEventListener("submit", async (event) => {
  if (!event.target.matches(".versions")) return;
  event.preventDefault();
  if (live) return;
  const body = new URLSearchParams(new FormData(event.target, event.submitter));
  const { value } = event.submitter;
  const way = event.submitter.ariaLabel;
  const page = await load(event.target.action, { method: "POST", body }).catch(() => null);
  if (!page) return location.reload();
  follows = false;
  turns.replaceChildren(...$("#turns", page).childNodes);
  decorate(turns);
  globalThis.times?.();
  const again = $(`[aria-label="${way}"]:not([disabled])`, document.getElementById(value));
  (again ?? $(".versions button:not([disabled])", document.getElementById(value)))?.focus();
});

// Pictures: chosen, pasted or dropped. They are made smaller before they are sent.
const MOST = 4;
const SIDE = 1600;
const list = $("#pictures");
async function smaller(file, bitmap) {
  const scale = Math.min(1, SIDE / Math.max(bitmap.width, bitmap.height));
  if (scale === 1 && file.size < 1 << 20 && /^image\/(png|jpeg|gif|webp)$/.test(file.type)) return file;
  const canvas = make("canvas");
  [canvas.width, canvas.height] = [Math.round(bitmap.width * scale), Math.round(bitmap.height * scale)];
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.86));
}
async function addPicture(file) {
  if (list.children.length >= MOST) return;
  uploads += 1;
  const item = make("li");
  list.append(item);
  list.hidden = false;
  try {
    const bitmap = await createImageBitmap(file);
    // Drawn, because the page may not load pictures from anywhere but this server.
    const preview = make("canvas");
    const scale = 128 / Math.min(bitmap.width, bitmap.height);
    [preview.width, preview.height] = [128, 128];
    const [width, height] = [bitmap.width * scale, bitmap.height * scale];
    preview.getContext("2d").drawImage(bitmap, (128 - width) / 2, (128 - height) / 2, width, height);
    const remove = make("button", "icon-button", icon("x"));
    remove.type = "button";
    remove.ariaLabel = words.remove;
    remove.addEventListener("click", () => {
      item.remove();
      list.hidden = !list.children.length;
    });
    item.append(preview, remove);
    const body = new FormData();
    body.append("file", await smaller(file, bitmap), "picture");
    const response = await fetch("/api/cdn/upload", { method: "POST", body });
    const { data } = await response.json();
    const input = make("input");
    [input.type, input.name, input.value] = ["hidden", "picture", data.key];
    item.append(input);
  } catch {
    item.remove();
    list.hidden = !list.children.length;
    status.textContent = words.upload;
  } finally {
    uploads -= 1;
  }
}
function addPictures(files) {
  if (!add) return false;
  const pictures = [...files].filter((file) => file.type.startsWith("image/"));
  for (const file of pictures) addPicture(file);
  return pictures.length > 0;
}
const add = $("#add");
if (add) {
  add.hidden = false;
  $("input", add).addEventListener("change", (event) => {
    addPictures(event.target.files);
    event.target.value = "";
  });
}
field.addEventListener("paste", (event) => {
  if (addPictures(event.clipboardData.files)) event.preventDefault();
});
const talk = $(".talk");
talk.addEventListener("dragover", (event) => event.preventDefault());
talk.addEventListener("drop", (event) => {
  event.preventDefault();
  addPictures(event.dataTransfer.files);
});

// The list of conversations: filtered while one types, searched by the server on Enter.
$(".convs [type=search]").addEventListener("input", (event) => {
  const text = event.target.value.trim().toLowerCase();
  for (const entry of document.querySelectorAll(".convs-list li")) {
    entry.hidden = !entry.textContent.toLowerCase().includes(text);
  }
});

// A deleted conversation can be restored for ten seconds.
if ($("#undo")) {
  history.replaceState(null, "", "/chat");
  setTimeout(() => $("#undo")?.remove(), 10_000);
}

// An answer that was in progress when the page was loaded.
const joined = $("[data-live]");
if (joined) run(new Answer(joined, null), async () => {}).catch(() => {});
