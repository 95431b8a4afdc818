// A drawing made by the server, with clicks: what is chosen goes back, the keyboard's place stays.
const SHOWN = Symbol("shown"), NEWEST = Symbol("newest");

// The carpet under the pointer or the arrow keys: a cell, told from the table of its numbers.
function tell(box, carpet, column, row) {
  const rows = box.querySelectorAll(".numbers tbody tr");
  const code = carpet.dataset.carpet.split(" ")[row];
  const { hour, x, y, row: tall } = carpet.dataset;
  const line = rows[rows.length - 1 - column];
  const place = [...carpet.querySelectorAll("[data-pick]")].findIndex((name) => name.dataset.pick === code);
  if (!line || place < 0) return;
  const heads = [...box.querySelectorAll(".numbers thead th")];
  const at = heads.findIndex((head) => head.dataset.code === code);
  const name = heads[at].textContent;
  carpet.dataset.at = `${column} ${row}`;
  box.querySelector(".wave .at").textContent = `${name} · ${line.cells[0].textContent} · ${line.cells[at].textContent}`;
  const cursor = carpet.querySelector(".cursor");
  cursor.setAttribute("x", Number(x) + column * hour);
  cursor.setAttribute("y", Number(y) + row * tall);
  cursor.setAttribute("visibility", "visible");
}

function watchCarpet(box, carpet) {
  const last = () => box.querySelectorAll(".numbers tbody tr").length - 1;
  carpet.onpointermove = (event) => {
    const point = new DOMPoint(event.clientX, event.clientY).matrixTransform(carpet.getScreenCTM().inverse());
    const column = Math.floor((point.x - carpet.dataset.x) / carpet.dataset.hour);
    const row = Math.floor((point.y - carpet.dataset.y) / carpet.dataset.row);
    if (column >= 0 && column <= last() && row >= 0 && row < 17) tell(box, carpet, column, row);
  };
  carpet.onkeydown = (event) => {
    const step = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1], Home: [-999, 0], End: [999, 0] }[event.key];
    if (!step || event.metaKey || event.ctrlKey || event.altKey) return;
    event.preventDefault();
    const [column, row] = (carpet.dataset.at ?? `${last() + 1} 0`).split(" ").map(Number);
    tell(box, carpet, Math.max(0, Math.min(last(), column + step[0])), Math.max(0, Math.min(16, row + step[1])));
  };
}

function draw(root, data) {
  let box = root.querySelector("[data-root]");
  if (!box) {
    box = make("div", { "data-root": true });
    root.append(box, make("div", { class: "unseen", "aria-live": "polite", role: "status" }));
  }
  if (box[SHOWN] !== data.html) {
    const active = root.activeElement ?? document.activeElement;
    const focused = active && box.contains(active) ? active.getAttribute("data-focus") : null;
    const scrolled = box.querySelector("[data-scroll]")?.scrollLeft ?? 0;
    const open = [...box.querySelectorAll("details[open][data-keep]")].map((part) => part.dataset.keep);
    box.innerHTML = data.html;
    for (const list of box.querySelectorAll("[data-roving]")) rove(list);
    for (const carpet of box.querySelectorAll(".carpet")) watchCarpet(box, carpet);
    for (const name of open) box.querySelector(`[data-keep="${CSS.escape(name)}"]`)?.setAttribute("open", "");
    const scroller = box.querySelector("[data-scroll]");
    if (scroller) scroller.scrollLeft = scrolled;
    if (focused) box.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
    box[SHOWN] = data.html;
  }
  // Said only when it differs from what was said before: a new hour, another order.
  const live = root.querySelector("[aria-live]");
  if (live.dataset.said !== undefined && live.dataset.said !== data.say) live.textContent = data.say;
  live.dataset.said = data.say;
  return box;
}

// What the server sends is packed: repeated marks are most of a drawing.
async function unpacked(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).json();
}

// What a click opens beside or below the list comes into sight, unless its beginning is there.
function look(part) {
  const top = part?.getBoundingClientRect().top ?? 0;
  if (top < 0 || top > innerHeight / 2) part.scrollIntoView({ block: "start" });
}

// A rule's levels: dragged by the grip or the line, moved by keys; told to the server once they rest.
const REST_MS = 300;

function watchLevels(box, frame, choose) {
  const top = Number(frame.dataset.top), head = Number(frame.dataset.head);
  const free = 1 - head - Number(frame.dataset.foot);
  const moved = (box.moved ??= {}), puts = {};
  for (const level of frame.querySelectorAll("[role=slider]")) {
    const name = level.dataset.level, step = Number(level.dataset.step);
    const most = Number(level.getAttribute("aria-valuemax"));
    const now = () => Number(level.getAttribute("aria-valuenow"));
    const put = (value) => {
      const number = Number((Math.round(Math.max(0, Math.min(most, value)) / step) * step).toFixed(6));
      const words = level.dataset.words.replace("{n}", number);
      level.setAttribute("aria-valuenow", number);
      level.setAttribute("aria-valuetext", words);
      level.querySelector(".grip").textContent = words;
      level.style.top = `${100 * (head + (1 - Math.min(number, top) / top) * free)}%`;
    };
    puts[name] = put;
    // A rule clears no higher than it fires: the line that is met goes along.
    const go = (value) => {
      put(value);
      for (const [other, place] of Object.entries(puts)) if (other !== name) {
        const there = Number(frame.querySelector(`[data-level=${other}]`).getAttribute("aria-valuenow"));
        if (name === "threshold" ? there > now() : there < now()) place(now());
      }
    };
    // What is being moved while the server draws anew goes on from where it is.
    if (moved[name]?.timer) put(moved[name].value);
    const rest = (wait) => {
      clearTimeout(moved[name]?.timer);
      const tell = () => { moved[name] = null; choose("level", `${name} ${now()}`); };
      moved[name] = { value: now(), timer: wait ? setTimeout(tell, wait) : null };
      if (!wait) tell();
    };
    level.onpointerdown = (event) => {
      if (event.button) return;
      event.preventDefault();
      level.focus({ preventScroll: true });
      level.setPointerCapture(event.pointerId);
      const grabbed = event.clientY - level.getBoundingClientRect().top, from = now();
      level.onpointermove = (move) => {
        const { top: above, height: tall } = frame.getBoundingClientRect();
        go((1 - ((move.clientY - grabbed - above) / tall - head) / free) * top);
      };
      level.onpointerup = level.onpointercancel = () => {
        level.onpointermove = level.onpointerup = level.onpointercancel = null;
        if (now() !== from) rest(0);
      };
    };
    level.onkeydown = (event) => {
      const by = { ArrowUp: 1, ArrowRight: 1, ArrowDown: -1, ArrowLeft: -1, PageUp: 10, PageDown: -10, Home: -Infinity, End: Infinity }[event.key];
      if (!by || event.metaKey || event.ctrlKey || event.altKey) return;
      event.preventDefault();
      go(Number.isFinite(by) ? now() + by * step : by < 0 ? 0 : most);
      rest(REST_MS);
    };
  }
}

export default async function ({ data, parentElement, setTriggerValue }) {
  parentElement[NEWEST] = data;
  const content = await unpacked(data);
  if (parentElement[NEWEST] !== data) return; // a later drawing has come meanwhile
  const box = draw(parentElement, content);
  const choose = (name, value) => {
    if (name === "open") look(document.querySelector(".st-key-detail"));
    if (name === "pick") document.cookie = `aq_place=${value}; path=/; max-age=31536000; samesite=lax`;
    setTriggerValue("choice", `${name} ${value}`);
  };
  box.onclick = (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    const link = event.target.closest("a");
    for (const [name, key] of [["sort", "sort"], ["x", "x"], ["more", "more"], ["pick", "pick"], ["ack", "ack"], ["hush", "hush"], ["open", "open"]]) {
      const part = event.target.closest(`[data-${key}]`);
      // A link of its own inside a part leads where it says.
      if (!part || (link && part.contains(link) && part !== link && !link.dataset.focus)) continue;
      event.preventDefault();
      return choose(name, part.dataset[key]);
    }
  };
  box.onchange = (event) => {
    const name = event.target.dataset.choose;
    if (name) choose(name, event.target.value);
  };
  for (const frame of box.querySelectorAll(".levels")) watchLevels(box, frame, choose);
}
