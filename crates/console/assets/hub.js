// Comfort for the pages of the Hub, which work without this script: a choice shows its form at once, Ctrl Enter sends.
"use strict";

for (const form of document.querySelectorAll("form[data-choose]")) {
  const { api, action } = form.elements;
  form.querySelector("button").hidden = action.tagName === "SELECT";
  form.addEventListener("change", ({ target }) => {
    if (target === api) action.disabled = true;
    if (target.tagName === "SELECT") form.requestSubmit();
  });
}
document.addEventListener("keydown", (event) => {
  const form = document.getElementById("call");
  if (form && (event.ctrlKey || event.metaKey) && event.key === "Enter") form.requestSubmit();
});
