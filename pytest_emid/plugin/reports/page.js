"use strict";
(() => {
  const root = document.documentElement, $ = id => document.getElementById(id);
  const list = $("scenarios");
  root.classList.add("js");

  const theme = () => {
    const dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  };
  if (!list) return;
  $("theme").addEventListener("click", theme);

  const scenarios = [...list.children].map(element => ({
    element, ...element.dataset, rest: element.querySelector(".rest"), was: element.open,
    row: document.querySelector(`tr[data-for="${element.id}"]`),
    head: [...element.children].filter(e => !e.matches(".sample, .rest")).map(e => e.textContent).join(" ").toLowerCase(),
    samples: [...element.querySelectorAll(".sample")].map(e => ({ element: e, text: e.textContent.toLowerCase(), ...e.dataset })),
  }));
  const value = id => ($(id) ? $(id).value : "");
  let current = -1;
  let waiting;

  const filter = () => {
    const words = value("search").toLowerCase().split(/\s+/).filter(Boolean);
    const verdict = value("verdict"), category = value("category"), flip = value("flip");
    const narrow = words.length > 0 || category !== "" || flip !== "";
    let shown = 0, samples = 0;
    for (const s of scenarios) {
      let found = 0;
      for (const x of s.samples) {
        const text = words.every(word => x.text.includes(word) || s.head.includes(word));
        const match = text && (!category || x.category === category) && (!flip || x.flip === flip);
        x.element.hidden = !match;
        found += match;
      }
      const named = words.every(word => s.head.includes(word)) && !category && !flip;
      const match = (!verdict || s.verdict === verdict) && (!narrow || found > 0 || named);
      s.element.hidden = !match;
      if (s.row) s.row.hidden = !match;
      if (match) { shown += 1; samples += found; }
      s.element.open = narrow && match ? found > 0 && shown <= 12 : s.was;
      if (s.rest) s.rest.open = narrow && match && found > 0 && s.samples.some(x => !x.element.hidden && s.rest.contains(x.element));
    }
    $("nothing").hidden = shown > 0;
    $("shown").textContent = narrow || verdict ? `${shown} of ${scenarios.length} scenarios, ${samples} samples` : "";
    mark(-1);
  };

  const sort = () => {
    const by = value("sort"), names = new Intl.Collator("en", { numeric: true });
    const order = {
      verdict: (a, b) => a.place - b.place,
      name: (a, b) => names.compare(a.name, b.name),
      retained: (a, b) => a.retained - b.retained,
      emid: (a, b) => b.emid - a.emid,
    }[by];
    scenarios.sort(order);
    for (const s of scenarios) { list.append(s.element); if (s.row) s.row.parentNode.append(s.row); }
    mark(-1);
  };

  const mark = next => {
    for (const s of scenarios) s.element.classList.remove("current");
    current = next;
    if (current >= 0) {
      const s = scenarios[current];
      s.element.classList.add("current");
      s.element.querySelector("summary").focus();
      s.element.scrollIntoView({ block: "start" });
    }
  };
  const move = step => {
    let i = current;
    do { i += step; } while (i >= 0 && i < scenarios.length && scenarios[i].element.hidden);
    if (i >= 0 && i < scenarios.length) mark(i);
  };

  for (const id of ["verdict", "category", "flip"]) if ($(id)) $(id).addEventListener("change", filter);
  $("search").addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(filter, 120); });
  $("sort").addEventListener("change", sort);
  document.querySelector(".tools").addEventListener("submit", event => { event.preventDefault(); filter(); });
  document.addEventListener("keydown", event => {
    if (event.key === "Escape") {
      clearTimeout(waiting);
      for (const id of ["search", "verdict", "category", "flip"]) if ($(id)) $(id).value = "";
      filter();
      document.activeElement.blur();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || /^(input|select|textarea)$/i.test(event.target.tagName)) return;
    const act = {
      "/": () => $("search").focus(), j: () => move(1), k: () => move(-1), t: theme,
      o: () => { if (current >= 0) { const s = scenarios[current]; s.was = s.element.open = !s.element.open; } },
    }[event.key];
    if (act) { event.preventDefault(); act(); }
  });

  const reach = () => {
    const target = location.hash && $(decodeURIComponent(location.hash.slice(1)));
    if (target && target.matches(".scenario")) { target.open = true; target.scrollIntoView(); }
  };
  addEventListener("hashchange", reach);
  reach();
  addEventListener("beforeprint", () => { for (const s of scenarios) { s.print = s.element.open; s.element.open = !s.element.hidden; } });
  addEventListener("afterprint", () => { for (const s of scenarios) s.element.open = s.print; });
})();
