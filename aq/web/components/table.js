// The table of 17: sorts by its headings, a row selects its province.
const WIDTH = 96, HEIGHT = 24, PAD = 3;

function sparkline(item, leastSpan) {
  const values = item.trend;
  const known = values.filter((value) => value !== null);
  const middle = (Math.max(...known) + Math.min(...known)) / 2;
  const span = Math.max(leastSpan, Math.max(...known) - Math.min(...known));
  const bottom = Math.max(0, middle - span / 2);
  const x = (index) => PAD + (index * (WIDTH - 2 * PAD)) / Math.max(1, values.length - 1);
  const y = (value) => HEIGHT - PAD - ((value - bottom) / span) * (HEIGHT - 2 * PAD);
  let path = "", open = false, last = null;
  values.forEach((value, index) => {
    if (value === null) { open = false; return; }
    path += `${open ? "L" : "M"}${x(index).toFixed(1)},${y(value).toFixed(1)}`;
    if (!open) path += "h0.01";
    open = true;
    last = index;
  });
  const svg = make("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT, role: "img", "aria-label": item.trend_words });
  svg.append(make("path", { d: path, class: "trend" }));
  if (last === values.length - 1 && values[last] !== null) {
    const dot = make("circle", { cx: x(last), cy: y(values[last]), r: 2.8, class: "dot" });
    if (item.colour) dot.style.fill = item.colour;
    svg.append(dot);
  }
  return svg;
}

function ordered(rows, sort) {
  const sign = sort.descending ? -1 : 1;
  return [...rows].sort((a, b) => {
    const left = a.sorts[sort.key], right = b.sorts[sort.key];
    // What is missing stands last in either direction.
    if (left === null || right === null) return (left === null) - (right === null) || a.sorts.order - b.sorts.order;
    return sign * (left - right) || a.sorts.order - b.sorts.order;
  });
}

export default function ({ data, parentElement, setTriggerValue }) {
  const sort = data.sort;

  const heading = (column) => {
    const active = column.key === sort.key;
    const turn = () => {
      const descending = active ? !sort.descending : column.first_descending;
      setTriggerValue("sort", `${descending ? "-" : ""}${column.key}`);
    };
    const arrow = active ? (sort.descending ? " ▾" : " ▴") : "";
    return make("th", {
      scope: "col",
      class: column.class,
      "aria-sort": active ? (sort.descending ? "descending" : "ascending") : null,
    }, column.key
      ? make("button", { type: "button", "data-focus": `by-${column.key}`, onclick: turn }, column.text,
          make("span", { "aria-hidden": "true" }, arrow))
      : column.text);
  };

  const line = (item) => {
    const pick = () => setTriggerValue("pick", item.code);
    return make("tr", { "data-code": item.code, class: item.chosen ? "chosen" : null, onclick: pick },
      make("th", { scope: "row" },
        make("button", {
          type: "button",
          "data-focus": item.code,
          "aria-pressed": item.chosen ? "true" : "false",
          onclick: (event) => { event.stopPropagation(); pick(); },
        }, item.name),
        item.mark ? make("span", { class: "act", title: item.mark },
          make("span", { "aria-hidden": "true" }, "▲"), make("span", { class: "unseen" }, ` ${item.mark}`)) : null),
      make("td", {}, badge(item), make("span", { class: item.colour ? "word" : "word absent" }, item.word)),
      make("td", { class: "num value" }, item.value),
      make("td", { class: item.value === "–" ? "trend-cell why" : "trend-cell" }, item.trend.some((value) => value !== null) ? sparkline(item, data.least_span) : make("span", { class: "absent" }, item.trend_words)),
      (item.ahead ?? []).map((day) => make("td", { class: "ahead", title: day.words },
        badge(day), make("span", { class: "unseen" }, ` ${day.words}`))),
      make("td", { class: "num stations", title: item.stations_title }, item.stations),
      item.source === undefined ? null : make("td", { class: "source", title: item.source_title }, item.source),
      item.note === undefined ? null : make("td", { class: "note" }, item.note));
  };

  show(parentElement, make("div", { class: `${data.lang} ${data.kind ?? ""}` },
    make("table", {},
      make("caption", {}, data.caption),
      make("thead", {}, make("tr", {}, data.columns.map(heading))),
      make("tbody", {}, ordered(data.rows, sort).map(line)))));
}
