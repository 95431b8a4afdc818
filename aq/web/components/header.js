// The masthead: name, mark of simulated data, sections, language; below, the section's pages.
export default function ({ data, parentElement, setTriggerValue }) {
  document.documentElement.lang = data.lang;
  const link = (item, trigger, focus = item.key) =>
    make("a", {
      href: item.href,
      lang: item.lang,
      "data-focus": focus,
      "aria-current": item.current ? "page" : null,
      onclick: (event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
        event.preventDefault();
        setTriggerValue(trigger, item.key);
      },
    }, item.text);
  show(parentElement, make("div", {}, make("header", {},
    make("div", { class: "brand" },
      make("span", { class: "name" }, data.brand),
      data.simulated ? make("span", { class: "simulated" }, data.simulated) : null),
    make("nav", { "aria-label": data.label },
      data.sections.map((section) => link(section, "page")),
      link(data.other, "lang"))),
    data.pages.length ? make("nav", { class: "pages", "aria-label": data.pages_label },
      data.pages.map((page) => link(page, "page", `page ${page.key}`))) : null));
  const chosen = parentElement.querySelector(".pages [aria-current]");
  if (chosen) chosen.parentElement.scrollLeft = chosen.offsetLeft - chosen.parentElement.offsetLeft - 40;
}
