// Puts somebody's double into a page: <script src="https://…/widget.js" data-avatar="0123456789ab" async></script>
// Also: data-language (zh-CN, en), data-theme (light, dark), data-label, data-open.
(() => {
  "use strict";
  const tag = document.currentScript;
  const { avatar, language, theme, label = "💬", open } = tag.dataset;
  const { origin } = new URL(tag.src);
  if (!/^[0-9a-f]{12}$/.test(avatar)) return;
  const query = new URLSearchParams({ ...(language && { language }), ...(theme && { theme }) });
  const key = `doppel-${avatar}`;
  const kept = (value) => {
    try {
      return value ? localStorage.setItem(key, value) : localStorage.getItem(key);
    } catch {}
  };
  const host = document.createElement("div");
  const root = host.attachShadow({ mode: "open" });
  const style = new CSSStyleSheet();
  style.replaceSync(`
    :host { position: fixed; z-index: 2147483000; right: max(1rem, env(safe-area-inset-right)); bottom: max(1rem, env(safe-area-inset-bottom)); }
    button { display: block; margin: .75rem 0 0 auto; min-width: 3.5rem; height: 3.5rem; padding: 0 1rem; border: 0; border-radius: 2rem; background: #2f5d50; color: #fff; font: 600 1.1rem system-ui, sans-serif; box-shadow: 0 4px 16px rgb(0 0 0 / 25%); cursor: pointer; }
    button:focus-visible { outline: 3px solid #e8a87c; outline-offset: 2px; }
    iframe { display: block; width: min(24rem, calc(100vw - 2rem)); height: min(36rem, calc(100dvh - 7rem)); border: 1px solid rgb(128 128 128 / 40%); border-radius: 1rem; background: Canvas; box-shadow: 0 8px 32px rgb(0 0 0 / 25%); }
    [hidden] { display: none; }`);
  root.adoptedStyleSheets = [style];
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label;
  button.ariaLabel = language?.startsWith("en") ? "Chat" : language ? "聊天" : "Chat · 聊天";
  button.ariaExpanded = "false";
  let frame;
  button.addEventListener("click", () => {
    if (!frame) {
      frame = document.createElement("iframe");
      frame.src = `${origin}/widget/${avatar}?${query}`;
      frame.title = button.ariaLabel;
      frame.setAttribute("sandbox", "allow-scripts allow-forms");
      root.prepend(frame);
    } else frame.hidden = !frame.hidden;
    button.ariaExpanded = String(!frame.hidden);
  });
  addEventListener("message", ({ source, data }) => {
    if (!frame || source !== frame.contentWindow) return;
    if (data?.doppelGuest) kept(data.doppelGuest);
    // Who wrote here before goes on with the same conversation.
    if (data?.doppelReady && kept()) source.postMessage({ doppelGuest: kept() }, "*");
  });
  root.append(button);
  document.body.append(host);
  if (open !== undefined) button.click();
})();
