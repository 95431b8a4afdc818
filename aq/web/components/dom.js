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
