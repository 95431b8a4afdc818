// The strip: 17 provinces in page-header order, each a button.
export default function ({ data, parentElement, setTriggerValue }) {
  const chip = (item) =>
    make("li", {},
      make("button", {
        type: "button",
        class: "chip",
        title: item.title,
        "data-focus": item.code,
        "data-code": item.code,
        "aria-current": item.chosen ? "true" : null,
        onclick: () => setTriggerValue("pick", item.code),
      },
      make("span", { class: "name" }, item.name), " ",
      badge(item), " ",
      make("span", { class: "what" }, data.what), " ",
      make("span", { class: item.colour ? "word" : "word absent" }, item.word)));
  show(parentElement, make("nav", { "aria-label": data.label, class: data.lang },
    make("ol", { "data-scroll": true }, data.chips.map(chip))));
}
