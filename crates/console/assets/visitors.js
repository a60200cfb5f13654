// New messages of visitors as they come: the parts of the page that show them are replaced.
"use strict";

const source = new EventSource("/visitors/live");
let busy = false, again = false;
async function renew() {
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  const answer = await fetch(location.href).catch(() => undefined);
  if (answer?.ok) {
    const html = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const fresh = html.getElementById(part.id);
      if (!fresh || fresh.innerHTML === part.dataset.last) continue;
      part.dataset.last = fresh.innerHTML;
      part.replaceChildren(...fresh.childNodes);
      doppel.times(part);
    }
  }
  busy = false;
  if (again) {
    again = false;
    renew();
  }
}
source.addEventListener("news", renew);
