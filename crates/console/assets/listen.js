// Dictation: <button data-listen="path" data-csrf data-stop="Stop" data-failed="…" hidden> in the form of a field "message".
"use strict";

const mic = document.querySelector("button[data-listen]");
if (mic && globalThis.MediaRecorder && navigator.mediaDevices) {
  const { listen, csrf: token, stop, failed } = mic.dataset;
  const { message: field } = mic.form.elements;
  const label = mic.ariaLabel;
  let recorder;
  const show = (on) => {
    mic.ariaPressed = String(on);
    mic.ariaLabel = mic.title = on ? stop : label;
  };
  const hear = async () => {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    recorder = new MediaRecorder(stream);
    const parts = [];
    recorder.addEventListener("dataavailable", ({ data }) => parts.push(data));
    recorder.addEventListener("stop", async () => {
      for (const track of stream.getTracks()) track.stop();
      show(false);
      mic.disabled = true;
      const headers = { "content-type": recorder.mimeType, "x-csrf": token };
      const answer = await fetch(listen, { method: "POST", headers, body: new Blob(parts) }).catch(() => undefined);
      const text = await answer?.text();
      mic.disabled = false;
      if (!answer?.ok) return doppel.toast(text || failed);
      field.setRangeText(text, field.selectionStart, field.selectionEnd, "end");
      field.dispatchEvent(new Event("input", { bubbles: true }));
      field.focus();
    });
    recorder.start();
    setTimeout(() => recorder.state === "recording" && recorder.stop(), 120_000);
    show(true);
  };
  mic.addEventListener("click", () => {
    if (recorder?.state === "recording") recorder.stop();
    else hear().catch(() => doppel.toast(failed));
  });
  mic.hidden = false;
}
