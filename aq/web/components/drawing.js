// A drawing made by the server, with clicks: what is chosen goes back, the keyboard's place stays.
const SHOWN = Symbol("shown");

// Arrow keys go from item to item of a list, so that Tab passes it in one step.
function rove(list) {
  const items = () => [...list.querySelectorAll("li > a, th > a, :scope > a")].filter((item) => item.dataset.focus);
  const all = items();
  const first = all.find((item) => item.hasAttribute("aria-current")) ?? all[0];
  for (const item of all) item.tabIndex = item === first ? 0 : -1;
  const columns = () => all.filter((item) => item.getBoundingClientRect().top === all[0].getBoundingClientRect().top).length;
  list.addEventListener("keydown", (event) => {
    const at = all.indexOf(event.target.closest("a"));
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns() === all.length ? 1 : columns(), ArrowUp: columns() === all.length ? -1 : -columns(), Home: -all.length, End: all.length };
    if (at < 0 || !(event.key in steps) || event.metaKey || event.ctrlKey || event.altKey) return;
    event.preventDefault();
    const next = all[Math.max(0, Math.min(all.length - 1, at + steps[event.key]))];
    all[at].tabIndex = -1;
    next.tabIndex = 0;
    next.focus();
  });
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

export default function ({ data, parentElement, setTriggerValue }) {
  const box = draw(parentElement, data);
  const choose = (name, value) => {
    if (name === "pick") document.cookie = `aq_place=${value}; path=/; max-age=31536000; samesite=lax`;
    setTriggerValue("choice", `${name} ${value}`);
  };
  box.onclick = (event) => {
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
    const link = event.target.closest("a");
    if (link && link.dataset.go) {
      event.preventDefault();
      return choose("go", link.dataset.go);
    }
    for (const [name, key] of [["sort", "sort"], ["x", "x"], ["pick", "pick"]]) {
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
}
