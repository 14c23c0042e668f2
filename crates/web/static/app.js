// Switchboard's one script. Everything works without it; with it, forms send without a reload, pages follow what changes,
// drafts are kept, and there are keys. It asks this server only and runs nothing that it gets.

const root = document.documentElement;
const $ = (selector, scope = document) => scope.querySelector(selector);
const $$ = (selector, scope = document) => [...scope.querySelectorAll(selector)];
const later = (ms, act) => { let timer; return (...args) => { clearTimeout(timer); timer = setTimeout(() => act(...args), ms); }; };
root.dataset.js = "";
/** What nobody sees at once waits until the page stands: reading cookies and what is kept here holds up the first picture. */
const afterwards = (act) => document.readyState === "complete" ? act() : addEventListener("load", act, { once: true });

/* ---- what is kept in this browser ---- */

const store = {
  get(key) { try { return localStorage.getItem("sb:" + key); } catch { return null; } },
  set(key, value) { try { value === null ? localStorage.removeItem("sb:" + key) : localStorage.setItem("sb:" + key, value); } catch { /* full or forbidden: only comfort is lost */ } },
};

/** A cookie the server draws pages by; only for looks, never for rights. */
function cookie(name, value) {
  document.cookie = `${name}=${value}; Path=/; SameSite=Lax; Max-Age=31536000${location.protocol === "https:" ? "; Secure" : ""}`;
}

afterwards(() => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  if (zone && !document.cookie.split("; ").includes(`sb_zone=${zone}`)) cookie("sb_zone", zone);
});

/* ---- theme ---- */

document.addEventListener("submit", (event) => {
  if (!event.target.matches("[data-theme-switch]")) return;
  event.preventDefault();
  const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const theme = dark ? "light" : "dark";
  root.dataset.theme = theme;
  store.set("theme", theme);
  cookie("sb_theme", theme);
});
// The cookie says it already; this is for when it was thrown away.
afterwards(() => {
  const theme = store.get("theme");
  if (!theme || root.dataset.theme === theme) return;
  root.dataset.theme = theme;
  cookie("sb_theme", theme);
});

/* ---- an invitation that came as a link ---- */

// It stands behind the #, which no server and no log sees; the field takes it, and the address loses it.
afterwards(() => {
  const field = $("[data-from-link]"), given = decodeURIComponent(location.hash.slice(1));
  if (!field || !given.startsWith("switchboard-invitation-")) return;
  field.value = given;
  history.replaceState(null, "", location.pathname);
});

/* ---- swapping parts of a page ---- */

/** Says something to those who do not see the page change. */
function say(text) {
  const voice = $("#voice");
  if (voice) voice.textContent = text;
}

const parse = (html) => new DOMParser().parseFromString(html, "text/html");

/** How to find an element again after its surroundings were exchanged. */
function trace(element) {
  if (!element || element === document.body) return null;
  if (element.id) return "#" + CSS.escape(element.id);
  const form = element.closest("form[id]");
  if (form && element.name) return `#${CSS.escape(form.id)} [name="${CSS.escape(element.name)}"]`;
  const href = element.getAttribute("href");
  return href ? `a[href="${CSS.escape(href)}"]` : null;
}

/** Exchanges the element with that id, keeping focus and scroll where they were. */
function swap(fresh, id) {
  const old = document.getElementById(id), next = fresh.getElementById(id);
  if (!old || !next) return false;
  if (old.isEqualNode(next)) return true;
  const mark = old.contains(document.activeElement) ? trace(document.activeElement) : null;
  const scrolled = $$("*", old).concat(old).filter((e) => e.scrollTop > 0 && e.id).map((e) => [e.id, e.scrollTop]);
  const opened = $$("details[id]", old).map((d) => [d.id, d.open]);
  const shown = old.matches(":popover-open");
  old.replaceWith(next);
  for (const [inside, open] of opened) { const d = document.getElementById(inside); if (d) d.open = open; }
  for (const [inside, top] of scrolled) { const e = document.getElementById(inside); if (e) e.scrollTop = top; }
  if (shown) next.showPopover?.();
  if (mark) $(mark)?.focus({ preventScroll: true });
  ready(next);
  return true;
}

/** Brings new messages into a thread without touching those that are there. */
function append(fresh, id) {
  const old = document.getElementById(id), next = fresh.getElementById(id);
  if (!old || !next) return;
  const known = new Set($$("[id]", old).map((e) => e.id));
  const news = $$(":scope > article[id]", next).filter((e) => !known.has(e.id));
  for (const child of [...next.children]) {
    if (child.matches("article[id]") ? known.has(child.id) : [...old.children].some((e) => e.isEqualNode(child))) continue;
    if (news.includes(child)) child.classList.add("fresh");
    old.append(child);
  }
  if (news.length) say(news.length === 1 ? "A new message came in." : `${news.length} new messages came in.`);
}

/** Looks at this page again and takes over what may change. */
const refresh = later(250, async () => {
  if (document.hidden) { stale = true; return; }
  stale = false;
  let fresh;
  try {
    const answer = await fetch(location.href, { headers: { "x-switchboard": "refresh" } });
    if (!answer.ok || answer.redirected) return;
    fresh = parse(await answer.text());
  } catch { return; }
  for (const part of $$("[data-refresh]")) {
    if (!part.id || part.contains(document.activeElement) && document.activeElement.matches("input, select, textarea")) continue;
    if (part.dataset.refresh === "append") append(fresh, part.id); else swap(fresh, part.id);
  }
  const seen = $("#composer [name=seen]"), now = fresh.querySelector("#composer [name=seen]");
  // Only when nothing is being written: else the warning about crossing replies would never come.
  if (seen && now && !$("#composer textarea")?.value) seen.value = now.value;
  for (const id of ["triage-count"]) swap(fresh, id);
});
let stale = false;
document.addEventListener("visibilitychange", () => { if (!document.hidden && stale) refresh(); });

function listen() {
  const address = document.body.dataset.live;
  if (!address || !window.EventSource) return;
  const source = new EventSource(address);
  source.addEventListener("changed", refresh);
  // A page that is left must not hold a connection that others need.
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => { if (event.persisted) listen(); }, { once: true });
}
afterwards(listen);

/* ---- clocks go on ---- */

// By the server's time when the page was drawn: the clock here may be wrong.
const drawn = Number($("[data-now]")?.dataset.now), opened = Date.now();
function moveMeters() {
  const now = drawn + Date.now() - opened;
  for (const clock of $$(".clock[data-turns]")) {
    const [began, half, warn, due] = clock.dataset.turns.split(" ").map(Number);
    const share = (from, to) => Math.min(Math.max((now - from) / Math.max(to - from, 1), 0), 1);
    const used = now >= due ? 100 : now >= warn ? 75 + 25 * share(warn, due) : now >= half ? 50 + 25 * share(half, warn) : 50 * share(began, half);
    clock.dataset.used = String(Math.round(used / 5) * 5);
    const meter = clock.nextElementSibling;
    if (meter?.matches("meter")) meter.value = used;
    const step = now >= due ? "100" : now >= warn ? "75" : now >= half ? "50" : "";
    if (step) clock.dataset.t = step; else delete clock.dataset.t;
    if (now >= due && clock.textContent !== clock.dataset.late) clock.textContent = clock.dataset.late;
  }
}
if (drawn) setInterval(moveMeters, 15_000);

// An answer that waits says for how long it can be taken back.
function countDown() {
  const now = drawn + Date.now() - opened;
  for (const one of $$("[data-sent-at]")) {
    const left = Math.ceil((Number(one.dataset.sentAt) - now) / 1000);
    const words = $(".chip", one)?.lastChild;
    if (words) words.textContent = words.textContent.replace(/ in -?\d+ s/, ` in ${Math.max(left, 0)} s`);
    if (left === 0 || left === -2) refresh();
  }
}
if (drawn) setInterval(countDown, 1000);

/* ---- forms without a reload ---- */

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.fetch || event.defaultPrevented) return;
  event.preventDefault();
  if (form.classList.contains("busy")) return;
  const data = new FormData(form, event.submitter);
  form.classList.add("busy");
  try {
    const multipart = form.enctype === "multipart/form-data";
    const answer = await fetch(form.action, { method: "POST", body: multipart ? data : new URLSearchParams(data) });
    const fresh = parse(await answer.text());
    const parts = form.dataset.fetch.split(" ");
    // Another page came: go there, it knows best.
    if (!parts.every((id) => fresh.getElementById(id)) || answer.redirected && new URL(answer.url).pathname !== location.pathname) {
      if (answer.redirected) { forget(form); location.assign(answer.url); }
      else { document.body.replaceWith(document.importNode(fresh.body, true)); document.title = fresh.title; $("h1")?.setAttribute("tabindex", "-1"); $("h1")?.focus(); }
      return;
    }
    if (answer.ok) forget(form);
    for (const id of parts) swap(fresh, id);
    document.title = fresh.title;
    const wrong = $(".errors") ?? $("#composer .alert.warn");
    if (wrong) { wrong.setAttribute("tabindex", "-1"); wrong.focus(); }
    else {
      const notice = $("#notice");
      if (notice) say(notice.textContent.trim());
      if (!document.activeElement || document.activeElement === document.body) $("#main")?.focus({ preventScroll: true });
    }
  } catch {
    // The network failed half-way: let the browser try and tell.
    form.classList.remove("busy");
    form.removeAttribute("data-fetch");
    form.requestSubmit(event.submitter);
  } finally {
    form.classList.remove("busy");
  }
});

/* ---- drafts ---- */

const fields = (form) => $$("input:not([type=hidden], [type=file], [type=password]), select, textarea", form).filter((f) => f.name);

function keep(form) {
  const values = {};
  for (const field of fields(form)) {
    if (["radio", "checkbox"].includes(field.type)) { if (field.checked) values[field.name] = field.value; }
    else values[field.name] = field.value;
  }
  const text = $("textarea", form)?.value.trim();
  const at = Date.now();
  store.set("draft:" + form.dataset.draft, text ? JSON.stringify({ at, values }) : null);
  tell(form, text ? at : null);
}

function tell(form, at) {
  const place = $("[data-draft-state]", form) ?? $("[data-draft-state]");
  if (place) place.textContent = at ? `Draft kept ${new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}` : "";
}

function forget(form) { if (form.dataset.draft) { clearTimeout(form.keeping); store.set("draft:" + form.dataset.draft, null); } }

function recall(form) {
  let draft = null;
  try { draft = JSON.parse(store.get("draft:" + form.dataset.draft)); } catch { /* not ours */ }
  // A week old, or the server already shows something that was typed: leave it.
  if (!draft || Date.now() - draft.at > 6048e5 || $("textarea", form)?.value) return;
  for (const field of fields(form)) {
    const value = draft.values[field.name];
    if (value === undefined) continue;
    if (field.type === "radio") field.checked = field.value === value;
    else if (field.type === "checkbox") field.checked = value === field.value;
    else if (!field.value || field.tagName === "TEXTAREA") field.value = value;
  }
  tell(form, draft.at);
  form.dispatchEvent(new Event("input", { bubbles: true }));
}

document.addEventListener("input", (event) => {
  const form = event.target.closest?.("form[data-draft]");
  if (!form || event.target === form) return;
  clearTimeout(form.keeping);
  form.keeping = setTimeout(() => keep(form), 600);
});
document.addEventListener("submit", (event) => { if (event.target.dataset.draft && !event.target.dataset.fetch) forget(event.target); });

/* ---- the request form follows what is typed ---- */

const preview = later(250, async (form) => {
  const data = new FormData(form);
  data.delete("files");
  try {
    const answer = await fetch(form.dataset.preview, { method: "POST", body: new URLSearchParams(data) });
    if (!answer.ok) return;
    const fresh = parse(await answer.text());
    for (const id of ["goes-to", "similar", "would", "preview", "road", "custom"]) {
      const old = document.getElementById(id);
      if (old && !(old.contains(document.activeElement) && id === "custom")) swap(fresh, id);
    }
  } catch { /* the form is sent all the same */ }
});
document.addEventListener("input", (event) => {
  const form = event.target.closest?.("form[data-preview]");
  if (form) preview(form);
});
document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-fill]");
  if (!button) return;
  const field = document.getElementById(button.dataset.fill);
  field.value = button.dataset.value;
  for (const other of $$(`[data-fill=${button.dataset.fill}]`)) other.setAttribute("aria-pressed", String(other === button));
  field.dispatchEvent(new Event("input", { bubbles: true }));
});

/* ---- files ---- */

const size = (bytes) => bytes < 1e3 ? `${bytes} B` : bytes < 1e6 ? `${Math.ceil(bytes / 1e3)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;

function files(input) {
  const form = input.form, list = $("[data-file-list]", form), words = $("[data-file-words]", form);
  if (words) words.textContent = [...input.files].map((f) => f.name).join(", ");
  if (!list) return;
  list.hidden = !input.files.length;
  list.replaceChildren(...[...input.files].map((file, i) => {
    const row = document.createElement("li"), name = document.createElement("span"), much = document.createElement("small"), drop = document.createElement("button");
    name.textContent = file.name;
    much.textContent = size(file.size);
    drop.type = "button";
    drop.className = "btn small quiet end";
    drop.textContent = "Remove";
    drop.setAttribute("aria-label", `Remove ${file.name}`);
    drop.onclick = () => { take(input, [...input.files].filter((_, j) => j !== i)); input.focus(); };
    row.append(name, much, drop);
    return row;
  }));
}

function take(input, all) {
  const bag = new DataTransfer();
  for (const file of all) bag.items.add(file);
  input.files = bag.files;
  files(input);
}

document.addEventListener("change", (event) => { if (event.target.type === "file") files(event.target); });
document.addEventListener("paste", (event) => {
  const input = $("input[type=file]", event.target.closest?.("form") ?? document.createElement("form"));
  if (input && event.clipboardData?.files.length) { event.preventDefault(); take(input, [...input.files, ...event.clipboardData.files]); }
});
for (const kind of ["dragover", "dragleave", "drop"]) document.addEventListener(kind, (event) => {
  const place = event.target.closest?.("[data-drop]");
  if (!place) return;
  event.preventDefault();
  place.classList.toggle("over", kind === "dragover");
  const input = $("input[type=file]", place);
  if (kind === "drop" && event.dataTransfer.files.length) take(input, [...input.files, ...event.dataTransfer.files]);
});

/* ---- lists ---- */

document.addEventListener("change", (event) => {
  if (event.target.matches("[data-pick-all]")) for (const box of $$(".row .pick input")) box.checked = event.target.checked;
  const count = $$(".row .pick input:checked").length, words = $("[data-bulk-count]");
  if (words) words.textContent = count ? `Do with ${count} ticked…` : "Do with ticked…";
});

/** Moves along a list: to the row before or behind the one with the focus, or the one that is open. */
function step(by) {
  const links = $$(".rows .row h2 a, .triage > .tri[data-closed] > a");
  if (!links.length) return;
  const here = links.findIndex((a) => a === document.activeElement);
  const open = $$(".rows .row, .triage > .tri").findIndex((r) => r.getAttribute("aria-current") === "true");
  const from = here >= 0 ? here : $(".rows") ? open : open - (by > 0 ? 1 : 0);
  links[Math.max(0, Math.min(links.length - 1, from + by))].focus();
}

document.addEventListener("click", async (event) => {
  const copy = event.target.closest("[data-copy]");
  if (copy) { await navigator.clipboard?.writeText(copy.dataset.copy); say(`${copy.dataset.copy} copied.`); copy.closest("[popover]")?.hidePopover?.(); }
  const open = event.target.closest("[data-open]");
  if (open) { unfold(document.getElementById(open.dataset.open)); open.closest("[popover]")?.hidePopover?.(); }
});

function unfold(details) {
  if (!details) return null;
  const drawer = details.closest("[popover]");
  if (drawer && getComputedStyle(drawer).display === "none") drawer.showPopover?.();
  details.open = true;
  return details;
}

/* ---- lists of options under a field, moved through by keys while the field keeps the focus ---- */

function options(input, id, label, choose) {
  const box = document.createElement("div");
  box.className = "palette";
  box.id = id;
  box.hidden = true;
  box.setAttribute("role", "listbox");
  box.setAttribute("aria-label", label);
  input.after(box);
  input.setAttribute("aria-controls", id);
  input.setAttribute("aria-autocomplete", "list");
  const all = () => $$("[role=option]", box);
  let at = -1;
  const point = (i) => {
    at = i;
    all().forEach((o, j) => o.setAttribute("aria-selected", String(j === i)));
    const chosen = all()[i];
    if (chosen) { input.setAttribute("aria-activedescendant", chosen.id); chosen.scrollIntoView({ block: "nearest" }); }
    else input.removeAttribute("aria-activedescendant");
  };
  const show = (yes) => { box.hidden = !yes; if (input.matches("[role=combobox]")) input.setAttribute("aria-expanded", String(yes)); if (!yes) point(-1); };
  /** What a key does to the list; false: nothing. */
  const key = (event) => {
    const found = all();
    if (box.hidden && event.key !== "ArrowDown" && event.key !== "ArrowUp") return false;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (!found.length) return false;
      point((at + (event.key === "ArrowDown" ? 1 : found.length + (at < 0 ? 0 : -1))) % found.length);
    } else if (event.key === "Enter" && found[at]) choose(found[at]);
    else if (event.key === "Escape") show(false);
    else return false;
    event.preventDefault();
    return true;
  };
  input.addEventListener("blur", () => setTimeout(() => show(false), 150));
  box.addEventListener("pointerdown", (event) => { const chosen = event.target.closest("[role=option]"); if (chosen) { event.preventDefault(); choose(chosen); } });
  return { box, point, show, key };
}

/* ---- search field ---- */

function palette(input) {
  input.setAttribute("role", "combobox");
  input.setAttribute("aria-expanded", "false");
  const list = options(input, "offers", "Go to", (chosen) => location.assign(chosen.dataset.href));
  const look = later(120, async () => {
    try {
      const answer = await fetch("/work/suggest?q=" + encodeURIComponent(input.value));
      if (!answer.ok || document.activeElement !== input) return;
      list.box.replaceChildren(...parse(await answer.text()).body.children);
      list.show(list.box.children.length > 0);
    } catch { list.show(false); }
  });
  input.addEventListener("input", () => { list.point(-1); look(); });
  input.addEventListener("focus", look);
  input.addEventListener("keydown", (event) => { if (!list.key(event) && event.key === "Escape") input.blur(); });
}

/* ---- canned texts: "/" or "::" at the beginning of a line ---- */

function canned(text) {
  const texts = $$("#canned option[data-shortcut]", text.form);
  /** Where what is typed for a text begins, and the words behind it. */
  const typed = () => {
    const before = text.value.slice(0, text.selectionStart);
    const found = text.selectionStart === text.selectionEnd && /(?:^|\n)((?:\/|::)([^\n]{0,40}))$/.exec(before);
    return found ? { from: before.length - found[1].length, words: found[2].toLowerCase() } : null;
  };
  const put = async (id, from, to) => {
    let words;
    try {
      const answer = await fetch(text.dataset.canned + id);
      if (!answer.ok || !answer.headers.get("content-type")?.startsWith("text/plain")) throw answer.status;
      words = await answer.text();
    } catch { say("This text can not be put in now."); return; }
    text.focus();
    text.setSelectionRange(from, to);
    // So that undo knows of it; where that is not to be had, without.
    if (!document.execCommand("insertText", false, words)) text.setRangeText(words, from, to, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
    say("The text is put in.");
  };
  const list = options(text, "canned-offers", "Canned texts", (chosen) => {
    const at = typed();
    list.show(false);
    if (at) put(chosen.dataset.id, at.from, text.selectionEnd);
  });
  const look = () => {
    const at = typed();
    const fits = (one, words) => one.dataset.shortcut.startsWith(words) ? 0 : `${one.dataset.shortcut} ${one.text}`.toLowerCase().includes(words) ? 1 : 2;
    const found = at ? texts.map((one) => [fits(one, at.words), one]).filter(([rank]) => rank < 2).sort((a, b) => a[0] - b[0]).slice(0, 12) : [];
    list.box.replaceChildren(...found.map(([, one], i) => {
      const option = document.createElement("div"), title = document.createElement("span"), shortcut = document.createElement("small");
      option.id = `canned-${i}`;
      option.setAttribute("role", "option");
      option.dataset.id = one.value;
      title.textContent = one.text;
      shortcut.textContent = "/" + one.dataset.shortcut;
      option.append(title, shortcut);
      return option;
    }));
    const opens = found.length > 0 && list.box.hidden;
    list.show(found.length > 0);
    if (found.length) list.point(0);
    if (opens) { list.box.scrollIntoView({ block: "nearest" }); say(`${found.length} canned texts: arrows choose, Enter puts in.`); }
  };
  text.addEventListener("input", look);
  text.addEventListener("click", () => { if (!typed()) list.show(false); });
  text.addEventListener("keydown", (event) => { if (!list.box.hidden && !event.ctrlKey && !event.metaKey) list.key(event); });
  $("[data-put-in]", text.form).addEventListener("click", (event) => {
    event.preventDefault();
    const select = $("#canned", text.form);
    if (select.value) { put(select.value, text.selectionStart, text.selectionEnd); select.value = ""; } else select.focus();
  });
}

/* ---- macros ---- */

// What it will do is shown over the ticket instead of on a page of its own; its form is the same.
document.addEventListener("click", async (event) => {
  const link = event.target.closest("[data-macro]");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  link.closest("[popover]")?.hidePopover?.();
  let form;
  try {
    const answer = await fetch(link.href);
    form = answer.ok && parse(await answer.text()).getElementById("macro-run");
  } catch { /* the page itself says what is wrong */ }
  if (!form) { location.assign(link.href); return; }
  const dialog = document.createElement("dialog");
  dialog.setAttribute("aria-labelledby", "macro-h");
  dialog.append(document.importNode(form, true));
  dialog.addEventListener("close", () => { dialog.remove(); $("#macros-button")?.focus(); });
  $("[data-close]", dialog).addEventListener("click", (click) => { click.preventDefault(); dialog.close(); });
  document.body.append(dialog);
  dialog.showModal();
});

/* ---- keys ---- */

const press = (selector) => () => { const e = $(selector); if (!e) return false; e.click(); return true; };
const focus = (selector) => () => { const e = $(selector); if (!e) return false; e.focus(); e.scrollIntoView({ block: "nearest" }); return true; };
const visit = (address) => () => { location.assign(address); return true; };
const view = (key) => visit("/work?view=" + key);

/** Chooses a kind of message and begins to write. */
const write = (kind) => () => {
  const radio = $(`#composer [name=kind][value=${kind}]`), text = $("#composer textarea") ?? $("form[data-draft] textarea");
  if (!text) return false;
  if (radio) radio.checked = true;
  text.focus();
  return true;
};
const tick = (selector) => () => { const e = $(selector); if (!e) return false; e.checked = true; e.dispatchEvent(new Event("change", { bubbles: true })); e.focus(); return true; };
const board = () => $("#triage-form");
const inBoard = (act) => () => board() ? act() : false;

/** Every one-key shortcut: its name, its key, where it belongs, what it does. Two keys one after the other are "G M". */
const keys = [
  ["help", "?", "Everywhere", "This list", () => { help(); return true; }],
  ["search", "/", "Everywhere", "Search", focus("#q")],
  ["undo", "z", "Everywhere", "Undo what was just done", press("[data-undo]")],
  ["next", "j", "Lists", "Next ticket", () => { step(1); return true; }],
  ["previous", "k", "Lists", "Previous ticket", () => { step(-1); return true; }],
  ["select", "x", "Lists", "Tick it", () => { const box = $(".pick input", document.activeElement?.closest(".row") ?? $(".row[aria-current]") ?? document); if (!box) return false; box.click(); return true; }],
  ["back", "u", "Lists", "Back to the list", () => { const a = $("[data-back]"); if (board() || !a) return false; location.assign(a.href); return true; }],
  ["reply", "r", "Ticket", "Reply", () => { const ask = $("[data-ask]"); if (board() && ask) { location.assign(ask.href); return true; } return write("reply")(); }],
  ["note", "i", "Ticket", "Internal note", write("note")],
  ["take", "a", "Ticket", "Take it", press("#handle [value=take]")],
  ["merge", "m", "Ticket", "Merge or attach", () => { if (board() || $("#incident")) return focus("#incident [value=slaves]")(); const fold = unfold($("#related")); if (!fold) return false; $("#relate select")?.focus(); return true; }],
  ["tags", "t", "Ticket", "Tags", () => { if (board()) return focus("#issue_type")(); const tags = $("#tags"); if (!tags) return false; unfold(tags.closest("details")); tags.focus(); return true; }],
  ["remind", "h", "Ticket", "Remind me", () => { const date = $("#reminder"); if (!date) return false; unfold(date.closest("details")); date.focus(); return true; }],
  ["macro", "y", "Ticket", "Macros", () => { const menu = $("#macros"); if (!menu) return false; menu.showPopover?.(); $("a", menu).focus(); return true; }],
  ["copy", ".", "Ticket", "Copy the number", press("[data-copy]")],
  ["low", "1", "Triage", "Low", inBoard(tick("#priority [value=low]"))],
  ["medium", "2", "Triage", "Medium", inBoard(tick("#priority [value=medium]"))],
  ["high", "3", "Triage", "High", inBoard(tick("#priority [value=high]"))],
  ["top", "4", "Triage", "Top", inBoard(tick("#priority [value=top]"))],
  ["category", "c", "Triage", "Category", inBoard(focus("#category input:checked, #category input"))],
  ["service", "s", "Triage", "Service", inBoard(focus("#triage-form #service"))],
  ["unit-a", "u a", "Triage", "First suggested unit", inBoard(() => pick(0))],
  ["unit-b", "u b", "Triage", "Second suggested unit", inBoard(() => pick(1))],
  ["unit-o", "u o", "Triage", "Another unit", inBoard(() => { if (!tick('[name=pick][value=""]')()) return false; $("#triage-form #unit").focus(); return true; })],
  ["own", "o", "Triage", "Take it myself", inBoard(press("#triage-form [value=take]"))],
  ["assign", "Enter", "Triage", "Assign and next", inBoard(press("#triage-form [value=assign]"))],
  ["go-mine", "g m", "Go to", "My open", view("mine")],
  ["go-reply", "g r", "Go to", "Needs reply", view("needs-reply")],
  ["go-nobody", "g n", "Go to", "Nobody’s yet", view("nobodys")],
  ["go-waiting", "g w", "Go to", "Waiting", view("waiting")],
  ["go-open", "g o", "Go to", "All open", view("open")],
  ["go-closed", "g c", "Go to", "Closed lately", view("closed-lately")],
  ["go-triage", "g t", "Go to", "Triage", visit("/triage")],
  ["go-units", "g u", "Go to", "Units", visit("/units")],
];
const pick = (i) => { const unit = $$('#triage-form [name=pick]:not([value=""])')[i]; if (!unit) return false; unit.checked = true; unit.focus(); return true; };

let own = {};
afterwards(() => { try { own = JSON.parse(store.get("keys") ?? "{}") ?? {}; } catch { /* not ours */ } });
const silent = () => store.get("keys-off") === "1";
const keyOf = ([name, standard]) => own[name] ?? standard;
let held = "", release;

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input:not([type=radio], [type=checkbox]), textarea, select, [contenteditable]");
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter" && typing?.form) {
    event.preventDefault();
    const form = typing.form, note = $("[name=kind][value=note]:checked", form);
    form.requestSubmit(note ? $("[value=note][name=status]", form) : undefined);
    return;
  }
  if ((event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "k") {
    const search = $("#q") ?? $("[type=search]");
    if (search) { event.preventDefault(); search.focus(); search.select(); }
    return;
  }
  if (typing || silent() || event.ctrlKey || event.metaKey || event.altKey || event.isComposing || $("dialog[open]")) return;
  // Enter belongs to whatever has the focus and does something with it.
  if (event.key === "Enter" && event.target.closest?.("a, button, summary")) return;
  const now = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const chord = held ? `${held} ${now}` : now;
  clearTimeout(release);
  held = "";
  const waits = keys.some((k) => keyOf(k).startsWith(chord + " ") && (k[2] !== "Triage" || board()));
  const fits = keys.filter((k) => keyOf(k) === chord);
  if (waits) { held = chord; release = setTimeout(() => { held = ""; }, 1500); event.preventDefault(); return; }
  for (const key of fits) if (key[4]()) { event.preventDefault(); return; }
});

/** The list of keys: each can be changed, or all switched off. */
function help() {
  let dialog = $("#keys");
  if (!dialog) {
    dialog = document.createElement("dialog");
    dialog.id = "keys";
    dialog.setAttribute("aria-labelledby", "keys-h");
    const form = document.createElement("form"), head = document.createElement("h2"), words = document.createElement("p"), off = document.createElement("label"), box = document.createElement("input"), list = document.createElement("div"), foot = document.createElement("p");
    form.method = "dialog";
    head.id = "keys-h";
    head.textContent = "Keys";
    words.className = "soft";
    words.textContent = "One key, or two after each other as in “g m”. Empty: no key. Ctrl K searches, Ctrl Enter sends; these two stay.";
    off.className = "cluster";
    box.type = "checkbox";
    box.checked = silent();
    box.onchange = () => store.set("keys-off", box.checked ? "1" : null);
    off.append(box, " Switch all one-key shortcuts off");
    list.className = "keymap";
    let group = "";
    for (const key of keys) {
      if (key[2] !== group) { const h = document.createElement("h3"); h.textContent = group = key[2]; list.append(h); }
      const label = document.createElement("label"), input = document.createElement("input");
      input.id = "key-" + key[0];
      label.htmlFor = input.id;
      label.textContent = key[3];
      input.value = keyOf(key);
      input.autocomplete = "off";
      input.onchange = () => {
        const value = input.value.trim();
        if (value === key[1]) delete own[key[0]]; else own[key[0]] = value;
        store.set("keys", Object.keys(own).length ? JSON.stringify(own) : null);
      };
      list.append(label, input);
    }
    const close = document.createElement("button"), reset = document.createElement("button");
    foot.className = "btns";
    close.className = "btn primary";
    close.textContent = "Close";
    reset.className = "btn";
    reset.type = "button";
    reset.textContent = "As they were";
    reset.onclick = () => { own = {}; store.set("keys", null); for (const key of keys) $("#key-" + key[0]).value = key[1]; };
    foot.append(close, reset);
    form.append(head, words, off, list, foot);
    dialog.append(form);
    document.body.append(dialog);
  }
  dialog.showModal();
}

/* ---- once a page, and for each part that is exchanged ---- */

function ready(scope) {
  for (const form of $$("form[data-draft]", scope)) recall(form);
  for (const button of $$("[data-keys-help]", scope)) { button.hidden = false; button.onclick = () => { button.closest("[popover]")?.hidePopover?.(); help(); }; }
  for (const input of $$("[data-palette]", scope)) palette(input);
  for (const text of $$("[data-canned]", scope)) canned(text);
  // In the panes room is dear: what went well is said and goes again. What went wrong stays.
  const well = $(".desk #notice .alert.ok");
  if (well) setTimeout(() => well.remove(), 8000);
  // A link to a folded part opens it.
  const target = location.hash.length > 1 && document.getElementById(location.hash.slice(1));
  if (target && scope === document) for (let d = target.closest("details"); d; d = d.parentElement?.closest("details")) d.open = true;
}
afterwards(() => ready(document));
const rows = $(".listing > .rows"), current = $(".row[aria-current]", rows ?? document);
if (rows && current) rows.scrollTop = Math.max(0, current.offsetTop - rows.clientHeight / 3);
const wrong = $(".errors");
if (wrong) wrong.focus();
