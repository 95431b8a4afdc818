// A row of choices of which one holds.
export default function ({ data, parentElement, setTriggerValue }) {
  show(parentElement, make("div", { role: "group", "aria-label": data.label, class: "row" },
    data.options.map((option) =>
      make("button", {
        type: "button",
        "data-focus": option.key,
        "data-key": option.key,
        "aria-pressed": option.key === data.chosen ? "true" : "false",
        onclick: () => option.key !== data.chosen && setTriggerValue("pick", option.key),
      }, option.text))));
}
