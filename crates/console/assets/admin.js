// Comfort for the page of models, which works without this script: servers on this machine are looked for when the
// page opens, models are listed without losing the key, and buttons show that they work.
"use strict";

const parsed = async (answer) => new DOMParser().parseFromString(await answer.text(), "text/html");

const found = document.querySelector("#found[data-look]");
if (found) {
  fetch("/admin/models?look=1").then(parsed).then((page) => {
    const fresh = page.getElementById("found");
    if (fresh) found.replaceWith(fresh);
  }, () => {});
}

document.addEventListener("submit", async (event) => {
  const { target: form, submitter } = event;
  if (!submitter || !form.closest("main")) return;
  submitter.ariaBusy = "true";
  if (submitter.value !== "list") return;
  event.preventDefault();
  try {
    const body = new URLSearchParams(new FormData(form, submitter));
    const page = await parsed(await fetch(form.action, { method: "POST", body }));
    const names = page.getElementById("names");
    if (names) document.getElementById("names").replaceWith(names);
    form.querySelector("[data-listed]")?.remove();
    const note = page.querySelector("[data-listed]");
    if (note) submitter.closest(".pick-model").after(note);
    if (names?.children.length) {
      const name = form.elements.name;
      name.value ||= "";
      name.focus();
      name.showPicker?.();
    }
  } catch {
    // The list stays as it is; the button can be pressed again.
  } finally {
    submitter.ariaBusy = "false";
  }
});

// Back from the next page, the buttons are as before.
addEventListener("pageshow", () => {
  for (const button of document.querySelectorAll("[aria-busy]")) button.ariaBusy = "false";
});
