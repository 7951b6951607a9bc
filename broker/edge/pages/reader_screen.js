// The screen of the page: takes a file in, and shows it. Every text is set as text; no markup is made from a file.
const make = (tag, attributes, ...inside) => {
  const made = document.createElement(tag);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...inside);
  return made;
};
const free_direction = { dir: "auto" };
const at = id => document.getElementById(id);
const MOST_BYTES = 256 * 1024 * 1024;

function shownBlock(block, level, above) {
  if (block.text !== undefined) return [make("p", free_direction, block.text)];
  if (block.facts) {
    const rows = block.facts.map(([label, value]) => make("div", {}, make("dt", {}, label), make("dd", free_direction, value)));
    return [...(block.title ? [make(`h${level}`, free_direction, block.title)] : []), make("dl", {}, ...rows)];
  }
  const head = make("tr", { role: "row" }, ...block.columns.map(one => make("th", { scope: "col", role: "columnheader" }, one)));
  const rows = block.rows.map((row, place) => make("tr", { role: "row" },
    make("th", { scope: "row", role: "rowheader", dir: "auto" }, block.files ? saved(block.files[place]) : row[0] || SAYS.none),
    ...row.slice(1).map((cell, column) => make("td", { role: "cell", dir: "auto", "data-column": block.columns[column + 1] }, cell))));
  return [make("div", { class: "wide", role: "region", "aria-label": block.caption, tabindex: "0" },
    make("table", { role: "table" }, make("caption", block.caption === above ? { class: "same" } : {}, block.caption),
      make("thead", { role: "rowgroup" }, head), make("tbody", { role: "rowgroup" }, ...rows)))];
}

function saved(file) {
  if (!file.path) return SAYS.none;
  const button = make("button", { type: "button" }, file.path);
  button.addEventListener("click", () => {
    const bytes = Uint8Array.from(atob(file.content), one => one.charCodeAt(0));
    const link = make("a", { href: URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" })), download: file.path.split("/").at(-1) });
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  });
  return button;
}

function show({ title, running, lead, sections }) {
  document.title = title;
  const header = make("header", {}, make("h1", free_direction, title), ...lead.map(one => make("p", {}, one)));
  const list = sections.map(([heading], place) => make("li", {}, make("a", { href: `#s${place + 1}` }, heading)));
  const nav = make("nav", { "aria-labelledby": "contents" }, make("h2", { id: "contents" }, "Contents"), make("ol", {}, ...list));
  const main = make("main", { id: "content", tabindex: "-1" }, ...sections.map(([heading, about, blocks], place) =>
    make("section", { "aria-labelledby": `s${place + 1}` }, make("h2", { id: `s${place + 1}` }, heading),
      ...(about ? [make("p", {}, about)] : []), ...blocks.flatMap(block => shownBlock(block, 3, heading)))));
  at("record").replaceChildren(header, nav, main, make("footer", {}, make("p", {}, running)));
  at("start").hidden = true;
  at("again").hidden = false;
  main.focus();
  scrollTo(0, 0);
}

function tell(sentence) {
  at("told").textContent = sentence;
}

function parsed(text) {
  return JSON.parse(text, (_key, value, context) => typeof value === "number" ? new Numeral(context?.source ?? String(value)) : value);
}

function faultOf(bytes, text) {
  if (/^-----BEGIN PGP/.test(text ?? "") || (text === null && [0x84, 0x85, 0xc1].includes(bytes[0]))) return SAYS.sealed;
  if (text?.startsWith("<")) return SAYS.is_xml;
  return text === null || !text.trimStart().startsWith("{") ? SAYS.no_document : "";
}

async function read(file) {
  tell("");
  if (file.size > MOST_BYTES) return tell(SAYS.too_large);
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = null;
  try { text = new TextDecoder("utf-8", { fatal: true }).decode(bytes); } catch { text = null; }
  const fault = faultOf(bytes, text);
  if (fault) return tell(fault);
  let found;
  try { found = parsed(text); } catch { return tell(SAYS.broken); }
  return show(page(found, file.name.replace(/\.(json|opened)$/, "") || file.name));
}

at("file").addEventListener("change", event => event.target.files[0] && read(event.target.files[0]));
at("print").addEventListener("click", () => print());
at("another").addEventListener("click", () => location.reload());
addEventListener("dragover", event => event.preventDefault());
addEventListener("drop", event => {
  event.preventDefault();
  if (event.dataTransfer.files[0]) read(event.dataTransfer.files[0]);
});
