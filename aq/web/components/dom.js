// Builds elements from data. Text only ever becomes a text node, never markup.
function make(tag, attributes = {}, ...children) {
  const svg = ["svg", "path", "circle"].includes(tag);
  const node = svg
    ? document.createElementNS("http://www.w3.org/2000/svg", tag)
    : document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "style") Object.assign(node.style, value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  for (const child of children.flat()) {
    if (child === null || child === undefined) continue;
    node.append(child);
  }
  return node;
}

// Replaces what stands under `root` and keeps the keyboard's place and the scroll position.
function show(root, node) {
  const active = root.activeElement ?? document.activeElement;
  const focused = active && root.contains(active) ? active.getAttribute("data-focus") : null;
  const scrolled = root.querySelector("[data-scroll]")?.scrollLeft ?? 0;
  root.querySelector("[data-root]")?.remove();
  node.setAttribute("data-root", "");
  root.append(node);
  const scroller = root.querySelector("[data-scroll]");
  if (scroller) scroller.scrollLeft = scrolled;
  if (focused) root.querySelector(`[data-focus="${CSS.escape(focused)}"]`)?.focus({ preventScroll: true });
}

// A letter on its level's colour; grey with a dash where there is nothing.
function badge(item) {
  const style = item.colour ? { background: item.colour, color: item.ink } : {};
  return make("span", { class: item.colour ? "badge" : "badge none", style }, item.letter ?? "–");
}

// Arrow keys go from item to item of a list, so that Tab passes it in one step.
function rove(list, all = [...list.querySelectorAll("li > a, th > a, :scope > a")].filter((item) => item.dataset.focus)) {
  const stop = (at) => all.forEach((item) => { item.tabIndex = item === at ? 0 : -1; });
  stop(all.find((item) => item.hasAttribute("aria-current")) ?? all[0]);
  const columns = () => all.filter((item) => item.getBoundingClientRect().top === all[0].getBoundingClientRect().top).length;
  // Tab goes on from where one is, however one came there.
  list.addEventListener("focusin", (event) => {
    const item = event.target.closest("a");
    if (all.includes(item)) stop(item);
  });
  list.addEventListener("keydown", (event) => {
    const at = all.indexOf(event.target.closest("a"));
    const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns() === all.length ? 1 : columns(), ArrowUp: columns() === all.length ? -1 : -columns(), Home: -all.length, End: all.length };
    if (at < 0 || !(event.key in steps) || event.metaKey || event.ctrlKey || event.altKey) return;
    event.preventDefault();
    all[Math.max(0, Math.min(all.length - 1, at + steps[event.key]))].focus();
  });
}
