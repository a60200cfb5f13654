// Shows Markdown while it streams. It makes nodes only, so nothing in a text becomes markup. The server renders
// the whole text at the end.

const MAX = 20000;
const INLINE =
  /(`+)([^`]|[^`][^]*?[^`])\1(?!`)|\*\*(?=\S)([^]*?\S)\*\*|~~(?=\S)([^]*?\S)~~|\*(?=[^\s*])([^*\n]*[^\s*])\*|!?\[([^\]\n]*)\]\(([^\s()]+)(?:\s+"[^"\n]*")?\)|(https?:\/\/[^\s<>"'`|\\^{}*\u3000-\u303f\uff00-\uffef\u2018-\u201f]+)/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const FENCE = /^\s{0,3}(`{3,}|~{3,})\s*([^\s`]*)/;
const RULE = /^\s{0,3}([-*_])(\s*\1){2,}\s*$/;
const ROW = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;

function node(tag, ...children) {
  const made = document.createElement(tag);
  made.append(...children);
  return made;
}

function link(address, label) {
  if (!/^(https?:\/\/.|mailto:.)/i.test(address)) return document.createTextNode(label);
  const made = node("a", label);
  made.href = address;
  made.rel = "noopener noreferrer nofollow";
  if (!/^mailto:/i.test(address)) made.target = "_blank";
  return made;
}

function inline(text, depth = 0) {
  const out = [];
  while (text && depth < 6 && text.length < MAX) {
    const found = INLINE.exec(text);
    if (!found) break;
    out.push(text.slice(0, found.index));
    const [whole, , code, strong, struck, soft, label, target, bare] = found;
    if (code !== undefined) out.push(node("code", code.trim()));
    else if (strong !== undefined) out.push(node("strong", ...inline(strong, depth + 1)));
    else if (struck !== undefined) out.push(node("del", ...inline(struck, depth + 1)));
    else if (soft !== undefined) out.push(node("em", ...inline(soft, depth + 1)));
    else if (target !== undefined) out.push(link(target, label || target));
    else out.push(link(bare, bare));
    text = text.slice(found.index + whole.length);
  }
  out.push(text);
  return out;
}

function cells(line) {
  return line.trim().replace(/^\|/, "").replace(/\|$/, "").split("|").map((cell) => cell.trim());
}

function table(rows) {
  const [head, ...body] = rows.map(cells);
  const row = (tag, list) => node("tr", ...list.slice(0, 50).map((cell) => node(tag, ...inline(cell))));
  return node("table", node("thead", row("th", head)), node("tbody", ...body.map((list) => row("td", list))));
}

function code(language, lines) {
  const figure = node("figure", node("figcaption", node("span", language)), node("pre", node("code", lines.join("\n"))));
  figure.className = "code";
  figure.firstChild.className = "code-head";
  return figure;
}

function list(lines, depth) {
  const [, indent, mark] = ITEM.exec(lines[0]);
  const made = node(/\d/.test(mark) ? "ol" : "ul");
  if (made.tagName === "OL") made.start = parseInt(mark, 10);
  let item = [];
  const add = () => item.length && made.append(node("li", ...blocks(item, depth + 1, true)));
  for (const line of lines) {
    const found = ITEM.exec(line);
    if (found && found[1].length <= indent.length + 1) {
      add();
      item = [found[3].replace(/^\[( |x|X)\]\s/, (_, done) => (done === " " ? "☐ " : "☑ "))];
    } else item.push(line.slice(Math.min(line.search(/\S|$/), indent.length + 2)));
  }
  add();
  return made;
}

function blocks(lines, depth = 0, tight = false) {
  const out = [];
  // The levels in the text of the headings above; none skips a level on the page.
  const levels = [];
  let at = 0;
  const take = (test) => {
    const from = at;
    while (at < lines.length && test(lines[at], at)) at += 1;
    return lines.slice(from, at);
  };
  while (at < lines.length) {
    const line = lines[at];
    const fence = FENCE.exec(line);
    const heading = /^\s{0,3}(#{1,6})\s+(.*?)#*\s*$/.exec(line);
    if (!line.trim()) at += 1;
    else if (fence) {
      at += 1;
      const inner = take((next) => !next.trim().startsWith(fence[1]));
      at += 1;
      out.push(code(fence[2], inner));
    } else if (heading) {
      while (levels.at(-1) >= heading[1].length) levels.pop();
      levels.push(heading[1].length);
      out.push(node(`h${Math.min(6, levels.length + 2)}`, ...inline(heading[2])));
      at += 1;
    } else if (RULE.test(line)) {
      out.push(node("hr"));
      at += 1;
    } else if (/^\s{0,3}>/.test(line) && depth < 8) {
      const inner = take((next) => /^\s{0,3}>/.test(next)).map((next) => next.replace(/^\s{0,3}> ?/, ""));
      out.push(node("blockquote", ...blocks(inner, depth + 1)));
    } else if (ITEM.test(line) && depth < 8) {
      out.push(list(take((next, i) => ITEM.test(next) || (next.trim() && /^\s/.test(next)) || (!next.trim() && /^\s+\S/.test(lines[i + 1] ?? ""))), depth));
    } else if (line.includes("|") && ROW.test(lines[at + 1] ?? "") && lines[at + 1].includes("-")) {
      const rows = take((next) => next.includes("|"));
      out.push(table([rows[0], ...rows.slice(2)]));
    } else {
      const first = at;
      const text = take((next, i) => i === first || (next.trim() && !FENCE.test(next) && !/^\s{0,3}(#{1,6}\s|>)/.test(next) && !ITEM.test(next))).join("\n");
      out.push(...(tight ? inline(text) : [node("p", ...inline(text))]));
    }
  }
  return out;
}

/** Renders a text into an element as it grows. What is complete stays; only the end is made anew. */
globalThis.TextView = class {
  #text = "";
  #done = 0;
  #tail = [];

  constructor(element) {
    this.element = element;
  }

  get text() {
    return this.#text;
  }

  add(piece) {
    this.#text += piece;
  }

  show() {
    for (const old of this.#tail) old.remove();
    let fence = null;
    let stable = this.#done;
    let at = this.#done;
    for (const line of this.#text.slice(this.#done).split("\n")) {
      const found = FENCE.exec(line);
      if (fence) fence = line.trim().startsWith(fence) ? null : fence;
      else if (found) fence = found[1];
      at += line.length + 1;
      if (!fence && !line.trim() && at <= this.#text.length) stable = at;
    }
    this.element.append(...blocks(this.#text.slice(this.#done, stable).split("\n")));
    this.#done = stable;
    this.#tail = blocks(this.#text.slice(stable).split("\n"));
    this.element.append(...this.#tail);
  }
};
