// Comfort for all pages, which work without this script: copying, times, theme, search, questions.
"use strict";

const root = document.documentElement;
root.classList.add("scripted");
const csrf = () => document.querySelector('form[action="/sign-out"] input[name="csrf"]')?.value;

// Theme: at once, and kept by the server in a cookie.
root.dataset.theme ??= localStorage.getItem("theme") ?? "auto";
document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  if (form.getAttribute("action") !== "/theme" || !submitter) return;
  event.preventDefault();
  root.dataset.theme = submitter.value;
  localStorage.setItem("theme", submitter.value);
  for (const button of form.querySelectorAll("button")) button.ariaPressed = String(button === submitter);
  fetch(form.action, { method: "POST", redirect: "manual", body: new URLSearchParams({ csrf: csrf(), theme: submitter.value, back: "/" }) });
});

// Copying: <button data-copy="id of the source" data-done="Copied">
async function copy(source) {
  const text = "value" in source ? source.value : source.textContent;
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  // Over plain HTTP a browser has no clipboard object.
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  const done = document.execCommand("copy");
  area.remove();
  if (!done) throw new Error("refused");
}
for (const button of document.querySelectorAll("button[data-copy]")) button.hidden = false;
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  const label = button.querySelector("span") ?? button;
  button.dataset.text ??= label.textContent;
  try {
    await copy(source);
  } catch {
    getSelection().selectAllChildren(source);
    source.select?.();
    return;
  }
  label.textContent = button.dataset.done;
  button.classList.add("done");
  setTimeout(() => {
    label.textContent = button.dataset.text;
    button.classList.remove("done");
  }, 2000);
});

// Times in the reader's zone and words. The title keeps UTC.
const lang = root.lang;
const ago = new Intl.RelativeTimeFormat(lang, { numeric: "auto" });
const clock = new Intl.DateTimeFormat(lang, { hour: "2-digit", minute: "2-digit", hour12: false });
const day = new Intl.DateTimeFormat(lang, { month: "short", day: "numeric" });
const date = new Intl.DateTimeFormat(lang, { year: "numeric", month: "short", day: "numeric" });
const weekday = new Intl.DateTimeFormat(lang, { month: "long", day: "numeric", weekday: "long" });
const exact = new Intl.DateTimeFormat(lang, { month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit", hour12: false });
function words(then, now) {
  const seconds = Math.round((then - now) / 1000);
  const size = Math.abs(seconds);
  if (size < 60) return ago.format(0, "second");
  if (size < 3600) return ago.format(Math.trunc(seconds / 60), "minute");
  const midnight = (at) => new Date(at.getFullYear(), at.getMonth(), at.getDate());
  const days = Math.round((midnight(then) - midnight(now)) / 86_400_000);
  if (days === 0) return ago.format(Math.trunc(seconds / 3600), "hour");
  if (Math.abs(days) === 1) return `${ago.format(days, "day")} ${clock.format(then)}`;
  if (Math.abs(days) < 7) return ago.format(days, "day");
  return (then.getFullYear() === now.getFullYear() ? day : date).format(then);
}
function times(within = document) {
  const now = new Date();
  for (const time of within.querySelectorAll("time[datetime]")) {
    const isDay = "day" in time.dataset;
    if (!isDay && !time.dateTime.includes("T")) continue;
    const then = new Date(isDay ? `${time.dateTime}T12:00` : time.dateTime);
    const text = isDay ? weekday.format(then) : "exact" in time.dataset ? exact.format(then) : words(then, now);
    if (time.textContent !== text) time.textContent = text;
  }
}
times();
setInterval(times, 60_000);

// A word about what has happened, with a way back if there is one.
function toast(text, action) {
  document.querySelector(".toast")?.remove();
  const box = document.createElement("div");
  box.className = "toast";
  box.role = "status";
  const words = document.createElement("span");
  words.textContent = text;
  box.append(words);
  if (action) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "small";
    button.textContent = action.label;
    button.addEventListener("click", () => {
      box.remove();
      action.run();
    });
    box.append(button);
  }
  document.body.append(box);
  setTimeout(() => box.remove(), 10_000);
}

// Questions: a form with the fields ask and yes is sent only after a yes. The server asks if this script does not.
document.addEventListener("submit", (event) => {
  const { target: form, submitter } = event;
  const { ask, yes, sure: said } = form.elements;
  if (!ask || said) return;
  event.preventDefault();
  const box = document.createElement("dialog");
  box.className = "dialog";
  const words = document.createElement("p");
  words.textContent = ask.value;
  const actions = document.createElement("p");
  actions.className = "actions";
  for (const [label, sure] of [[document.body.dataset.cancel, false], [yes.value, true]]) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = label;
    if (sure) button.className = "bad";
    button.addEventListener("click", () => {
      box.close();
      if (!sure) return;
      const answer = document.createElement("input");
      [answer.type, answer.name, answer.value] = ["hidden", "sure", "1"];
      form.append(answer);
      form.requestSubmit(submitter);
    });
    actions.append(button);
  }
  box.append(words, actions);
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
});

// Examples: runs one, and shows the real answer. data-key names the field with a key; without it the session counts.
document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-run]");
  if (!button) return;
  event.preventDefault();
  const box = document.getElementById("answer");
  const key = document.getElementById(button.dataset.key ?? "")?.value;
  const [badge, facts] = box.querySelectorAll(".code-head > *");
  const began = performance.now();
  // The page may have been opened at another name of this server.
  const { pathname, search } = new URL(button.dataset.run);
  let text, state;
  try {
    const answer = await fetch(pathname + search, key ? { credentials: "omit", headers: { Authorization: `Bearer ${key}` } } : {});
    text = await answer.text();
    state = answer.ok;
    badge.textContent = `${answer.status} ${box.dataset[answer.ok ? "ok" : "bad"]}`;
  } catch (error) {
    text = String(error);
    badge.textContent = box.dataset.bad;
  }
  badge.className = `badge dot ${state ? "good" : "bad"}`;
  facts.textContent = `${Math.round(performance.now() - began)} ms`;
  try {
    text = JSON.stringify(JSON.parse(text), null, 2);
  } catch {}
  box.querySelector("code").textContent = text;
  box.hidden = false;
});
for (const button of document.querySelectorAll("button[data-run]")) button.hidden = false;

// Search: Ctrl K opens it over any page. Pages are found here, everything else by the server.
const find = document.querySelector(".find");
function palette() {
  const box = document.createElement("dialog");
  box.className = "dialog palette";
  box.ariaLabel = find.querySelector("span").textContent;
  const label = document.createElement("label");
  label.className = "searchbox";
  const input = document.createElement("input");
  input.type = "search";
  input.maxLength = 200;
  input.ariaLabel = input.placeholder = box.ariaLabel;
  input.autocomplete = "off";
  label.append(find.querySelector("svg").cloneNode(true), input);
  const list = document.createElement("ul");
  box.append(label, list);
  const pages = [...document.querySelectorAll(".nav a, .account li > a")];
  let hits = [];
  const show = () => {
    const typed = input.value.trim().toLowerCase();
    const seen = new Set();
    const found = pages.filter((link) => {
      const fits = !seen.has(link.getAttribute("href")) && link.textContent.toLowerCase().includes(typed);
      if (fits) seen.add(link.getAttribute("href"));
      return fits;
    });
    list.replaceChildren(...found.map((link) => {
      const item = document.createElement("li");
      const copy = document.createElement("a");
      copy.href = link.href;
      const name = document.createElement("span");
      name.textContent = link.querySelector("span")?.textContent ?? link.textContent;
      copy.append(link.querySelector("svg").cloneNode(true), name);
      item.append(copy);
      return item;
    }), ...(typed ? hits : []));
  };
  let timer;
  input.addEventListener("input", () => {
    show();
    clearTimeout(timer);
    timer = setTimeout(async () => {
      const typed = input.value.trim();
      if (!typed) return;
      const answer = await fetch(`/search?q=${encodeURIComponent(typed)}`);
      const html = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (typed !== input.value.trim()) return;
      hits = [...html.querySelectorAll("#hits li")];
      show();
    }, 180);
  });
  box.addEventListener("keydown", (event) => {
    const links = [...list.querySelectorAll("a")];
    const at = links.indexOf(document.activeElement);
    if (event.key === "Enter" && at < 0 && !event.isComposing) links[0]?.click();
    else if (event.key === "ArrowDown") (links[at + 1] ?? links[0])?.focus();
    else if (event.key === "ArrowUp") (at > 0 ? links[at - 1] : input).focus();
    else return;
    event.preventDefault();
  });
  box.addEventListener("click", (event) => event.target === box && box.close());
  box.addEventListener("close", () => box.remove());
  show();
  document.body.append(box);
  box.showModal();
  input.focus();
}
if (find) {
  find.addEventListener("click", (event) => {
    event.preventDefault();
    palette();
  });
  document.addEventListener("keydown", (event) => {
    if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "k") return;
    event.preventDefault();
    if (!document.querySelector(".palette")) palette();
  });
}

globalThis.doppel = { times, toast };

// The first browser of a person says where their days begin; the profile page changes it.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const token = csrf();
if (zone && token && localStorage.getItem("zone") !== zone) {
  const body = new URLSearchParams({ csrf: token, zone });
  fetch("/profile/zone", { method: "POST", body }).then((answer) => {
    if (answer.ok) localStorage.setItem("zone", zone);
  }, () => {});
}

// Permissions: all that an app asks for, or the least.
for (const group of document.querySelectorAll(".consent .segmented")) {
  const form = group.closest("form");
  const boxes = [...form.querySelectorAll("[name=scope]:not(:disabled)")];
  const is = { all: (box) => box.checked, least: (box) => !box.checked };
  const show = () => {
    for (const button of group.children) button.ariaPressed = String(boxes.every(is[button.dataset.tick]));
  };
  group.addEventListener("click", (event) => {
    const { tick } = event.target.dataset;
    if (tick) for (const box of boxes) box.checked = tick === "all";
    show();
  });
  form.addEventListener("change", show);
  show();
}
