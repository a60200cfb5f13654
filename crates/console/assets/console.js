// Copies texts to the clipboard. The pages work without this script.
"use strict";

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

for (const button of document.querySelectorAll("[data-copy]")) {
  const source = document.getElementById(button.dataset.copy);
  const label = button.firstElementChild;
  const text = label.textContent;
  let timer;
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await copy(source);
    } catch {
      getSelection().selectAllChildren(source);
      if (source.select) source.select();
      return;
    }
    label.textContent = button.dataset.done;
    button.classList.add("done");
    clearTimeout(timer);
    timer = setTimeout(() => {
      label.textContent = text;
      button.classList.remove("done");
    }, 2000);
  });
}

// The first browser of a person says where their days begin; the profile page changes it.
const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
const token = document.querySelector('form[action="/sign-out"] input[name="csrf"]');
if (zone && token && localStorage.getItem("zone") !== zone) {
  const body = new URLSearchParams({ csrf: token.value, zone });
  fetch("/profile/zone", { method: "POST", body }).then((answer) => {
    if (answer.ok) localStorage.setItem("zone", zone);
  }, () => {});
}
