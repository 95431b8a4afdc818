// The masthead: name, mark of simulated data, pages, language.
export default function ({ data, parentElement, setTriggerValue }) {
  document.documentElement.lang = data.lang;
  const link = (item, trigger) =>
    make("a", {
      href: item.href,
      lang: item.lang,
      "data-focus": item.key,
      "aria-current": item.current ? "page" : null,
      onclick: (event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
        event.preventDefault();
        if (!item.current) setTriggerValue(trigger, item.key);
      },
    }, item.text);
  show(parentElement, make("header", {},
    make("div", { class: "brand" },
      make("span", { class: "name" }, data.brand),
      data.simulated ? make("span", { class: "simulated" }, data.simulated) : null),
    make("nav", { "aria-label": data.label },
      data.pages.map((page) => link(page, "page")),
      link(data.other, "lang"))));
}
