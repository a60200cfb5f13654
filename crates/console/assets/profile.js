// Profile: names of time zones, and a preview with a crop before a picture is sent. The page works without this script.
"use strict";

const zones = document.getElementById("zones");
for (const name of Intl.supportedValuesOf?.("timeZone") ?? []) zones.append(new Option(name, name));

const SIZES = { avatar: [512, 512], cover: [1600, 500] };

function crop(form, picture) {
  const [width, height] = SIZES[form.elements.which.value];
  const box = document.createElement("dialog");
  box.className = "dialog crop";
  const title = document.createElement("h2");
  title.textContent = form.dataset.crop;
  const canvas = document.createElement("canvas");
  Object.assign(canvas, { width, height, role: "img", ariaLabel: form.dataset.crop });
  const zoom = document.createElement("input");
  Object.assign(zoom, { type: "range", min: "1", max: "4", step: "0.01", value: "1", ariaLabel: form.dataset.zoom });
  const actions = document.createElement("p");
  actions.className = "actions";
  const [cancel, save] = [form.dataset.cancel, form.dataset.save].map((text) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    actions.append(button);
    return button;
  });
  save.className = "primary";
  box.append(title, canvas, zoom, actions);

  const context = canvas.getContext("2d");
  const least = Math.max(width / picture.width, height / picture.height);
  let [x, y] = [picture.width / 2, picture.height / 2];
  const draw = () => {
    const scale = least * zoom.value;
    const [w, h] = [width / scale, height / scale];
    x = Math.min(Math.max(x, w / 2), picture.width - w / 2);
    y = Math.min(Math.max(y, h / 2), picture.height - h / 2);
    context.clearRect(0, 0, width, height);
    context.drawImage(picture, x - w / 2, y - h / 2, w, h, 0, 0, width, height);
  };
  canvas.addEventListener("pointermove", (event) => {
    if (!event.buttons) return;
    const ratio = width / canvas.clientWidth / (least * zoom.value);
    x -= event.movementX * ratio;
    y -= event.movementY * ratio;
    draw();
  });
  canvas.addEventListener("pointerdown", (event) => canvas.setPointerCapture(event.pointerId));
  zoom.addEventListener("input", draw);
  cancel.addEventListener("click", () => box.close());
  save.addEventListener("click", () => {
    canvas.toBlob((blob) => {
      const files = new DataTransfer();
      files.items.add(new File([blob], "picture", { type: blob.type }));
      form.elements.file.files = files.files;
      form.submit();
    }, "image/webp", 0.9);
  });
  box.addEventListener("close", () => {
    box.remove();
    form.elements.file.value = "";
  });
  document.body.append(box);
  box.showModal();
  draw();
}

for (const form of document.querySelectorAll(".picture-form")) {
  const input = form.elements.file;
  form.querySelector("button").addEventListener("click", (event) => {
    event.preventDefault();
    input.click();
  });
  input.addEventListener("change", async () => {
    if (!input.files.length) return;
    try {
      crop(form, await createImageBitmap(input.files[0]));
    } catch {
      form.submit(); // not a picture: the server says so
    }
  });
}
