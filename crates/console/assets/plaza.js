// Comfort for the pages of the Plaza, which work without this script: pictures open over the page, the next page is
// added below, choices take effect at once, and the composer says how many pictures are chosen.
"use strict";

document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-shot]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const all = [...link.closest(".post").querySelectorAll("a[data-shot]")];
  let at = all.indexOf(link);
  const box = document.createElement("dialog");
  box.className = "lightbox";
  const picture = document.createElement("img");
  const show = (next) => {
    at = (next + all.length) % all.length;
    picture.src = all[at].href;
    box.ariaLabel = picture.alt = all[at].querySelector("img")?.alt ?? all[at].textContent;
  };
  box.append(picture);
  box.addEventListener("click", () => box.close());
  box.addEventListener("keydown", ({ key }) => {
    if (key === "ArrowRight") show(at + 1);
    else if (key === "ArrowLeft") show(at - 1);
  });
  box.addEventListener("close", () => {
    box.remove();
    all[at].focus();
  });
  show(at);
  document.body.append(box);
  box.showModal();
});

document.addEventListener("click", async (event) => {
  const link = event.target.closest("a[data-more]");
  if (!link || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  link.ariaBusy = "true";
  try {
    const answer = await fetch(link.href);
    if (!answer.ok) throw new Error(answer.status);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const fresh = [...page.querySelectorAll("#posts > .post")].filter((post) => !document.getElementById(post.id));
    document.getElementById("posts").append(...fresh);
    link.closest(".more-posts").replaceWith(page.querySelector(".more-posts"));
    doppel.times(document.getElementById("posts"));
    fresh[0]?.querySelector("a")?.focus({ preventScroll: true });
  } catch {
    location = link.href;
  }
});

for (const form of document.querySelectorAll("form[data-choose]")) {
  form.addEventListener("change", ({ target }) => target.tagName === "SELECT" && form.requestSubmit());
}
for (const field of document.querySelectorAll(".pictures input")) {
  const words = field.closest("label").querySelector("span");
  field.addEventListener("change", () => {
    const count = field.files.length;
    words.textContent = count ? `${words.dataset.none} ${count}` : words.dataset.none;
  });
}

// What is typed is kept in this browser until it is sent, by the form's name and the person.
for (const form of document.querySelectorAll("form[data-draft]")) {
  const field = form.querySelector("textarea");
  const key = `draft ${document.querySelector(".who-text span")?.textContent} ${form.dataset.draft}`;
  try {
    if (!field.value) field.value = localStorage.getItem(key) ?? "";
    field.addEventListener("input", () => {
      if (field.value.trim()) localStorage.setItem(key, field.value);
      else localStorage.removeItem(key);
    });
    form.addEventListener("submit", () => localStorage.removeItem(key));
  } catch {
    // The browser keeps nothing for this site.
  }
}
