// Comfort for the editor of notes, which works without this script: saving while typing, preview, pictures.
"use strict";

// Other scripts of the page have names of their own.
{
  const form = document.getElementById("writer");
  const { title, content: area, version, csrf } = form.elements;
  const state = form.querySelector("[data-state]");
  const html = form.querySelector("[data-html]");
  const conflict = form.querySelector("[data-conflict-box]");
  let saved = title.value + "\n" + area.value;
  let saving = false;
  let stopped = false;
  let timer;

  const text = () => title.value + "\n" + area.value;
  const say = (name) => {
    state.textContent = form.dataset[name];
    state.dataset.state = name;
  };
  const body = () => new URLSearchParams({ csrf: csrf.value, title: title.value, content: area.value, version: version.value, urls: form.elements.urls?.value ?? "" });

  async function save() {
    if (saving || stopped || text() === saved) return;
    if (!area.value.trim() && !form.elements.urls?.value.trim()) return say("empty");
    saving = true;
    say("saving");
    const sent = text();
    const isNew = form.action.endsWith("/notes");
    try {
      const answer = await fetch(`${form.action}/draft`, { method: "POST", body: body() });
      const told = await answer.json();
      if (answer.status === 409) {
        // Another tab or app has changed it. Nothing more is saved until the person has chosen.
        stopped = true;
        version.value = told.version;
        conflict.querySelector("[data-other-title]").textContent = told.title;
        conflict.querySelector("[data-other]").textContent = told.content;
        conflict.hidden = false;
        say("conflict");
      } else if (!answer.ok) {
        state.textContent = told.message;
        state.dataset.state = "failed";
      } else {
        saved = sent;
        version.value = told.version;
        if (isNew) {
          form.setAttribute("action", `/notes/${told.id}`);
          history.replaceState(null, "", `/notes/${told.id}/edit`);
          form.querySelector(".note-urls")?.remove();
        }
        say(text() === saved ? "saved" : "changed");
      }
    } catch {
      say("failed");
      later(10_000);
    } finally {
      saving = false;
      if (text() !== saved && state.dataset.state === "changed") later(1500);
    }
  }

  function later(ms) {
    clearTimeout(timer);
    timer = setTimeout(save, ms);
  }

  let previewing;
  function show() {
    clearTimeout(previewing);
    previewing = setTimeout(async () => {
      if (!html.offsetParent) return;
      const answer = await fetch("/notes/preview", { method: "POST", body: body() });
      // The server writes this HTML from a closed list of tags.
      if (answer.ok) html.innerHTML = await answer.text();
    }, 400);
  }

  function changed() {
    if (!stopped) say("changed");
    later(1500);
    show();
  }
  form.addEventListener("input", changed);
  form.addEventListener("submit", () => {
    clearTimeout(timer);
    stopped = true;
    saved = text();
  });
  addEventListener("beforeunload", (event) => {
    if (text() !== saved) event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "s" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      later(0);
    }
  });

  // The preview is beside the text, or takes its place in a narrow window.
  form.querySelector("[data-preview]").addEventListener("click", (event) => {
    event.preventDefault();
    form.classList.toggle("previewing");
    show();
  });

  // The toolbar. setRangeText keeps the undo of the browser out; execCommand keeps it.
  function insert(words, from = area.selectionStart, to = area.selectionEnd) {
    area.focus();
    area.setSelectionRange(from, to);
    if (!document.execCommand("insertText", false, words)) area.setRangeText(words, from, to, "end");
    changed();
  }
  const toolbar = form.querySelector("[data-toolbar]");
  toolbar.hidden = false;
  toolbar.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    const { selectionStart: from, selectionEnd: to, value } = area;
    const chosen = value.slice(from, to);
    const { line, around } = button.dataset;
    if (line) {
      const start = value.lastIndexOf("\n", from - 1) + 1;
      insert(line, start, start);
    } else if (around) {
      insert(around + chosen + around, from, to);
      if (!chosen) area.setSelectionRange(from + around.length, from + around.length);
    } else if ("link" in button.dataset) {
      insert(`[${chosen}](https://)`, from, to);
    } else if ("picture" in button.dataset) {
      toolbar.querySelector("[data-file]").click();
    }
  });

  // Pictures: chosen, pasted or dropped.
  async function upload(file) {
    const data = new FormData();
    data.append("file", file);
    say("saving");
    try {
      const answer = await fetch("/api/cdn/upload", { method: "POST", body: data });
      const told = await answer.json();
      if (!answer.ok) throw new Error(told.message);
      const name = (file.name || "").replace(/[[\]()\\]/g, "").replace(/\.[^.]*$/, "");
      insert(`![${name}](/cdn/${told.data.key})`);
    } catch {
      say("picture");
    }
  }
  const pictures = (list) => [...(list ?? [])].filter((file) => file.type.startsWith("image/"));
  toolbar.querySelector("[data-file]").addEventListener("change", (event) => {
    pictures(event.target.files).forEach(upload);
    event.target.value = "";
  });
  for (const [name, of] of [["paste", (event) => event.clipboardData], ["drop", (event) => event.dataTransfer]]) {
    area.addEventListener(name, (event) => {
      const found = pictures(of(event)?.files);
      if (found.length === 0) return;
      event.preventDefault();
      found.forEach(upload);
    });
  }
  show();
}
