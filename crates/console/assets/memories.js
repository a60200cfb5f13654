// Comfort for the list of memories, which works without this script: several entries at once, changes in place.
"use strict";

// Other scripts of the page have names of their own.
{
  const bulk = document.getElementById("bulk");
  const boxes = () => [...document.querySelectorAll('input[name="entry"]')];

  function count() {
    if (!bulk) return;
    const ticked = boxes().filter((box) => box.checked).length;
    bulk.hidden = ticked === 0;
    bulk.querySelector("[data-hint]").hidden = true;
    bulk.querySelector("[data-count]").hidden = false;
    bulk.querySelector("output").textContent = ticked;
  }
  count();

  // With Shift, all boxes between two clicks are ticked.
  let last;
  document.addEventListener("click", (event) => {
    const box = event.target;
    if (!box.matches?.('input[name="entry"]')) return;
    const all = boxes();
    if (event.shiftKey && last) {
      const [from, to] = [all.indexOf(last), all.indexOf(box)].sort((a, b) => a - b);
      for (const other of all.slice(from, to + 1)) other.checked = box.checked;
    }
    last = box;
    count();
  });
  addEventListener("pageshow", count);

  // The menu opens the form of its entry.
  document.addEventListener("click", (event) => {
    const link = event.target.closest("[data-edit]");
    if (!link) return;
    event.preventDefault();
    link.closest("[popover]").hidePopover();
    const details = document.getElementById(link.dataset.edit);
    details.open = true;
    const area = details.querySelector("textarea");
    area.focus();
    area.setSelectionRange(area.value.length, area.value.length);
  });
  document.addEventListener("keydown", (event) => {
    const area = event.target;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && area.form && area.matches("textarea")) {
      area.form.requestSubmit();
    } else if (event.key === "Escape") {
      area.closest?.(".edit-here")?.removeAttribute("open");
    }
  });

  // The field for a new memory grows, and the lists apply at once.
  const field = document.getElementById("new");
  const grow = () => {
    field.rows = Math.min(8, Math.max(1, field.value.split("\n").length));
  };
  field?.addEventListener("input", grow);
  if (field) grow();
  document.querySelector('.find-entries select[name="sort"]')?.addEventListener("change", (event) => event.target.form.requestSubmit());

  // The way back is offered for ten seconds.
  const toast = document.querySelector("[data-undo]");
  if (toast) {
    const url = new URL(location);
    for (const name of ["done", "n", "undo"]) url.searchParams.delete(name);
    history.replaceState(null, "", url);
    let timer = setTimeout(() => toast.remove(), 10_000);
    toast.addEventListener("pointerenter", () => clearTimeout(timer));
    toast.addEventListener("pointerleave", () => { timer = setTimeout(() => toast.remove(), 3000); });
  }
}
