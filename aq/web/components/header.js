// The masthead: name, mark of simulated data, sections, language; below, the section's pages.
export default function ({ data, parentElement, setTriggerValue }) {
  document.documentElement.lang = data.lang;
  const link = (item, trigger, focus = item.key) =>
    make("a", {
      // The page one is on is no stop of the keyboard.
      href: item.here ? null : item.href,
      lang: item.lang,
      "data-focus": focus,
      "aria-current": item.current ? "page" : null,
      onclick: (event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey || event.button) return;
        event.preventDefault();
        setTriggerValue(trigger, item.key);
      },
    }, item.text);
  document.body.dataset.address = location.href; // stands on what is printed
  // The framework's own way past the masthead leads into an English frame; ours is in the page's words.
  document.querySelector("[data-testid=stMain]")?.setAttribute("tabindex", "-1");
  const skip = (event) => {
    event.preventDefault();
    const now = document.querySelector(".st-key-now [data-testid=stBidiComponentIsolated]")?.shadowRoot;
    const target = now?.querySelector("[data-focus=mine]") ?? document.querySelector("[data-testid=stMain] h1, [data-testid=stMain] h2");
    if (target && !target.matches("select")) target.tabIndex = -1;
    target?.focus();
    target?.scrollIntoView({ block: "center" });
  };
  const row = (pages, name, label) => pages.length
    ? make("nav", { class: name, "aria-label": label },
      pages.map((page) => link(page, "page", `${name} ${page.key}`))) : null;
  const sections = make("nav", { "aria-label": data.label },
    data.sections.map((section) => link(section, "page")),
    link(data.other, "lang"));
  // The sections are one stop, as lists are; the language is another.
  rove(sections, [...sections.querySelectorAll("a[href]:not([lang])")]);
  show(parentElement, make("div", {}, make("a", { class: "skip", href: "#main", onclick: skip }, data.skip), make("header", {},
    make("div", { class: "brand" },
      make("span", { class: "name" }, data.brand),
      data.simulated ? make("span", { class: "simulated" }, data.simulated) : null),
    sections),
    row(data.pages, "pages", data.pages_label),
    row(data.views, "pages views", data.views_label)));
  for (const chosen of parentElement.querySelectorAll(".pages [aria-current]"))
    chosen.parentElement.scrollLeft = chosen.offsetLeft - chosen.parentElement.offsetLeft - 40;
}
