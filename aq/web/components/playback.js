// The map at one hour of many: a slider, a play button, and the 17 coloured by level.
const SVG = "http://www.w3.org/2000/svg";
const FRAME_MS = 450;
const SPEEDS = [0.5, 1, 2, 4];

function draw(tag, attributes, ...children) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, String(value));
  node.append(...children);
  return node;
}

export default function ({ data, parentElement, setTriggerValue }) {
  const kept = parentElement.__playback ?? { signature: null, at: data.at, timer: null, speed: 1 };
  parentElement.__playback = kept;
  if (kept.signature !== data.signature) {
    Object.assign(kept, { signature: data.signature, at: data.at });
    clearInterval(kept.timer);
    kept.timer = null;
  }

  const shapes = data.places.map((place) => {
    const title = draw("title", {});
    const area = draw("path", { d: place.path, class: place.chosen ? "area chosen" : "area" }, title);
    area.addEventListener("click", () => setTriggerValue("pick", place.code));
    const label = draw("text", { x: place.x, y: place.y, "text-anchor": place.anchor, class: place.small ? "name small" : "name" });
    return { place, area, title, label };
  });
  const hatch = draw("pattern", { id: "missing", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    draw("rect", { width: 6, height: 6, class: "ground" }), draw("rect", { width: 2, height: 6, class: "stripe" }));
  // The chosen province is drawn last, else its neighbours cover half of its outline.
  const order = [...shapes].sort((a, b) => Number(a.place.chosen) - Number(b.place.chosen));
  const map = draw("svg", { viewBox: data.box, role: "img", "aria-label": data.alt },
    draw("defs", {}, hatch), ...order.map((one) => one.area), ...shapes.map((one) => one.label));

  const hour = make("output", { class: "hour", for: "hour" });
  const slider = make("input", {
    type: "range", id: "hour", "data-focus": "hour", min: 0, max: data.frames.length - 1, step: 1,
    "aria-label": data.slider, oninput: () => { stop(); show_hour(Number(slider.value)); },
    onchange: () => setTriggerValue("hour", data.frames[kept.at].key),
  });
  const button = make("button", { type: "button", class: "play", "data-focus": "play", onclick: () => (kept.timer ? halt() : play()) });

  const step = (label, sign, hours) => make("button", {
    type: "button", class: "step", "aria-label": label, "data-focus": sign,
    onclick: () => { show_hour(Math.min(Math.max(kept.at + hours, 0), data.frames.length - 1)); halt(); },
  }, sign);
  const speed = make("select", {
    "aria-label": data.speed, "data-focus": "speed",
    onchange: () => { kept.speed = Number(speed.value); if (kept.timer) play(); },
  }, SPEEDS.map((times) => make("option", { value: times }, `${times}×`)));
  speed.value = kept.speed;

  function show_hour(at) {
    kept.at = at;
    const frame = data.frames[at];
    slider.value = at;
    hour.textContent = frame.hour;
    hour.title = frame.exact;
    slider.setAttribute("aria-valuetext", frame.hour);
    shapes.forEach(({ place, area, title, label }, index) => {
      const [grade, words] = frame.items[index];
      const level = grade ? data.levels[grade - 1] : null;
      area.style.fill = level ? level.colour : "url(#missing)";
      title.textContent = `${place.name} ${words}`;
      label.textContent = `${place.name} ${level ? level.letter : "–"}`;
      const at_sea = place.sea || !level;
      label.style.fill = at_sea ? "" : level.ink;
      label.style.stroke = at_sea ? "" : level.rim;
    });
  }
  function stop() {
    clearInterval(kept.timer);
    kept.timer = null;
    button.textContent = data.play;
  }
  function halt() {
    stop();
    setTriggerValue("hour", data.frames[kept.at].key);
  }
  function play() {
    clearInterval(kept.timer);
    if (kept.at === data.frames.length - 1) show_hour(0);
    button.textContent = data.pause;
    kept.timer = setInterval(() => {
      if (!parentElement.isConnected && !parentElement.host) return stop();
      if (kept.at + 1 < data.frames.length) show_hour(kept.at + 1);
      if (kept.at === data.frames.length - 1) halt();
    }, FRAME_MS / kept.speed);
  }

  show(parentElement, make("div", { class: data.lang },
    make("div", { class: "bar" }, step(data.back, "◀", -1), button, step(data.on, "▶", 1), speed, slider, hour), map));
  show_hour(Math.min(kept.at, data.frames.length - 1));
  if (kept.timer) play(); else stop();
  return () => clearInterval(kept.timer);
}
